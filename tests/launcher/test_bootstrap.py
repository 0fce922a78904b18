"""When requirements count as installed."""

import sys
import sysconfig
from pathlib import Path

import pytest

from launcher import bootstrap


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    file = tmp_path / "demo.txt"
    file.write_text("django==5.2.19")
    return file


def test_a_new_environment_has_nothing_installed(tmp_path: Path, requirements: Path) -> None:
    assert not bootstrap.is_stamped(tmp_path, requirements)


def test_installed_requirements_are_not_installed_again(tmp_path: Path, requirements: Path) -> None:
    bootstrap.stamp(tmp_path, requirements)
    assert bootstrap.is_stamped(tmp_path, requirements)


def test_changed_requirements_are_installed_again(tmp_path: Path, requirements: Path) -> None:
    bootstrap.stamp(tmp_path, requirements)
    requirements.write_text("django==5.2.20")
    assert not bootstrap.is_stamped(tmp_path, requirements)


def test_the_requirements_of_development_hold_all_of_the_demo() -> None:
    def pins(name: str) -> set[str]:
        lines = bootstrap.requirements(name).read_text().splitlines()
        return {line.removesuffix("\\").strip() for line in lines if line and line[0].isalnum()}

    assert pins("production") < pins("demo") < pins("development")


def test_every_pin_of_every_requirements_file_has_a_hash() -> None:
    for name in ("boot", "demo", "development", "production"):
        text = bootstrap.requirements(name).read_text().replace("\\\n", "")
        pins = [line for line in text.splitlines() if line and line[0].isalnum()]
        assert pins
        assert all("--hash=sha256:" in pin for pin in pins)


OF_THE_SAME_VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"


@pytest.mark.parametrize(
    ("options", "name", "status", "is_theirs"),
    [
        ("'--enable-shared'", OF_THE_SAME_VERSION, 0, True),
        ("'--enable-shared'", OF_THE_SAME_VERSION, 1, False),
        ("'--enable-shared'", "python3.99", 0, False),
        ("'--enable-optimizations' '--with-lto'", OF_THE_SAME_VERSION, 0, False),
    ],
    ids=["ours is slow", "theirs lacks libraries", "theirs is another version", "ours is fast"],
)
def test_the_environment_has_the_distribution_s_python_where_ours_is_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str, name: str, status: int, is_theirs: bool
) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", {"CONFIG_ARGS": options}.get)
    theirs = tmp_path / name
    theirs.write_text(f"#!/bin/sh\nexit {status}\n")
    theirs.chmod(0o755)
    chosen = bootstrap.environment_python(tmp_path)
    assert (chosen == str(theirs)) is is_theirs
    assert Path(chosen).exists()


@pytest.mark.parametrize(
    ("content", "mode"), [(b"#!/bin/sh\nexit 0\n", 0o644), (b"\xcf\xfa\xed\xfe of another machine", 0o755)]
)
def test_a_python_of_the_distribution_that_cannot_be_executed_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, mode: int
) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", {"CONFIG_ARGS": "'--enable-shared'"}.get)
    theirs = tmp_path / OF_THE_SAME_VERSION
    theirs.write_bytes(content)
    theirs.chmod(mode)
    assert bootstrap.environment_python(tmp_path) != str(theirs)


def test_what_lies_beside_whoever_starts_it_is_no_library_of_that_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", {"CONFIG_ARGS": "'--enable-shared'"}.get)
    (tmp_path / OF_THE_SAME_VERSION).symlink_to(sys.executable)
    (tmp_path / "ssl.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    assert bootstrap.environment_python(tmp_path) == str(tmp_path / OF_THE_SAME_VERSION)
