"""How much a link may carry. Both ends count the same, so who keeps to it is never cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

RATE: Final = float(2 << 20)
"""Units a second, see `frames.price_of`: one of bytes, or more where they cost more to read."""
BURST: Final = float(16 << 20)
LENIENCE: Final = 2
"""How many times as much is taken as is sent: what a reader was kept from arrives at once."""


class Budget:
    """A token bucket. It begins full."""

    def __init__(self, clock: Callable[[], float], times: int = 1) -> None:
        self._clock = clock
        self._rate, self._burst = RATE * times, BURST * times
        self._left, self._at = self._burst, clock()

    def take(self, units: float) -> float:
        """Spend; the number of seconds until it is paid for, 0.0 if it is at once."""
        now = self._clock()
        self._left = min(self._left + (now - self._at) * self._rate, self._burst) - units
        self._at = now
        return max(-self._left / self._rate, 0.0)
