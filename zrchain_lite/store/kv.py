"""Key-value state: what a module sees (`KVStore`) and the overlay that makes a transaction all or
nothing.

Keys are ordered by their bytes. The durable store (`lmdb_store.py`) commits one overlay per block,
atomically with the height.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import Protocol

Change = tuple[bytes, bytes | None]
"""What is written under a key; None is a deletion."""


class KVStore(Protocol):
    """Ordered bytes to bytes. An empty value is a value."""

    def get(self, key: bytes) -> bytes | None:
        """The value under a key, None when there is none."""
        ...

    def set(self, key: bytes, value: bytes) -> None:
        """Store a value under a key, in place of the one that is there."""
        ...

    def delete(self, key: bytes) -> None:
        """Deleting what is not there is allowed."""
        ...

    def iterate(
        self, prefix: bytes, *, start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Pairs under `prefix` in key order.

        `start` is a full key, inclusive. Do not write while iterating.
        """
        ...


def prefix_end(prefix: bytes) -> bytes | None:
    """The first key after every key under `prefix`; None when there is no such key."""
    stem = prefix.rstrip(b"\xff")
    return stem[:-1] + bytes([stem[-1] + 1]) if stem else None


def _select(keys: list[bytes], prefix: bytes, start: bytes | None, *, reverse: bool) -> list[bytes]:
    """Those of the sorted `keys` that `iterate` goes through, in its order."""
    end = prefix_end(prefix)
    first = bisect_left(keys, prefix)
    last = len(keys) if end is None else bisect_left(keys, end)
    if start is not None and reverse:
        last = min(last, bisect_right(keys, start))
    elif start is not None:
        first = max(first, bisect_left(keys, start))
    selected = keys[first:last]
    if reverse:
        selected.reverse()
    return selected


class MemoryStore(KVStore):
    """A KVStore in memory, for tests and as the base of an empty chain."""

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}
        self._keys: list[bytes] = []

    def get(self, key: bytes) -> bytes | None:
        return self._values.get(key)

    def set(self, key: bytes, value: bytes) -> None:
        if key not in self._values:
            insort(self._keys, key)
        self._values[key] = value

    def delete(self, key: bytes) -> None:
        if self._values.pop(key, None) is not None:
            del self._keys[bisect_left(self._keys, key)]

    def iterate(
        self, prefix: bytes, *, start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        for key in _select(self._keys, prefix, start, reverse=reverse):
            yield key, self._values[key]


class Overlay(KVStore):
    """Writes held above a parent store until `commit`; dropping the overlay drops them."""

    def __init__(self, parent: KVStore) -> None:
        self._parent = parent
        self._writes: dict[bytes, bytes | None] = {}
        self._keys: list[bytes] = []

    def get(self, key: bytes) -> bytes | None:
        if key in self._writes:
            return self._writes[key]
        return self._parent.get(key)

    def set(self, key: bytes, value: bytes) -> None:
        self._write(key, value)

    def delete(self, key: bytes) -> None:
        self._write(key, None)

    def _write(self, key: bytes, value: bytes | None) -> None:
        if key not in self._writes:
            insort(self._keys, key)
        self._writes[key] = value

    def iterate(
        self, prefix: bytes, *, start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Merge of the parent's pairs and the overlay's own, the overlay's winning."""
        own = _select(self._keys, prefix, start, reverse=reverse)
        position = 0
        for key, value in self._parent.iterate(prefix, start=start, reverse=reverse):
            while position < len(own) and (own[position] > key if reverse else own[position] < key):
                yield from self._own(own[position])
                position += 1
            if position < len(own) and own[position] == key:
                yield from self._own(key)
                position += 1
            else:
                yield key, value
        for key in own[position:]:
            yield from self._own(key)

    def _own(self, key: bytes) -> Iterator[tuple[bytes, bytes]]:
        value = self._writes[key]
        if value is not None:
            yield key, value

    def changes(self) -> list[Change]:
        """The writes in key order; None is a deletion."""
        return [(key, self._writes[key]) for key in self._keys]

    def commit(self) -> None:
        """Hand the writes to the parent."""
        for key, value in self._writes.items():
            if value is None:
                self._parent.delete(key)
            else:
                self._parent.set(key, value)
        self._writes.clear()
        self._keys.clear()
