"""The product's settings and, only here, what the product is compared with and must be an installed app."""

from pipes.settings import *  # noqa: F403
from pipes.settings import INSTALLED_APPS as _PRODUCT

INSTALLED_APPS = [*_PRODUCT, "guardian", "bench.guarded"]
ANONYMOUS_USER_NAME = None
GUARDIAN_MONKEY_PATCH_USER = False
GUARDIAN_MONKEY_PATCH_GROUP = False
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]  # nobody signs in by it
