"""Child processes that never outlive their parent.

Started, watched, logged to a file, stopped in order.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from zrsign.errors import NetworkError
from zrsign.local.network.forkserver import Request
from zrsign_daemon.program import DIE_WITH_PARENT, program

STOP_GRACE_S = 8.0
LOG_TAIL_LINES = 4
LOG_TAIL_COLUMNS = 300


class Forked:
    """A child of the fork server, with what an asyncio.subprocess.Process has of use here."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        """The exit code, when it ended."""
        return await asyncio.shield(self._ended)

    def ended(self, code: int) -> None:
        """The fork server says so."""
        self._ended.set_result(code)

    def send_signal(self, number: signal.Signals) -> None:
        """Raises ProcessLookupError when it ended."""
        if self.returncode is not None:
            raise ProcessLookupError
        os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end, by SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it, by SIGKILL."""
        self.send_signal(signal.SIGKILL)


@dataclass
class Process:
    """One running child; `log` holds its standard output and error."""

    name: str
    child: asyncio.subprocess.Process | Forked
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

    def died(self) -> NetworkError:
        """The error when it stopped by itself, with its last lines."""
        return NetworkError(
            f"{self.name} stopped with code {self.child.returncode}. "
            f"Its last lines:\n{self.tail()}",
            f"The whole log: {self.log}",
        )


class ForkServer:
    """The process that our daemons are forked from; see `forkserver.py`."""

    def __init__(
        self, process: Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """`reader` and `writer` are the process's standard output and input."""
        self._process = process
        self._answers, self._requests = reader, writer
        self._asked: deque[asyncio.Future[Forked]] = deque()
        self._children: dict[int, Forked] = {}
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, log: Path) -> Self:
        """Raises NetworkError when it cannot be executed."""
        ours, its = socket.socketpair()
        name, words = "fork server", program("zrsign.local.network.forkserver")
        with its, log.open("ab") as output:
            child = await _start(name, words, stdin=its, stdout=its, stderr=output)
        return cls(Process(name, child, log), *await asyncio.open_connection(sock=ours))

    async def fork(self, request: Request) -> Forked:
        """Raises NetworkError when the server has ended."""
        if self._reading.done():
            raise self._process.died()
        started: asyncio.Future[Forked] = asyncio.get_running_loop().create_future()
        self._asked.append(started)
        self._requests.write(json.dumps(asdict(request)).encode() + b"\n")
        return await started

    async def stop(self) -> None:
        """End it; its children have to be stopped before."""
        await self._process.stop()
        await self._reading
        self._requests.close()

    async def _read(self) -> None:
        # Reset: it ended with requests that it had not read.
        with suppress(ConnectionResetError):
            while line := await self._answers.readline():
                self._hear(json.loads(line))
        await self._process.child.wait()
        # The children end with it.
        for forked in self._children.values():
            forked.ended(-signal.SIGTERM)
        for started in self._asked:
            if not started.done():
                started.set_exception(self._process.died())

    def _hear(self, said: dict[str, int]) -> None:
        match said:
            case {"started": pid}:
                self._children[pid] = Forked(pid)
                started = self._asked.popleft()
                # Whoever asked may have been cancelled; the child ends with the server.
                if not started.done():
                    started.set_result(self._children[pid])
            case {"ended": pid, "code": code}:
                self._children.pop(pid).ended(code)


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
    _forks: asyncio.Task[ForkServer] | None = None

    async def start(
        self, name: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None
    ) -> Process:
        """Start `command`. Raises NetworkError when it cannot be executed."""
        words = [str(word) for word in command]
        if shutil.which(words[0]) is None:
            raise NetworkError(
                f"Cannot start {name}: there is no {words[0]}", "Check the tools: zrsign doctor"
            )
        path = self._log(name)
        with path.open("ab") as log:
            child = await _start(
                name,
                words,
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, **(env or {})},
            )
        process = Process(name, child, path)
        self.processes.append(process)
        return process

    async def fork(
        self, name: str, module: str, *arguments: str | Path, env: Mapping[str, str] | None = None
    ) -> Process:
        """Start a program of ours, as `program(module, *arguments)` does, by a fork.

        Raises NetworkError when there is no fork server any more.
        """
        if self._forks is None:
            self._forks = asyncio.create_task(ForkServer.start(self._log("forkserver")))
        # It is everybody's: whoever is cancelled while it starts leaves it to the others.
        server, path = await asyncio.shield(self._forks), self._log(name)
        words = tuple(str(word) for word in arguments)
        child = await server.fork(Request(module, words, str(path), dict(env or {})))
        process = Process(name, child, path)
        self.processes.append(process)
        return process

    def _log(self, name: str) -> Path:
        self.log_dir.mkdir(parents=True, exist_ok=True)
        return self.log_dir / f"{name}.log"

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
                raise process.died()
            if loop.time() - self.waited_s(pid) - started > timeout_s:
                raise NetworkError(
                    f"{process.name} was not ready within {timeout_s:.0f} s of its own time. "
                    f"Its last lines:\n{process.tail()}",
                    f"The whole log: {process.log}",
                )
            await asyncio.sleep(interval_s)

    async def watch(self) -> None:
        """Returns only by raising: NetworkError for the first child that ends unasked."""
        waits = {asyncio.create_task(each.child.wait()): each for each in self.processes}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        raise waits[done.pop()].died()

    async def stop(self) -> None:
        """Stop all, last started first; the ones started together end together."""
        if not self._stopping:
            self._stopping = True
            await asyncio.gather(*(each.stop() for each in reversed(self.processes)))
            if self._forks is not None:
                with suppress(NetworkError):
                    await (await self._forks).stop()


async def _start(name: str, words: Sequence[str], **options: Any) -> asyncio.subprocess.Process:
    try:
        # Ctrl-C is not for the children. A session of its own would do that, too, but Linux shares
        # the processors out by session, so nothing could give way.
        return await asyncio.create_subprocess_exec(
            *DIE_WITH_PARENT, *words, process_group=0, **options
        )
    except OSError as error:
        raise NetworkError(
            f"Cannot start {name}: {error}", "Check the tools: zrsign doctor"
        ) from None
