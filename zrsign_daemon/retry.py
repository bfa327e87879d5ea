"""The one retry policy: bounded attempts, exponential back-off with full jitter.

Source: M. Brooker, "Exponential Backoff And Jitter" (2015). Sleep and randomness are injected, so
tests are deterministic.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from zrsign_daemon.errors import GaveUp

T = TypeVar("T")


@dataclass(frozen=True)
class Retry:
    """`attempts` in all.

    The delay before attempt k (from 1) is uniform in [0, min(cap_s, base_s * 2**k)].
    """

    attempts: int = 5
    base_s: float = 0.1
    cap_s: float = 10.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    rng: random.Random = field(default_factory=random.Random)

    def delay_s(self, attempt: int) -> float:
        """Seconds to wait after failed attempt number `attempt`, counted from 1.

        For loops that never end.
        """
        return self.rng.uniform(0, min(self.cap_s, self.base_s * 2 ** min(attempt, 30)))

    async def call(
        self,
        work: Callable[[], Awaitable[T]],
        *,
        on: tuple[type[BaseException], ...],
        failed: Callable[[int, BaseException], None] | None = None,
    ) -> T:
        """Run `work` until it returns. Only errors in `on` are retried; `failed(attempt, error)` is
        told of each.

        Raises GaveUp, caused by the last error, when all attempts failed.
        """
        last: BaseException | None = None
        for attempt in range(1, self.attempts + 1):
            try:
                return await work()
            except on as error:
                last = error
                if failed is not None:
                    failed(attempt, error)
                if attempt < self.attempts:
                    await self.sleep(self.delay_s(attempt))
        raise GaveUp(f"Gave up after {self.attempts} attempts: {last}") from last
