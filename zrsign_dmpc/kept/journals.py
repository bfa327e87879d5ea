"""A journal and an anchor in files, for `zrsign_dmpc.kept.single_use`.

A record is length(4) ‖ SHA-256(entry)[:8] ‖ entry. A crash can leave the last record torn or a tail
of zeros: that append never returned, so it is cut off when the file is opened. Damage before the
last record is an error; a cut that loses an entry which was durable shows against the anchor.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path
from typing import Final, Self

from zrsign_dmpc.errors import DmpcError, EncodingError
from zrsign_dmpc.kept.single_use import EMPTY, Head
from zrsign_dmpc.wire.encoding import decode

_HEADER: Final = 12
MAX_ENTRY_BYTES: Final = 1 << 16
_MAGIC: Final = b"anchor2\n"
_SLOT_BYTES: Final = len(_MAGIC) + 8 + 32 + 8
_SLOT_STEP: Final = 4096
"""Bytes from slot to slot of an anchor: no sector of a disk holds a part of both."""
_SLOTS_BYTES: Final = _SLOT_STEP + _SLOT_BYTES


class JournalInUse(DmpcError):
    """Another process holds the journal."""


class JournalDamaged(DmpcError):
    """A record before the last one, or the anchor, is not what was written."""


class FileJournal:
    """Append-only, flushed to the disk on every append, held by one process."""

    def __init__(self, path: Path) -> None:
        """Raises JournalInUse, JournalDamaged, OSError."""
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            self._lock()
            self._recover()
            _sync_directory(path.parent)
        except BaseException:
            self.close()
            raise

    def read(self) -> list[bytes]:
        """All entries, read from the disk again: a process that runs for long does not keep them.

        Raises what opening raises.
        """
        return self._recover()

    def append(self, entry: bytes) -> None:
        """Add an entry; it is on the disk when this returns. Raises ValueError, OSError.

        After an OSError the journal is closed: what reached the disk is unknown until it is opened
        again.
        """
        if not 0 < len(entry) <= MAX_ENTRY_BYTES:
            raise ValueError(f"an entry has 1 to {MAX_ENTRY_BYTES} bytes, not {len(entry)}")
        record = _record(entry)
        try:
            self._write(record)
        except OSError:
            # What is on the disk is unknown now: opening the file again finds out.
            self.close()
            raise

    def close(self) -> None:
        """Release the file; closing twice is the same as once."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, record: bytes) -> None:
        if os.write(self._file, record) != len(record):
            raise OSError(f"{self._path}: the disk took only a part of a record")
        os.fsync(self._file)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise JournalInUse(f"{self._path} is held by another process") from error

    def _recover(self) -> list[bytes]:
        """All entries; what a crash tore is cut off."""
        data = self._path.read_bytes()
        entries, at = [], 0
        while at < len(data):
            end = at + _HEADER + int.from_bytes(data[at : at + 4], "big")
            entry = data[at + _HEADER : end]
            if end > len(data) or data[at:end] != _record(entry):
                self._cut(data, at, end)
                break
            entries.append(entry)
            at = end
        return entries

    def _cut(self, data: bytes, at: int, end: int) -> None:
        """Drop a torn last record; its length field may be torn as well."""
        torn = end >= len(data) and len(data) - at <= _HEADER + MAX_ENTRY_BYTES
        if not torn and any(data[at:]):
            raise JournalDamaged(f"{self._path}: the record at byte {at} is damaged, more follow")
        os.ftruncate(self._file, at)
        os.fsync(self._file)


class FileAnchor:
    """A head in a file of its own. Keep it where backups of the journal do not reach.

    The file has two slots, and the newest head takes the place of the older one: a crash tears that
    slot, and the other one is a step behind, as if the crash had come before. What is written is on
    the disk after one flush, because neither the file's size nor its name changes.

    A file can be copied back like any other: an enclave's counter is the stronger anchor.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Head:
        """The stored head, or the empty one before the first. Raises JournalDamaged."""
        if not self._path.exists():
            return EMPTY
        data = self._path.read_bytes()
        found = [head for head in (*_slots(data), _single(data)) if head is not None]
        if not found:
            raise JournalDamaged(f"{self._path} is not an anchor")
        return max(found, key=lambda head: head.count)

    def advance(self, head: Head) -> None:
        """Store a head with a higher count, durably. Raises ValueError, OSError."""
        if head.count <= self.read().count:
            raise ValueError(f"an anchor only moves forward, not to {head.count}")
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            self._begin(head)
            return
        try:
            heads = _slots(os.pread(file, _SLOTS_BYTES, 0))
            if heads[0] is None and heads[1] is None:
                self._begin(head)
                return
            counts = [-1 if each is None else each.count for each in heads]
            record = _slot(head)
            if os.pwrite(file, record, _SLOT_STEP * counts.index(min(counts))) != len(record):
                raise OSError(f"{self._path}: the disk took only a part of an anchor")
            os.fdatasync(file)
        finally:
            os.close(file)

    def _begin(self, head: Head) -> None:
        """Make the file, or write one of the version before anew."""
        draft = self._path.with_suffix(".new")
        with draft.open("wb") as file:
            file.write(_slot(head).ljust(_SLOTS_BYTES, b"\0"))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        _sync_directory(self._path.parent)


def _slot(head: Head) -> bytes:
    body = _MAGIC + head.count.to_bytes(8, "big") + head.digest
    return body + hashlib.sha256(body).digest()[:8]


def _slots(data: bytes) -> list[Head | None]:
    """The heads in the two slots; None for one that is empty, torn or of another format."""
    found: list[Head | None] = []
    for at in (0, _SLOT_STEP):
        body = data[at : at + _SLOT_BYTES]
        count = int.from_bytes(body[len(_MAGIC) : len(_MAGIC) + 8], "big")
        head = Head(count, body[len(_MAGIC) + 8 : -8])
        found.append(head if len(body) == _SLOT_BYTES and body == _slot(head) else None)
    return found


def _single(data: bytes) -> Head | None:
    """The head in a file of the version before: one record and nothing else."""
    try:
        match decode(data):
            case (int(count), bytes(digest)):
                return Head(count, digest)
    except EncodingError:
        pass
    return None


def _record(entry: bytes) -> bytes:
    return len(entry).to_bytes(4, "big") + hashlib.sha256(entry).digest()[:8] + entry


def _sync_directory(path: Path) -> None:
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
