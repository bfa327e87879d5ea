"""Children of the supervisor: ready, watched, stopped, and never left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.processes import run
from tests.waiting import STALLED_S, wait_until
from zrsign.errors import NetworkError
from zrsign.local.network.ports import HOST, free_port
from zrsign.local.network.process import Supervisor

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
SERVES = ("http.server", "--bind", HOST)


def alive(pid: int) -> bool:
    try:
        return fields(pid)[0] != "Z"
    except FileNotFoundError:
        return False


def fields(pid: int) -> list[str]:
    """State, parent and so on, as /proc shows them."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


@pytest.fixture
async def supervisor(tmp_path: Path) -> AsyncIterator[Supervisor]:
    made = Supervisor(tmp_path)
    yield made
    await made.stop()


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


async def test_fork__should_run_programs_as_processes_of_their_own(
    tmp_path: Path, supervisor: Supervisor
) -> None:
    ports = [free_port() for _ in range(3)]
    forked = await asyncio.gather(
        *(supervisor.fork(f"server-{port}", *SERVES, str(port)) for port in ports)
    )
    parents = {int(fields(each.child.pid)[1]) for each in forked}
    assert len(parents) == 1
    assert parents.isdisjoint({os.getpid(), *(each.child.pid for each in forked)})
    for each, port in zip(forked, ports, strict=True):
        pid = each.child.pid
        assert (os.getsid(pid), os.getpgid(pid)) == (os.getsid(0), pid)
        wait_until(partial(answers, port), f"port {port} answers")
        assert '"GET / HTTP/1.0" 200' in each.tail()
    await supervisor.stop()
    assert [each.child.returncode for each in forked] == [-signal.SIGTERM] * 3
    assert not any(alive(pid) for pid in parents)


def answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port)) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return connection.recv(9).startswith(b"HTTP/1.0")
    except ConnectionError:
        return False


async def test_fork__should_tell_of_a_child_that_ends(supervisor: Supervisor) -> None:
    refused = await supervisor.fork("server", "http.server", "--no-such-option")
    with pytest.raises(NetworkError, match=r"server stopped with code 2(.|\n)*no-such-option"):
        await asyncio.wait_for(supervisor.watch(), STALLED_S)
    assert await refused.child.wait() == 2
    with pytest.raises(ProcessLookupError):
        refused.child.kill()


async def test_fork__should_say_so_when_the_server_is_gone(supervisor: Supervisor) -> None:
    forked = await supervisor.fork("server", *SERVES, "0")
    os.kill(int(fields(forked.child.pid)[1]), signal.SIGKILL)
    assert await forked.child.wait() == -signal.SIGTERM
    wait_until(lambda: not alive(forked.child.pid), "the child ends with its server")
    with pytest.raises(NetworkError, match="fork server stopped with code -9"):
        await supervisor.fork("late", *SERVES, "0")


@pytest.mark.parametrize("turns", [1, 3, 30])
async def test_stop__should_end_forks_that_are_under_way(
    supervisor: Supervisor, tmp_path: Path, turns: int
) -> None:
    """What starts beside them has failed, and nobody waits for them any more."""
    forks = [asyncio.create_task(supervisor.fork(f"server-{n}", *SERVES, "0")) for n in range(5)]
    for _ in range(turns):
        await asyncio.sleep(0)
    for each in forks:
        each.cancel()
    await asyncio.gather(*forks, return_exceptions=True)
    await supervisor.stop()
    assert not list(writing_below(tmp_path))


def writing_below(folder: Path) -> Iterator[Path]:
    """What processes have as their standard output in a folder."""
    for output in Path("/proc").glob("[0-9]*/fd/1"):
        with suppress(OSError):
            if folder in output.readlink().parents:
                yield output.readlink()


def test_fork_server__should_load_nothing_that_counts() -> None:
    """A daemon's metrics are its own."""
    code = (
        "from zrsign.local.network.forkserver import SHARED\n"
        "import importlib, prometheus_client, threading\n"
        "for module in SHARED: importlib.import_module(module)\n"
        "print(*{m.name.split('_')[0] for m in prometheus_client.REGISTRY.collect()})\n"
        "print(threading.active_count())"
    )
    kinds, threads = run([sys.executable, "-c", code], cwd=ROOT).stdout.splitlines()
    assert set(kinds.split()) == {"python", "process"}
    assert threads == "1"


PARENT = """
import asyncio, sys
from pathlib import Path
from zrsign.local.network.ports import HOST, free_port
from zrsign.local.network.process import Supervisor
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
async def main():
    supervisor = Supervisor(Path(sys.argv[1]))
    if sys.argv[2] == "start":
        process = await supervisor.start("child", SLEEP)
    else:
        process = await supervisor.fork("child", "http.server", "--bind", "127.0.0.1", "0")
    print(process.child.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


@pytest.mark.parametrize("how", ["start", "fork"])
def test_child__should_die_with_a_killed_parent(tmp_path: Path, how: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), how], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert alive(child)
    os.kill(parent.pid, 9)
    parent.wait(STALLED_S)
    parent.stdout.close()
    wait_until(lambda: not alive(child), "the child ends with its parent")
