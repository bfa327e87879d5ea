"""What one query may read. What needs more is asked for in pages, or by a narrower filter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from zrchain_lite.errors import TooMuch
from zrchain_lite.store.kv import KVStore

MAX_READS = 30_000
MAX_BYTES = 32 * 1024 * 1024


class QueryTooHeavy(TooMuch):
    """The query would read more than one query may; it was given up."""


@dataclass
class _Spent:
    reads: int = 0
    size: int = 0

    def count(self, value: bytes | None) -> None:
        self.reads += 1
        self.count_bytes(len(value or b""))

    def count_bytes(self, size: int) -> None:
        self.size += size
        if self.reads > MAX_READS or self.size > MAX_BYTES:
            raise QueryTooHeavy(
                f"the query reads more than {MAX_READS} objects or {MAX_BYTES} bytes; ask for "
                "smaller pages, by `key`, or by a narrower filter"
            )


@dataclass
class BudgetedStore(KVStore):
    """A KVStore that gives up above a number of reads, and above a number of bytes."""

    store: KVStore
    _spent: _Spent = field(default_factory=_Spent)

    def over(self, other: KVStore) -> BudgetedStore:
        """Another store under the same budget."""
        return BudgetedStore(other, self._spent)

    def spend(self, size: int) -> None:
        """Count bytes that are made of what was read; raises QueryTooHeavy."""
        self._spent.count_bytes(size)

    def get(self, key: bytes) -> bytes | None:
        value = self.store.get(key)
        self._spent.count(value)
        return value

    def set(self, key: bytes, value: bytes) -> None:
        self.store.set(key, value)

    def delete(self, key: bytes) -> None:
        self.store.delete(key)

    def iterate(
        self, prefix: bytes, *, start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        for key, value in self.store.iterate(prefix, start=start, reverse=reverse):
            self._spent.count(value)
            yield key, value
