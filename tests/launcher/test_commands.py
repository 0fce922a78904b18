"""What all commands of `./console` have in common."""

import os

import pytest

from launcher import commands
from launcher.places import STATE


@pytest.mark.parametrize(("asked", "kept"), [("1", str(STATE / "bytecode")), ("", None)])
def test_programs_keep_what_they_compile_outside_of_the_sources_where_asked(
    monkeypatch: pytest.MonkeyPatch, asked: str, kept: str | None
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", asked)
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    seen: list[str | None] = []

    def note(arguments: object) -> int:
        seen.extend(map(os.environ.get, ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")))
        return 0

    monkeypatch.setattr(commands, "ci", note)
    assert commands.main(["ci"], usage="") == 0
    assert seen == [None, kept]


@pytest.mark.parametrize(
    ("browsers", "arguments", "passed"),
    [
        ("chromium", ["-k", "wizard"], ["-k", "wizard"]),
        ("", ["tests"], ["-m", "not browser", "tests"]),
        (
            "chromium",
            ["--fast", "-x"],
            ["-m", "not browser and not programs and not search and not sweep and not pages and not aws", "-x"],
        ),
    ],
)
def test_what_takes_long_and_what_cannot_run_is_left_out(
    monkeypatch: pytest.MonkeyPatch, browsers: str, arguments: list[str], passed: list[str]
) -> None:
    monkeypatch.setattr("launcher.bootstrap.ensure", lambda _name: None)
    monkeypatch.setattr("shutil.which", lambda name: name if name == browsers else None)
    monkeypatch.delenv("PIPES_CHROMIUM", raising=False)
    ran: list[str] = []

    def note(command: list[str], _variables: object, *, is_durable: bool) -> int:
        ran.extend(command)
        return int(is_durable)

    monkeypatch.setattr(commands, "with_servers", note)
    assert commands.main(["test", *arguments], usage="") == 0
    assert ran[-len(passed) :] == passed
    assert ("-m" in ran[3:]) == ("-m" in passed)
