"""``manage.py sync_integration``: one sync in the foreground."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from integrations.sync import schedule as sync_schedule
from tests.conftest import Cast
from tests.integrations.conftest import Synced


def run(name: str) -> str:
    out = StringIO()
    call_command("sync_integration", name, stdout=out)
    return out.getvalue()


def test_it_shows_progress_the_diff_and_the_counts(mirror: Synced) -> None:
    lines = run("acme/main").splitlines()
    prod = mirror.aws.organization.find("Prod").id
    assert lines[0].startswith("Reading the AWS organization: 0 OUs, 0 accounts, ")
    assert f"  create connection Prod ({prod}): Root / Workloads" in lines
    assert lines[-1].startswith("Synced in ")
    assert lines[-1].endswith(" s: 5 create.")
    assert [each.trigger for each in mirror.runs()] == ["created"]
    mirror.aws.organization.rename("Prod", "Production")
    lines = run("acme/main").splitlines()
    assert f"  rename connection Production ({prod}): Prod (prod) → Production (production)" in lines
    assert mirror.runs()[-1].trigger == "command"
    assert run("acme/main").splitlines()[-1].endswith(": nothing changed.")


def test_a_failed_sync_ends_with_its_sentence(mirror: Synced) -> None:
    mirror.aws.faults.fail("ListRoots", "AccessDeniedException")
    with pytest.raises(CommandError, match=r"ListRoots.*AccessDeniedException") as failed:
        run("acme/main")
    assert failed.value.returncode == 1
    assert mirror.runs()[0].state == "failed"


def test_a_sync_that_is_running_is_left_to_run(mirror: Synced) -> None:
    started = sync_schedule.start(mirror.integration.tenant_id, mirror.integration.pk, now=timezone.now())
    with pytest.raises(CommandError, match="A sync of main is running since"):
        run("acme/main")
    assert started is not None
    assert [each.pk for each in mirror.runs()] == [started.pk]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("main", "Name the integration as TENANT/HANDLE, not 'main'."),
        ("nobody/main", "There is no tenant 'nobody'."),
        ("acme/other", "The tenant acme has no integration 'other'; it has: main."),
        ("globex/main", "The tenant globex has no integration 'main'; it has: none."),
    ],
)
def test_a_name_that_means_nothing_gets_a_sentence(mirror: Synced, cast: Cast, name: str, sentence: str) -> None:
    with pytest.raises(CommandError) as failed:
        run(name)
    assert str(failed.value) == sentence
