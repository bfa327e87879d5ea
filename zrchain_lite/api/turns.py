"""Dear work takes turns: one at a time, and half of the processor's time at most."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from zrchain_lite.errors import TooMuch

T = TypeVar("T")


class Busy(TooMuch):
    """Too much of this work waits already; ask again later."""


class Turns:
    """Turns of one kind of work: after each piece it rests for as long as that took.

    At most `most` pieces wait.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.thread_time) -> None:
        self._most, self._clock = most, clock
        self._waiting = 0
        self._turn = asyncio.Lock()

    async def run(self, work: Callable[[], T], *, apart: bool = False) -> T:
        """What the work returns or raises, `apart` in a thread of its own.

        Raises Busy when too many wait.
        """
        if self._waiting >= self._most:
            raise Busy(f"{self._most} such requests wait already; try again later")
        self._waiting += 1
        spent_s = 0.0

        def timed() -> T:
            nonlocal spent_s
            began = self._clock()
            try:
                return work()
            finally:
                spent_s = self._clock() - began

        try:
            async with self._turn:
                try:
                    return await asyncio.to_thread(timed) if apart else timed()
                finally:
                    await asyncio.sleep(spent_s)
        finally:
            self._waiting -= 1
