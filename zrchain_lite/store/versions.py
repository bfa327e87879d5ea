"""The state as it was after one of the last blocks, made from what these blocks changed.

A block leaves behind what was under the keys that it wrote. Undoing costs nothing until somebody
asks, and then as much as the blocks changed; it is done once for each block.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from struct import Struct
from typing import NamedTuple

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.store.kv import Change, KVStore, Overlay
from zrchain_lite.store.tree import Tree

KEPT_VERSIONS = 16
"""How many blocks can be undone."""
MAX_UNDONE = 10_000
"""How many changes are undone for one question."""
_UNDO = b"u"
_CHANGE = Struct("!HI?")


class Version(NamedTuple):
    """The state after a block, and the rows of its tree."""

    state: KVStore
    tree: KVStore


def undo_key(height: int) -> bytes:
    """Where what the block of this height has changed lies among the tree's rows."""
    return _UNDO + height.to_bytes(8, "big")


def encode_undo(before: Iterable[Change]) -> bytes:
    """The pairs that a block has changed, as they were before it."""
    parts = []
    for key, value in before:
        old = value or b""
        parts += [_CHANGE.pack(len(key), len(old), value is not None), key, old]
    return b"".join(parts)


def decode_undo(raw: bytes) -> Iterator[Change]:
    """The pairs that `encode_undo` was given."""
    at = 0
    while at < len(raw):
        key_size, value_size, present = _CHANGE.unpack_from(raw, at)
        start = at + _CHANGE.size
        middle = start + key_size
        at = middle + value_size
        yield raw[start:middle], raw[middle:at] if present else None


class Versions:
    """The last versions, as far as they were asked for."""

    def __init__(self, state: KVStore, tree: KVStore) -> None:
        self._newest = Version(state, tree)
        self._tip = 0
        self._made: dict[int, Version] = {}

    def kept(self, height: int, tip: int) -> bool:
        """Whether the blocks above `height`, up to `tip`, can be undone."""
        return tip - KEPT_VERSIONS <= height <= tip and all(
            self._newest.tree.get(undo_key(each)) is not None for each in range(height + 1, tip + 1)
        )

    def at(self, height: int, tip: int) -> Version:
        """The version after the block of `height`; raises InvalidArgument where it is not kept."""
        if not self.kept(height, tip):
            raise InvalidArgument(
                f"the state after block {height} is not kept; the last is {tip}, and at most "
                f"{KEPT_VERSIONS} before it are"
            )
        if self._tip != tip:
            self._tip, self._made = tip, {tip: self._newest}
        undone = 0
        for each in range(tip, height, -1):
            before = list(decode_undo(self._newest.tree.get(undo_key(each)) or b""))
            undone += len(before)
            if undone > MAX_UNDONE:
                raise InvalidArgument(
                    f"more than {MAX_UNDONE} objects have changed since block {height}; ask for a "
                    "later one"
                )
            if each - 1 not in self._made:
                self._made[each - 1] = _before(self._made[each], before)
        return self._made[height]


def _before(version: Version, before: Iterable[Change]) -> Version:
    state, tree = Overlay(version.state), Overlay(version.tree)
    changes = list(before)
    _, rows = Tree(version.tree).after(changes)
    for overlay, written in ((state, changes), (tree, rows)):
        for key, value in written:
            if value is None:
                overlay.delete(key)
            else:
                overlay.set(key, value)
    return Version(state, tree)
