"""Tasks: their names, and that they leave nothing behind in a worker's thread."""

import structlog

from integrations import tasks
from integrations.jobs.sending import Task
from pipes.celery import app
from tests.integrations.conftest import Synced


def test_the_beat_schedule_names_tasks_that_exist() -> None:
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert scheduled <= set(app.tasks)
    assert {"integrations.tasks.enqueue_due", "integrations.tasks.clean_up"} <= scheduled


def test_whatever_is_sent_for_by_name_is_a_task() -> None:
    assert {task.value for task in Task} <= set(app.tasks)


def test_tasks_are_called_by_their_module_and_name() -> None:
    assert tasks.sync_integration.name == "integrations.tasks.sync_integration"
    assert tasks.run_access_test.name == "integrations.tasks.run_access_test"


def test_a_sync_leaves_no_words_of_its_own_for_the_next_log_lines(mirror: Synced) -> None:
    structlog.contextvars.clear_contextvars()
    mirror.aws.faults.fail("ListRoots", "AccessDeniedException")
    tasks.sync_integration(mirror.integration.tenant_id, mirror.integration.pk)
    assert mirror.runs()[0].state == "failed"
    assert structlog.contextvars.get_contextvars() == {}


def test_a_task_for_something_that_is_gone_does_nothing(mirror: Synced) -> None:
    tasks.sync_integration(mirror.integration.tenant_id, 0)
    tasks.sync_integration(0, mirror.integration.pk)
    assert [run.state for run in mirror.runs()] == ["queued"]
    assert (mirror.tree(), list(mirror.aws.calls)) == ({"root": "Root"}, [])
