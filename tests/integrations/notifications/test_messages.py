"""What the emails say, and that no name from AWS can make them say more."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from pytest_django.fixtures import Settings

from integrations.jobs.outcome import Outcome
from integrations.models import Topic
from integrations.notifications import webhooks
from integrations.notifications.messages import line, one_line
from integrations.planning.diff import Change, ChangeKind
from tests.integrations.notifications.conftest import CREATED, MOVED, REMOVED, Told
from workspaces import isolation

SUSPENDED = ["state", "connection", "444455556666", "web", "active", "pending_closure"]
RENAMED = ["rename", "folder", "ou-ab12-1", "Prod", "Production (production)", "Prod (prod)"]


def test_an_email_about_changes_says_each_in_a_line_and_where_to_look(told: Told, settings: Settings) -> None:
    settings.BASE_URL = "https://pipes.example.com/"
    told.wants(Topic.CHANGES)
    run = told.changes(CREATED, RENAMED, MOVED, SUSPENDED, REMOVED)
    told.deliver()
    (sent,) = mail.outbox
    assert sent.subject == ("[Pipes] awsi (acme/tnt): 1 created, 1 renamed, 1 moved, 1 changed state, 1 removed")
    assert sent.to == ["org-owner@example.com"]
    body = str(sent.body)
    for expected in (
        "+ create card <vault> (111122223333) in Root / Prod\n",
        "~ rename Production (production) to Prod (prod)\n",
        "→ move web (444455556666) from Root to Root / Prod\n",
        "~ change web (444455556666) from active to pending closure\n",
        "− remove gone (777788889999) from Root / Prod\n",
        f"https://pipes.example.com/tenants/acme/orgs/tnt/integrations/awsi/processes/{run.number}/\n",
        "https://pipes.example.com/tenants/acme/orgs/tnt/integrations/awsi/notifications/\n",
    ):
        assert expected in body
    assert sent.extra_headers["Auto-Submitted"] == "auto-generated"


def test_an_email_about_a_question_says_what_would_go_and_where_to_answer(told: Told) -> None:
    told.run(Outcome(error="It would remove 9 of 10 connections.", changes=[REMOVED], removals=["777788889999"]))
    told.deliver()
    (sent,) = mail.outbox
    assert sent.subject == "[Pipes] awsi (acme/tnt): a sync needs approval"
    body = str(sent.body)
    assert "changed nothing and waits for an answer. It would remove 9 of 10 connections.\n" in body
    assert "− remove gone (777788889999) from Root / Prod\n" in body
    assert (
        "Approve or discard it here: http://localhost:8000/tenants/acme/orgs/tnt/integrations/awsi/processes/1/?question\n"
        in body
    )


def test_emails_about_trouble_give_the_reason_and_tell_when_it_is_over(told: Told) -> None:
    told.fails("AWS refused ListAccounts (AccessDenied). Allow it.")
    told.run(Outcome())
    told.deliver()
    failing, works = sorted(mail.outbox, key=lambda sent: "work again" in sent.subject)
    assert failing.subject == "[Pipes] awsi (acme/tnt): syncs fail"
    assert "AWS refused ListAccounts (AccessDenied). Allow it." in failing.body
    assert works.subject == "[Pipes] awsi (acme/tnt): syncs work again"
    assert f"had failed since {told.now - timedelta(minutes=1):%Y-%m-%d %H:%M} UTC" in works.body


def test_the_same_email_sent_twice_has_the_same_id(told: Told) -> None:
    told.fails()
    told.deliver()
    (delivery,) = told.deliveries()
    with isolation.as_tenant(told.cast.acme.pk):
        webhooks.send_again(delivery=delivery, by=told.cast.org_owner, now=told.now)
    told.deliver()
    first, second = (sent.extra_headers["Message-ID"] for sent in mail.outbox)
    assert first == second == f"<{delivery.uid}@localhost>"


@pytest.mark.parametrize("evil", ["Prod\r\nBcc: all@example.com", "Prod\n+ create Fake (1)", "Prod\u2028+ Fake"])
def test_a_name_with_a_line_break_stays_in_its_line(told: Told, evil: str) -> None:
    told.wants(Topic.CHANGES)
    told.changes(["create", "connection", "1" * 12, evil, "", "Root"])
    told.deliver()
    assert len(mail.outbox) == 1
    marked = [each for each in str(mail.outbox[0].body).splitlines() if each.startswith(("+", "Bcc"))]
    assert len(marked) == 1
    assert len(line(Change("create", "connection", "1", evil)).splitlines()) == 1
    mail.outbox[0].message()  # raises for a header with a line break


def test_what_nobody_can_see_is_left_out_of_a_line() -> None:
    assert one_line("web\u202egpj.exe \x1b[31mred\x07") == "web gpj.exe [31mred"


@pytest.mark.parametrize("name", ["Renew at https://evil.example/login", "evil.example", "www.evil.co/x?y"])
@pytest.mark.parametrize("kind", ["create", "rename", "move", "remove"])
def test_no_name_is_a_link_in_an_email(kind: ChangeKind, name: str) -> None:
    said = line(Change(kind, "connection", "1" * 12, name, name, name))
    assert not re.search(r"\w://\w|evil\.\w", said)
    assert "evil. " in said


def test_a_name_that_is_no_address_stays_as_it_is() -> None:
    said = line(Change("create", "connection", "1" * 12, "Prod v1.2 (a/b) e.g. R&D", "", "Root / Unit"))
    assert said == "+ create Prod v1.2 (a/b) e.g. R&D (111111111111) in Root / Unit"


def test_a_long_name_is_cut() -> None:
    assert len(one_line("x" * 10_000)) == 300


def test_the_first_read_has_a_root_without_a_place(told: Told) -> None:
    assert line(Change("create", "folder", "r-ab12", "Root")) == "+ create Root (r-ab12)"
    assert line(Change("remove", "folder", "r-ab12", "Root")) == "− remove Root (r-ab12)"
    gone = Change("remove", "connection", "111122223333", "jobs", "Root / Prod", "closed in AWS")
    assert line(gone) == "− remove jobs (111122223333) from Root / Prod: closed in AWS"


def test_a_name_from_right_to_left_turns_no_line_of_a_letter() -> None:
    moved = Change("move", "connection", "111122223333", "ייצור", "Root / Dev", "Root / מכירות")
    assert line(moved) == "→ move \u2068ייצור\u2069 (111122223333) from Root / Dev to \u2068Root / מכירות\u2069"
