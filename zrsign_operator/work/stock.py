"""Safe primes that a local network keeps from one run to the next, each to be used once.

One file holds one prime, mode 0600, in a directory of mode 0700. Who takes it renames it, which
one process alone can do, and brings the new name to the disk before it reads: what a crash leaves
under such a name is never used.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from zrsign_dmpc.ecdsa.arithmetic import big, is_prime

ROUNDS: Final = 8
"""Rounds of Miller and Rabin's test: the file is the user's own, and may be damaged."""
_SUFFIX: Final = ".prime"
_TAKEN: Final = ".taken"


class PrimeStock:
    """The primes of one size in a directory. Processes may share it."""

    def __init__(self, folder: Path, size: int) -> None:
        """`size` in bits. The directory is made by the first `put`."""
        self._folder = folder
        self._size = size

    def __len__(self) -> int:
        return len(self._files())

    def put(self, prime: int) -> None:
        """Keep a prime, on the disk when this returns."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{self._size}-{secrets.token_hex(8)}{_SUFFIX}"
        draft = path.with_suffix(".draft")
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(file, f"{prime:x}".encode())
            os.fsync(file)
        finally:
            os.close(file)
        draft.rename(path)
        self._sync()

    def take(self, count: int) -> list[int]:
        """Give at most `count` primes, struck off on the disk before they are read."""
        taken: list[int] = []
        for path in self._files():
            if len(taken) == count:
                break
            prime = self._take(path)
            if prime is not None and prime not in taken:
                taken.append(prime)
        return taken

    def _take(self, path: Path) -> int | None:
        """None when another process was first, or the file is not what `put` wrote."""
        own = path.with_suffix(f"{_TAKEN}-{secrets.token_hex(8)}")
        try:
            path.rename(own)
        except FileNotFoundError:
            return None
        self._sync()
        found = own.lstat()
        private = stat.S_ISREG(found.st_mode) and not found.st_mode & 0o077
        text = own.read_bytes() if private and found.st_uid == os.geteuid() else b""
        own.unlink()
        try:
            prime = big(int(text[: self._size], 16))
        except ValueError:
            return None
        return prime if self._is_safe(prime) else None

    def _is_safe(self, prime: int) -> bool:
        return (
            prime >> (self._size - 2) == 3
            and prime % 4 == 3
            and is_prime(prime, ROUNDS)
            and is_prime(prime // 2, ROUNDS)
        )

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob(f"{self._size}-*{_SUFFIX}"))

    def _sync(self) -> None:
        directory = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
