"""The tree over the whole state, whose root is the app hash.

A sparse Merkle tree of 256 levels over SHA-256, as ICS-23's `SmtSpec` has it. A pair's path is the
hash of its key; its leaf is SHA-256(0x00 || path || SHA-256(value)) and stands at the highest place
that it shares with no other. An inner node is SHA-256(0x01 || left || right); nothing is 32 zeros.

What is stored does not shape the tree. Four levels lie in one page, a heap of 31 nodes; where no
more than `BUCKET` leaves are left there is no page, and their nodes are computed when they are
needed. Rows: l, path (32 bytes): leaf and key; p, path so far as hexadecimal digits: page. Each row
ends with its CRC-32: what the disk has changed is noticed before it is hashed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import groupby
from typing import NamedTuple
from zlib import crc32

from zrchain_lite.errors import LedgerError
from zrchain_lite.store.kv import Change, KVStore

EMPTY = bytes(32)
"""The hash of a subtree without leaves."""
BUCKET = 16
"""How many leaves may stand below a place that has no page."""
_LEAVES, _PAGES = b"l", b"p"
_SLOTS = 16
_CELLS = 2 * _SLOTS
"""A page is a heap of cells: 1 is its root, 16 to 31 are its slots, 0 holds the marks."""
_LISTED_DIGITS = 2
"""The number of digits below which all leaves are held in memory at once: a 256th of the state."""
_MARKS = 4
"""Bytes of cell 0: a bit for each cell which is one leaf alone, big-endian."""


class TreeDamaged(LedgerError):
    """A row of the tree is not what was written."""


class Node(NamedTuple):
    """The root of a subtree, and whether it is one leaf alone."""

    hash: bytes
    single: bool


class Leaf(NamedTuple):
    """A pair of the state in the tree; `path` in hexadecimal digits."""

    path: str
    hash: bytes


class Step(NamedTuple):
    """One level on the way from a leaf to the root: what stands beside, and on which side."""

    sibling: bytes
    left: bool


NOTHING = Node(EMPTY, single=False)


def path_of(key: bytes) -> bytes:
    """Where a key's leaf stands, 32 bytes."""
    return sha256(key).digest()


def leaf_hash(path: bytes, value: bytes) -> bytes:
    """The leaf of a value at a path."""
    return sha256(b"\x00" + path + sha256(value).digest()).digest()


def inner_hash(left: bytes, right: bytes) -> bytes:
    """The node above two others."""
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """Reads the tree's rows, and says which change with the state."""

    def __init__(self, rows: KVStore) -> None:
        self._rows = rows

    def root(self) -> bytes:
        """The hash of everything, 32 zeros for an empty state."""
        stored = self._rows.get(_PAGES)
        if stored is None:
            return _subtree(list(self._bucket("")), 0).hash
        return Page(stored).cell(1)

    def matches(self, key: bytes, value: bytes | None) -> bool:
        """Whether the tree has this value under a key, or with None no value."""
        path = path_of(key)
        row = self._rows.get(_LEAVES + path)
        if row is None or value is None:
            return row is None and value is None
        return row[:32] == leaf_hash(path, value)

    def after(self, changes: Iterable[Change]) -> tuple[bytes, list[Change]]:
        """The root once the state has changed, and the rows that change with it."""
        rows: dict[bytes, bytes | None] = {}
        changed = []
        for key, value in changes:
            path = path_of(key)
            leaf = None if value is None else leaf_hash(path, value)
            rows[_LEAVES + path] = None if leaf is None else _sealed(leaf + key)
            changed.append((path.hex(), leaf))
        if not changed:
            return self.root(), []
        changed.sort()
        root = self._changed("", changed, rows).hash
        return root, sorted(rows.items())

    def size(self) -> int:
        """How many leaves there are."""
        return sum(1 for _ in self._rows.iterate(_LEAVES))

    def require_whole(self) -> None:
        """Raises TreeDamaged unless every row is as it was written."""
        for kind in (_LEAVES, _PAGES):
            for _, row in self._rows.iterate(kind):
                _opened(row)

    def recomputed(self, digits: str = "") -> Node:
        """The subtree below `digits`, from its leaves alone."""
        page = Page()
        for slot, digit in enumerate("0123456789abcdef"):
            below = digits + digit
            small = len(below) == _LISTED_DIGITS
            node = _built(below, list(self._bucket(below)), {}) if small else self.recomputed(below)
            page.put(slot, node)
        return page.hashed()

    def _changed(
        self,
        digits: str,
        changed: Sequence[tuple[str, bytes | None]],
        rows: dict[bytes, bytes | None],
    ) -> Node:
        """The subtree below `digits` after changes, whose pages are noted in `rows`."""
        name = _PAGES + digits.encode()
        stored = self._rows.get(name)
        if stored is None:
            leaves: dict[str, bytes | None] = dict(self._bucket(digits))
            leaves.update(changed)
            kept = sorted(Leaf(path, hash_) for path, hash_ in leaves.items() if hash_ is not None)
            return _built(digits, kept, rows)
        page, depth = Page(stored), len(digits)
        for digit, group in groupby(changed, lambda change: change[0][depth]):
            page.put(int(digit, 16), self._changed(digits + digit, list(group), rows))
        root = page.hashed()
        rows[name] = None if root.single or root == NOTHING else page.encoded()
        return root

    def _bucket(self, digits: str) -> Iterator[Leaf]:
        """The leaves below `digits`, in order."""
        first = bytes.fromhex(digits + "0" * (len(digits) % 2))
        whole = _LEAVES + first[: len(digits) // 2]
        for key, row in self._rows.iterate(whole, start=_LEAVES + first):
            path = key[1:].hex()
            if not path.startswith(digits):
                return
            yield Leaf(path, _opened(row)[:32])

    # -- proving ---------------------------------------------------------------------------------

    def below(self, digits: str) -> Page | list[Leaf]:
        """The page at a place, or the leaves below it where there is none."""
        stored = self._rows.get(_PAGES + digits.encode())
        return list(self._bucket(digits)) if stored is None else Page(stored)

    def first(self, path: bytes) -> tuple[bytes, bytes]:
        """Path and key of the first leaf at a path or after it; raises LookupError."""
        for row_key, row in self._rows.iterate(_LEAVES, start=_LEAVES + path):
            return row_key[1:], _opened(row)[32:]
        raise LookupError(f"no leaf at {path.hex()} or after it")

    def neighbours(self, key: bytes) -> tuple[bytes | None, bytes | None]:
        """The keys whose leaves stand next to where the leaf of a key would, left and right."""
        place = _LEAVES + path_of(key)
        found: list[bytes | None] = []
        for reverse in (True, False):
            rows = self._rows.iterate(_LEAVES, start=place, reverse=reverse)
            found.append(next((_opened(row)[32:] for other, row in rows if other != place), None))
        return found[0], found[1]

    def steps(self, key: bytes) -> list[Step]:
        """The way from a key's leaf to the root; raises LookupError where there is none."""
        path, digits, steps = path_of(key).hex(), "", list[Step]()
        if self._rows.get(_LEAVES + bytes.fromhex(path)) is None:
            raise LookupError(f"the state has nothing under {key!r}")
        while (stored := self._rows.get(_PAGES + digits.encode())) is not None:
            page, cell, slot = Page(stored), 1, int(path[len(digits)], 16)
            for bit in (8, 4, 2, 1):
                if page.is_single(cell):
                    break
                right = bool(slot & bit)
                steps.append(Step(page.cell(2 * cell + (not right)), left=right))
                cell = 2 * cell + right
            if page.is_single(cell):
                break
            digits += path[len(digits)]
        else:
            steps += _steps_between(path, list(self._bucket(digits)), 4 * len(digits))
        return steps[::-1]


class Page:
    """Four levels of the tree."""

    def __init__(self, stored: bytes | None = None) -> None:
        self._cells = bytearray(_CELLS * 32 if stored is None else _opened(stored))
        self._single = int.from_bytes(self._cells[:_MARKS], "big")
        self._stale: set[int] = set()

    def cell(self, index: int) -> bytes:
        """The hash of a node, 1 for the page's root."""
        return bytes(self._cells[32 * index : 32 * index + 32])

    def is_single(self, index: int) -> bool:
        """Whether a node is one leaf alone."""
        return bool(self._single >> index & 1)

    def put(self, slot: int, node: Node) -> None:
        """Set a slot; the cells above are wrong until `hashed`."""
        self._set(_SLOTS + slot, node)
        self._stale.add((_SLOTS + slot) >> 1)

    def _set(self, index: int, node: Node) -> None:
        self._cells[32 * index : 32 * index + 32] = node.hash
        mark = 1 << index
        self._single = self._single | mark if node.single else self._single & ~mark

    def hashed(self) -> Node:
        """The page's root, with every cell right again."""
        stale = self._stale
        for level in (8, 4, 2, 1):
            for index in range(level, 2 * level):
                if index in stale:
                    pair = bytes(self._cells[64 * index : 64 * index + 64])
                    self._set(index, _joined(pair, self._single >> 2 * index & 3))
                    stale.add(index >> 1)
        stale.clear()
        return Node(self.cell(1), self.is_single(1))

    def encoded(self) -> bytes:
        """The page as it is stored."""
        self._cells[:_MARKS] = self._single.to_bytes(_MARKS, "big")
        return _sealed(bytes(self._cells))


def _sealed(body: bytes) -> bytes:
    return body + crc32(body).to_bytes(4, "big")


def _opened(row: bytes) -> bytes:
    body = row[:-4]
    if crc32(body).to_bytes(4, "big") != row[-4:]:
        raise TreeDamaged("a row of the state's tree is damaged; restore the folder from a backup")
    return body


def _joined(pair: bytes, single: int) -> Node:
    """The node above two; `single` has a bit for each of them: 1 the left one, 2 the right one."""
    if single == 1 and pair[32:] == EMPTY:
        return Node(pair[:32], single=True)
    if single == 2 and pair[:32] == EMPTY:
        return Node(pair[32:], single=True)
    if not single and not any(pair):
        return NOTHING
    return Node(sha256(b"\x01" + pair).digest(), single=False)


def _built(digits: str, leaves: Sequence[Leaf], rows: dict[bytes, bytes | None]) -> Node:
    """The subtree of these leaves, whose pages are noted in `rows`."""
    depth = len(digits)
    if len(leaves) <= BUCKET:
        return _subtree(leaves, 4 * depth)
    page = Page()
    for digit, group in groupby(leaves, lambda leaf: leaf.path[depth]):
        page.put(int(digit, 16), _built(digits + digit, list(group), rows))
    root = page.hashed()
    rows[_PAGES + digits.encode()] = page.encoded()
    return root


def _subtree(leaves: Sequence[Leaf], level: int) -> Node:
    """The subtree of leaves that agree in the first `level` bits of their paths."""
    if not leaves:
        return NOTHING
    if len(leaves) == 1:
        return Node(leaves[0].hash, single=True)
    left, right = _divided(leaves, level)
    hashes = _subtree(left, level + 1).hash, _subtree(right, level + 1).hash
    return Node(inner_hash(*hashes), single=False)


def _divided(leaves: Sequence[Leaf], level: int) -> tuple[Sequence[Leaf], Sequence[Leaf]]:
    """Those with bit `level` of their paths 0, and those with 1."""
    digit, bit = level // 4, 8 >> level % 4
    at = next((n for n, leaf in enumerate(leaves) if int(leaf.path[digit], 16) & bit), len(leaves))
    return leaves[:at], leaves[at:]


def _steps_between(path: str, leaves: Sequence[Leaf], level: int) -> list[Step]:
    """What stands beside the way down to a leaf among few, from `level` on."""
    steps = []
    while len(leaves) > 1:
        left, right = _divided(leaves, level)
        goes_right = bool(int(path[level // 4], 16) & 8 >> level % 4)
        beside, leaves = (left, right) if goes_right else (right, left)
        steps.append(Step(_subtree(beside, level + 1).hash, left=goes_right))
        level += 1
    return steps
