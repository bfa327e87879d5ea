"""A pass that repeats until the daemon stops, whatever becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from prometheus_client import Counter

from zrsign_daemon.errors import DaemonError
from zrsign_daemon.log import get_logger
from zrsign_daemon.retry import Retry

FAILURES = Counter("zrsign_daemon_failed_passes_total", "Passes of a loop that failed", ["loop"])


class Loop:
    """Calls `work` every `pause_s`, at once after `wake()`, later and later while it fails.

    A pass that returns a number of seconds is followed by that pause instead.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], Awaitable[Any]],
        pause_s: float,
        retry: Retry,
        fault: Callable[[], str | None] = lambda: None,
    ):
        self.name = name
        self._work = work
        self._pause_s = self._next_s = pause_s
        self._retry = retry
        self._fault = fault
        self._failures = 0
        self._last: str | None = None
        self._woken = asyncio.Event()
        self._stopped = False
        self._log = get_logger(loop=name)

    @property
    def pause_s(self) -> float:
        """Seconds that the last pass asked to wait."""
        return self._next_s

    def stop(self) -> None:
        """No further pass, even where the cancellation of one is lost."""
        self._stopped = True

    def wake(self) -> None:
        """Begin the next pass at once, or right after the one under way."""
        self._woken.set()

    def health(self) -> str | None:
        """One line on what fails, None when the last pass went well."""
        return self._last or self._fault()

    async def run(self) -> None:
        """Repeat the pass until stopped; the caller cancels a pass or a pause under way."""
        while not self._stopped:
            self._woken.clear()
            await self._pass()
            if self._failures:
                await asyncio.sleep(self._pause_s + self._retry.delay_s(self._failures))
                continue
            try:
                # Not wait_for: before Python 3.12 it may swallow a cancellation.
                async with asyncio.timeout(self._next_s):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def _pass(self) -> None:
        try:
            found = await self._work()
            self._next_s = found if isinstance(found, float) else self._pause_s
        except Exception as error:  # noqa: BLE001 - a loop outlives what it runs; counted and logged
            self._failures += 1
            FAILURES.labels(self.name).inc()
            line = f"{type(error).__name__}: {error}"
            if line != self._last:
                # The text once, then only the counter moves. What is foreseen needs no trace.
                foreseen = isinstance(error, (DaemonError, ConnectionError, TimeoutError))
                self._log.error("pass_failed", error=line, exc_info=not foreseen)
            self._last = line
        else:
            if self._failures:
                self._log.info("pass_recovered", failures=self._failures)
            self._failures, self._last = 0, None


async def run_all(loops: Sequence[Loop], stop: asyncio.Event) -> None:
    """Run the loops until `stop`; a pass under way is cancelled, the outbox has what matters."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(loop.run(), name=loop.name) for loop in loops]
        await stop.wait()
        for loop, task in zip(loops, tasks, strict=True):
            loop.stop()
            task.cancel()
