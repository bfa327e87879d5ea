"""Views: lists and counts that queries read, kept beside the state and made from it alone.

Whatever a list may be asked for by has rows of its own, so that a page costs what it shows, and
its length is a number that is kept. No transaction reads a view and no gas pays for one: the store
brings them up to date in the commit of each block, and builds them again when they are missing.

Rows: name/, hash of the group (12 bytes), member; counts: #name/, hash of the group (12 bytes).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import product

from zrchain_lite.store.collections import Key, encode_key
from zrchain_lite.store.kv import KVStore

Read = Callable[[bytes], bytes | None]
"""Reads the state under a full key."""
Row = tuple[Key, bytes]
"""A group, and a member of it."""
Rows = Callable[[Read, bytes, bytes], Iterable[Row]]
"""The rows that a pair of the state stands in, from what follows its prefix and its value."""


@dataclass(frozen=True)
class View:
    """Rows of the pairs under the prefix `source`. Two views of one name share their groups.

    With `listed` False only the counts are kept: the state itself is in the wanted order.
    """

    name: str
    source: bytes
    rows: Rows
    listed: bool = True

    def count(self, views: KVStore, group: Key) -> int:
        """How many members a group has."""
        return int.from_bytes(views.get(self.count_key(group)) or b"", "big")

    def ids(
        self, views: KVStore, group: Key, *, start: int | None = None, reverse: bool = False
    ) -> Iterator[int]:
        """The members of a group that are ids, in their order, from `start` on."""
        prefix = self.prefix(group)
        first = None if start is None else prefix + start.to_bytes(8, "big")
        for key, _ in views.iterate(prefix, start=first, reverse=reverse):
            yield int.from_bytes(key[len(prefix) :], "big")

    def row_key(self, row: Row) -> bytes:
        """Where a row is stored."""
        return self.prefix(row[0]) + row[1]

    def count_key(self, group: Key) -> bytes:
        """Where the length of a group is stored."""
        return b"#" + self.prefix(group)

    def prefix(self, group: Key) -> bytes:
        """The rows of a group begin with this; its member follows."""
        parts = group if isinstance(group, tuple) else (group,)
        digest = blake2b(encode_key(parts), digest_size=12).digest()
        return self.name.encode() + b"/" + digest


def subsets(*values: int | str) -> Iterator[tuple[int | str, ...]]:
    """The groups of an object that may be asked for by each of these values, or by none of them.

    What is not asked for is 0 or the empty text, as a query's field that is not set.
    """
    return product(*({value: None, type(value)(): None} for value in values))


class ViewChanges:
    """What a batch of changes of the state does to the views."""

    def __init__(self, views: Sequence[View]) -> None:
        self._views = views
        self._rows: Counter[bytes] = Counter()
        self._counts: Counter[bytes] = Counter()

    def add(self, read: Read, key: bytes, value: bytes | None, sign: int) -> None:
        """Note the rows of a pair: `sign` 1 where it is now, -1 where it was before."""
        for view in self._views:
            if value is None or not key.startswith(view.source):
                continue
            for row in view.rows(read, key[len(view.source) :], value):
                if view.listed:
                    self._rows[view.row_key(row)] += sign
                self._counts[view.count_key(row[0])] += sign

    def apply(self, store: KVStore) -> None:
        """Write what has changed."""
        for key, change in sorted(self._rows.items()):
            if change > 0:
                store.set(key, b"")
            elif change < 0:
                store.delete(key)
        for key, change in sorted(self._counts.items()):
            if change:
                count = int.from_bytes(store.get(key) or b"", "big") + change
                store.set(key, count.to_bytes(8, "big"))


def built(views: Sequence[View], state: KVStore, store: KVStore) -> None:
    """Make every row from a state in memory."""
    changes = ViewChanges(views)
    for source in {view.source for view in views}:
        for key, value in state.iterate(source):
            changes.add(state.get, key, value, 1)
    changes.apply(store)
