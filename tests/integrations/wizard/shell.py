"""A shell that runs lines which people are to paste, with ``aws`` leading to the stand-in and ``curl`` to a client.

``aws`` takes what the real one takes and nothing else: calls and their parameters are looked up in botocore's
descriptions of the services; ``cloudformation deploy``, which is no call, knows its options.
"""

import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import boto3
import jmespath  # type: ignore[import-untyped]
from botocore.session import get_session
from django.test import Client

from tests.fakes.aws import RunningAws, allowing
from tests.fakes.aws.cli import main as stand_in

DEPLOY = {"template-file", "stack-name", "capabilities", "region", "parameter-overrides", "s3-bucket"}
OF_ANY_CALL = {"region", "query", "output"}


def run(lines: str, folder: Path, client: Client, aws: RunningAws) -> str:
    """Run the lines as they are in bash; gives what they print. What ``curl`` wants is fetched beforehand."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    for word in lines.split():
        if "/setup-files/" in word:
            answer = client.get(word.strip("'").removeprefix("http://localhost:8000"))
            assert answer.status_code == 200
            (tools / "fetched").write_bytes(answer.content)
    script = 'test "$1 $2 $3 $4" = "--fail --silent --show-error --output" && cp "$(dirname "$0")/fetched" "$5"'
    (tools / "curl").write_text(f"#!/bin/sh\n{script}\n")
    (tools / "aws").write_text(f'#!/bin/sh\nexec {sys.executable} -m {__name__} "$@"\n')
    for tool in ("curl", "aws"):
        (tools / tool).chmod(0o755)
    root = Path(__file__).resolve().parents[3]
    environment = {"PATH": f"{tools}:/usr/bin:/bin", "PYTHONPATH": str(root), "AWS_ENDPOINT_URL": aws.endpoint_url}
    key = aws.roles.create_key("somebody", allowing("*"))
    environment |= {"AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret}
    done = subprocess.run(
        ["bash", "-c", lines], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def main(arguments: list[str]) -> int:
    """Be ``aws``."""
    service, command, *rest = arguments
    options = read_options(rest)
    if (service, command) == ("cloudformation", "deploy"):
        return deploy(options)
    check_call(service, command, set(options))
    if (service, command) == ("cloudformation", "describe-stacks"):
        outputs = [{"OutputKey": "RoleArn", "OutputValue": Path(f"{options['stack-name']}.arn").read_text()}]
        sys.stdout.write("\n".join(jmespath.search(options["query"], {"Stacks": [{"Outputs": outputs}]})))
        return 0
    if service != "organizations":
        return 0  # the stand-in has no such call; that AWS has it was checked
    assert (command, options["query"]) == ("list-roots", "Roots[0].Id")
    organizations: Any = boto3.client("organizations", region_name="us-east-1")
    sys.stdout.write(organizations.list_roots()["Roots"][0]["Id"] + "\n")
    return 0


def read_options(words: list[str]) -> dict[str, str]:
    """Take ``--name value`` apart; one option takes several values."""
    found: dict[str, list[str]] = {}
    for word in words:
        if word.startswith("--"):
            values = found[word.removeprefix("--")] = []
        else:
            values.append(word)
    assert all(len(some) == 1 or (name == "parameter-overrides" and some) for name, some in found.items()), words
    return {name: " ".join(some) for name, some in found.items()}


def check_call(service: str, command: str, options: set[str]) -> None:
    """See that AWS has such a call, and that it takes these parameters."""
    model: Any = get_session().get_service_model(service)
    calls = {name.lower(): name for name in model.operation_names}
    operation = model.operation_model(calls[command.replace("-", "")])
    members = {name.lower() for name in operation.input_shape.members} if operation.input_shape else set()
    assert not {name for name in options - OF_ANY_CALL if name.replace("-", "") not in members}, (command, options)


def deploy(options: dict[str, str]) -> int:
    """Launch a template in the stand-in, and keep the ARN that it outputs."""
    assert not options.keys() - DEPLOY
    assert options["capabilities"] == "CAPABILITY_NAMED_IAM"
    stack, said = options["stack-name"], StringIO()
    given = dict(pair.split("=", 1) for pair in options.get("parameter-overrides", "").split())
    overrides = [part for name, value in given.items() for part in ("--parameter", f"{name}={value}")]
    with redirect_stdout(said):
        code = stand_in(["deploy", options["template-file"], "--stack", stack, *overrides])
    Path(f"{stack}.arn").write_text(said.getvalue().partition("RoleArn: ")[2].strip())
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
