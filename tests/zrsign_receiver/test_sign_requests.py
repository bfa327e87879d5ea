"""Sign requests of every kind, in Omni and Direct, signed with real keys and verified by
independent libraries.
"""

from __future__ import annotations

import hashlib

import pytest
from eth_account import Account as EthAccount
from eth_account.messages import encode_defunct
from nacl.signing import VerifyKey

from tests.zrsign_receiver import transactions
from tests.zrsign_receiver.world import (
    DIRECT,
    EVM_CHAIN,
    LOCALNET,
    OWNER,
    PAYER,
    REGTEST,
    SOURCE_CHAIN,
    World,
    status_name,
    step_names,
)
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains import BITCOIN_TEST, EVM, SOLANA, WalletType, chain_for
from zrsign_chains.ecdsa import verify
from zrsign_receiver.answers import authority

TRANSACTION_WALLETS = [
    (EVM, EVM_CHAIN),
    (BITCOIN_TEST, REGTEST),
    (SOLANA, LOCALNET),
]


def unsigned(destination: str, public_key: bytes) -> bytes:
    if destination == REGTEST:
        return transactions.bitcoin(public_key)
    return transactions.solana(public_key) if destination == LOCALNET else transactions.evm()


def test_hash__should_be_signed_as_it_is() -> None:
    world = World()
    wallet = world.wallet()
    digest = hashlib.sha256(b"anything").digest()
    (request_id,) = world.report(world.sign_event(pb.REQUEST_KIND_HASH, digest))
    assert status_name(world.request(request_id)) == "SIGNING"
    world.fulfil()
    request = world.request(request_id)
    assert status_name(request) == "ANSWERED"
    verify(wallet.public_key, digest, request.signatures[0][:64])
    assert step_names(request) == [
        "observed",
        "accepted",
        "approved",
        "signing",
        "signed",
        "answered",
    ]


def test_data__should_be_a_personal_message_for_an_evm_wallet() -> None:
    world = World()
    wallet = world.wallet()
    (request_id,) = world.report(world.sign_event(pb.REQUEST_KIND_DATA, b"hello, zrSign"))
    world.fulfil()
    signature = authority.recoverable(world.request(request_id).signatures[0])
    message = encode_defunct(b"hello, zrSign")
    assert EthAccount.recover_message(message, signature=signature) == wallet.address


@pytest.mark.parametrize("size", [1, 0xFC, 0xFD, 0xFFFF])
def test_data__should_be_framed_as_a_bitcoin_message_for_a_bitcoin_wallet(size: int) -> None:
    world = World()
    wallet = world.wallet(wallet=BITCOIN_TEST)
    payload = b"m" * size
    event = world.sign_event(
        pb.REQUEST_KIND_DATA, payload, wallet=BITCOIN_TEST, destination=REGTEST
    )
    (request_id,) = world.report(event)
    world.fulfil()
    length = bytes([size]) if size < 0xFD else b"\xfd" + size.to_bytes(2, "little")
    framed = b"\x18Bitcoin Signed Message:\n" + length + payload
    digest = hashlib.sha256(hashlib.sha256(framed).digest()).digest()
    verify(wallet.public_key, digest, authority.compact(world.request(request_id).signatures[0]))


def test_data__should_be_signed_as_it_is_for_a_solana_wallet() -> None:
    world = World()
    wallet = world.wallet(wallet=SOLANA)
    event = world.sign_event(
        pb.REQUEST_KIND_DATA, b"solana says", wallet=SOLANA, destination=LOCALNET
    )
    (request_id,) = world.report(event)
    world.fulfil()
    VerifyKey(wallet.public_key).verify(b"solana says", world.request(request_id).signatures[0])


@pytest.mark.parametrize(("wallet_type", "destination"), TRANSACTION_WALLETS)
def test_transaction__should_become_outgoing_and_end_when_its_delivery_is_confirmed(
    wallet_type: WalletType, destination: str
) -> None:
    world = World()
    wallet = world.wallet(wallet=wallet_type)
    payload = unsigned(destination, wallet.public_key)
    event = world.sign_event(
        pb.REQUEST_KIND_TX, payload, wallet=wallet_type, destination=destination, broadcast=True
    )
    (request_id,) = world.report(event)
    world.fulfil()
    assert status_name(world.request(request_id)) == "DELIVERING"

    (outgoing,) = world.query(
        "Outgoing", pb.QueryOutgoingRequest(), pb.QueryOutgoingResponse
    ).outgoing
    chain = chain_for(outgoing.chain)
    tx = chain.parse(outgoing.unsigned_transaction)
    assert chain.assemble(tx, outgoing.signatures, outgoing.public_keys)
    assert outgoing.unsigned_transaction == payload

    transaction = pb.DELIVERY_KIND_TRANSACTION
    world.deliver(request_id, pb.DELIVERY_STATUS_SUBMITTED, transaction)
    world.deliver(request_id, pb.DELIVERY_STATUS_CONFIRMED, transaction)
    request = world.request(request_id)
    assert status_name(request) == "CONFIRMED"
    assert step_names(request)[-3:] == [
        "delivering",
        "transaction_submitted",
        "transaction_confirmed",
    ]
    assert not world.query("Outgoing", pb.QueryOutgoingRequest(), pb.QueryOutgoingResponse).outgoing


def test_transaction__should_stay_on_the_ledger_without_broadcast() -> None:
    world = World()
    world.wallet()
    (request_id,) = world.report(world.sign_event(pb.REQUEST_KIND_TX, transactions.evm()))
    world.fulfil()
    request = world.request(request_id)
    assert status_name(request) == "ANSWERED"
    assert request.unsigned_transaction == transactions.evm()
    assert not request.deliveries


@pytest.mark.parametrize(
    ("kind", "payload", "broadcast"),
    [
        (pb.REQUEST_KIND_HASH, b"\x01" * 32, False),
        (pb.REQUEST_KIND_DATA, b"words", False),
        (pb.REQUEST_KIND_TX, transactions.evm(), False),
        (pb.REQUEST_KIND_TX, transactions.evm(), True),
    ],
)
@pytest.mark.parametrize("typed", [False, True])
def test_direct__should_carry_the_answer_the_authority_signed(
    kind: pb.RequestKind, payload: bytes, broadcast: bool, typed: bool
) -> None:
    world = World()
    authority_key = world.direct_source(typed=typed)
    wallet = world.wallet()
    event = world.sign_event(kind, payload, contract=DIRECT, broadcast=broadcast, trace_id=77)
    (request_id,) = world.report(event)
    world.fulfil()
    assert status_name(world.request(request_id)) == "AUTHORISING"
    world.fulfil()
    request = world.request(request_id)
    answer = request.answer
    assert status_name(request) == "DELIVERING"
    assert int.from_bytes(answer.trace_id, "big") == 77
    assert answer.meta_data == (payload if kind == pb.REQUEST_KIND_TX else b"")
    assert answer.broadcast is broadcast
    assert len(answer.signature) == 65
    assert answer.signature[64] in (27, 28)
    assert answer.context == (authority.context(request.event) if typed else b"")
    assert answer.authority_signature[65:] == answer.context
    digest = authority.digest(request.event.id, answer)
    key = world.treasury.key(world.ctx(), authority_key).public_key
    verify(key, digest, answer.authority_signature[:64])
    kinds = [d.kind for d in request.deliveries]
    transaction = [pb.DELIVERY_KIND_TRANSACTION] if broadcast else []
    assert kinds == [pb.DELIVERY_KIND_ANSWER, *transaction]
    assert wallet.key_id == request.key_id


def test_direct__should_answer_a_bitcoin_transaction_with_64_bytes_an_input() -> None:
    world = World()
    world.direct_source()
    wallet = world.wallet(wallet=BITCOIN_TEST)
    payload = transactions.bitcoin(wallet.public_key)
    event = world.sign_event(
        pb.REQUEST_KIND_TX,
        payload,
        wallet=BITCOIN_TEST,
        destination=REGTEST,
        contract=DIRECT,
    )
    (request_id,) = world.report(event)
    world.fulfil()
    request = world.request(request_id)
    chain = chain_for(REGTEST)
    hashes = chain.sighashes(chain.parse(payload))
    assert len(hashes) == 2
    assert len(request.answer.signature) == 64 * 2
    for position, sighash in enumerate(hashes):
        verify(wallet.public_key, sighash, request.answer.signature[64 * position :][:64])


def test_authority__should_be_asked_again_a_bounded_number_of_times() -> None:
    world = World()
    world.direct_source()
    world.wallet()
    (request_id,) = world.report(
        world.sign_event(pb.REQUEST_KIND_HASH, b"\x01" * 32, contract=DIRECT)
    )
    world.fulfil()
    world.refuse("offline")
    assert status_name(world.request(request_id)) == "AUTHORISING"
    world.refuse("offline")
    world.refuse("offline")
    assert world.request(request_id).reject_reason == "authority_failed: offline"


def test_keyring_rejection_and_timeout__should_reject_with_the_reason() -> None:
    world = World()
    world.wallet()
    (refused,) = world.report(world.sign_event(pb.REQUEST_KIND_HASH, b"\x01" * 32))
    world.refuse("maintenance")
    (late,) = world.report(world.sign_event(pb.REQUEST_KIND_HASH, b"\x02" * 32))
    world.blocks(25)
    assert world.request(refused).reject_reason == "signature_rejected: maintenance"
    assert world.request(late).reject_reason == "signature_rejected: Signature request timed out"


def test_signature_fee__should_be_within_what_the_parameters_say() -> None:
    world = World(sig_fee=60, funds=10**6, max_keyring_fee=59)
    world.wallet()
    (request_id,) = world.report(world.sign_event(pb.REQUEST_KIND_HASH, b"\x01" * 32))
    assert world.request(request_id).reject_reason.startswith("keyring_fee_too_high: ")
    assert world.bank.balance(world.ctx(), PAYER.address) == 10**6


def test_signature_fee__should_be_paid_by_the_fee_payer_or_reject() -> None:
    world = World(sig_fee=60, funds=100)
    world.wallet()
    paid, unpaid = world.report(
        world.sign_event(pb.REQUEST_KIND_HASH, b"\x01" * 32),
        world.sign_event(pb.REQUEST_KIND_HASH, b"\x02" * 32),
    )
    world.fulfil()
    assert status_name(world.request(paid)) == "ANSWERED"
    assert world.request(unpaid).reject_reason.startswith("keyring_fee_unpaid: ")
    assert world.bank.balance(world.ctx(), PAYER.address) == 40


def test_contract_owner__should_sign_with_its_own_wallet_only() -> None:
    world = World()
    world.wallet()
    event = world.sign_event(pb.REQUEST_KIND_HASH, b"\x01" * 32, owner_is_contract=True)
    (request_id,) = world.report(event)
    request = world.request(request_id)
    assert request.reject_reason.startswith("unknown_wallet: ")
    assert request.owner_id == f"{SOURCE_CHAIN}:{OWNER.evm}"
