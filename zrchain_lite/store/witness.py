"""What a query has read, and the part of the tree that shows it against an app hash.

Who has the header of the block after runs the query itself on these reads, and needs no answer.
A read by its key is shown whether there was a value or nothing. A walk over a range is shown pair
by pair: none can be invented or altered, but whether some were left out the tree cannot say,
because it orders keys by their hashes.

The part of the tree is a walk from the root, left before right, of one byte a node:
i inner, both sides follow; h beside all reads: its hash (32 bytes) follows; e empty; v the leaf of
a value that was read; o any other leaf: its path and SHA-256 of its value (64 bytes) follow.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import NamedTuple

from zrchain_lite.errors import TooMuch
from zrchain_lite.store.kv import KVStore, MemoryStore
from zrchain_lite.store.proofs import InvalidProof
from zrchain_lite.store.tree import EMPTY, Leaf, Page, Tree, inner_hash, leaf_hash, path_of

MAX_READS = 8_000
"""How many reads are shown at once."""
_BITS = 256
_SLOT_LEVEL = 4
_INNER, _HASH, _EMPTY, _VALUE, _OTHER = b"ihevo"

Reads = Mapping[bytes, bytes | None]


class Witness(NamedTuple):
    """All that a query has read, of the state and of the node's lists."""

    reads: Reads
    tree: bytes
    """The part of the tree that shows `reads`."""
    lists: Reads


class ReadingStore(KVStore):
    """A KVStore that notes what is read of it."""

    def __init__(self, store: KVStore) -> None:
        self._store = store
        self.reads: dict[bytes, bytes | None] = {}

    def get(self, key: bytes) -> bytes | None:
        value = self._store.get(key)
        self._note(key, value)
        return value

    def set(self, key: bytes, value: bytes) -> None:
        self._store.set(key, value)

    def delete(self, key: bytes) -> None:
        self._store.delete(key)

    def iterate(
        self, prefix: bytes, *, start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        for key, value in self._store.iterate(prefix, start=start, reverse=reverse):
            self._note(key, value)
            yield key, value

    def _note(self, key: bytes, value: bytes | None) -> None:
        self.reads[key] = value
        if len(self.reads) > MAX_READS:
            raise TooMuch(f"more than {MAX_READS} reads are not shown at once; ask for less")


class WitnessedStore(MemoryStore):
    """What a witness shows of the state; raises InvalidProof for a key of which it says nothing."""

    def __init__(self, reads: Reads) -> None:
        super().__init__()
        self._known = reads.keys()
        for key, value in reads.items():
            if value is not None:
                self.set(key, value)

    def get(self, key: bytes) -> bytes | None:
        if key not in self._known:
            raise InvalidProof(f"the node shows nothing about {key!r}, which the query reads")
        return super().get(key)


def show(state: KVStore, tree: KVStore, keys: Iterable[bytes]) -> bytes:
    """The part of the tree that leads to these keys."""
    return _Shown(state, Tree(tree), keys).encoded


def verify(app_hash: bytes, shown: bytes, reads: Reads) -> None:
    """Raises InvalidProof unless the part of a tree shows all reads against an app hash."""
    if _Walk(shown, reads).root() != app_hash:
        raise InvalidProof("what the node shows leads to another app hash")


class _Shown:
    """Writes the walk; places are paths as integers, in order."""

    def __init__(self, state: KVStore, tree: Tree, keys: Iterable[bytes]) -> None:
        self._state, self._tree = state, tree
        self._places = sorted({int.from_bytes(path_of(key), "big") for key in keys})
        self._out = bytearray()
        self._page("", 0, len(self._places))

    @property
    def encoded(self) -> bytes:
        return bytes(self._out)

    def _split(self, low: int, high: int, prefix: int, level: int) -> tuple[int, int]:
        middle = prefix | 1 << (_BITS - 1 - level)
        return bisect_left(self._places, middle, low, high), middle

    def _page(self, digits: str, low: int, high: int) -> None:
        found = self._tree.below(digits)
        prefix = int(digits.ljust(_BITS // 4, "0"), 16)
        if isinstance(found, Page):
            self._cell(found, 1, digits, prefix, low, high)
        else:
            self._leaves(found, prefix, 4 * len(digits), low, high)

    def _cell(self, page: Page, cell: int, digits: str, prefix: int, low: int, high: int) -> None:
        hash_, depth = page.cell(cell), cell.bit_length() - 1
        if hash_ == EMPTY:
            self._out.append(_EMPTY)
        elif low == high:
            self._hash(hash_)
        elif page.is_single(cell):
            path, key = self._tree.first(prefix.to_bytes(32, "big"))
            self._leaf(path, key, low, high)
        elif depth == _SLOT_LEVEL:
            self._page(f"{digits}{cell & 15:x}", low, high)
        else:
            middle, right = self._split(low, high, prefix, 4 * len(digits) + depth)
            self._out.append(_INNER)
            self._cell(page, 2 * cell, digits, prefix, low, middle)
            self._cell(page, 2 * cell + 1, digits, right, middle, high)

    def _leaves(self, leaves: list[Leaf], prefix: int, level: int, low: int, high: int) -> None:
        """A subtree of few leaves, which has no page."""
        if not leaves:
            self._out.append(_EMPTY)
        elif low == high:
            self._hash(_hash_of(leaves, prefix, level))
        elif len(leaves) == 1:
            path, key = self._tree.first(bytes.fromhex(leaves[0].path))
            self._leaf(path, key, low, high)
        else:
            middle, right = self._split(low, high, prefix, level)
            at = bisect_left(leaves, right, key=lambda leaf: int(leaf.path, 16))
            self._out.append(_INNER)
            self._leaves(leaves[:at], prefix, level + 1, low, middle)
            self._leaves(leaves[at:], right, level + 1, middle, high)

    def _hash(self, hash_: bytes) -> None:
        self._out.append(_HASH)
        self._out += hash_

    def _leaf(self, path: bytes, key: bytes, low: int, high: int) -> None:
        place = int.from_bytes(path, "big")
        at = bisect_left(self._places, place, low, high)
        if at < high and self._places[at] == place:
            self._out.append(_VALUE)
        else:
            self._out.append(_OTHER)
            self._out += path + sha256(self._state.get(key) or b"").digest()


def _hash_of(leaves: list[Leaf], prefix: int, level: int) -> bytes:
    if not leaves:
        return EMPTY
    if len(leaves) == 1:
        return leaves[0].hash
    right = prefix | 1 << (_BITS - 1 - level)
    at = bisect_left(leaves, right, key=lambda leaf: int(leaf.path, 16))
    return inner_hash(
        _hash_of(leaves[:at], prefix, level + 1), _hash_of(leaves[at:], right, level + 1)
    )


class _Walk:
    """Reads a walk, and computes the root."""

    def __init__(self, shown: bytes, reads: Reads) -> None:
        self._shown, self._at = shown, 0
        placed = sorted((path_of(key), value) for key, value in reads.items())
        self._paths = [int.from_bytes(path, "big") for path, _ in placed]
        self._values = [value for _, value in placed]

    def root(self) -> bytes:
        root = self._node(0, len(self._paths), 0, 0)
        if self._at != len(self._shown):
            raise InvalidProof("the part of the tree goes on after its end")
        return root

    def _node(self, low: int, high: int, prefix: int, level: int) -> bytes:
        kind = self._take(1)[0]
        if kind == _INNER and level < _BITS:
            right = prefix | 1 << (_BITS - 1 - level)
            middle = bisect_left(self._paths, right, low, high)
            left_hash = self._node(low, middle, prefix, level + 1)
            return inner_hash(left_hash, self._node(middle, high, right, level + 1))
        if kind == _HASH and low == high:
            return self._take(32)
        if kind == _EMPTY:
            self._require_absent(low, high)
            return EMPTY
        if kind == _VALUE:
            return self._leaf(low, high)
        if kind == _OTHER:
            return self._other(low, high, prefix, level)
        raise InvalidProof("the part of the tree does not lead to what it should show")

    def _take(self, size: int) -> bytes:
        taken = self._shown[self._at : self._at + size]
        if len(taken) != size:
            raise InvalidProof("the part of the tree is cut off")
        self._at += size
        return taken

    def _require_absent(self, low: int, high: int) -> None:
        if any(value is not None for value in self._values[low:high]):
            raise InvalidProof("a value is not in the state")

    def _leaf(self, low: int, high: int) -> bytes:
        """The one value here; nothing stands beside it."""
        present = [n for n in range(low, high) if self._values[n] is not None]
        if len(present) != 1:
            raise InvalidProof(f"{len(present)} values stand in the place of one leaf")
        value = self._values[present[0]]
        return leaf_hash(self._paths[present[0]].to_bytes(32, "big"), value or b"")

    def _other(self, low: int, high: int, prefix: int, level: int) -> bytes:
        """A leaf in whose place nothing else stands."""
        self._require_absent(low, high)
        path, value_hash = self._take(32), self._take(32)
        place = int.from_bytes(path, "big")
        at = bisect_left(self._paths, place, low, high)
        hidden = at < high and self._paths[at] == place
        if hidden or (place ^ prefix) >> (_BITS - level):
            raise InvalidProof("a leaf stands where its path does not lead, or is hidden")
        return sha256(b"\x00" + path + value_hash).digest()
