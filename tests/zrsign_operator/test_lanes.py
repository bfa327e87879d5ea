"""Long steps: what somebody waits for goes first, whatever else waits and however long."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

import pytest

from zrsign_operator.work.lanes import Lanes
from zrsign_operator.work.yielding import GivingWay


class Thread(Executor):
    """One thread that works when the test says so."""

    def __init__(self) -> None:
        self.given: deque[tuple[Future[Any], Callable[[], Any]]] = deque()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.given.append((future, lambda: fn(*args, **kwargs)))
        return future

    async def work(self) -> None:
        """Do what was given first."""
        future, work = self.given.popleft()
        try:
            future.set_result(work())
        except ValueError as error:
            future.set_exception(error)
        await settle()


class Gate(GivingWay):
    """Knows whether the background stands still."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = [False]

    def show(self, *, urgent: bool) -> None:
        self.shown.append(urgent)

    def is_shut(self) -> bool:
        return self.shown[-1]


async def settle() -> None:
    """Let the event loop do all that it can do now."""
    for _ in range(10):
        await asyncio.sleep(0)


class Office:
    """Lanes of one thread each, and what was done, in order."""

    def __init__(self) -> None:
        self.fast, self.slow, self.gate = Thread(), Thread(), Gate()
        self.lanes = Lanes(self.fast, self.slow, self.gate)
        self.done: list[str] = []
        self.urgent: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []

    def ask(self, name: str, age: float = 0.0, *, later: bool = True) -> asyncio.Task[None]:
        """A step of the execution `name`, the smaller `age` the older."""
        order = (later, age)
        task = asyncio.create_task(
            self.lanes.run(lambda: self.done.append(name), order, lambda: name in self.urgent)
        )
        self._tasks.append(task)
        return task


async def test_urgent_step__should_start_at_once_beside_the_background() -> None:
    office = Office()
    office.urgent = {"presign for a request"}
    office.ask("pool")
    office.ask("another pool")
    office.ask("presign for a request")
    await settle()
    assert (len(office.slow.given), len(office.fast.given)) == (1, 1)
    await office.fast.work()
    assert office.done == ["presign for a request"]


async def test_step_that_becomes_urgent__should_overtake_what_waited_longer() -> None:
    office = Office()
    for number in range(5):
        office.ask(f"pool {number}", float(number))
    await settle()
    office.urgent = {"pool 4"}
    office.lanes.look(answerable=False)
    await settle()
    await office.fast.work()
    assert office.done == ["pool 4"]
    for _ in range(4):
        await office.slow.work()
    assert office.done[1:] == ["pool 0", "pool 1", "pool 2", "pool 3"]


async def test_urgent_steps__should_go_by_order_and_not_by_arrival() -> None:
    office = Office()
    office.urgent = {"running", "younger", "older", "key"}
    office.ask("running")
    await settle()
    office.ask("younger", 2.0)
    office.ask("older", 1.0)
    office.ask("key", 3.0, later=False)
    await settle()
    for _ in range(4):
        await office.fast.work()
    assert office.done == ["running", "key", "older", "younger"]


async def test_background__should_stand_still_while_an_urgent_step_is_there() -> None:
    office = Office()
    office.ask("pool")
    await settle()
    assert not office.gate.is_shut()
    office.urgent = {"presign for a request"}
    office.ask("presign for a request")
    await settle()
    assert office.gate.is_shut()
    await office.fast.work()
    assert not office.gate.is_shut()
    office.lanes.look(answerable=True)
    assert office.gate.is_shut()


async def test_failed_step__should_raise_where_it_was_asked_for_and_free_its_thread() -> None:
    office = Office()

    def fail() -> None:
        raise ValueError("no such key")

    failing = asyncio.create_task(office.lanes.run(fail, (True, 0.0), lambda: False))
    office.ask("next")
    await settle()
    await office.slow.work()
    with pytest.raises(ValueError, match="no such key"):
        await failing
    await office.slow.work()
    assert office.done == ["next"]


async def test_cancelled_step__should_not_start_and_hold_nobody_up() -> None:
    office = Office()
    office.ask("first")
    await settle()
    cancelled = office.ask("cancelled", 1.0)
    office.ask("last", 2.0)
    await settle()
    cancelled.cancel()
    await office.slow.work()
    await office.slow.work()
    assert office.done == ["first", "last"]
    assert not office.slow.given
