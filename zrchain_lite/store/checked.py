"""The state as it is read: each value is compared with the tree that commits to it.

A byte that the disk has changed is noticed when it is read, before it is served or spent.
"""

from __future__ import annotations

from collections.abc import Iterator

from zrchain_lite.errors import LedgerError
from zrchain_lite.store.kv import KVStore
from zrchain_lite.store.tree import Tree

MAX_REMEMBERED, MAX_REMEMBERED_BYTES = 10_000, 2_048
"""How many values are remembered, and how long one of them may be."""


class StateDamaged(LedgerError):
    """The state holds something else than the app hash commits to."""

    def __init__(self, key: bytes) -> None:
        super().__init__(
            f"the state under {key!r} is not what was stored; find everything that is damaged by "
            "`zrsign ledger verify`, and restore the folder from a backup"
        )


class CheckedStore(KVStore):
    """A read-only KVStore of the state that raises StateDamaged for a pair that was changed.

    Values that were compared are remembered until `forget`, which a new block needs.
    """

    def __init__(self, state: KVStore, tree: KVStore) -> None:
        self._state, self._tree = state, Tree(tree)
        self._compared: dict[bytes, bytes | None] = {}
        self.damage: StateDamaged | None = None
        """What was found first. A transaction that fails for it must not be in a block."""

    def forget(self) -> None:
        """Read and compare everything again: another block is the last one now."""
        self._compared.clear()

    def get(self, key: bytes) -> bytes | None:
        if key in self._compared:
            return self._compared[key]
        value = self._state.get(key)
        self._compare(key, value)
        if len(self._compared) < MAX_REMEMBERED and len(value or b"") <= MAX_REMEMBERED_BYTES:
            self._compared[key] = value
        return value

    def set(self, key: bytes, value: bytes) -> None:
        self._state.set(key, value)

    def delete(self, key: bytes) -> None:
        self._state.delete(key)

    def iterate(
        self, prefix: bytes, *, start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        for key, value in self._state.iterate(prefix, start=start, reverse=reverse):
            self._compare(key, value)
            yield key, value

    def _compare(self, key: bytes, value: bytes | None) -> None:
        if not self._tree.matches(key, value):
            self.damage = self.damage or StateDamaged(key)
            raise StateDamaged(key)
