"""Safe primes for auxiliary information, made ahead in a process of their own."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from typing import Final

from dmpc.ecdsa.primes import safe_prime

PRIMES: Final = 4
NICENESS: Final = 15


class Primes:
    """Four safe primes at a time, made in a process of their own."""

    def __init__(self, size: int) -> None:
        self._size = size
        # Forks before this process has threads that hold locks.
        context = multiprocessing.get_context("forkserver")
        self._executor = ProcessPoolExecutor(1, context, initializer=partial(os.nice, NICENESS))
        self._made: list[Future[int]] = []

    def start(self) -> None:
        while len(self._made) < PRIMES:
            self._made.append(self._executor.submit(safe_prime, self._size))

    def ready(self) -> bool:
        return len(self._made) == PRIMES and all(future.done() for future in self._made)

    def take(self) -> list[int]:
        """Raises whatever the maker raised."""
        taken = [future.result() for future in self._made]
        self._made.clear()
        return taken

    def stop(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)
