"""Lines to paste beside the downloads: what they fetch, and from whom; and that they do what they say."""

import html
import json
import re
from datetime import timedelta
from pathlib import Path
from shlex import split

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from integrations.aws import iac
from integrations.wizard import file_links
from tests.conftest import Cast
from tests.fakes.aws import RunningAws
from tests.integrations.wizard import shell
from tests.integrations.wizard.conftest import CONNECTION, Walk

pytestmark = pytest.mark.usefixtures("own_cache")


def pasted(walk: Walk) -> list[str]:
    """What stands on the page to be pasted, whole."""
    return [html.unescape(text) for text in re.findall(r"<pre[^>]*>(.*?)</pre>", walk.html, re.DOTALL)]


def lines(walk: Walk, begin: str) -> str:
    """The lines that have this in them."""
    (found,) = (text for text in pasted(walk) if begin in text)
    return found


def path(text: str) -> str:
    """Where the lines fetch their file."""
    (url,) = (word for word in split(text.replace("\\\n", " ")) if "/setup-files/" in word)
    return url.removeprefix("http://localhost:8000")


def test_the_address_in_the_lines_gives_that_file_to_anybody_and_only_for_an_hour(in_org: Walk) -> None:
    in_org.to("discovery")
    for begin, file in (("aws cloudformation deploy", "discovery.yaml"), ("terraform init", "discovery.tf")):
        url = path(lines(in_org, begin))
        answer = Client().get(url)
        mine = in_org.client.get(in_org.scope.url("integration_draft_download", draft=in_org.draft().uid, file=file))
        assert answer.status_code == 200
        assert answer.content == mine.content
        assert "no-store" in answer["Cache-Control"]
        draft = in_org.draft()
        assert not {draft.discovery_external_id, draft.uid.hex, "acme", "tnt"} & set(re.split(r"[/:]", url))
    for wrong in (url[:-2] + "/", url.replace(":", "x", 1), "/setup-files/x/"):
        answer = Client().get(wrong)
        assert (answer.status_code, answer["Content-Type"]) == (404, "text/plain; charset=utf-8")
    with time_machine.travel(timezone.now() + file_links.LIFETIME + timedelta(seconds=2)):
        assert b"works for an hour" in Client().get(url).content
        in_org.get("discovery")
        assert Client().get(path(lines(in_org, "terraform init"))).status_code == 200


def test_the_address_lives_on_with_the_integration_and_ends_with_the_draft(in_org: Walk) -> None:
    in_org.to("permissions")
    in_org.get("discovery")
    url = path(lines(in_org, "terraform init"))
    in_org.post("permissions", choice="none")
    made = in_org.integration()
    assert made.discovery_external_id.encode() in Client().get(url).content
    in_org.to("discovery", handle={"handle": "another"})
    url = path(lines(in_org, "terraform init"))
    in_org.client.post(in_org.scope.url("integration_draft_cancel", draft=in_org.draft().uid))
    assert Client().get(url).status_code == 404


def test_nobody_fetches_it_all_the_time(in_org: Walk) -> None:
    in_org.to("discovery")
    url = path(lines(in_org, "terraform init"))
    with time_machine.travel(timezone.now(), tick=False):
        statuses = [Client().get(url).status_code for _ in range(31)]
    assert statuses == [200] * 30 + [429]


def test_the_lines_make_the_roles_that_pipes_then_finds(
    in_org: Walk, aws: RunningAws, cast: Cast, tmp_path: Path
) -> None:
    in_org.to("discovery", handle={"handle": "with-line"})
    printed = shell.run(lines(in_org, "aws cloudformation deploy"), tmp_path, Client(), aws).strip()
    assert printed == f"arn:aws:iam::{aws.organization.management_account_id}:role/{in_org.draft().discovery_role_name}"
    in_org.post("discovery", do="test", access_mode="role", role_arn=printed)
    assert in_org.run_test().state == "passed"
    in_org.post("discovery", access_mode="role", role_arn=printed)
    in_org.get("connection")
    shell.run(lines(in_org, "activate-organizations-access"), tmp_path, Client(), aws)
    shell.run(lines(in_org, "aws cloudformation deploy"), tmp_path, Client(), aws)
    in_org.post("connection", do="test", **CONNECTION | {"role_name": in_org.draft().role_name})
    assert in_org.run_test().state == "passed"


def test_what_is_not_known_yet_the_lines_ask_aws_for(in_org: Walk, aws: RunningAws, tmp_path: Path) -> None:
    in_org.to("connection")
    shell.run(lines(in_org, "aws cloudformation deploy"), tmp_path, Client(), aws)
    (made,) = aws.world.iam.stack_sets
    assert made.targets == [aws.organization.root_id]


def test_the_lines_for_a_key_are_calls_that_aws_has(in_org: Walk) -> None:
    in_org.to("discovery")
    user = in_org.draft().discovery_role_name
    found = [text for text in pasted(in_org) if "--user-name" in text]
    assert len(found) == 5  # made, replaced in three steps, removed
    for text in found:
        for command in text.replace("\\\n", " ").split("&&"):
            _, service, call, *rest = split(command)
            options = shell.read_options(rest)
            shell.check_call(service, call, set(options))
            assert options["user-name"] == user
            if "policy-document" in options:
                assert json.loads(options["policy-document"]) == json.loads(iac.permission_policy())
    assert "Prefer Cross-Account Role." in in_org.page
