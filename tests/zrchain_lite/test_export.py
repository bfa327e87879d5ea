"""A chain that starts from another's exported state has that state, and goes on at its height."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration

from tests.processes import run
from tests.zrchain_lite.chain import ALICE, BOB, Chain, Clock, genesis, transfer
from zrchain_lite import exported
from zrchain_lite import genesis as genesis_file
from zrchain_lite.genesis import Genesis, GenesisError
from zrchain_lite.modules.treasury import state
from zrchain_lite.store.kv import KVStore, MemoryStore
from zrchain_lite.store.lmdb_store import FORMAT, LmdbStore
from zrchain_lite.wire.zrchain.treasury.treasury_pb2 import SignRequest
from zrsign_daemon.program import program

VECTORS = Path(__file__).parents[1] / "vectors"


def pairs(store: KVStore) -> dict[bytes, bytes]:
    return dict(store.iterate(b""))


def parsed(first: Genesis) -> Genesis:
    """The genesis as it comes back from its file."""
    return genesis_file.parse(first.model_dump_json())


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Chain]:
    """The ledger of a whole network: contracts' requests, operators, keys, deliveries."""
    with tarfile.open(VECTORS / "network-before" / "network.tar.xz") as archive:
        members = [each for each in archive if each.name.lstrip("./").startswith("ledger")]
        archive.extractall(tmp_path, members, filter="data")
    store = LmdbStore(tmp_path / "ledger")
    first = genesis().model_copy(update={"chain_id": store.tip().chain_id})
    store.close()
    chain = Chain(tmp_path / "ledger", first=first)
    yield chain
    chain.close()


def test_network__should_go_on_in_a_chain_from_its_export(network: Chain, tmp_path: Path) -> None:
    written = parsed(network.app.export())
    height, modules = network.app.tip.height, set(written.app_state)
    assert {"auth", "bank", "identity", "operators", "policy", "receiver", "treasury"} <= modules
    clock = Clock(network.clock.ms + 5_000)
    network.clock.ms = clock.ms
    network.engine.make_block()
    twins = [Chain(tmp_path / name, first=written, clock=clock) for name in ("one", "two")]
    for twin in twins:
        assert twin.app.tip.height == network.app.tip.height == height + 1
        assert pairs(twin.store.state) == pairs(network.store.state)
    assert twins[0].app.tip == twins[1].app.tip
    again = twins[0].app.export()
    assert again.app_state == network.app.export().app_state
    for twin in twins:
        twin.close()


def test_chain__should_start_again_and_take_transactions(tmp_path: Path) -> None:
    old = Chain(tmp_path / "old")
    old.block(old.tx(ALICE, transfer(ALICE, BOB, 5)))
    written = parsed(old.app.export())
    new = Chain(tmp_path / "new", first=written)
    assert (new.balance(BOB), new.sequence(ALICE)) == (old.balance(BOB), 1)
    record = new.block(new.tx(ALICE, transfer(ALICE, BOB, 7)))
    assert record.results.tx_results[0].code == 0
    assert record.height == old.app.tip.height + 2
    first = new.engine.records.first()
    assert first is not None
    assert first.height == written.initial_height
    new.close()
    reopened = Chain(tmp_path / "new", first=written)
    assert reopened.app.tip.height == record.height
    reopened.close()
    old.close()


def test_export__should_show_messages_and_keep_every_byte(tmp_path: Path) -> None:
    before = json.loads((VECTORS / "ledger-state-1.json").read_text())["state"]
    store = MemoryStore()
    for key, value in before.items():
        store.set(bytes.fromhex(key), bytes.fromhex(value))
    unshowable = SignRequest(id=99)
    unshowable.metadata.Pack(Duration(seconds=2**62), type_url_prefix="/")
    state.SIGN_REQUESTS.set(store, 99, unshowable)
    unknown = SignRequest(id=98, metadata=Packed(type_url="/no.Such", value=b"\x01"))
    state.SIGN_REQUESTS.set(store, 98, unknown)
    names = sorted({key.partition(b"/")[0].decode() for key, _ in store.iterate(b"")})
    written = exported.export(store, names)
    shown = [entry for part in written.values() for entry in part["state"]]
    assert {entry["type"] for entry in shown if "type" in entry} >= {
        "zrchain.policy.Policy",
        "zrchain.identity.Keyring",
        "cosmos.auth.v1beta1.BaseAccount",
    }
    as_bytes = [entry["key"] for entry in shown if "bytes" in entry]
    assert {each for each in as_bytes if each.endswith(("62", "63"))}, "what JSON cannot hold"
    again = MemoryStore()
    for name, part in json.loads(json.dumps(written)).items():
        exported.restore(again, name, part)
    assert pairs(again) == pairs(store)


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ({"format": FORMAT + 1, "state": []}, "zrsign ledger export"),
        ({"format": FORMAT, "state": {}}, "alone"),
        ({"format": FORMAT, "state": [], "params": {}}, "alone"),
        ({"format": FORMAT, "state": [{"bytes": "00"}]}, r"bank\.state\[0\]"),
        ({"format": FORMAT, "state": [{"key": "zz", "bytes": "00"}]}, "no entry"),
        ({"format": FORMAT, "state": [7]}, "no entry"),
        ({"format": FORMAT, "state": [{"key": b"auth/x".hex(), "bytes": "00"}]}, "not one of the"),
        (
            {"format": FORMAT, "state": [{"key": b"bank/x".hex(), "type": "no.Such", "value": {}}]},
            "no entry",
        ),
        (
            {
                "format": FORMAT,
                "state": [
                    {"key": b"bank/x".hex(), "type": "zrchain.treasury.Key", "value": {"a": 1}}
                ],
            },
            r"bank\.state\[0\]",
        ),
    ],
)
def test_bad_state__should_be_refused_before_anything_is_stored(
    tmp_path: Path, part: dict[str, Any], why: str
) -> None:
    with pytest.raises(GenesisError, match=why):
        Chain(tmp_path, first=genesis(bank=part))
    store = LmdbStore(tmp_path, readonly=True)
    assert store.tip().height == 0
    store.close()


def test_command__should_write_a_genesis_while_the_node_runs(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "genesis.json"
    command = program("zrsign", "ledger", "export", "--home", home, "--output", file)
    nothing = run(command)
    assert nothing.returncode == 2
    assert "holds no chain" in nothing.stderr
    chain = Chain(home)
    done = run(command)
    assert done.returncode == 0, done.stderr
    written = genesis_file.load(file)
    assert written.initial_height == chain.app.tip.height + 1
    assert written.app_state == chain.app.export().app_state
    chain.close()
