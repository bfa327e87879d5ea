"""Safe primes for auxiliary information, made ahead in a process of their own.

`python -P -m zrsign_operator.work.primes SIZE COUNT` prints primes in hexadecimal. The process
ends by itself, whatever becomes of the operator that started it. With `--keep DIR` it keeps so
many in a directory instead, for the next run of a local network, until it is stopped.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from zrsign_daemon.memory import keep_private
from zrsign_daemon.program import program
from zrsign_dmpc.ecdsa.arithmetic import big
from zrsign_dmpc.ecdsa.primes import safe_prime
from zrsign_dmpc.ecdsa.security import PAILLIER_2048, SecurityLevel
from zrsign_operator.errors import OperatorError
from zrsign_operator.work.stock import PrimeStock

PRIMES: Final = 4
NICENESS: Final = 15
LOOK_S: Final = 5.0
"""How often, in seconds, a keeper that has enough looks whether some were taken."""


class PrimeSource(Protocol):
    """What is asked of a maker of primes."""

    def start(self, *, fresh: bool = False) -> None:
        """Begin to make them, unless that is under way or done; `fresh`: all of them now."""

    def ready(self) -> bool:
        """Whether there are four to be taken."""

    def take(self) -> list[int]:
        """Those that are ready; they are gone from here. Raises OperatorError."""

    def stop(self) -> None:
        """End what is under way."""


class Primes:
    """Four safe primes at a time. Raises OperatorError when the process failed."""

    def __init__(self, level: Callable[[], SecurityLevel], stock: Path | None = None) -> None:
        """`level` tells the group's level now; what lies in `stock` is used before any are made.

        Raises OperatorError for a stock at a level that is not for local networks: its primes lie
        in the clear, and who reads them in time can open what will be encrypted under them.
        """
        if stock is not None and level() != PAILLIER_2048:
            raise OperatorError(
                f"kept primes are for local networks, at {PAILLIER_2048.name}; this group is at "
                f"{level().name}: take prime_stock out of the settings"
            )
        self._level = level
        self._stock = stock
        self._kept: list[int] = []
        self._maker: subprocess.Popen[str] | None = None

    def start(self, *, fresh: bool = False) -> None:
        """Begin to make them, unless that is under way or done; `fresh`: all of them now."""
        if self._maker is not None:
            return
        level = self._level()
        if self._stock is not None and level == PAILLIER_2048 and not fresh:
            stock = PrimeStock(self._stock, level.prime)
            self._kept += stock.take(PRIMES - len(self._kept))
        if missing := PRIMES - len(self._kept):
            command = program("zrsign_operator.work.primes", str(level.prime), str(missing))
            self._maker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def ready(self) -> bool:
        """Whether there are four, or the maker has ended, so that `take` does not wait."""
        if self._maker is None:
            return len(self._kept) == PRIMES
        return self._maker.poll() is not None

    def take(self) -> list[int]:
        """Those that are ready; they are gone from here."""
        made, self._kept = self._kept, []
        maker, self._maker = self._maker, None
        if maker is not None and maker.stdout is not None:
            with maker:
                made += [big(int(line, 16)) for line in maker.stdout.read().split()]
            if maker.returncode != 0 or len(made) != PRIMES:
                raise OperatorError(f"the maker of primes ended with code {maker.returncode}")
        if len(made) != PRIMES:
            raise OperatorError("no primes were asked for")
        return made

    def stop(self) -> None:
        """Kill the maker; what it made is lost, and so is what was taken from a stock."""
        self._kept = []
        if self._maker is not None:
            with self._maker as maker:
                maker.kill()
            self._maker = None


def fill(stock: PrimeStock, count: int, make: Callable[[], int]) -> None:
    """Make primes until the stock holds so many."""
    while len(stock) < count:
        stock.put(make())


def main() -> None:
    """Print primes of a size, or keep a stock of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--keep", type=Path, metavar="DIR")
    arguments = parser.parse_args()
    keep_private()
    os.nice(NICENESS)
    if arguments.keep is None:
        for _ in range(arguments.count):
            print(f"{safe_prime(arguments.size):x}")
        return
    if hasattr(os, "SCHED_IDLE"):
        # Whatever else runs on the machine goes first.
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    stock = PrimeStock(arguments.keep, arguments.size)
    while True:
        fill(stock, arguments.count, lambda: safe_prime(arguments.size))
        time.sleep(LOOK_S)


if __name__ == "__main__":
    main()
