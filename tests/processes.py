"""Processes that tests start: none of them, nor of their children, outlives its test."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zrsign_daemon.program import DIE_WITH_PARENT

STOP_S = 120.0
"""How long, in seconds, a process may take to stop when asked. A network stops a dozen."""
_commands: set[subprocess.Popen[Any]] = set()


@contextmanager
def running(
    command: Sequence[object], *, stop: signal.Signals = signal.SIGTERM, **options: Any
) -> Iterator[subprocess.Popen[Any]]:
    """A process in a group of its own, which ends with the context, whatever happens in it.

    It is asked by the signal `stop`. Whoever of its group is still there after that or after
    STOP_S is killed. It also ends when the test's process is killed.
    """
    words = [*DIE_WITH_PARENT, *map(str, command)]
    # The context's end waits for it, and kills the group.
    child = subprocess.Popen(words, start_new_session=True, **options)
    try:
        yield child
    finally:
        _end(child, stop)


def _end(child: subprocess.Popen[Any], stop: signal.Signals) -> None:
    try:
        if child.poll() is None:
            child.send_signal(stop)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(STOP_S)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def run(
    command: Sequence[object],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """One command to its end, however long it takes; it dies with the test that waits for it."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with running(command, stop=signal.SIGKILL, cwd=cwd, env=env, **pipes) as child:
        _commands.add(child)
        try:
            out, err = child.communicate()
        finally:
            _commands.discard(child)
    return subprocess.CompletedProcess(child.args, child.returncode, out, err)


def end_commands() -> None:
    """Kill what `run` waits for in another thread than the test's, which was given up."""
    for child in tuple(_commands):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


@contextmanager
def alone(what: str) -> Iterator[None]:
    """No other worker of any run of this user on this machine does `what` meanwhile."""
    with lock_file(what).open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def lock_file(what: str) -> Path:
    return Path(tempfile.gettempdir()) / f"zrsign-tests-{os.getuid()}-{what}.lock"
