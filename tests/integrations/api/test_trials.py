"""Previews and choosing accounts by program: as on their pages, with the same sentences."""

from typing import Any

import pytest

from integrations.models import Integration, SettingsTrial, SyncRun
from integrations.trials import run as trials_run
from tests.conftest import Cast
from tests.integrations.api.test_integrations import problem
from tests.integrations.conftest import QUICK, Synced
from tests.integrations.in_use import in_use
from tests.programs import Program, ProgramOf
from workspaces import isolation

__all__ = ["in_use"]

MAIN = "/org/tnt/integration/main"
PREVIEW, TRIAL = f"{MAIN}/preview", f"{MAIN}/selection/trial"


@pytest.fixture
def ours(program: ProgramOf, cast: Cast) -> Program:
    return program(cast.org_owner)


def read(cast: Cast) -> None:
    """Let the worker read."""
    with isolation.as_tenant(cast.acme.pk):
        trial = SettingsTrial.objects.get()
    trials_run.run(cast.acme.pk, trial.pk, retries=QUICK)


def sent(program: Program, method: str, path: str, body: Any = None, **headers: str) -> Any:
    answer = program(method, path, body, **headers)
    assert answer.status_code in (200, 201), answer.content
    return answer.json()


def test_a_preview_is_started_followed_looked_at_and_synced_from(ours: Program, in_use: Synced, cast: Cast) -> None:
    assert "There is no preview any more" in problem(ours("GET", PREVIEW), 404)
    organization = in_use.aws.organization
    organization.rename("Prod", "Production")
    organization.remove("Dev")
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.update(deletion_limit_percent=0, deletion_limit_count=0)
    begun = sent(ours, "POST", PREVIEW)
    assert (begun["state"], begun.get("counts")) == ("pending", None)
    assert sent(ours, "POST", PREVIEW)["id"] == begun["id"]  # the one that reads is followed
    assert "still being read" in problem(ours("GET", f"{PREVIEW}/change"), 409)
    read(cast)
    shown = ours.get(PREVIEW)
    assert (shown["id"], shown["state"]) == (begun["id"], "ready")
    assert shown["counts"] == {"rename": 1, "remove": 1}
    assert shown["why_it_would_ask"].startswith("It would remove 1 of 3 connections")
    fireworks = next(one for one in shown["workspaces"] if one["workspace"] == "tnt/fireworks")
    assert (fireworks["removed"], fireworks["renamed"]) == (["dev"], [{"before": "prod", "after": "production"}])
    changes = ours.get(f"{PREVIEW}/change")["items"]
    assert {(one["kind"], one["label"]) for one in changes} == {("rename", "Production"), ("remove", "Dev")}
    assert "another preview" in problem(ours("POST", f"{PREVIEW}/sync", {"preview": "rd_other"}), 409)
    process = sent(ours, "POST", f"{PREVIEW}/sync", {"preview": shown["id"]})
    assert (process["state"], process["trigger"]) == ("pending", "manual")
    run = in_use.work()
    assert (run.read_by, run.state) == ("preview", SyncRun.State.SUCCEEDED)
    assert in_use.tree().keys() >= {"production"}
    sent(ours, "DELETE", PREVIEW)
    assert ours("GET", PREVIEW).status_code == 404


def test_accounts_are_chosen_looked_at_and_saved_by_who_has_seen_what_goes(
    ours: Program, in_use: Synced, cast: Cast
) -> None:
    before = ours.get(f"{MAIN}/selection")
    assert (before["include"], before["exclude"], before["words"]) == (["root"], [], "All accounts, now and later.")
    stale = {"If-Match": str(before["version_id"] + 1)}
    assert ours("POST", TRIAL, **stale).status_code == 412
    sent(ours, "POST", TRIAL)
    assert "trying other settings of main" in problem(ours("POST", PREVIEW), 409)
    read(cast)
    top = {one["name"]: one for one in ours.get(f"{TRIAL}/node")["items"]}
    assert {one["type"] for one in top.values()} == {"organizational-unit", "account"}
    first = ours.get(f"{TRIAL}/node?limit=1")
    rest = ours.get(f"{TRIAL}/node?limit=100&next_token={first['next_token']}")
    assert [one["name"] for one in first["items"] + rest["items"]] == list(top)
    (dev,) = ours.get(f"{TRIAL}/node?q=dev")["items"]
    assert (dev["type"], dev["tick"]) == ("account", "true")
    inside = ours.get(f"{TRIAL}/node?inside={top['Workloads']['id']}")["items"]
    assert [one["name"] for one in inside] == ["Dev", "Prod"]
    assert problem(ours("GET", f"{TRIAL}/node?inside=ou-none"), 400, "inside")
    assert problem(ours("PATCH", TRIAL, {"exclude": ["123412341234"]}), 400, "include")
    assert problem(ours("PATCH", TRIAL, {"exclude": ["root"]}), 400, "exclude")
    # Of what would be so anyway no mark is kept.
    chosen = sent(ours, "PATCH", TRIAL, {"include": ["root", top["Sandbox"]["id"]], "exclude": [dev["id"]]})
    assert (chosen["include"], chosen["exclude"]) == (["root"], [dev["id"]])
    assert (chosen["removed"], chosen["why_removed"]) == (1, "1 not ticked")
    assert (chosen["accounts"], chosen["mirrored"]) == (3, 2)
    assert [one["label"] for one in ours.get(f"{TRIAL}/change")["items"]] == ["Dev"]
    assert "is different by now" in problem(ours("POST", f"{TRIAL}/save", {"fingerprint": "unseen"}), 409)
    assert problem(ours("POST", f"{TRIAL}/save", {}), 400, "fingerprint")
    assert "dev" in in_use.tree()
    saved = sent(ours, "POST", f"{TRIAL}/save", {"fingerprint": chosen["fingerprint"]})
    assert (saved["exclude"], saved["mirrored"]) == ([dev["id"]], 2)
    assert "dev" not in in_use.tree()
    assert "There is no choice of accounts" in problem(ours("POST", f"{TRIAL}/save", {"fingerprint": "any"}), 409)
    # What was chosen lasts through reading again, and is dropped when it is discarded.
    sent(ours, "POST", TRIAL)
    read(cast)
    only = sent(ours, "PATCH", TRIAL, {"include": [dev["id"]], "exclude": []})
    assert (only["include"], only["exclude"], only["mirrored"]) == ([dev["id"]], ["root"], 1)
    assert sent(ours, "POST", f"{TRIAL}/read")["state"] == "pending"
    read(cast)
    assert ours.get(TRIAL)["include"] == [dev["id"]]
    sent(ours, "DELETE", TRIAL)
    assert ours.get(f"{MAIN}/selection")["include"] == ["root"]


def test_delegates_who_may_not_approve_removals_save_no_choice_over_the_limit(
    ours: Program, in_use: Synced, cast: Cast, program: ProgramOf
) -> None:
    def delegate(verb: str) -> None:
        sent(ours, "POST", f"{MAIN}/delegate", {"user_handle": "org-member", "permission": verb})

    delegate("configure_integration")
    theirs = program(cast.org_member)
    sent(ours, "PATCH", f"{MAIN}/deletion_limit", {"percent": 0, "connections": 0})
    sent(theirs, "POST", TRIAL)
    read(cast)
    (dev,) = theirs.get(f"{TRIAL}/node?q=dev")["items"]
    seen = {"fingerprint": sent(theirs, "PATCH", TRIAL, {"exclude": [dev["id"]]})["fingerprint"]}
    why = problem(theirs("POST", f"{TRIAL}/save", seen), 403)
    assert why.startswith("It would remove 1 of 3 connections, which is over the deletion limit")
    assert "To approve or discard what a sync would remove you need to be an owner of acme/tnt" in why
    assert "dev" in in_use.tree()
    sent(ours, "PATCH", f"{MAIN}/deletion_limit", {"connections": 1})
    sent(ours, "DELETE", TRIAL)
    sent(theirs, "POST", TRIAL)
    read(cast)
    assert sent(theirs, "PATCH", TRIAL, {"exclude": [dev["id"]]})["fingerprint"] == seen["fingerprint"]
    sent(theirs, "POST", f"{TRIAL}/save", seen)
    assert "dev" not in in_use.tree()
