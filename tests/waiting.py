"""Waits that fail when nothing moves any more, and not after a number of seconds.

How long a key or a block takes says how fast and how busy the machine is. What still moves is
waited for, however slowly it goes; what stands still is reported.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

STALLED_S = 120.0
"""How long, in seconds, what a wait watches may look the same. The longest silence of a healthy
network is an operator's search for four safe primes of 1024 bits: 0.9 to 2.1 CPU seconds."""
PAUSE_S = (0.02, 0.5)
"""The shortest and the longest time, in seconds, between two questions; asking costs as well."""
LOOK_S = 1.0
"""How often, in seconds, a wait looks for signs of progress beside what it waits for."""


class Stalled(AssertionError):
    """What was waited for did not come, and nothing moves towards it."""


class Progress:
    """Tells a slow wait from one that is over."""

    def __init__(self, claim: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._claim, self._clock = claim, clock
        self._sign: object = None
        self._seen_at = clock()
        self._still_s = 0.0

    def see(self, sign: object) -> None:
        """Compare what is seen now with what was seen before.

        Raises Stalled when it has been the same for STALLED_S. One look counts for 2 LOOK_S at
        most: time in which this process did not run either says nothing about the others.
        """
        now = self._clock()
        self._still_s += min(now - self._seen_at, 2 * LOOK_S)
        self._seen_at = now
        if sign != self._sign:
            self._sign, self._still_s = sign, 0.0
        elif self._still_s > STALLED_S:
            raise Stalled(f"never: {self._claim}; for {self._still_s:.0f} s all that shows: {sign}")


async def until(
    probe: Callable[[], Awaitable[T | None]],
    claim: str,
    watch: Callable[[], Awaitable[object]] | None = None,
) -> T:
    """The first true answer of `probe`; `claim` says what never came when nothing moves.

    What moves is the answer of `probe` itself and, looked at every LOOK_S, that of `watch`.
    """
    progress, began, looked_at, seen = Progress(claim), time.monotonic(), 0.0, None
    while not (found := await probe()):
        if watch is not None and time.monotonic() - looked_at >= LOOK_S:
            seen, looked_at = await watch(), time.monotonic()
        progress.see((found, seen))
        await asyncio.sleep(_pause(began))
    return found


def wait_until(
    probe: Callable[[], T | None], claim: str, watch: Callable[[], object] = lambda: None
) -> T:
    """`until` for a test without an event loop."""
    progress, began = Progress(claim), time.monotonic()
    while not (found := probe()):
        progress.see((found, watch()))
        time.sleep(_pause(began))
    return found


def _pause(began: float) -> float:
    """A twentieth of the time that was waited since then, so that an answer is never much late."""
    shortest, longest = PAUSE_S
    return min(longest, max(shortest, (time.monotonic() - began) / 20))
