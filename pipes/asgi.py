"""The ASGI entry point."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pipes.settings")
os.environ.setdefault("PIPES_DATABASE_POOL", "true")

application = get_asgi_application()
