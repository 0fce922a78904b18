"""The WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pipes.settings")
os.environ.setdefault("PIPES_DATABASE_POOL", "true")

application = get_wsgi_application()
