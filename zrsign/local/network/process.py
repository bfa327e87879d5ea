"""Child processes that never outlive their parent.

Started, watched, logged to a file, stopped in order.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zrsign.errors import NetworkError
from zrsign_daemon.program import DIE_WITH_PARENT

STOP_GRACE_S = 8.0
LOG_TAIL_LINES = 4
LOG_TAIL_COLUMNS = 300


@dataclass
class Process:
    """One running child; `log` holds its standard output and error."""

    name: str
    child: asyncio.subprocess.Process
    log: Path

    def tail(self) -> str:
        """The last lines of the process's log."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(line[:LOG_TAIL_COLUMNS] for line in lines[-LOG_TAIL_LINES:])

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL when it does not end within the grace period."""
        if self.child.returncode is not None:
            return
        try:
            self.child.terminate()
            await asyncio.wait_for(self.child.wait(), STOP_GRACE_S)
        except TimeoutError:
            self.child.kill()
            await self.child.wait()
        except ProcessLookupError:
            await self.child.wait()


def waited_s(pid: int) -> float:
    """Seconds that a process was ready to run and waited for a processor, as Linux counts them."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


@dataclass
class Supervisor:
    """Starts children and stops them in reverse order; `watch` ends when one dies unasked."""

    log_dir: Path
    processes: list[Process] = field(default_factory=list)
    waited_s: Callable[[int], float] = waited_s
    _stopping: bool = False

    async def start(
        self, name: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None
    ) -> Process:
        """Start `command`. Raises NetworkError when it cannot be executed."""
        words = [str(word) for word in command]
        if shutil.which(words[0]) is None:
            raise NetworkError(
                f"Cannot start {name}: there is no {words[0]}", "Check the tools: zrsign doctor"
            )
        self.log_dir.mkdir(parents=True, exist_ok=True)
        path = self.log_dir / f"{name}.log"
        with path.open("ab") as log:
            try:
                child = await asyncio.create_subprocess_exec(
                    *DIE_WITH_PARENT,
                    *words,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=log,
                    stderr=asyncio.subprocess.STDOUT,
                    env={**os.environ, **(env or {})},
                    # Ctrl-C is not for the children. A session of its own would do that, too, but
                    # Linux shares the processors out by session, so nothing could give way.
                    process_group=0,
                )
            except OSError as error:
                raise NetworkError(
                    f"Cannot start {name}: {error}", "Check the tools: zrsign doctor"
                ) from None
        process = Process(name, child, path)
        self.processes.append(process)
        return process

    async def ready(
        self,
        process: Process,
        probe: Callable[[], Awaitable[bool]],
        timeout_s: float,
        interval_s: float = 0.2,
    ) -> None:
        """Wait until `probe` answers True.

        Raises NetworkError with the log's tail when it does not within `timeout_s`. Time in which
        the child waited for a processor does not count: on a busy machine it waits for longer.
        """
        loop, pid = asyncio.get_running_loop(), process.child.pid
        started = loop.time() - self.waited_s(pid)
        while not await probe():
            if process.child.returncode is not None:
                raise self.died(process)
            if loop.time() - self.waited_s(pid) - started > timeout_s:
                raise NetworkError(
                    f"{process.name} was not ready within {timeout_s:.0f} s of its own time. "
                    f"Its last lines:\n{process.tail()}",
                    f"The whole log: {process.log}",
                )
            await asyncio.sleep(interval_s)

    def died(self, process: Process) -> NetworkError:
        """The error for a process that stopped by itself, with its last lines."""
        return NetworkError(
            f"{process.name} stopped with code {process.child.returncode}. "
            f"Its last lines:\n{process.tail()}",
            f"The whole log: {process.log}",
        )

    async def watch(self) -> None:
        """Returns only by raising: NetworkError for the first child that ends unasked."""
        waits = {asyncio.create_task(each.child.wait()): each for each in self.processes}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        raise self.died(waits[done.pop()])

    async def stop(self) -> None:
        """Stop all, last started first; the ones started together end together."""
        if not self._stopping:
            self._stopping = True
            await asyncio.gather(*(each.stop() for each in reversed(self.processes)))
