"""The wizard's URLs, below the integrations of a tenant or an organization."""

from django.urls import path

from integrations.views import downloads, wizard

_DRAFT = "drafts/<uuid:draft>/"

wizard_urls = [
    path("new/", wizard.start, name="integration_new"),
    path(_DRAFT + "cancel/", wizard.cancel, name="integration_draft_cancel"),
    path(_DRAFT + "downloads/<str:file>", downloads.download, name="integration_draft_download"),
    path(_DRAFT + "<str:step>/", wizard.step, name="integration_draft"),
]
