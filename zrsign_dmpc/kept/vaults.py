"""A vault of sealed shares in files, for `zrsign_dmpc.kept.epoch_keeper`: one file a key id.

Deleting a file does not wipe the medium. Shares are sealed, so that what a disk or a backup still
holds is worthless without the sealing key; who can, rotates that key with every epoch.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_SHARE: Final = ".share"
_DRAFT: Final = ".new"


class FileVault:
    """Files in a directory of their own, which is made if need be."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for draft in directory.glob(f"*{_DRAFT}"):
            # A write that never returned.
            draft.unlink()

    def put(self, key_id: bytes, sealed: bytes) -> None:
        """Durable when it returns; a crash leaves the whole share or none. Raises OSError."""
        draft = self._directory / (key_id.hex() + _DRAFT)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path(key_id))
        self._sync()

    def get(self, key_id: bytes) -> bytes:
        """The sealed share of a key. Raises KeyError when there is none."""
        try:
            return self._path(key_id).read_bytes()
        except FileNotFoundError as error:
            raise KeyError(key_id.hex()) from error

    def delete(self, key_id: bytes) -> None:
        """Durable when it returns. Raises OSError."""
        self._path(key_id).unlink(missing_ok=True)
        self._sync()

    def key_ids(self) -> list[bytes]:
        """The ids of all keys that have a share here, ascending."""
        return sorted(bytes.fromhex(path.stem) for path in self._directory.glob(f"*{_SHARE}"))

    def _path(self, key_id: bytes) -> Path:
        return self._directory / (key_id.hex() + _SHARE)

    def _sync(self) -> None:
        directory = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
