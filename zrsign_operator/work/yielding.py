"""Work in the background stands still while there is something to do that somebody waits for.

A niced thread yields the processor, not Python's lock: when it loses the one while it holds the
other, everything in its process waits. So it stops itself, ahead of each long power.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from zrsign_dmpc.ecdsa.arithmetic import release_gil

STILL_S: Final = 1.0
"""How many seconds a thread stands still at most: requests without end must not stop the pools."""
WORK_S: Final = 0.25
"""How many seconds a thread works on when it stood still for that long."""
LOOK_S: Final = 0.05
"""How often, in seconds, a thread that stands still looks whether its own work became urgent."""
NICENESS: Final = 10


class GivingWay:
    """Shared by the event loop, which says when, and the threads."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        set_niceness: Callable[[int], None] = lambda value: os.setpriority(
            os.PRIO_PROCESS, 0, value
        ),
    ) -> None:
        """`set_niceness` sets that of the calling thread; raises PermissionError."""
        self._set_niceness = set_niceness
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
        self._local.niceness = 0
        self.begin(lambda: False)
        release_gil(self.wait)

    def begin(self, is_urgent: Callable[[], bool]) -> None:
        """Begin a step in a thread; one that somebody waits for does not give way."""
        self._local.is_urgent = is_urgent
        self._be_nice(NICENESS)

    def _be_nice(self, value: int) -> None:
        """Set the niceness of a pool's thread; it stays where it may not be taken back."""
        if getattr(self._local, "niceness", value) != value:
            with suppress(PermissionError):
                self._set_niceness(value)
            self._local.niceness = value

    def wait(self) -> None:
        """Wait while requests go first; a pool's thread calls it ahead of a long step."""
        local = self._local
        if self._clock() < getattr(local, "until", 0.0):
            return
        limit = self._clock() + STILL_S
        while not local.is_urgent() and not self._is_free():
            if self._clock() >= limit:
                local.until = self._clock() + WORK_S
                return
        if local.is_urgent():
            self._be_nice(0)

    def _is_free(self) -> bool:
        """Waits for a moment if it is not."""
        return self._free.wait(LOOK_S)
