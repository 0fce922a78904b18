"""The product's pages, and one that has a bug."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from pipes.urls import urlpatterns as all_patterns


def breaks(request: HttpRequest, token: str) -> HttpResponse:
    """Fail, in the middle of somebody's data."""
    raise ValueError(f"refused: /invitations/{token}/")


urlpatterns = [path("invitations/<str:token>/", breaks), *all_patterns]
