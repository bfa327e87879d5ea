"""Safe primes for auxiliary information, made ahead in a process of their own.

`python -P -m zrsign_operator.work.primes SIZE` prints four, in hexadecimal. The process ends by
itself, whatever becomes of the operator that started it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Final, Protocol

from zrsign_daemon.memory import keep_private
from zrsign_daemon.program import program
from zrsign_dmpc.ecdsa.arithmetic import big
from zrsign_dmpc.ecdsa.primes import safe_prime
from zrsign_operator.errors import OperatorError

PRIMES: Final = 4
NICENESS: Final = 15


class PrimeSource(Protocol):
    """What is asked of a maker of primes."""

    def start(self) -> None:
        """Begin to make them, unless that is under way or done."""

    def ready(self) -> bool:
        """Whether there are four to be taken."""

    def take(self) -> list[int]:
        """Those that are ready; they are gone from here. Raises OperatorError."""

    def stop(self) -> None:
        """End what is under way."""


class Primes:
    """Four safe primes at a time. Raises OperatorError when the process failed."""

    def __init__(self, size: Callable[[], int]) -> None:
        """`size` tells how many bits a prime has, at the level that the group has then."""
        self._size = size
        self._maker: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Begin to make them, unless that is under way or done."""
        if self._maker is None:
            command = program("zrsign_operator.work.primes", str(self._size()))
            self._maker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def ready(self) -> bool:
        """Whether the maker has ended, so that `take` does not wait."""
        return self._maker is not None and self._maker.poll() is not None

    def take(self) -> list[int]:
        """Those that are ready; they are gone from here."""
        maker, self._maker = self._maker, None
        if maker is None or maker.stdout is None:
            raise OperatorError("no primes were asked for")
        with maker:
            lines = maker.stdout.read().split()
        if maker.returncode != 0 or len(lines) != PRIMES:
            raise OperatorError(f"the maker of primes ended with code {maker.returncode}")
        return [big(int(line, 16)) for line in lines]

    def stop(self) -> None:
        """Kill the maker; what it made is lost."""
        if self._maker is not None:
            with self._maker as maker:
                maker.kill()
            self._maker = None


def main() -> None:
    """Print primes of the size that is the only argument."""
    keep_private()
    os.nice(NICENESS)
    for _ in range(PRIMES):
        print(f"{safe_prime(int(sys.argv[1])):x}")


if __name__ == "__main__":
    main()
