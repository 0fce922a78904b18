"""The product's settings for programs that tests start: no static files have been collected for them."""

from pipes.settings import *  # noqa: F403
from pipes.settings import STORAGES as _PRODUCT

STORAGES = _PRODUCT | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
