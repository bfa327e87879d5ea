"""Work in the background stands still while a request could be answered at once.

A niced thread yields the processor, not Python's lock: when it loses the one while it holds the
other, everything in its process waits. So it stops itself, ahead of each long power.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Final

from zrsign_dmpc.ecdsa.arithmetic import release_gil

GIVE_WAY_S: Final = 0.2
"""So long at a time, and then so long not: requests without end must not stop the pools."""
NICENESS: Final = 10


class GivingWay:
    """Shared by the event loop, which says when, and the threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._free = threading.Event()
        self._free.set()
        self._clock = clock
        self._local = threading.local()

    def show(self, *, urgent: bool) -> None:
        """Whether something is to be done now that this work would delay."""
        if urgent:
            self._free.clear()
        else:
            self._free.set()

    def prepare_thread(self) -> None:
        """Initializer of the pool (on Linux, niceness is a thread's)."""
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
        release_gil(self.wait)

    def wait(self) -> None:
        """In a thread of the pool, ahead of a long step."""
        if self._clock() >= getattr(self._local, "until", 0.0) and not self._stand_still():
            self._local.until = self._clock() + GIVE_WAY_S

    def _stand_still(self) -> bool:
        """False: it took too long."""
        return self._free.wait(GIVE_WAY_S)
