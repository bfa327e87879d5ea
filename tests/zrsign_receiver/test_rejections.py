"""What a contract asks for and cannot have: a REJECTED request with a code word, and an accepted
report.
"""

from __future__ import annotations

from typing import Any

import pytest
from nacl.signing import SigningKey

from tests.zrsign_receiver import transactions
from tests.zrsign_receiver.world import (
    EVM_CHAIN,
    LOCALNET,
    OWNER,
    REGTEST,
    Account,
    World,
    status_name,
    step_names,
)
from zrchain_lite.modules.identity.keeper import MAX_DEPTH
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains import BITCOIN, BITCOIN_MAINNET, BITCOIN_TEST, EVM, SOLANA, Intent
from zrsign_chains.evm import EvmChain
from zrsign_receiver.errors import Reason
from zrsign_receiver.requests.keys import MAX_WAITING

HASH, DATA = pb.REQUEST_KIND_HASH, pb.REQUEST_KIND_DATA
TX, SIMPLE = pb.REQUEST_KIND_TX, pb.REQUEST_KIND_SIMPLE_TX
ON_BITCOIN = {"wallet": BITCOIN_TEST, "destination": REGTEST}
ON_SOLANA = {"wallet": SOLANA, "destination": LOCALNET}
STRANGER = Account("somebody else").public_key

CASES: list[tuple[Reason, Any, bytes, dict[str, Any]]] = [
    (Reason.INVALID_HASH_LENGTH, HASH, b"\x01" * 31, {}),
    (Reason.INVALID_HASH_LENGTH, HASH, b"", {}),
    (Reason.BROADCAST_NOT_ALLOWED, HASH, b"\x01" * 32, {"broadcast": True}),
    (Reason.BROADCAST_NOT_ALLOWED, DATA, b"words", {"broadcast": True}),
    (Reason.EMPTY_PAYLOAD, DATA, b"", {}),
    (Reason.UNKNOWN_KIND, 0, b"\x01" * 32, {}),
    (Reason.UNKNOWN_KIND, 17, b"\x01" * 32, {}),
    (Reason.UNKNOWN_KIND, pb.REQUEST_KIND_KEY, b"\x01" * 32, {}),
    (Reason.UNKNOWN_DESTINATION, HASH, b"\x01" * 32, {"destination": "eip155:999"}),
    (Reason.UNKNOWN_DESTINATION, HASH, b"\x01" * 32, {"destination": BITCOIN_MAINNET}),
    (Reason.DESTINATION_MISMATCH, HASH, b"\x01" * 32, {"destination": REGTEST}),
    (
        Reason.DESTINATION_MISMATCH,
        HASH,
        b"\x01" * 32,
        {"wallet": BITCOIN, "destination": REGTEST},
    ),
    (Reason.UNKNOWN_WALLET, HASH, b"\x01" * 32, {"owner": Account("somebody else")}),
    (Reason.UNKNOWN_WALLET, HASH, b"\x01" * 32, {"index": 1}),
    (Reason.UNKNOWN_WALLET, HASH, b"\x01" * 32, {"index": 2**64 - 1}),
    (Reason.MALFORMED_TRANSACTION, TX, b"", {}),
    (Reason.MALFORMED_TRANSACTION, TX, b"\xc0", {}),
    (Reason.MALFORMED_TRANSACTION, TX, b"not a psbt", ON_BITCOIN),
    (Reason.MALFORMED_TRANSACTION, TX, b"not a message", ON_SOLANA),
    (Reason.FOREIGN_INPUTS, TX, transactions.bitcoin(STRANGER), ON_BITCOIN),
    (
        Reason.FOREIGN_SIGNERS,
        TX,
        transactions.solana(bytes(SigningKey(b"\x05" * 32).verify_key)),
        ON_SOLANA,
    ),
    (Reason.MALFORMED_SIMPLE_TX, SIMPLE, b"", {}),
    (Reason.MALFORMED_SIMPLE_TX, SIMPLE, b"\x4d\xbd\xa8\xd6\xff", {}),
    (Reason.INVALID_RECIPIENT, SIMPLE, transactions.simple("nobody"), {}),
    (Reason.INVALID_RECIPIENT, SIMPLE, transactions.simple(transactions.EVM_RECIPIENT), ON_SOLANA),
    (
        Reason.INVALID_AMOUNT,
        SIMPLE,
        transactions.simple(transactions.SOLANA_RECIPIENT, 2**64),
        ON_SOLANA,
    ),
    (
        Reason.DATA_NOT_SUPPORTED,
        SIMPLE,
        transactions.simple(transactions.BITCOIN_RECIPIENT, 9000, b"memo"),
        ON_BITCOIN,
    ),
]


@pytest.fixture(scope="module")
def world() -> World:
    world = World()
    for wallet in (EVM, BITCOIN, BITCOIN_TEST, SOLANA):
        world.wallet(wallet=wallet)
    return world


@pytest.mark.parametrize(("reason", "kind", "payload", "changes"), CASES)
def test_sign_request__should_be_rejected_with_a_code_word(
    world: World, reason: Reason, kind: Any, payload: bytes, changes: dict[str, Any]
) -> None:
    (request_id,) = world.report(world.sign_event(kind, payload, **changes))
    request = world.request(request_id)
    assert request.reject_reason.partition(": ")[0] == reason
    assert request.reject_reason.partition(": ")[2]
    assert status_name(request) == "REJECTED"
    assert step_names(request)[-1] == "rejected"


def test_transaction__should_be_rejected_when_it_contradicts_its_destination(world: World) -> None:
    other = EvmChain("eip155:1").compose(
        Intent(transactions.EVM_RECIPIENT, 1, b"", 1),
        nonce=0,
        gas=21_000,
        max_fee=1,
        priority_fee=1,
    )
    (request_id,) = world.report(world.sign_event(TX, other, destination=EVM_CHAIN))
    assert world.request(request_id).reject_reason.startswith("wrong_network: ")


def test_payload_above_the_limit__should_be_rejected_by_its_size(world: World) -> None:
    event = world.sign_event(DATA, b"")
    event.sign.oversize_bytes = 10**6
    (request_id,) = world.report(event)
    assert world.request(request_id).reject_reason.startswith("payload_too_large: 1000000 ")


def test_key_request__should_be_rejected_with_a_code_word(world: World) -> None:
    unknown, zero, index = (world.key_event() for _ in range(3))
    unknown.key.wallet_type_id = b"\x09" * 32
    zero.owner = "0x" + "00" * 20
    index.key.wallet_index = 2**64 - 1
    ids = world.report(unknown, zero, index)
    words = [world.request(id_).reject_reason.partition(":")[0] for id_ in ids]
    assert words == ["unknown_wallet_type", "invalid_owner", "invalid_wallet_index"]


def test_key_request__should_be_rejected_when_the_owner_left_no_room_for_its_workspace() -> None:
    world = World()
    wallet = world.wallet()
    ctx = world.ctx()
    owned = world.identity.workspaces_of(ctx, OWNER.evm)
    parent = next(w.address for w in owned if wallet.workspace_addr in w.child_workspaces)
    for _ in range(MAX_DEPTH - 1):
        above = world.identity.create_workspace(ctx, OWNER.address, [OWNER.address]).address
        world.identity.append_child(ctx, above, parent)
        parent = above
    (request_id,) = world.report(world.key_event(wallet=SOLANA))
    assert world.request(request_id).reject_reason.startswith("workspace_refused: ")


def test_requests__should_be_rejected_while_the_keyring_is_inactive() -> None:
    world = World()
    world.wallet()
    keyring = world.identity.keyring(world.ctx(), world.keyring)
    keyring.is_active = False
    world.identity.save_keyring(world.ctx(), keyring)
    ids = world.report(world.key_event(index=1), world.sign_event(HASH, b"\x01" * 32))
    reasons = [world.request(id_).reject_reason.partition(": ")[0] for id_ in ids]
    assert reasons == [Reason.LEDGER_REFUSED, Reason.LEDGER_REFUSED]


def test_flood_of_requests_for_one_key__should_not_keep_it_from_being_answered() -> None:
    """Anybody may ask for anybody's key, and one transaction must end all who wait for it."""
    world = World()
    ids = [world.report(world.key_event())[0] for _ in range(MAX_WAITING + 2)]
    for request_id in ids[MAX_WAITING:]:
        assert world.request(request_id).reject_reason.startswith("too_many_waiting: ")
    world.fulfil()
    assert {status_name(world.request(request_id)) for request_id in ids[:MAX_WAITING]} == {
        "ANSWERED"
    }


def test_wallet_that_is_still_being_made__should_be_unknown() -> None:
    world = World()
    _, request_id = world.report(world.key_event(), world.sign_event(HASH, b"\x01" * 32))
    assert world.request(request_id).reject_reason.startswith("unknown_wallet: ")


def test_trace_id__should_belong_to_one_source_event(world: World) -> None:
    first, second = (world.sign_event(HASH, b"\x01" * 32, trace_id=10_000) for _ in range(2))
    holder, late = world.report(first, second)
    assert status_name(world.request(holder)) == "SIGNING"
    assert world.request(late).reject_reason == (
        f"trace_id_taken: trace 10000 of {first.id.contract} is request {holder}"
    )


def test_rejection__should_not_touch_the_other_events_of_a_report(world: World) -> None:
    bad, good = world.report(world.sign_event(HASH, b"short"), world.sign_event(HASH, b"\x01" * 32))
    assert status_name(world.request(bad)) == "REJECTED"
    assert status_name(world.request(good)) == "SIGNING"
