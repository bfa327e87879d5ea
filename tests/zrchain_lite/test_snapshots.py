"""Snapshots for state sync: what one node takes another begins with, and lies are found out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.zrchain_lite.chain import ALICE, BOB, CHAIN_ID, Chain, transfer
from zrchain_lite.app import App
from zrchain_lite.engine.cometbft import snapshots
from zrchain_lite.engine.cometbft.snapshots import Metadata, Snapshots, chunks_of, pairs_of, take
from zrchain_lite.errors import InvalidArgument
from zrchain_lite.keepers import Keepers
from zrchain_lite.store.lmdb_store import LmdbStore, StoreForeign
from zrchain_lite.wire.tendermint.abci import types_pb2 as abci
from zrsign.node import modules

OFFER, APPLY = abci.ResponseOfferSnapshot, abci.ResponseApplySnapshotChunk


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "CHUNK_BYTES", 200)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """An application without a chain."""
    store = LmdbStore(tmp_path / "fresh")
    keepers = Keepers.create()
    yield keepers.app(store, modules(keepers))
    store.close()


@pytest.fixture
def taken(chain: Chain, tmp_path: Path) -> tuple[Snapshots, abci.Snapshot, bytes]:
    """A chain's snapshots, the last of them, and its application hash; blocks came since."""
    chain.block(chain.tx(ALICE, transfer(ALICE, BOB)))
    height, app_hash = chain.app.tip.height, chain.app.tip.app_hash
    time_ms = chain.app.time_ms
    chain.block(chain.tx(ALICE, transfer(ALICE, BOB)))
    take(chain.store, tmp_path / "snapshots", height, time_ms)
    served = Snapshots(chain.app, tmp_path / "snapshots")
    (found,) = served.listed().snapshots
    assert (found.height, found.chunks > 2) == (height, True)
    return served, found, app_hash


def offer(to: Snapshots, snapshot: abci.Snapshot, app_hash: bytes) -> Any:
    asked = abci.RequestOfferSnapshot(snapshot=snapshot, app_hash=app_hash)
    return to.offer(asked, CHAIN_ID).result


def chunk(of: Snapshots, snapshot: abci.Snapshot, index: int) -> bytes:
    asked = abci.RequestLoadSnapshotChunk(height=snapshot.height, format=1, chunk=index)
    return of.chunk(asked).chunk


def apply(to: Snapshots, index: int, raw: bytes) -> abci.ResponseApplySnapshotChunk:
    return to.apply(abci.RequestApplySnapshotChunk(index=index, chunk=raw, sender="peer"))


def test_snapshot__should_give_another_node_the_same_state(
    chain: Chain, taken: tuple[Snapshots, abci.Snapshot, bytes], app: App, tmp_path: Path
) -> None:
    served, snapshot, app_hash = taken
    to = Snapshots(app, tmp_path / "none")
    assert offer(to, snapshot, app_hash) == OFFER.ACCEPT
    for index in range(snapshot.chunks):
        assert apply(to, index, chunk(served, snapshot, index)).result == APPLY.ACCEPT
    assert (app.tip.height, app.tip.app_hash) == (snapshot.height, app_hash)
    record = chain.engine.block(snapshot.height + 1)
    assert record is not None
    header = record.block.header
    finalized = app.finalize_block(
        abci.RequestFinalizeBlock(
            txs=record.block.data.txs, height=header.height, time=header.time, hash=record.id.hash
        )
    )
    app.commit()
    assert finalized.app_hash == app.tip.app_hash == chain.app.tip.app_hash
    assert chain.app.export() == app.export()


def test_chunk_of_a_liar__should_be_asked_of_another(
    taken: tuple[Snapshots, abci.Snapshot, bytes], app: App, tmp_path: Path
) -> None:
    served, snapshot, app_hash = taken
    to = Snapshots(app, tmp_path / "none")
    assert offer(to, snapshot, app_hash) == OFFER.ACCEPT
    answer = apply(to, 0, b"x" + chunk(served, snapshot, 0))
    assert (answer.result, list(answer.refetch_chunks)) == (APPLY.RETRY, [0])
    assert list(answer.reject_senders) == ["peer"]
    assert apply(to, 0, chunk(served, snapshot, 0)).result == APPLY.ACCEPT
    assert apply(to, 2, chunk(served, snapshot, 2)).result == APPLY.ABORT


@pytest.mark.parametrize("change", ["value", "left out", "added", "cut off"])
def test_state_of_a_liar__should_be_refused_whole(
    taken: tuple[Snapshots, abci.Snapshot, bytes], app: App, tmp_path: Path, change: str
) -> None:
    served, snapshot, app_hash = taken
    chunks = [chunk(served, snapshot, index) for index in range(snapshot.chunks)]
    chunks[-1] = {
        "value": chunks[-1][:-1] + bytes([chunks[-1][-1] ^ 1]),
        "left out": chunks[-2],
        "added": chunks[-1] + b"\x00\x01\x00\x00\x00\x01~~",
        "cut off": chunks[-1][:-1],
    }[change]
    told = Metadata.parse(snapshot.metadata)
    false = told._replace(chunks=[hashlib.sha256(each).hexdigest() for each in chunks]).encode()
    lie = abci.Snapshot(
        height=snapshot.height,
        format=1,
        chunks=len(chunks),
        hash=hashlib.sha256(false).digest(),
        metadata=false,
    )
    to = Snapshots(app, tmp_path / "none")
    assert offer(to, lie, app_hash) == OFFER.ACCEPT
    results = [apply(to, index, raw).result for index, raw in enumerate(chunks)]
    assert results[-1] == APPLY.REJECT_SNAPSHOT
    assert app.tip.height == 0
    assert list(app._store.state.iterate(b"")) == []
    assert offer(to, snapshot, app_hash) == OFFER.ACCEPT


def test_offer__should_be_refused_where_it_does_not_fit(
    chain: Chain, taken: tuple[Snapshots, abci.Snapshot, bytes], app: App, tmp_path: Path
) -> None:
    served, snapshot, app_hash = taken
    to = Snapshots(app, tmp_path / "none")

    def changed(**fields: Any) -> abci.Snapshot:
        other = abci.Snapshot()
        other.CopyFrom(snapshot)
        for name, value in fields.items():
            setattr(other, name, value)
        return other

    foreign = Metadata.parse(snapshot.metadata)._replace(chain_id="other-1").encode()
    foreign_hash = hashlib.sha256(foreign).digest()
    assert offer(to, changed(format=2), app_hash) == OFFER.REJECT_FORMAT
    for refused in (
        changed(hash=bytes(32)),
        changed(chunks=snapshot.chunks + 1),
        changed(metadata=b"[]", hash=hashlib.sha256(b"[]").digest()),
        changed(metadata=foreign, hash=foreign_hash),
    ):
        assert offer(to, refused, app_hash) == OFFER.REJECT
    assert apply(to, 0, b"").result == APPLY.ABORT
    assert offer(served, snapshot, app_hash) == OFFER.ABORT
    with pytest.raises(StoreForeign, match="already holds"):
        chain.app.restore(chain.app.tip, [])


def test_snapshots__should_be_kept_twice(chain: Chain, tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    heights = []
    for _ in range(3):
        record = chain.engine.make_block()
        heights.append(record.height)
        take(chain.store, folder, record.height, record.time_ms)
    served = Snapshots(chain.app, folder)
    assert [each.height for each in served.listed().snapshots] == heights[1:]
    missing = abci.RequestLoadSnapshotChunk(height=heights[0], format=1, chunk=0)
    assert served.chunk(missing).chunk == b""
    with pytest.raises(InvalidArgument, match="not kept"):
        take(chain.store, folder, heights[-1] + 1, 0)


def test_chunks__should_hold_every_pair_once(chain: Chain) -> None:
    pieces = list(chunks_of(chain.store.state))
    assert [pair for each in pieces for pair in pairs_of(each)] == list(
        chain.store.state.iterate(b"")
    )
