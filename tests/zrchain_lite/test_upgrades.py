"""What an older version stored is written anew, in one block, and says the same afterwards."""

from __future__ import annotations

import json
import tarfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from tests.zrchain_lite.chain import Chain, genesis
from zrchain_lite.api.json_codec import to_json
from zrchain_lite.api.tx_view import decoded_tx
from zrchain_lite.modules.policy import state as policy_state
from zrchain_lite.modules.policy import uses
from zrchain_lite.modules.treasury import state
from zrchain_lite.modules.treasury.transactions import prepare_as_asked
from zrchain_lite.store.kv import MemoryStore
from zrchain_lite.store.lmdb_store import FORMAT, LmdbStore, StoreCorrupted, StoreForeign, Tip
from zrchain_lite.upgrades import upgrade
from zrchain_lite.wire.cosmos.tx.v1beta1.tx_pb2 import TxBody, TxRaw
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrchain_lite.wire.zrchain.treasury.treasury_pb2 import MsgNewSignTransactionRequest

VECTORS = Path(__file__).parents[1] / "vectors"
BEFORE: dict[str, Any] = json.loads((VECTORS / "ledger-state-1.json").read_text())
ALICE, BOB, _ = BEFORE["accounts"]
FEE = 3


@pytest.fixture
def store() -> MemoryStore:
    """The state of format 1, upgraded."""
    found = MemoryStore()
    for key, value in BEFORE["state"].items():
        found.set(bytes.fromhex(key), bytes.fromhex(value))
    upgrade(found, 1)
    return found


def test_keys__should_keep_index_and_policy(store: MemoryStore) -> None:
    keys = list(state.KEYS.values(store))
    assert [(key.id, key.index) for key in keys] == [(1, 7), (2, 7), (3, 7)]
    assert [key.sign_policy_id for key in keys] == [1, 0, 0]
    assert [len(key.public_key) for key in keys] == [33, 33, 32]


def test_key_requests__should_keep_payer_answers_and_refusals(store: MemoryStore) -> None:
    requests = list(state.KEY_REQUESTS.values(store))
    assert [request.status for request in requests] == [3, 3, 3, 2, 4]
    for request in requests:
        assert (request.fee, request.fee_payer, request.mpc_btl) == (FEE, ALICE, 21)
        assert (request.workspace_addr, request.keyring_addr) == (
            BEFORE["workspace"],
            BEFORE["keyring"],
        )
    assert [len(request.keyring_party_sigs) for request in requests] == [2, 2, 2, 1, 0]
    assert requests[3].public_key == requests[3].keyring_party_sigs[0].value
    (refusal,) = requests[4].refusals
    assert (refusal.creator, refusal.reason) == (ALICE, "not today")
    assert [request.reject_reason for request in requests] == ["", "", "", "", "not today"]


def test_sign_requests__should_keep_their_family_and_answers(store: MemoryStore) -> None:
    parent, first, second, single = state.SIGN_REQUESTS.values(store)
    assert list(parent.child_req_ids) == [first.id, second.id] == [2, 3]
    assert (list(parent.key_ids), list(first.key_ids)) == ([1, 1], [1])
    assert (parent.parent_req_id, first.parent_req_id) == (0, parent.id)
    assert (parent.fee, parent.fee_payer, parent.mpc_btl) == (2 * FEE, ALICE, 21)
    assert first.status == wire.SIGN_REQUEST_STATUS_FULFILLED
    assert [each.creator for each in first.keyring_party_sigs] == [ALICE, BOB]
    assert single.keyring_addr == BEFORE["keyring"]
    assert (single.cache_id, single.metadata.TypeName()) == (
        b"cache",
        "zrchain.treasury.MetadataEthereum",
    )
    (transaction,) = state.SIGN_TRANSACTIONS.values(store)
    assert (transaction.wallet_type, transaction.sign_request_id) == (wire.WALLET_TYPE_EVM, 4)
    assert (transaction.no_broadcast, list(transaction.key_ids)) == (True, [1])


def test_action__should_still_execute_what_was_asked(store: MemoryStore) -> None:
    waiting = [action for action in policy_state.ACTIONS.values(store) if action.status == 1]
    (action,) = waiting
    message = MsgNewSignTransactionRequest.FromString(action.msg.value)
    assert (list(message.key_ids), message.key_id) == ([1], 0)
    public_key = next(state.KEYS.values(store)).public_key
    prepared = prepare_as_asked(
        message.wallet_type, message.unsigned_transaction, message.metadata, [public_key]
    )
    given = {item.key: item.value for item in action.policy_data}
    assert prepared.policy_data() == given


def test_upgrade__should_leave_nothing_that_this_version_does_not_know(store: MemoryStore) -> None:
    stored: list[Message] = []
    for each in (state.KEYS, state.KEY_REQUESTS, state.SIGN_REQUESTS, state.SIGN_TRANSACTIONS):
        stored += each.values(store)
    for message in stored:
        size = message.ByteSize()
        message.DiscardUnknownFields()
        assert message.ByteSize() == size, message
    before = {bytes.fromhex(key) for key in BEFORE["state"]}
    gone = {key for key in before if key.startswith(b"policy/action_by_status/")}
    found = {key for key, _ in store.iterate(b"")}
    counts = {key for key in found if key.startswith((b"policy/use/", b"policy/named/"))}
    assert gone
    assert found - counts == before - gone


def test_upgrade__should_count_whom_the_policies_of_keys_name(store: MemoryStore) -> None:
    workspace = BEFORE["workspace"]
    (policy,) = {key.sign_policy_id for key in state.KEYS.values(store) if key.sign_policy_id}
    named = uses.participants(store, policy)
    assert named
    assert all(uses.is_named(store, workspace, each) for each in named)
    for key in state.KEYS.values(store):
        uses.leave(store, workspace, key.sign_policy_id)
    for request in state.KEY_REQUESTS.values(store):
        if request.status in (wire.KEY_REQUEST_STATUS_PENDING, wire.KEY_REQUEST_STATUS_PARTIAL):
            uses.leave(store, workspace, request.sign_policy_id)
    assert not any(uses.is_named(store, workspace, each) for each in named)


@given(st.binary(max_size=60))
def test_damaged_state__should_be_called_so(raw: bytes) -> None:
    store = MemoryStore()
    store.set(state.KEYS.prefix + bytes(8), raw)
    with suppress(StoreCorrupted):
        upgrade(store, 1)
        assert all(isinstance(key, wire.Key) for key in state.KEYS.values(store))


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """The ledger of the network before, as its node left it."""
    with tarfile.open(VECTORS / "network-before" / "network.tar.xz") as archive:
        members = [each for each in archive if each.name.lstrip("./").startswith("ledger")]
        archive.extractall(tmp_path, members, filter="data")
    return tmp_path / "ledger"


def test_start__should_write_an_older_store_anew_in_its_first_block(older: Path) -> None:
    before = LmdbStore(older)
    tip, found = before.tip(), before.format()
    before.close()
    assert found == 1

    first = genesis().model_copy(update={"chain_id": tip.chain_id})
    chain = Chain(older, first=first)
    assert chain.store.format() == FORMAT
    assert chain.app.tip.height == tip.height + 1
    assert chain.app.tip.app_hash != tip.app_hash
    keys = list(state.KEYS.values(chain.store.state))
    assert [key.id for key in keys] == [1, 2, 3, 4, 5]
    requests = list(state.KEY_REQUESTS.values(chain.store.state))
    assert all(request.fee_payer and request.keyring_party_sigs for request in requests)
    chain.close()

    again = Chain(older, first=first)
    assert again.app.tip.height == tip.height + 1, "written anew once"
    again.close()


def test_replay__should_reach_the_same_hash_from_the_same_older_store(
    older: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "data.mdb").write_bytes((older / "data.mdb").read_bytes())
    hashes = []
    for folder in (older, copy):
        store = LmdbStore(folder)
        first = genesis().model_copy(update={"chain_id": store.tip().chain_id})
        store.close()
        chain = Chain(folder, first=first)
        hashes.append(chain.app.tip.app_hash)
        chain.close()
    assert hashes[0] == hashes[1]


def test_transaction_of_an_old_block__should_be_shown_without_what_moved() -> None:
    by_older_numbers = wire.MsgNewSignTransactionRequest(
        creator=ALICE, wallet_type=wire.WALLET_TYPE_EVM
    )
    value = by_older_numbers.SerializeToString() + b"\x12\x02\x01\x02"  # key_ids 1 and 2
    body = TxBody(
        messages=[Packed(type_url="/" + by_older_numbers.DESCRIPTOR.full_name, value=value)]
    )
    raw = TxRaw(body_bytes=body.SerializeToString()).SerializeToString()
    shown = to_json(decoded_tx(raw))["body"]["messages"][0]
    assert (shown["creator"], shown["wallet_type"]) == (ALICE, "WALLET_TYPE_EVM")
    assert (shown["key_id"], shown["key_ids"]) == ("0", [])


def test_store_of_a_later_format__should_be_refused(tmp_path: Path) -> None:
    store = LmdbStore(tmp_path)
    store.commit(Tip("chain", 1, bytes(32)), [(b"a", b"1")])
    with store._environment.begin(write=True) as txn:
        txn.put(b"format", b"zrchain-lite/%d" % (FORMAT + 1), db=store._meta)
    store.close()
    with pytest.raises(StoreForeign, match="run the version that wrote it"):
        LmdbStore(tmp_path)
