"""LMDB's databases as KVStores: a snapshot to read, and one inside a transaction to write."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from typing import Any

import lmdb

from zrchain_lite.store.kv import Change, KVStore, prefix_end


class ReadTransaction:
    """One read transaction: everything that is read through it is as of the same block."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self.txn: Any = environment.begin()

    def close(self) -> None:
        """End the transaction; nothing is read until `renew`."""
        self.txn.abort()

    def renew(self) -> None:
        """See what is committed now, in a map that another process may have made larger."""
        self.txn.abort()
        try:
            self.txn = self._environment.begin()
        except lmdb.MapResizedError:
            self._environment.set_mapsize(0)
            self.txn = self._environment.begin()


class Snapshot(KVStore):
    """A read-only KVStore of one database as of the moment at which its view was renewed."""

    def __init__(self, view: ReadTransaction, database: Any) -> None:
        self._view, self._database = view, database

    def get(self, key: bytes) -> bytes | None:
        value: bytes | None = self._view.txn.get(key, db=self._database) if key else None
        return value

    def set(self, key: bytes, value: bytes) -> None:
        raise TypeError("a snapshot is read-only; write to an Overlay above it")

    def delete(self, key: bytes) -> None:
        raise TypeError("a snapshot is read-only; write to an Overlay above it")

    def iterate(
        self, prefix: bytes, *, start: bytes | None = None, reverse: bool = False
    ) -> Generator[tuple[bytes, bytes], None, None]:
        with self._view.txn.cursor(db=self._database) as cursor:
            found = _seek_back(cursor, prefix, start) if reverse else _seek(cursor, prefix, start)
            if not found:
                return
            pairs = cursor.iterprev() if reverse else cursor.iternext()
            for key, value in pairs:
                if not key.startswith(prefix):
                    return
                yield key, value


class Writing(KVStore):
    """One database inside a write transaction."""

    def __init__(self, txn: Any, database: Any) -> None:
        self._txn, self._database = txn, database

    def get(self, key: bytes) -> bytes | None:
        value: bytes | None = self._txn.get(key, db=self._database) if key else None
        return value

    def set(self, key: bytes, value: bytes) -> None:
        self._txn.put(key, value, db=self._database)

    def delete(self, key: bytes) -> None:
        self._txn.delete(key, db=self._database)

    def iterate(
        self, prefix: bytes, *, start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        raise TypeError("a block is written key by key; iterate over a snapshot")


def apply(store: KVStore, changes: Iterable[Change]) -> None:
    """Write changes to a store in their order."""
    for key, value in changes:
        if value is None:
            store.delete(key)
        else:
            store.set(key, value)


def _seek(cursor: Any, prefix: bytes, start: bytes | None) -> bool:
    found: bool = cursor.set_range(max(prefix, start or b""))
    return found


def _seek_back(cursor: Any, prefix: bytes, start: bytes | None) -> bool:
    """Stand on the last key that is under `prefix` and not above `start`."""
    if start is not None and start < prefix:
        return False
    if start is not None and start.startswith(prefix):
        if cursor.set_range(start):
            return cursor.key() == start or bool(cursor.prev())
        return bool(cursor.last())
    after = prefix_end(prefix)
    if after is not None and cursor.set_range(after):
        return bool(cursor.prev())
    return bool(cursor.last())
