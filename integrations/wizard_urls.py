"""The wizard's URLs, below the integrations of a tenant or an organization."""

from django.urls import path

from integrations.views.wizard import setup_files, steps

_DRAFT = "drafts/<uuid:draft>/"

wizard_urls = [
    path("new/", steps.start, name="integration_new"),
    path(_DRAFT + "cancel/", steps.cancel, name="integration_draft_cancel"),
    path(_DRAFT + "downloads/<str:file>", setup_files.download, name="integration_draft_download"),
    path(_DRAFT + "<str:step>/", steps.step, name="integration_draft"),
]
