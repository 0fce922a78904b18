"""Programs under the supervisor: started, shown, stopped, and found again after a kill."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from launcher.child import Child, Program, started_ticks, stop_leftovers, wait_for
from launcher.places import ROOT, Instance, LauncherError, is_locked, locked, owned_folder
from launcher.supervisor import Supervisor

SERVE = "import time; print('ready', flush=True); time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
)


def program(code: str, *, start_seconds: float = 10, stop_seconds: float = 10) -> Program:
    return Program(
        name="example",
        command=[sys.executable, "-c", code],
        environment=dict(os.environ),
        is_ready=lambda child: child.has_logged("ready"),
        start_seconds=start_seconds,
        stop_seconds=stop_seconds,
    )


def is_alive(pid: int) -> bool:
    return started_ticks(pid) != 0


def test_a_program_that_serves_is_started_and_stopped(supervisor: Supervisor, instance: Instance) -> None:
    supervisor.start(program(SERVE))
    pid = int((instance.run / "example.pid").read_text().split()[0])
    assert is_alive(pid)
    supervisor.stop()
    assert not is_alive(pid)
    assert list(instance.run.iterdir()) == []


def test_a_program_that_ends_is_refused_with_its_last_words(supervisor: Supervisor) -> None:
    with pytest.raises(LauncherError, match="no such file as this"):
        supervisor.start(program("import sys; sys.exit('no such file as this')"))


def test_a_program_that_does_not_serve_in_time_is_refused(supervisor: Supervisor) -> None:
    with pytest.raises(LauncherError, match="example does not start"):
        supervisor.start(program("import time; time.sleep(60)", start_seconds=0.2))


def test_a_program_that_ignores_the_request_to_stop_is_killed(instance: Instance) -> None:
    child = Child(program(STUBBORN, stop_seconds=0.2), instance)
    assert wait_for(child.is_ready, seconds=30)
    child.stop()
    assert child.exit_code() == -signal.SIGKILL


def test_a_line_of_an_earlier_start_does_not_count_as_a_sign_of_life(instance: Instance) -> None:
    (instance.logs / "example.log").write_text("ready\n")
    child = Child(program("import time; time.sleep(60)"), instance)
    assert not child.is_ready()
    child.stop()


def test_only_whole_new_lines_are_shown(instance: Instance) -> None:
    child = Child(program("print('one\\nready\\nhal', end='', flush=True); import time; time.sleep(60)"), instance)
    assert wait_for(child.is_ready, seconds=30)
    assert child.new_lines() == ["one", "ready"]
    assert child.new_lines() == []
    child.stop()


def test_a_killed_supervisor_takes_its_programs_with_it(instance: Instance) -> None:
    supervising = textwrap.dedent(f"""
        import pathlib, sys, time
        from launcher.places import Instance
        from launcher.supervisor import Supervisor
        from tests.launcher.test_child import SERVE, program
        Supervisor(Instance(pathlib.Path({str(instance.folder)!r}))).start(program(SERVE))
        print("started", flush=True)
        time.sleep(60)
    """)
    with subprocess.Popen([sys.executable, "-c", supervising], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        pid = int((instance.run / "example.pid").read_text().split()[0])
        process.kill()
    assert wait_for(lambda: not is_alive(pid), seconds=20)


def test_what_a_killed_start_left_running_is_stopped(instance: Instance) -> None:
    child = Child(program(SERVE), instance)
    assert stop_leftovers(instance.run) == ["example"]
    assert child.exit_code() == -signal.SIGTERM
    assert list(instance.run.iterdir()) == []


def test_a_stranger_that_got_the_pid_of_a_dead_program_is_left_alone(instance: Instance) -> None:
    with subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE) as stranger:
        (instance.run / "example.pid").write_text(f"{stranger.pid} {started_ticks(stranger.pid) - 1} 15")
        assert stop_leftovers(instance.run) == []
        assert is_alive(stranger.pid)
        assert list(instance.run.iterdir()) == []
        stranger.kill()


@pytest.mark.parametrize("content", ["", "123", "words of no meaning"])
def test_a_pid_file_that_was_not_finished_is_removed(instance: Instance, content: str) -> None:
    (instance.run / "example.pid").write_text(content)
    assert stop_leftovers(instance.run) == []
    assert list(instance.run.iterdir()) == []


def test_a_second_instance_is_refused(tmp_path: Path) -> None:
    with locked(tmp_path / "lock", refusal="first"):
        assert is_locked(tmp_path / "lock")
        with pytest.raises(LauncherError, match="second"), locked(tmp_path / "lock", refusal="second"):
            pass
    assert not is_locked(tmp_path / "lock")


def test_a_name_in_a_shared_folder_that_somebody_else_took_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours").symlink_to(tmp_path / "theirs")
    with pytest.raises(LauncherError, match="is not ours"):
        owned_folder(tmp_path / "ours", None, mode=0o700)


def test_steps_run_side_by_side_and_return_what_they_printed(supervisor: Supervisor) -> None:
    steps = {
        name: [sys.executable, "-c", f"import sys; print({name!r}); print('log', file=sys.stderr)"] for name in "ab"
    }
    assert supervisor.run(steps, os.environ) == {"a": "a\n", "b": "b\n"}


def test_a_failed_step_is_refused_with_its_last_words_and_the_others_end(supervisor: Supervisor) -> None:
    steps = {"a": [sys.executable, "-c", "import sys; sys.exit('no table')"], "b": [sys.executable, "-c", SERVE]}
    with pytest.raises(LauncherError, match=r"a failed \(exit code 1\):\nno table"):
        supervisor.run(steps, os.environ)
