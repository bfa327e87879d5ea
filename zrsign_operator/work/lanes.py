"""Two lanes of threads for the long steps of executions: what somebody waits for, and the rest.

A step waits here and not in a thread pool's queue, so that what is urgent when a thread is free
goes first, however long the others wait. What becomes urgent changes lanes with its next step.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, TypeVar

from zrsign_operator.work.yielding import GivingWay

T = TypeVar("T")
Order = tuple[bool, float]
"""Smaller is earlier, among steps of one lane."""


@dataclass(eq=False)
class _Step:
    work: Callable[[], Any]
    order: Order
    is_urgent: Callable[[], bool]
    done: asyncio.Future[Any]
    urgent: bool = False
    """Whether somebody waited for it at the last look; threads read it."""


class Lanes:
    """The lanes of one operator. All methods are called in the event loop."""

    def __init__(
        self, urgent: Executor, background: Executor, giving_way: GivingWay, width: int = 1
    ) -> None:
        """Each executor has `width` threads; those of `background` stand still by `giving_way`."""
        self._executors = {True: urgent, False: background}
        self._free = {True: width, False: width}
        self._giving_way = giving_way
        self._waiting: list[_Step] = []
        self._under_way: set[_Step] = set()
        self._answerable = False

    async def run(self, work: Callable[[], T], order: Order, is_urgent: Callable[[], bool]) -> T:
        """What `work` returns, from a thread; raises what it raises."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Step(work, order, is_urgent, done))
        self._look()
        return await done

    def look(self, *, answerable: bool) -> None:
        """Requests came or ended. `answerable`: one can be answered now without a long step."""
        self._answerable = answerable
        self._look()

    def _look(self) -> None:
        for step in self._all():
            step.urgent = step.is_urgent()
        self._waiting.sort(key=lambda step: step.order)
        for step in list(self._waiting):
            if step.done.cancelled():
                self._waiting.remove(step)
            elif self._free[step.urgent]:
                self._waiting.remove(step)
                self._start(step)
        self._giving_way.show(urgent=self._answerable or any(step.urgent for step in self._all()))

    def _all(self) -> Iterator[_Step]:
        yield from self._waiting
        yield from self._under_way

    def _start(self, step: _Step) -> None:
        lane = step.urgent
        self._free[lane] -= 1
        self._under_way.add(step)

        def work() -> Any:
            self._giving_way.begin(lambda: step.urgent)
            return step.work()

        def ended(future: asyncio.Future[Any]) -> None:
            self._free[lane] += 1
            self._under_way.discard(step)
            _pass_on(future, step.done)
            self._look()

        asyncio.get_running_loop().run_in_executor(self._executors[lane], work).add_done_callback(
            ended
        )


def _pass_on(future: asyncio.Future[Any], to: asyncio.Future[Any]) -> None:
    """How a step ended, unless nobody waits for that any more."""
    error = None if future.cancelled() else future.exception()
    if future.cancelled():
        to.cancel()
    elif to.done():
        return
    elif error is not None:
        to.set_exception(error)
    else:
        to.set_result(future.result())
