"""A pass that repeats: woken, failing, mended, stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from zrsign_daemon.errors import DaemonError
from zrsign_daemon.loops import FAILURES, Loop, run_all
from zrsign_daemon.retry import Retry

AN_HOUR_S = 3600.0


class Told(Retry):
    """Waits for nothing, and remembers which attempt it was asked about."""

    def delay_s(self, attempt: int) -> float:
        attempts.append(attempt)
        return 0.0


attempts: list[int] = []


@pytest.fixture(autouse=True)
def forget_attempts() -> None:
    attempts.clear()


class Work:
    """A pass that fails as often as it is told to, and can be waited for."""

    def __init__(self, *faults: Exception) -> None:
        self.passes = 0
        self._faults = list(faults)
        self._passed = asyncio.Condition()

    async def __call__(self) -> None:
        async with self._passed:
            self.passes += 1
            self._passed.notify_all()
        if self._faults:
            raise self._faults.pop(0)

    async def reach(self, passes: int) -> None:
        async with self._passed:
            await self._passed.wait_for(lambda: self.passes >= passes)


async def test_pass_that_says_when_it_is_due__should_be_repeated_then() -> None:
    pauses = iter([0.0, 0.0, AN_HOUR_S])
    passes = []
    last = asyncio.Event()

    async def work() -> float:
        passes.append(1)
        pause = next(pauses)
        if pause:
            last.set()
        return pause

    loop = Loop("told", work, AN_HOUR_S, Told())
    await during(loop, last.wait)
    assert (len(passes), loop.pause_s) == (3, AN_HOUR_S)


async def during(loop: Loop, what: Callable[[], Awaitable[object]]) -> None:
    """Run the loop as a daemon does, until `what` is done."""
    stop = asyncio.Event()
    running = asyncio.create_task(run_all([loop], stop))
    try:
        await what()
    finally:
        stop.set()
        await running


async def test_wake__should_begin_the_next_pass_before_its_time() -> None:
    work = Work()
    loop = Loop("woken", work, AN_HOUR_S, Told())

    async def wake_thrice() -> None:
        for passes in (1, 2, 3):
            await work.reach(passes)
            loop.wake()
        await work.reach(4)

    await during(loop, wake_thrice)
    assert work.passes == 4
    assert loop.health() is None


async def test_wake_during_a_pass__should_lead_to_another() -> None:
    loop: Loop
    passes = 0
    enough = asyncio.Event()

    async def work() -> None:
        nonlocal passes
        passes += 1
        if passes == 1:
            loop.wake()
        else:
            enough.set()

    loop = Loop("woken within", work, AN_HOUR_S, Told())
    await during(loop, enough.wait)
    assert passes == 2


async def test_pause__should_lead_to_the_next_pass() -> None:
    work = Work()
    await during(Loop("paused", work, 0.0, Told()), lambda: work.reach(3))


async def test_failing_pass__should_be_counted_told_once_and_backed_off_from() -> None:
    fault = DaemonError("the node is away")
    work = Work(fault, fault, fault)
    loop = Loop("failing", work, 0.0, Told(), fault=lambda: "waits for a person")
    seen: list[str | None] = []
    with capture_logs() as lines:

        async def until_mended() -> None:
            for passes in (2, 3, 5):
                await work.reach(passes)
                seen.append(loop.health())

        await during(loop, until_mended)
    assert seen == ["DaemonError: the node is away"] * 2 + ["waits for a person"]
    assert attempts == [1, 2, 3]
    assert FAILURES.labels("failing")._value.get() == 3
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("pass_failed", "error"),
        ("pass_recovered", "info"),
    ]
    assert lines[0]["exc_info"] is False
    assert lines[1]["failures"] == 3


async def test_unforeseen_error__should_come_with_its_trace() -> None:
    work = Work(KeyError("a fault of ours"))
    with capture_logs() as lines:
        await during(Loop("unforeseen", work, 0.0, Told()), lambda: work.reach(3))
    assert lines[0]["exc_info"] is True


async def test_stop__should_cancel_a_pass_and_a_pause() -> None:
    begun, cancelled = asyncio.Event(), []

    async def endless() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append("pass")
            raise

    pausing = Work()
    stop = asyncio.Event()
    loops = [
        Loop("endless", endless, AN_HOUR_S, Told()),
        Loop("pausing", pausing, AN_HOUR_S, Told()),
    ]
    running = asyncio.create_task(run_all(loops, stop))
    await begun.wait()
    await pausing.reach(1)
    stop.set()
    await running
    assert cancelled == ["pass"]
    assert pausing.passes == 1


async def test_stopped_loop__should_begin_no_pass() -> None:
    work = Work()
    loop = Loop("stopped", work, 0.0, Told())
    loop.stop()
    await loop.run()
    assert work.passes == 0


async def test_lost_cancellation__should_still_end_the_loop() -> None:
    begun = asyncio.Event()
    passes = 0

    async def deaf() -> None:
        nonlocal passes
        passes += 1
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return

    await during(Loop("deaf", deaf, 0.0, Told()), begun.wait)
    assert passes == 1
