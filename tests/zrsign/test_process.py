"""Children of the supervisor: ready, watched, stopped, and never left behind."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.waiting import STALLED_S, wait_until
from zrsign.errors import NetworkError
from zrsign.local.network.process import Supervisor

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def test_stop__should_end_every_child(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)
    processes = [await supervisor.start(f"sleeper-{n}", SLEEP) for n in range(3)]
    await supervisor.stop()
    assert not any(alive(process.child.pid) for process in processes)


async def test_children__should_share_a_session_so_that_niceness_counts_between_them(
    tmp_path: Path,
) -> None:
    supervisor = Supervisor(tmp_path)
    pid = (await supervisor.start("sleeper", SLEEP)).child.pid
    assert (os.getsid(pid), os.getpgid(pid)) == (os.getsid(0), pid)
    await supervisor.stop()


async def test_ready__should_show_the_log_of_a_child_that_died(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)
    command = [sys.executable, "-c", "print('cannot bind'); raise SystemExit(3)"]
    process = await supervisor.start("node", command)

    async def never() -> bool:
        return False

    with pytest.raises(NetworkError, match=r"code 3(.|\n)*cannot bind"):
        await supervisor.ready(process, never, timeout_s=STALLED_S)


@pytest.mark.parametrize("busy", [False, True])
async def test_ready__should_not_count_the_time_in_which_a_child_waited_for_a_processor(
    tmp_path: Path, busy: bool
) -> None:
    began = time.monotonic()
    hindered = (lambda _: time.monotonic() - began) if busy else (lambda _: 0.0)
    supervisor = Supervisor(tmp_path, waited_s=hindered)
    process = await supervisor.start("slow", SLEEP)
    probes = iter([False] * 20 + [True])

    async def probe() -> bool:
        return next(probes)

    ready = supervisor.ready(process, probe, timeout_s=0.001, interval_s=0.001)
    if busy:
        await ready
    else:
        with pytest.raises(NetworkError, match="slow was not ready"):
            await ready
    await supervisor.stop()


async def test_watch__should_raise_for_the_child_that_ends_unasked(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)
    await supervisor.start("steady", SLEEP)
    await supervisor.start("brief", [sys.executable, "-c", "raise SystemExit(7)"])
    try:
        with pytest.raises(NetworkError, match="brief stopped with code 7"):
            await asyncio.wait_for(supervisor.watch(), STALLED_S)
    finally:
        await supervisor.stop()


async def test_start__should_say_what_to_do_when_a_program_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NetworkError) as raised:
        await Supervisor(tmp_path).start("node", ["/nonexistent/program"])
    assert "zrsign doctor" in raised.value.hint


PARENT = """
import asyncio, sys
from pathlib import Path
from zrsign.local.network.process import Supervisor
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
async def main():
    process = await Supervisor(Path(sys.argv[1])).start("child", SLEEP)
    print(process.child.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


def test_child__should_die_with_a_killed_parent(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert alive(child)
    os.kill(parent.pid, 9)
    parent.wait(STALLED_S)
    parent.stdout.close()
    wait_until(lambda: not alive(child), "the child ends with its parent")
