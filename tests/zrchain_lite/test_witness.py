"""What a query has read, against the app hash; and everything that a liar may change in it."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from zrchain_lite.store.kv import Change, MemoryStore
from zrchain_lite.store.proofs import InvalidProof
from zrchain_lite.store.tree import Tree
from zrchain_lite.store.witness import ReadingStore, WitnessedStore, show, verify


class World:
    """A state with its tree."""

    def __init__(self, pairs: dict[bytes, bytes]) -> None:
        self.state, self.tree = MemoryStore(), MemoryStore()
        changes: list[Change] = [*pairs.items()]
        self.root, rows = Tree(self.tree).after(changes)
        for store, written in ((self.state, changes), (self.tree, rows)):
            for key, value in written:
                if value is not None:
                    store.set(key, value)

    def show(self, reads: dict[bytes, bytes | None]) -> bytes:
        return show(self.state, self.tree, reads)


def pairs(count: int) -> dict[bytes, bytes]:
    return {b"a/%d" % n: b"value %d" % n for n in range(count)}


def lies(reads: dict[bytes, bytes | None]) -> Iterator[dict[bytes, bytes | None]]:
    """Every read with another value, without one, or with one that is not there."""
    for key, value in reads.items():
        for other in (None, b"", b"invented", (value or b"") + b"\x00"):
            if other != value:
                yield {**reads, key: other}


@pytest.mark.parametrize("count", [0, 1, 2, 15, 17, 200, 5_000])
def test_reads__should_be_shown_against_the_root(count: int) -> None:
    random = Random(count)
    world = World(pairs(count))
    for size in (0, 1, 2, 30):
        keys = [b"a/%d" % random.randrange(2 * count + 2) for _ in range(size)]
        reads = {key: world.state.get(key) for key in keys}
        shown = world.show(reads)
        verify(world.root, shown, reads)
        assert len(shown) < 64 * 20 * (size + 1)
        for lie in lies(reads):
            with pytest.raises(InvalidProof):
                verify(world.root, shown, lie)


def test_a_hidden_value__should_not_be_shown_as_absent() -> None:
    """The liar builds any walk it likes over the real nodes."""
    world = World(pairs(100))
    key = b"a/7"
    honest = {each: world.state.get(each) for each in (b"a/1", b"a/2")}
    shown = world.show({key: b""})
    others = world.show(honest)
    for walk in (shown, others, shown + others, shown[:-1], b"", b"e", b"v", b"i" * 300):
        with pytest.raises(InvalidProof):
            verify(world.root, walk, {key: None})


def test_every_changed_byte__should_lead_to_another_root_or_be_refused() -> None:
    world = World(pairs(60))
    reads = {key: world.state.get(key) for key in (b"a/3", b"a/50", b"a/none", b"b")}
    shown = world.show(reads)
    for at in range(len(shown)):
        changed = bytearray(shown)
        changed[at] ^= 1 << at % 8
        with pytest.raises(InvalidProof):
            verify(world.root, bytes(changed), reads)


def test_a_query_on_what_was_read__should_see_the_same() -> None:
    world = World({**pairs(40), b"c/1": b"one", b"c/2": b"two"})
    reading = ReadingStore(world.state)

    def look(store: MemoryStore | ReadingStore) -> object:
        ranged = list(store.iterate(b"c/")), next(store.iterate(b"a/", reverse=True))
        return ranged, store.get(b"a/5"), store.get(b"nothing")

    seen = look(reading)
    verify(world.root, world.show(reading.reads), reading.reads)
    witnessed = WitnessedStore(reading.reads)
    assert look(witnessed) == seen
    with pytest.raises(InvalidProof, match="shows nothing about"):
        witnessed.get(b"a/6")
