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
