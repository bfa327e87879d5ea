"""Programs that fixtures start, and stop with the tests."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from zrsign.errors import ManifestError, NetworkError
from zrsign.local.network import manifest
from zrsign.local.network.manifest import Manifest
from zrsign.local.network.nodes import PERSISTED_STATES
from zrsign.local.tools import resolve
from zrsign_daemon.program import DIE_WITH_PARENT, program

T = TypeVar("T")
START_S = 300.0
"""How long a program may take until it answers, in seconds; a quiet machine needs 20."""
STOP_S = 60.0
POLL_S = 0.1


@contextmanager
def network(state: Path) -> Iterator[Manifest]:
    """A network of its own in this directory. Raises NetworkError when it does not start."""
    log = state.with_suffix(".log")
    command = program("zrsign", "up", "--free-ports", "--keyring", "local", "--state", state)

    def ready() -> Manifest | None:
        if "Running." not in log.read_text():
            return None
        with suppress(ManifestError):
            return manifest.load(state)
        return None

    with _running(command, log, signal.SIGINT, ready) as found:
        yield found


@contextmanager
def anvil() -> Iterator[str]:
    """The URL of an Anvil with its usual accounts. Raises NetworkError, ToolError."""
    with TemporaryDirectory() as folder:
        log = Path(folder) / "anvil.log"

        def ready() -> str | None:
            said = log.read_text().rpartition("Listening on ")[2]
            return "http://" + said.split()[0] if "\n" in said and ":" in said else None

        command = [
            *(str(resolve("anvil").path), "--port", "0", "--chain-id", "31337"),
            # By itself it keeps states of earlier blocks in the user's home.
            *("--cache-path", folder, "--max-persisted-states", str(PERSISTED_STATES)),
        ]
        with _running(command, log, signal.SIGTERM, ready) as url:
            yield url


@contextmanager
def _running(
    command: Sequence[str], log: Path, stop: signal.Signals, ready: Callable[[], T | None]
) -> Iterator[T]:
    """A program in a group of its own, once it is ready; it is asked to stop, and then made to."""
    with log.open("wb") as output:
        child = subprocess.Popen(
            [*DIE_WITH_PARENT, *command],
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield _until(ready, child, log)
    finally:
        if child.poll() is None:
            child.send_signal(stop)
            with suppress(subprocess.TimeoutExpired):
                child.wait(STOP_S)
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _until(ready: Callable[[], T | None], child: subprocess.Popen[bytes], log: Path) -> T:
    end = time.monotonic() + START_S
    while (found := ready()) is None:
        if child.poll() is not None or time.monotonic() > end:
            raise NetworkError(
                f"It did not start:\n{log.read_text()[-2000:]}", "See what is there: zrsign doctor"
            )
        time.sleep(POLL_S)
    return found
