"""One function over many values, on the caller's threads if it has any to spare."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


class Spread:
    """`Spread(None)` is a plain loop, in order. Results are the same and in order either way.

    `arithmetic.release_gil` is the initializer of the executor's threads. The executor must not be
    the one whose thread calls: with all of its threads waiting here, nobody would work.
    """

    def __init__(self, executor: Executor | None = None) -> None:
        self._executor = executor

    def __call__(self, function: Callable[[A], B], values: Iterable[A]) -> list[B]:
        """function(value) for every value; raises what the first failing one raises."""
        if self._executor is None:
            return [function(value) for value in values]
        return list(self._executor.map(function, values))


IN_ORDER = Spread()
