"""The stand-in's command line: serve it, look at it, and change it while it runs."""
# ruff: noqa: T201 - a command line prints

import argparse
import json
import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from tests.fakes.aws import sample
from tests.fakes.aws.admin import PREFIX
from tests.fakes.aws.organization import STATES, StandInError
from tests.fakes.aws.server import Server
from tests.fakes.aws.standin import StandIn
from tests.fakes.aws.world import load

DEFAULT_ENDPOINT = "http://127.0.0.1:4566"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = vars(_parser().parse_args(arguments))
    command, endpoint = options.pop("command"), options.pop("endpoint")
    try:
        if command == "serve":
            return serve(Path(options["state"]), options["host"], options["port"])
        if command in ("show", "tree", "calls", "events"):
            _print_answer(command, _ask(endpoint, command), as_environment=options.get("env", False))
            return 0
        said = _ask(endpoint, "command", {"command": command, "arguments": _prepared(command, options)})
        print(said["said"])
    except (StandInError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def serve(state: Path, host: str, port: int) -> int:
    """Serve until a signal comes, with the world in ``state`` or, where that file is missing, the sample."""
    state.parent.mkdir(parents=True, exist_ok=True)
    stand_in = StandIn(load(state) if state.exists() else sample.world(), state)
    stand_in.keep()
    try:
        server = Server((host, port), stand_in)
    except OSError as error:
        raise StandInError(f"Nothing can be served on {host}:{port}: {error.strerror}.") from error

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    accounts = sum(len(item.accounts) for item in stand_in.world.organizations)
    print(f"The stand-in for AWS answers on {server.endpoint_url} ({accounts} accounts, kept in {state})", flush=True)
    try:
        server.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
    return 0


def _ask(endpoint: str, what: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(endpoint.rstrip("/") + PREFIX + what, data)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return dict(json.load(response))
    except urllib.error.HTTPError as error:
        with error:
            raise StandInError(_reason(error.read(), endpoint)) from error
    except urllib.error.URLError as error:
        raise StandInError(f"No stand-in for AWS answers on {endpoint} ({error.reason}). Is it running?") from error


def _reason(body: bytes, endpoint: str) -> str:
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return f"What answers on {endpoint} is not the stand-in for AWS."


def _print_answer(command: str, answer: dict[str, Any], *, as_environment: bool) -> None:
    if command == "tree":
        print(answer["text"])
    elif as_environment:
        for name, value in answer["vendor"].items():
            print(f"{name}={value}")
    else:
        print(json.dumps(answer, indent=2, ensure_ascii=False))


def _prepared(command: str, options: dict[str, Any]) -> dict[str, Any]:
    """Turn options into the arguments of a command: files are read here, the server sees their text."""
    arguments = {name: value for name, value in options.items() if value is not None}
    if command == "deploy":
        arguments.setdefault("stack", Path(arguments["file"]).stem)
        arguments["template"] = Path(arguments.pop("file")).read_text(encoding="utf-8")
        arguments["parameters"] = dict(pair.split("=", 1) for pair in arguments.pop("parameter", []))
    if "policy" in arguments:
        arguments["policy"] = json.loads(Path(arguments["policy"]).read_text(encoding="utf-8"))
    if command == "faults":
        return _prepared_fault(arguments)
    return arguments


def _prepared_fault(arguments: dict[str, Any]) -> dict[str, Any]:
    what = arguments["what"]
    values = arguments.get("values", [])
    needed = {
        "throttle": (0, 3),
        "error": (2,),
        **dict.fromkeys(("latency", "lag", "cut-off", "not-json", "drop"), (1,)),
    }
    if len(values) not in needed.get(what, (0,)):
        raise StandInError(f"`faults {what}` takes {needed.get(what, (0,))[-1]} values; see `faults --help`.")
    if what in ("latency", "lag"):
        return {"what": what, "seconds": values[0]}
    if what == "throttle":
        return {"what": what, **dict(zip(("operation", "rate", "burst"), values, strict=False))}
    if what in ("clear", "expire-sessions", "show"):
        return {"what": what}
    fault = {"kind": what, "operation": values[0], "on": arguments.get("on", ""), "times": arguments.get("times")}
    if what == "error":
        fault["code"] = values[1]
    if what == "not-json":
        fault.update(kind="answer", body="<html>This is not AWS</html>")
    return {"what": "plan", "fault": fault}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.fakes.aws", description=__doc__)
    endpoint = os.environ.get("AWS_ENDPOINT_URL") or DEFAULT_ENDPOINT
    parser.add_argument("--endpoint", default=endpoint, help="the server to talk to (or AWS_ENDPOINT_URL)")
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, text: str, *positional: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        for argument in positional:
            command.add_argument(argument)
        if name not in ("serve", "show", "tree", "calls", "events", "faults", "wire", "delete-role"):
            command.add_argument("--organization", help="label or id, where a name is in several AWS organizations")
        return command

    _add_looking(add)
    _add_changing(add)
    faults = add(
        "faults",
        "let something go wrong: latency 0.5 | lag 10 | throttle [OPERATION RATE BURST] | error OPERATION CODE",
    )
    kinds = ("show", "clear", "latency", "lag", "throttle", "error", "cut-off", "not-json", "drop", "expire-sessions")
    faults.add_argument("what", choices=kinds)
    faults.add_argument("values", nargs="*")
    faults.add_argument("--on", help="only calls that name this id or ARN")
    faults.add_argument("--times", type=int, help="how often; without it, always")
    wire = add("wire", "word answers otherwise")
    wire.add_argument("--states", choices=("state", "both", "status"), help="send State, both, or Status as long ago")
    wire.add_argument("--paths", action=argparse.BooleanOptionalAction, help="send Paths and Path")
    wire.add_argument("--empty-page-every", type=int, help="an empty page before every n-th page; 0: never")
    return parser


def _add_looking(add: Any) -> None:
    command = add("serve", "serve until Ctrl-C")
    command.add_argument("--port", type=int, default=4566)
    command.add_argument("--host", default="127.0.0.1")
    command.add_argument("--state", required=True, help="file that keeps everything; made from the sample if missing")
    command = add("show", "print ids, our own key pair and all other key pairs")
    command.add_argument("--env", action="store_true", help="print the environment that the product's server needs")
    add("tree", "print OUs and accounts")
    add("calls", "count the calls received, by operation")
    add("events", "print the last tries to deliver an event, and the status of the answer; 0 where there was none")


def _add_changing(add: Any) -> None:
    add("move", "move an account into an OU (or Root)", "account", "parent")
    add("rename", "rename an account or OU", "node", "name")
    add("create", "create an account", "name").add_argument("--in", dest="parent")
    add("create-ou", "create an OU", "name").add_argument("--in", dest="parent")
    add("delete-ou", "delete an empty OU", "ou")
    add("close", f"close an account; its states are {', '.join(STATES)}", "account").add_argument(
        "--now", action="store_true", help="closed at once, not pending closure"
    )
    add("suspend", "suspend an account", "account")
    add("reactivate", "make an account active again", "account")
    add("remove", "take an account out of its AWS organization", "account")
    add("delegate", "make an account a delegated administrator", "account")
    command = add("create-role", "create a role that may read the AWS organization", "account", "name")
    command.add_argument("--trust", required=True, metavar="ARN", help="the principal that may assume it")
    command.add_argument("--external-id")
    command.add_argument("--policy", metavar="FILE", help="a permission policy instead")
    add("delete-role", "delete a role", "arn")
    command = add("create-key", "create a user with a key pair that may read the AWS organization", "account", "user")
    command.add_argument("--policy", metavar="FILE", help="a permission policy instead")
    command = add("deploy", "create what a CloudFormation template describes", "file")
    command.add_argument("--account", help="in this account instead of the management account")
    command.add_argument("--stack", help="name of the stack; without it, the name of the file")
    command.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE")
