"""What a piece of work costs the processor: a steadier measure than wall time on a busy machine."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Cost:
    """Processor time of this process, its threads included, in seconds."""

    seconds = 0.0


@contextmanager
def measured() -> Iterator[Cost]:
    """Measure the block; the cost stands in what is yielded once the block has ended.

    The garbage collector rests meanwhile: one run of it walks through all that earlier tests
    left alive, and has cost 0.3 s where the block itself took 0.02.
    """
    cost = Cost()
    collecting = gc.isenabled()
    gc.disable()
    began = time.process_time()
    try:
        yield cost
    finally:
        cost.seconds = time.process_time() - began
        if collecting:
            gc.enable()


@contextmanager
def processor_seconds(most: float) -> Iterator[None]:
    """Fail when the block costs more than `most` seconds of processor time."""
    with measured() as cost:
        yield
    assert cost.seconds < most, f"{cost.seconds:.3f} s of processor time, at most {most} s"


class Turns:
    """How long an event loop was held: processor time of its thread, without that of others."""

    longest_s = 0.0

    async def watch(self) -> None:
        """Look at every turn of the loop until this is cancelled."""
        while True:
            began = time.thread_time()
            await asyncio.sleep(0)
            self.longest_s = max(self.longest_s, time.thread_time() - began)
