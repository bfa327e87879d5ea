"""A background pool: values that cost much to make and that may be used once.

Randomness of encryptions and safe primes depend on no message, so idle processors can make them
ahead of time. The pool is a plain object; the executor is the caller's, and so is its shutdown.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from threading import Lock
from typing import Generic, TypeVar

from zrsign_dmpc.errors import ParameterError

T = TypeVar("T")


class Pool(Generic[T]):
    """A stock of at most `size` values that `executor` makes ahead; each is handed out once.

    For a thread pool, `arithmetic.release_gil` is the initializer that lets the threads run side by
    side; whoever takes values calls it in its own thread, too, for it may have to make one. For a
    process pool, `make` must be picklable, with its own source of randomness.
    """

    def __init__(self, make: Callable[[], T], executor: Executor, size: int) -> None:
        if size < 1:
            raise ParameterError(f"a pool holds at least one value, not {size}")
        self._make = make
        self._executor = executor
        self._size = size
        self._waiting: deque[Future[T]] = deque()
        self._lock = Lock()
        self._closed = False

    def fill(self) -> None:
        """Ask the executor for values until the pool is full or its executor has shut down."""
        with self._lock:
            while not self._closed and len(self._waiting) < self._size:
                try:
                    self._waiting.append(self._executor.submit(self._make))
                except RuntimeError:
                    self._closed = True

    def take(self) -> T:
        """A value that nobody else gets; made on the spot if none was begun."""
        with self._lock:
            future = self._waiting.popleft() if self._waiting else None
        self.fill()
        if future is None or future.cancel():
            return self._make()
        return future.result()

    def ready(self) -> int:
        """How many values wait."""
        with self._lock:
            return sum(future.done() for future in self._waiting)

    def close(self) -> None:
        """Drop what waits; `take` goes on to work, one value at a time."""
        with self._lock:
            self._closed = True
            for future in self._waiting:
                future.cancel()
            self._waiting.clear()
