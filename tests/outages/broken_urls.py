"""A page that has a bug."""

from django.http import HttpRequest, HttpResponse
from django.urls import path


def breaks(request: HttpRequest, token: str) -> HttpResponse:
    """Fail, in the middle of somebody's data."""
    raise ValueError(f"refused: /invitations/{token}/")


urlpatterns = [path("invitations/<str:token>/", breaks)]
