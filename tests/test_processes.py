"""Nothing that a test starts outlives it: not when it ends, fails, hangs or is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import processes
from tests.conftest import ROOT
from tests.processes import alone, end_commands, lock_file, run, running
from tests.waiting import wait_until

FAMILY = """
import os, signal, subprocess, sys, time

signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(9999)"
child = subprocess.Popen([sys.executable, "-c", deaf])
with open(sys.argv[1], "w") as file:
    print(os.getpid(), child.pid, file=file)
time.sleep(9999)
"""
"""A process and a child of it that hears no SIGTERM."""

HANGS = """
import signal, subprocess, sys
from tests.processes import running
from tests.test_processes import FAMILY, family
from pathlib import Path

def test_hang():
    file = Path(__file__).with_name("pids")
    with running([sys.executable, "-c", FAMILY, file]) as child:
        family(file)
        # As pytest-timeout does when the time is over.
        signal.raise_signal(signal.SIGALRM)
        child.wait()
"""

WORKS = """
import sys
from tests.processes import running
from tests.test_processes import FAMILY

with running([sys.executable, "-c", FAMILY, sys.argv[1]]) as child:
    child.wait()
"""


def family(file: Path) -> list[int]:
    """The ids of both processes, once they are there."""
    return wait_until(
        lambda: [int(pid) for pid in file.read_text().split()] if file.exists() else [],
        "both processes are there",
    )


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def over(pids: list[int]) -> None:
    wait_until(lambda: not any(map(alive, pids)), f"{pids} are over")


def test_process__should_be_asked_to_end_and_its_children_killed(tmp_path: Path) -> None:
    with running([sys.executable, "-c", FAMILY, tmp_path / "pids"]) as child:
        pids = family(tmp_path / "pids")
        assert all(map(alive, pids))
    assert child.returncode == 3
    over(pids)


def test_deaf_process__should_be_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "STOP_S", 0.1)
    with running([sys.executable, "-c", FAMILY, tmp_path / "pids", "deaf"]) as child:
        pids = family(tmp_path / "pids")
    assert child.returncode == -signal.SIGKILL
    over(pids)


def test_failed_test__should_leave_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with running([sys.executable, "-c", FAMILY, tmp_path / "pids"]):
            family(tmp_path / "pids")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    over(family(tmp_path / "pids"))


def test_test_that_times_out__should_leave_nothing(tmp_path: Path) -> None:
    probe = tmp_path / "test_hang.py"
    probe.write_text(HANGS)
    plain = ("-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(tmp_path))
    done = run([sys.executable, "-m", "pytest", *plain, "--timeout", "9999", probe], cwd=ROOT)
    assert "1 failed" in done.stdout
    assert "Timeout" in done.stdout
    over(family(tmp_path / "pids"))


def test_killed_worker__should_leave_nothing_but_what_hears_nothing(tmp_path: Path) -> None:
    """SIGKILL leaves it no time to stop anything; the kernel tells its child."""
    worker = subprocess.Popen([sys.executable, "-c", WORKS, tmp_path / "pids"], cwd=ROOT)
    first, deaf = family(tmp_path / "pids")
    worker.kill()
    worker.wait()
    over([first])
    os.kill(deaf, signal.SIGKILL)


def test_command_of_another_thread__should_end_with_its_test(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as threads:
        done = threads.submit(run, [sys.executable, "-c", FAMILY, tmp_path / "pids"])
        pids = family(tmp_path / "pids")
        end_commands()
        assert done.result().returncode == -signal.SIGKILL
    over(pids)


def test_command__should_give_its_output() -> None:
    done = run([sys.executable, "-c", "import sys; print(1); print(2, file=sys.stderr); exit(3)"])
    assert (done.returncode, done.stdout, done.stderr) == (3, "1\n", "2\n")


def test_turn__should_be_of_one_at_a_time() -> None:
    """A second process gets it when the first is done."""
    what = f"probe-{os.getpid()}"
    ask = "import sys; from tests.processes import alone\nwith alone(sys.argv[1]): print('mine')"
    with alone(what):
        waiting = subprocess.Popen(
            [sys.executable, "-c", ask, what], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        lock = lock_file(what)
        wait_until(lambda: waits_for(waiting.pid, lock), "the other process waits")
        assert waiting.poll() is None
    out, _ = waiting.communicate()
    assert out == "mine\n"
    lock.unlink()


def waits_for(pid: int, lock: Path) -> bool:
    """Whether the kernel's table of locks shows it waiting."""
    inode = str(lock.stat().st_ino)
    return any(
        "->" in line and line.split()[5] == str(pid) and line.split()[6].endswith(f":{inode}")
        for line in Path("/proc/locks").read_text().splitlines()
    )
