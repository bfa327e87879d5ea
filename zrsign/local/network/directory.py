"""The state directory of a network: one process uses it, and only a network's is ever removed."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path
from typing import IO, Self

from zrsign.errors import NetworkError
from zrsign.local.network.manifest import FILE as MANIFEST


class StateDirectory:
    """A directory that is locked while the context lasts."""

    def __init__(self, path: Path) -> None:
        """Name it; nothing is touched yet."""
        self.path = path.resolve()
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def acquire(self) -> None:
        """Lock it.

        Raises NetworkError when another process does, when it holds anything but an earlier
        network, or when it cannot be written.
        """
        try:
            self._lock = self._locked()
        except NetworkError:
            raise
        except OSError as error:
            raise self._unusable(error) from None

    def release(self) -> None:
        """Let others use it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def clear(self) -> None:
        """Make it an empty directory that only its owner may read. Raises NetworkError."""
        try:
            shutil.rmtree(self.path, ignore_errors=True)
            self.path.mkdir(mode=0o700)
        except OSError as error:
            raise self._unusable(error) from None

    def remove(self) -> None:
        """Remove it, and what told that it is a network's. Raises NetworkError."""
        try:
            shutil.rmtree(self.path)
            self._lock_file.unlink()
        except OSError as error:
            raise self._unusable(error) from None

    @property
    def _lock_file(self) -> Path:
        return self.path.with_name(f"{self.path.name}.lock")

    def _unusable(self, error: OSError) -> NetworkError:
        return NetworkError(
            f"Cannot keep a network in {self.path}: {error.strerror}.",
            "Name a place that can be written: --state DIR",
        )

    def _locked(self) -> IO[bytes]:
        """The lock beside the directory, which also tells that the directory is a network's."""
        known = self._lock_file.exists() or (self.path / MANIFEST).exists()
        if not known and self.path.exists() and any(self.path.iterdir()):
            raise NetworkError(
                f"{self.path} holds files that are no network's; a start would remove them.",
                "Name a new or an empty directory: --state DIR",
            )
        self._lock_file.parent.mkdir(parents=True, exist_ok=True)
        lock = self._lock_file.open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise NetworkError(
                f"Another network runs in {self.path}.",
                "Stop it (Ctrl-C where it runs), or name another place: --state DIR",
            ) from None
        return lock
