"""``./console upgrade-drill [--from COMMIT]``: go from that version to this one and back under load; count what failed.

The rules that it holds a release to: no page and no sync fails while the new schema comes under the old version, while
its programs are replaced one by one, and when the old version comes back on the new schema.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from launcher.child import Child, Program, wait_for
from launcher.demo import free_port
from launcher.keys import python
from launcher.places import Instance, owned_folder, remove
from tests.upgrade import scene as scenery
from tests.upgrade.load import Doors, Tally, traffic
from tests.upgrade.version import Version, answers, earlier_version, fetch, this_version

_COUNTS = """
    SELECT count(*) FILTER (WHERE state <> 'failed'), count(*) FILTER (WHERE state = 'failed'),
        coalesce(min(error) FILTER (WHERE state = 'failed'), '')
    FROM integrations_syncrun WHERE finished_at >= %s
"""
_STUCK = "SELECT count(*) FROM integrations_syncschedule WHERE next_due_at < now() - interval '30 seconds'"
# What a worker logs of a task that ended with an exception that nobody expected.
_UNEXPECTED = ("raised unexpected", "task_failed")


@dataclass
class Drill:
    """The running programs of both versions, and what is counted."""

    old: Version
    new: Version
    environment: dict[str, str]
    instance: Instance
    seconds: float
    aws: str = ""
    doors: Doors = field(default_factory=Doors)
    tally: Tally = field(default_factory=Tally)
    running: dict[str, tuple[Version, Child]] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    rows: list[tuple[str, ...]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def start(self, version: Version, name: str, program: Program | None = None) -> None:
        """Start one of a version's programs and wait until it serves."""
        full = f"{version.name}-{name}-{len(self.rows)}"
        if program is None and name.startswith("web"):
            self.ports[name] = free_port()
            program = version.web(self.ports[name], self.environment, full)
        program = program or version.service(name, self.environment, self.instance.run, full)
        child = Child(program, self.instance)
        self.running[name] = (version, child)
        if not wait_for(child.is_ready, seconds=180):
            raise RuntimeError(f"{full} does not start:\n{child.log.read_text()[-3000:]}")
        if name.startswith("web"):
            self.doors.open(self.ports[name])

    def replace(self, name: str, version: Version) -> None:
        """Put one version's program in the place of the other's: a new one first, but never two beats."""
        _, before = self.running[name]
        if name.startswith("web"):
            self.doors.close(self.ports[name])
            time.sleep(0.5)  # what the proxy has sent there already
        if name == "worker":
            self.start(version, name)
            before.stop()
        else:
            before.stop()
            self.start(version, name)

    def replace_all(self, version: Version) -> None:
        """Replace web, worker and beat, one by one."""
        for name in ("web-a", "web-b", "worker", "beat"):
            self.replace(name, version)

    @contextmanager
    def phase(self, title: str) -> Iterator[None]:
        """Count what fails from here to a while after the block."""
        self.tally = tally = Tally()
        began, logged = self._now(), self._unexpected()
        print(f"  {title} …", flush=True)
        yield
        time.sleep(self.seconds)
        ended, failed, error = self._one(_COUNTS, began)
        (stuck,) = self._one(_STUCK)
        unexpected = self._unexpected() - logged
        figures = (tally.asked["pages"], tally.failed["pages"], tally.asked["events"], tally.failed["events"])
        self.rows.append((title, *map(str, (*figures, ended, failed, unexpected, stuck))))
        said = [
            *(f"{count} × {what}" for what, count in tally.problems.most_common()),
            *([f"a sync: {error}"] if error else []),
        ]
        said += [f"{unexpected} tasks ended with an exception"] * bool(unexpected) + [f"{stuck} are stuck"] * bool(
            stuck
        )
        said += ["no sync ended"] * (not ended)
        self.problems += [f"{title}: {each}" for each in said]

    def _now(self) -> Any:
        return self._one("SELECT now()")[0]

    def _one(self, statement: str, *parameters: Any) -> Any:
        with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as connection:
            return connection.execute(statement, parameters).fetchone()

    def _unexpected(self) -> int:
        logs = [path.read_text(errors="replace") for path in self.instance.logs.glob("*worker*.log")]
        return sum(text.count(sign) for text in logs for sign in _UNEXPECTED)

    def stop(self) -> None:
        """Stop what runs."""
        for _, child in reversed(self.running.values()):
            child.stop()


def main() -> int:
    """Run the drill, print its table, and return 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="./console upgrade-drill", description=__doc__)
    parser.add_argument("--from", dest="commit", default="1043c74", help="the earlier version (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=20, help="how long each phase lasts (default: %(default)s)")
    parser.add_argument("--integrations", type=int, default=24, help="how many sync (default: %(default)s)")
    chosen = parser.parse_args()
    print(f"Getting {chosen.commit} ready …", flush=True)
    old = earlier_version(chosen.commit)
    instance = Instance(Path("/tmp") / f"pipes-drill-{os.getpid()}")
    owned_folder(instance.folder, None, mode=0o700)
    instance.prepare()
    drill = Drill(old, this_version(), _environment(), instance, chosen.seconds)
    try:
        _run(drill, chosen.integrations)
    finally:
        drill.stop()
    _print(drill)
    if not drill.problems:
        remove(instance.folder)
    return 1 if drill.problems else 0


def _environment() -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if name != "DATABASE_OWNER_URL"}
    return mine | {
        "PIPES_AWS_QUOTA_SHARE": "1000",
        "PIPES_BASE_URL": "http://127.0.0.1:8000",
        "PIPES_LOG_LEVEL": "INFO",
    }


def _run(drill: Drill, count: int) -> None:
    shown = _start_aws(drill)
    owner = drill.environment | {"DATABASE_OWNER_URL": os.environ["DATABASE_OWNER_URL"]}
    for version in (drill.old, drill.new):
        version.run("manage.py", "collectstatic", "--no-input", environment=owner)
    drill.old.run("manage.py", "migrate", "--no-input", environment=owner)
    key = shown["keys"][0]
    made = drill.old.run(
        scenery.__file__, str(count), key["access_key"], key["secret_key"], environment=drill.environment
    )
    scene = json.loads(made.splitlines()[-1])
    for name in ("web-a", "web-b", "worker", "beat"):
        drill.start(drill.old, name)
    with traffic(drill.doors, scene, drill.aws, lambda: drill.tally):
        with drill.phase("the old version"):
            pass
        with drill.phase("the new schema comes under it"):
            drill.new.run("manage.py", "migrate", "--no-input", environment=owner)
        with drill.phase("its programs are replaced one by one"):
            drill.replace_all(drill.new)
        with drill.phase("the new version"):
            pass
        with drill.phase("the old version comes back, the schema stays"):
            drill.replace_all(drill.old)
        with drill.phase("the schema goes back too"):
            _migrate_back(drill, owner)


def _start_aws(drill: Drill) -> Mapping[str, Any]:
    port = free_port()
    drill.aws = f"http://127.0.0.1:{port}"
    state = str(drill.instance.folder / "aws.json")
    program = Program(
        name="aws",
        command=python("-m", "tests.fakes.aws", "serve", "--port", str(port), "--state", state),
        environment=os.environ | {"PYTHONUNBUFFERED": "1"},
        is_ready=lambda _child: answers(f"{drill.aws}/_stand-in/health"),
    )
    drill.start(drill.new, "aws", program)
    shown: dict[str, Any] = json.loads(fetch(f"{drill.aws}/_stand-in/show"))
    drill.environment |= {**shown["vendor"], "AWS_ENDPOINT_URL": drill.aws, "AWS_DEFAULT_REGION": "us-east-1"}
    return shown


def _migrate_back(drill: Drill, owner: Mapping[str, str]) -> None:
    """Undo the migrations that the old version does not have, app by app; say which cannot be undone."""
    for app in ("integrations", "connections", "workspaces"):
        last = max(path.stem for path in (drill.old.folder / app / "migrations").glob("[0-9]*.py"))
        try:
            drill.new.run("manage.py", "migrate", "--no-input", app, last, environment=owner)
        except RuntimeError as error:
            drill.problems.append(f"{app} does not go back to {last}: {str(error).strip().splitlines()[-1]}")


def _print(drill: Drill) -> None:
    head = ("phase", "pages", "failed", "events", "failed", "syncs", "failed", "exceptions", "stuck")
    table = [head, *drill.rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    for row in table:
        cells = zip(row[1:], widths[1:], strict=True)
        print("  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in cells)]))
    for problem in drill.problems:
        print(f"- {problem}")
    print(f"Logs: {drill.instance.logs}" if drill.problems else "Nothing failed.")


if __name__ == "__main__":
    sys.exit(main())
