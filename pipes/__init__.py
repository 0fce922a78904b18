"""The project: settings, URLs, background worker, health. Nothing imports it but the commands that start it."""

from pipes.celery import app as celery_app

__all__ = ["celery_app"]
