"""A contract's wallet on a Cosmos chain: its key, its transactions, and what is refused of them."""

from __future__ import annotations

import hashlib

import pytest

from tests.zrsign_receiver.world import COMPOSER, RELAYER, World, status_name
from zrchain_lite.errors import InvalidArgument
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains import COSMOS, COSMOS_LOCAL, Intent, simple_tx
from zrsign_chains.cosmos import CosmosChain, account_address
from zrsign_chains.cosmos_transactions import Charge, CosmosMessage, CosmosSigner, encode

CHAIN = CosmosChain(COSMOS_LOCAL)
TO = account_address(COMPOSER.public_key)
TX, SIMPLE = pb.REQUEST_KIND_TX, pb.REQUEST_KIND_SIMPLE_TX


@pytest.fixture
def world() -> World:
    """A ledger that takes itself for a destination."""
    made = World()
    params = pb.Params()
    params.CopyFrom(made.query("Params", pb.QueryParamsRequest(), pb.QueryParamsResponse).params)
    params.destinations.append(COSMOS_LOCAL)
    made.send(pb.MsgUpdateParams(authority=params.authority, params=params))
    return made


def ask(
    world: World, kind: pb.RequestKind, payload: bytes, *, broadcast: bool = True
) -> pb.Request:
    event = world.sign_event(
        kind, payload, wallet=COSMOS, destination=COSMOS_LOCAL, broadcast=broadcast
    )
    return world.request(world.report(event)[0])


def pay(public_key: bytes, value: int = 77, fee: int = 20) -> bytes:
    intent = Intent(TO, value, b"", 0)
    return CHAIN.compose(intent, CosmosSigner(public_key, 5, 3), 200_000, fee)


def test_wallet__should_have_the_ledgers_own_address(world: World) -> None:
    wallet = world.wallet(wallet=COSMOS)
    assert wallet.address == account_address(wallet.public_key)
    assert wallet.coin_type == 118


def test_transaction__should_be_signed_and_handed_to_relayers(world: World) -> None:
    key = world.wallet(wallet=COSMOS).public_key
    unsigned = pay(key)
    request = ask(world, TX, unsigned)
    assert status_name(request) == "SIGNING", request.reject_reason
    asked = world.treasury.sign_request(world.ctx(), request.sign_request_id)
    assert list(asked.data_for_signing) == [hashlib.sha256(unsigned).digest()]
    stored = world.treasury.sign_transaction_request(
        world.ctx(), request.sign_transaction_request_id
    )
    assert stored.wallet_type == treasury.WALLET_TYPE_NATIVE
    world.fulfil()
    (outgoing,) = world.query(
        "Outgoing", pb.QueryOutgoingRequest(), pb.QueryOutgoingResponse
    ).outgoing
    assert outgoing.chain == COSMOS_LOCAL
    raw = CHAIN.assemble(
        CHAIN.parse(outgoing.unsigned_transaction), outgoing.signatures, outgoing.public_keys
    )
    world.deliver(
        request.id,
        pb.DELIVERY_STATUS_CONFIRMED,
        pb.DELIVERY_KIND_TRANSACTION,
        CHAIN.transaction_id(raw),
    )
    assert status_name(world.request(request.id)) == "CONFIRMED"


def test_any_message__should_be_signed_for_the_wallets_own_account(world: World) -> None:
    key = world.wallet(wallet=COSMOS).public_key
    messages = [CosmosMessage("/zrchain.identity.MsgNewWorkspace", b"\n\x03abc")]
    unsigned = encode(CHAIN.chain_id, CosmosSigner(key, 0, 0), messages, Charge((), 1))
    assert status_name(ask(world, TX, unsigned)) == "SIGNING"


@pytest.mark.parametrize(
    ("reason", "payload"),
    [
        ("foreign_signers", pay(RELAYER.public_key)),
        ("malformed_transaction", b"sign bytes"),
        (
            "wrong_network",
            encode(
                "cosmoshub-4",
                CosmosSigner(RELAYER.public_key, 0, 0),
                [CosmosMessage("/a.B", b"x")],
                Charge((), 1),
            ),
        ),
    ],
)
def test_transaction_that_is_not_the_wallets__should_be_rejected(
    world: World, reason: str, payload: bytes
) -> None:
    world.wallet(wallet=COSMOS)
    request = ask(world, TX, payload)
    assert status_name(request) == "REJECTED"
    assert request.reject_reason.startswith(reason)


def test_data__should_not_be_signed_for_it_could_be_a_transaction(world: World) -> None:
    key = world.wallet(wallet=COSMOS).public_key
    request = ask(world, pb.REQUEST_KIND_DATA, pay(key), broadcast=False)
    assert status_name(request) == "REJECTED"
    assert request.reject_reason.startswith("data_not_supported")


def test_payment__should_be_taken_from_a_composer_that_keeps_to_it(world: World) -> None:
    key = world.wallet(wallet=COSMOS).public_key
    request = ask(world, SIMPLE, simple_tx.encode(simple_tx.SimpleTx(TO, 77, b"")))
    assert status_name(request) == "COMPOSING", request.reject_reason
    query = pb.QueryComposableRequest(namespace="cosmos")
    (waiting,) = world.query("Composable", query, pb.QueryComposableResponse).composable
    assert getattr(waiting, "from") == CHAIN.address(key)
    assert waiting.max_network_fee == str(CHAIN.default_max_network_fee)
    for wrong in (pay(key, 78), pay(key, fee=CHAIN.default_max_network_fee + 1)):
        with pytest.raises(InvalidArgument, match="is refused"):
            propose(world, request.id, wrong)
    propose(world, request.id, pay(key))
    assert status_name(world.request(request.id)) == "SIGNING"


def propose(world: World, request_id: int, unsigned: bytes) -> None:
    world.send(
        pb.MsgProposeTransaction(
            composer=COMPOSER.address, request_id=request_id, unsigned_transaction=unsigned
        )
    )


@pytest.mark.parametrize("to", ["cosmos1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqnrql8a", "0x" + "11" * 20])
def test_payment_to_another_chains_address__should_be_rejected(world: World, to: str) -> None:
    world.wallet(wallet=COSMOS)
    request = ask(world, SIMPLE, simple_tx.encode(simple_tx.SimpleTx(to, 77, b"")))
    assert status_name(request) == "REJECTED"
    assert request.reject_reason.split(":")[0] in ("wrong_network", "invalid_recipient")
