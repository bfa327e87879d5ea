"""Everything that a store holds, against what commits to it: `zrsign ledger verify`."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from google.protobuf.message import DecodeError

from zrchain_lite.engine.records import Records
from zrchain_lite.light.hashes import header_hash
from zrchain_lite.store.lmdb_store import LmdbStore
from zrchain_lite.store.tree import Tree, TreeDamaged


def faults(store: LmdbStore) -> Iterator[str]:
    """A line for each thing that is not what was stored; none for a store that is whole."""
    tree, tip = Tree(store.tree), store.tip()
    pairs = 0
    for key, value in store.state.iterate(b""):
        pairs += 1
        if not tree.matches(key, value):
            yield f"state: {key!r} has another value than the app hash commits to"
    try:
        if tree.size() != pairs:
            yield f"state: {pairs} objects are there, and the app hash commits to {tree.size()}"
        tree.require_whole()
        if not tip.app_hash == tree.root() == tree.recomputed().hash:
            yield f"tree: its root is not the app hash of block {tip.height}"
    except TreeDamaged as damaged:
        yield f"tree: {damaged}"
    yield from _faults_of_blocks(Records(store.chain), tip.height)


def _faults_of_blocks(records: Records, last: int) -> Iterator[str]:
    """Each block's hash is in the header of the one after it."""
    previous = b""
    for height in range(records.first_height() or last + 1, last + 1):
        try:
            record = records.block(height)
        except (DecodeError, ValueError, zlib.error):
            record = None
        if record is None:
            yield f"block {height} is missing or damaged"
            previous = b""
            continue
        header = record.block.header
        if previous and header.last_block_id.hash != previous:
            yield f"block {height} does not follow block {height - 1}, as it is stored"
        if records.height_of_hash(header_hash(header)) != height:
            yield f"block {height} has another header than the one that was stored"
        previous = record.id.hash
