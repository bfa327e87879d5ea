"""Stores and overlays behave as an ordered dict does, at any depth, in memory and in LMDB."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from zrchain_lite.store.kv import KVStore, MemoryStore, Overlay
from zrchain_lite.store.lmdb_store import LmdbStore, Tip

KEYS = st.lists(st.sampled_from([0x00, 0x01, 0x61, 0xFE, 0xFF]), min_size=1, max_size=4).map(bytes)
VALUES = st.binary(max_size=3)
PREFIXES = st.lists(st.sampled_from([0x00, 0x61, 0xFF]), max_size=2).map(bytes)


def expected(
    model: dict[bytes, bytes], prefix: bytes, start: bytes | None, reverse: bool
) -> list[tuple[bytes, bytes]]:
    keys = sorted((key for key in model if key.startswith(prefix)), reverse=reverse)
    if start is not None:
        keys = [key for key in keys if (key <= start if reverse else key >= start)]
    return [(key, model[key]) for key in keys]


SMALL_KEYS = st.lists(st.sampled_from([0x00, 0x61, 0xFF]), min_size=1, max_size=3).map(bytes)


@given(
    pairs=st.dictionaries(SMALL_KEYS, VALUES, max_size=20),
    walks=st.lists(st.tuples(PREFIXES, st.none() | SMALL_KEYS, st.booleans()), max_size=20),
)
def test_snapshot__should_iterate_as_an_ordered_dict(
    pairs: dict[bytes, bytes], walks: list[tuple[bytes, bytes | None, bool]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = LmdbStore(Path(folder))
        store.commit(Tip("chain", 1, bytes(32)), sorted(pairs.items()))
        memory = MemoryStore()
        for key, value in pairs.items():
            memory.set(key, value)
        for prefix, start, reverse in walks:
            wanted = expected(pairs, prefix, start, reverse)
            assert list(store.state.iterate(prefix, start=start, reverse=reverse)) == wanted
            assert list(memory.iterate(prefix, start=start, reverse=reverse)) == wanted
        store.close()


class OverlayMachine(RuleBasedStateMachine):
    """A base store with a stack of overlays, each with its own model."""

    base: KVStore

    @initialize()
    def begin(self) -> None:
        self.base = MemoryStore()
        self.stores: list[Any] = [self.base]
        self.models: list[dict[bytes, bytes]] = [{}]

    @rule(key=KEYS, value=VALUES)
    def set(self, key: bytes, value: bytes) -> None:
        self.stores[-1].set(key, value)
        self.models[-1][key] = value

    @rule(key=KEYS)
    def delete(self, key: bytes) -> None:
        self.stores[-1].delete(key)
        self.models[-1].pop(key, None)

    @precondition(lambda self: len(self.stores) < 4)
    @rule()
    def push(self) -> None:
        self.stores.append(Overlay(self.stores[-1]))
        self.models.append(dict(self.models[-1]))

    @precondition(lambda self: len(self.stores) > 1)
    @rule()
    def commit(self) -> None:
        self.stores.pop().commit()
        self.models[-2:] = [self.models[-1]]

    @precondition(lambda self: len(self.stores) > 1)
    @rule()
    def drop(self) -> None:
        self.stores.pop()
        self.models.pop()

    @rule(key=KEYS)
    def get(self, key: bytes) -> None:
        assert self.stores[-1].get(key) == self.models[-1].get(key)

    @rule(prefix=PREFIXES, start=st.none() | KEYS, reverse=st.booleans())
    def iterate(self, prefix: bytes, start: bytes | None, reverse: bool) -> None:
        found = list(self.stores[-1].iterate(prefix, start=start, reverse=reverse))
        assert found == expected(self.models[-1], prefix, start, reverse)

    @invariant()
    def every_level_is_its_model(self) -> None:
        if hasattr(self, "stores"):
            for store, model in zip(self.stores, self.models, strict=True):
                assert dict(store.iterate(b"")) == model


class LmdbMachine(OverlayMachine):
    """The same over LMDB: the bottom overlay is committed as a block, and the store is reopened."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.lmdb = LmdbStore(Path(self.folder.name), map_bytes=64 * 1024)
        self.height = 0
        self.stores = [self.lmdb.state, Overlay(self.lmdb.state)]
        self.models = [{}, {}]

    @precondition(lambda self: len(self.stores) > 2)
    @rule()
    def commit(self) -> None:
        self.stores.pop().commit()
        self.models[-2:] = [self.models[-1]]

    @precondition(lambda self: len(self.stores) > 2)
    @rule()
    def drop(self) -> None:
        self.stores.pop()
        self.models.pop()

    @precondition(lambda self: len(self.stores) == 2)
    @rule(reopen=st.booleans())
    def block(self, reopen: bool) -> None:
        self.height += 1
        tip = Tip("chain", self.height, self.height.to_bytes(32, "big"))
        self.lmdb.commit(tip, self.stores[1].changes())
        if reopen:
            self.lmdb.close()
            self.lmdb = LmdbStore(Path(self.folder.name))
        assert self.lmdb.tip() == tip
        self.models[0] = dict(self.models[1])
        self.stores = [self.lmdb.state, Overlay(self.lmdb.state)]

    def teardown(self) -> None:
        if hasattr(self, "lmdb"):
            self.lmdb.close()
            self.folder.cleanup()


TestOverlay = OverlayMachine.TestCase
TestOverlay.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLmdb = LmdbMachine.TestCase
TestLmdb.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
