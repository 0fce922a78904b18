"""The product's settings and, only here, what the product is compared with and must be an installed app."""

from pipes.settings import *  # noqa: F403
from pipes.settings import INSTALLED_APPS as _PRODUCT

INSTALLED_APPS = [*_PRODUCT, "bench.guarded"]
