"""URLs of the documentation."""

from django.urls import path

from handbook import views

urlpatterns = [
    path("docs/", views.index, name="docs"),
    path("docs/<slug:page_name>/", views.page, name="docs_page"),
    path("docs/<slug:page_name>/<slug:anchor>/", views.section, name="docs_section"),
]
