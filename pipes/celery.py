"""The background worker, and the whole schedule of what it does by itself."""

import logging.config
import os

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pipes.settings")

app = Celery("pipes")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks(["integrations"])

app.conf.beat_schedule = {
    "start the syncs that are due": {
        "task": "integrations.tasks.enqueue_due",
        "schedule": 2.0,
        "options": {"expires": 10},
    },
    "test the connections that are due": {
        "task": "integrations.tasks.enqueue_health_tests",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "drop expired drafts, purge removed nodes": {
        "task": "integrations.tasks.clean_up",
        "schedule": 3600.0,
        "options": {"expires": 1800},
    },
}


@setup_logging.connect  # type: ignore[untyped-decorator]
def configure_logging(**_kwargs: object) -> None:
    """Keep Django's logging: Celery would replace it by its own when a worker starts."""
    logging.config.dictConfig(settings.LOGGING)
