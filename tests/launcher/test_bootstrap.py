"""When requirements count as installed."""

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
