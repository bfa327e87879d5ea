"""Solana messages: the vectors, solders' own transactions and virtual machine, and refusals."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import Message, MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.system_program import (
    AdvanceNonceAccountParams,
    TransferParams,
    advance_nonce_account,
    transfer,
)
from solders.transaction import VersionedTransaction

from tests.zrsign_chains.builders import (
    BLOCKHASH,
    LOCALNET,
    SOLANA_ALICE,
    SOLANA_BOB,
    SOLANA_NONCE,
    solana_intent,
)
from zrsign_chains import (
    BadSignature,
    DataNotSupported,
    IntentMismatch,
    InvalidAmount,
    MalformedAddress,
    MalformedKey,
    MalformedTransaction,
    UnknownChain,
    WrongNetwork,
    chain_for,
)
from zrsign_chains.solana import SolanaChain

CHAIN = SolanaChain(LOCALNET)
ALICE, BOB, NONCE = SOLANA_ALICE.pubkey(), SOLANA_BOB.pubkey(), SOLANA_NONCE.pubkey()
TOKEN = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
MEMO = Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")
STRANGER = Pubkey.from_string("9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM")


def pay(lamports: int = 77, source: Pubkey = ALICE, to: Pubkey = BOB) -> Instruction:
    return transfer(TransferParams(from_pubkey=source, to_pubkey=to, lamports=lamports))


def advance(authority: Pubkey = ALICE) -> Instruction:
    return advance_nonce_account(
        AdvanceNonceAccountParams(nonce_pubkey=NONCE, authorized_pubkey=authority)
    )


def pay_tokens(*, checked: bool) -> Instruction:
    accounts = [AccountMeta(NONCE, False, True), AccountMeta(BOB, False, True)]
    data = struct.pack("<BQ", 3, 5)
    if checked:
        accounts.insert(1, AccountMeta(STRANGER, False, False))
        data = struct.pack("<BQB", 12, 5, 6)
    return Instruction(TOKEN, data, [*accounts, AccountMeta(ALICE, True, False)])


def message(*calls: Instruction, payer: Pubkey = ALICE) -> bytes:
    return bytes(Message.new_with_blockhash(list(calls), payer, Hash.from_string(BLOCKHASH)))


def message_v0(*calls: Instruction, tables: list[AddressLookupTableAccount] | None = None) -> bytes:
    compiled = MessageV0.try_compile(ALICE, list(calls), tables or [], Hash.from_string(BLOCKHASH))
    return to_bytes_versioned(compiled)


def _signatures(payload: bytes, *signers: Keypair) -> tuple[list[bytes], list[bytes]]:
    signed = [bytes(signer.sign_message(payload)) for signer in signers]
    return signed, [bytes(signer.pubkey()) for signer in signers]


def test_messages__should_agree_with_the_vectors(vectors: Callable[[str], Any]) -> None:
    for case in vectors("zrchain.json")["solana_unsigned_tx"]["cases"]:
        payload = bytes.fromhex(case["message_hex"])
        tx = CHAIN.parse(payload)
        assert (tx.to or "", tx.amount or 0) == (case["expect"]["to"], case["expect"]["lamports"])
        assert tx.blockhash == case["recent_blockhash"]
        assert set(CHAIN.sighashes(tx)) == {payload}


def test_addresses__should_agree_with_the_vectors(vectors: Callable[[str], Any]) -> None:
    for case in vectors("zrchain.json")["address_derivation"]["ed25519"]:
        address = CHAIN.address(bytes.fromhex(case["public_key_hex"]))
        assert address == case["WALLET_TYPE_SOLANA"]
        assert CHAIN.validate_address(address) == address


@pytest.mark.parametrize("text", ["", "0", "1" * 31, "l" * 44, "1" * 45, "é"])
def test_address__should_be_refused(text: str) -> None:
    with pytest.raises(MalformedAddress):
        CHAIN.validate_address(text)


def test_address__should_need_a_key_on_the_curve() -> None:
    with pytest.raises(MalformedKey):
        CHAIN.address(bytes(32))


def test_cluster__should_be_known() -> None:
    with pytest.raises(UnknownChain, match="localnet"):
        SolanaChain("solana:mainnet")


@pytest.mark.parametrize("build", [message, message_v0])
def test_system_transfer__should_be_recognised(build: Callable[..., bytes]) -> None:
    tx = CHAIN.parse(build(pay()))
    assert (tx.to, tx.amount, tx.contract) == (str(BOB), 77, None)
    assert (tx.nonce_account, tx.fee_lamports) == (None, 5_000)


@pytest.mark.parametrize(("checked", "contract"), [(False, TOKEN), (True, STRANGER)])
def test_token_transfer__should_be_recognised(checked: bool, contract: Pubkey) -> None:
    tx = CHAIN.parse(message(pay_tokens(checked=checked)))
    assert (tx.to, tx.amount, tx.contract) == (str(BOB), 5, str(contract))


def test_durable_nonce__should_be_recognised_only_in_front() -> None:
    tx = CHAIN.parse(message(advance(), pay()))
    assert (tx.nonce_account, tx.to, tx.amount) == (str(NONCE), str(BOB), 77)
    assert CHAIN.parse(message(pay(), advance())).nonce_account is None


def test_priority_fee__should_be_counted() -> None:
    limit, price = set_compute_unit_limit(1_000), set_compute_unit_price(1_500_000)
    assert CHAIN.parse(message(limit, price, pay())).fee_lamports == 5_000 + 1_500
    assert CHAIN.parse(message(price, pay())).fee_lamports == 5_000 + 300_000
    assert CHAIN.parse(message(set_compute_unit_price(1), pay())).fee_lamports == 5_001


def test_message_that_may_pay_others__should_name_no_recipient() -> None:
    unknown = Instruction(STRANGER, b"\x01", [AccountMeta(ALICE, True, True)])
    for calls in ((pay(), pay(1)), (pay(), unknown), (unknown,), (pay(), advance())):
        tx = CHAIN.parse(message(*calls))
        assert (tx.to, tx.amount) == (None, None)
    memo = Instruction(MEMO, b"thanks", [])
    assert CHAIN.parse(message(pay(), memo)).to == str(BOB)


def test_lookup_table__should_leave_the_recipient_open() -> None:
    table = AddressLookupTableAccount(key=NONCE, addresses=[BOB, STRANGER])
    tx = CHAIN.parse(message_v0(pay(), tables=[table]))
    assert tx.uses_lookup_tables
    assert (tx.to, tx.amount) == (None, None)
    with pytest.raises(IntentMismatch):
        CHAIN.verify_intent(tx, solana_intent(), bytes(ALICE))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x00",
        b"\x80",
        message(pay()) + b"\x00",
        message(pay())[:-1],
        message_v0(pay()) + b"\x00",
        b"\x81" + message(pay()),
        b"\xff" + message(pay()),
        b"\x00" + message(pay())[1:],  # no signer
        b"\x04" + message(pay())[1:],  # more signers than accounts
        b"\x01\x01" + message(pay())[2:],  # a read-only fee payer
        message(pay())[:2] + b"\x09" + message(pay())[3:],
        bytes(1300),
    ],
)
def test_malformed_message__should_be_refused(payload: bytes) -> None:
    with pytest.raises(MalformedTransaction):
        CHAIN.parse(payload)


def _with_byte(payload: bytes, offset: int, value: int) -> bytes:
    return payload[:offset] + bytes([value]) + payload[offset + 1 :]


def test_index_out_of_range__should_be_refused() -> None:
    payload = message(pay())
    program = len(payload) - 1 - 12 - 2 - 1 - 1
    for offset, value in ((program, 0), (program, 3), (program + 2, 3)):
        with pytest.raises(MalformedTransaction, match="not in the message"):
            CHAIN.parse(_with_byte(payload, offset, value))


def test_transfer_without_accounts__should_not_be_recognised() -> None:
    source = AccountMeta(ALICE, True, True)
    for program, data in (
        (Pubkey.default(), struct.pack("<IQ", 2, 5)),
        (Pubkey.default(), struct.pack("<I", 4)),
        (TOKEN, struct.pack("<BQ", 3, 5)),
        (TOKEN, struct.pack("<BQB", 12, 5, 6)),
    ):
        tx = CHAIN.parse(message(Instruction(program, data, [source])))
        assert (tx.to, tx.amount, tx.nonce_account) == (None, None, None)


def test_signatures__should_leave_room_in_the_packet() -> None:
    memo = Instruction(MEMO, bytes(970), [])
    assert CHAIN.parse(message(memo, pay())).signers == (bytes(ALICE),)
    with pytest.raises(MalformedTransaction, match="with signatures"):
        CHAIN.parse(message(memo, pay(), pay(source=BOB, to=ALICE)))


def test_repeated_account__should_be_refused() -> None:
    payload = message(pay())
    doubled = payload[:36] + bytes(ALICE) + payload[68:]
    with pytest.raises(MalformedTransaction, match="twice"):
        CHAIN.parse(doubled)


def test_message_too_big_for_a_packet__should_be_refused() -> None:
    memo = Instruction(MEMO, bytes(1_100), [])
    with pytest.raises(MalformedTransaction, match="1232"):
        CHAIN.parse(message(memo, pay()))


@given(st.integers(0, 2**64 - 1), st.booleans())
def test_composed_transfer__should_round_trip(lamports: int, durable: bool) -> None:
    intent = solana_intent(lamports)
    nonce = str(NONCE) if durable else None
    payload = CHAIN.compose(intent, from_public_key=bytes(ALICE), blockhash=BLOCKHASH, nonce=nonce)
    tx = CHAIN.parse(payload)
    CHAIN.verify_intent(tx, intent, bytes(ALICE))
    assert (tx.to, tx.amount, tx.nonce_account) == (str(BOB), lamports, nonce)
    signed = CHAIN.assemble(tx, *_signatures(payload, SOLANA_ALICE))
    transaction = VersionedTransaction.from_bytes(signed)
    transaction.verify_and_hash_message()
    assert CHAIN.transaction_id(signed) == str(transaction.signatures[0])


def test_assembled_transfer__should_be_executed() -> None:
    svm = LiteSVM()
    svm.airdrop(ALICE, 10**9)
    intent = solana_intent(10**7)
    blockhash = str(svm.latest_blockhash())
    payload = CHAIN.compose(intent, from_public_key=bytes(ALICE), blockhash=blockhash)
    signed = CHAIN.assemble(CHAIN.parse(payload), *_signatures(payload, SOLANA_ALICE))
    svm.send_transaction(VersionedTransaction.from_bytes(signed))
    assert svm.get_balance(BOB) == 10**7
    assert svm.get_balance(ALICE) == 10**9 - 10**7 - 5_000


def test_several_signers__should_sign_in_account_order() -> None:
    payload = message(pay(1), pay(2, source=BOB, to=STRANGER))
    tx = CHAIN.parse(payload)
    assert CHAIN.sighashes(tx) == (payload, payload)
    signed = CHAIN.assemble(tx, *_signatures(payload, SOLANA_ALICE, SOLANA_BOB))
    VersionedTransaction.from_bytes(signed).verify_and_hash_message()
    with pytest.raises(BadSignature, match="not the signer"):
        CHAIN.assemble(tx, *_signatures(payload, SOLANA_BOB, SOLANA_ALICE))


def test_assemble__should_refuse_signatures_that_do_not_fit() -> None:
    payload = message(pay())
    tx = CHAIN.parse(payload)
    good, key = _signatures(payload, SOLANA_ALICE)
    other, _ = _signatures(payload + b"!", SOLANA_ALICE)
    for signatures, keys in (
        ([], []),
        (good * 2, key * 2),
        (other, key),
        ([good[0][:63]], key),
        (good, [bytes(BOB)]),
    ):
        with pytest.raises(BadSignature):
            CHAIN.assemble(tx, signatures, keys)


def test_transaction_id__should_need_a_signed_transaction() -> None:
    for rubbish in (b"", b"\x00" * 80, b"\x01" * 64):
        with pytest.raises(MalformedTransaction):
            CHAIN.transaction_id(rubbish)


def test_intent__should_allow_nonce_and_compute_budget() -> None:
    limit, price = set_compute_unit_limit(1_000), set_compute_unit_price(1_000_000)
    tx = CHAIN.parse(message(advance(), limit, price, pay()))
    CHAIN.verify_intent(tx, solana_intent(cap=6_000), bytes(ALICE))
    with pytest.raises(IntentMismatch, match="cap"):
        CHAIN.verify_intent(tx, solana_intent(cap=5_999), bytes(ALICE))


@pytest.mark.parametrize(
    ("calls", "payer"),
    [
        ((pay(78),), ALICE),
        ((pay(to=STRANGER),), ALICE),
        ((pay(), pay()), ALICE),
        ((pay(), pay(1, to=STRANGER)), ALICE),
        ((pay(),), BOB),
        ((pay(source=BOB),), ALICE),
        ((pay(source=BOB, to=BOB),), BOB),
        ((advance(BOB), pay()), ALICE),
        ((pay(), advance()), ALICE),
        ((advance(), advance(), pay()), ALICE),
        ((advance(),), ALICE),
        ((pay_tokens(checked=False),), ALICE),
        ((pay(), Instruction(MEMO, b"", [])), ALICE),
        ((set_compute_unit_limit(1), set_compute_unit_limit(2), pay()), ALICE),
        ((Instruction(STRANGER, b"", []), pay()), ALICE),
        ((), ALICE),
    ],
)
def test_intent__should_not_be_met_by_another_message(
    calls: tuple[Instruction, ...], payer: Pubkey
) -> None:
    tx = CHAIN.parse(message(*calls, payer=payer))
    with pytest.raises(IntentMismatch):
        CHAIN.verify_intent(tx, solana_intent(cap=10**9), bytes(ALICE))


def test_intent__should_carry_no_data() -> None:
    with pytest.raises(IntentMismatch):
        CHAIN.verify_intent(
            CHAIN.parse(message(pay())), replace(solana_intent(), data=b"\x01"), bytes(ALICE)
        )


def test_compose__should_refuse_what_cannot_be_sent() -> None:
    good: dict[str, Any] = {"from_public_key": bytes(ALICE), "blockhash": BLOCKHASH}
    with pytest.raises(DataNotSupported):
        CHAIN.compose(replace(solana_intent(), data=b"\x01"), **good)
    with pytest.raises(InvalidAmount):
        CHAIN.compose(solana_intent(2**64), **good)
    with pytest.raises(MalformedTransaction, match="blockhash"):
        CHAIN.compose(solana_intent(), **{**good, "blockhash": "x"})
    with pytest.raises(MalformedAddress):
        CHAIN.compose(solana_intent(), **good, nonce="x")
    with pytest.raises(MalformedKey):
        CHAIN.compose(solana_intent(), **{**good, "from_public_key": bytes(32)})


def test_transaction__should_stay_with_its_kind_of_chain() -> None:
    evm_tx = chain_for("eip155:1").parse(bytes.fromhex("c6808080808080"))
    with pytest.raises(WrongNetwork):
        CHAIN.sighashes(evm_tx)
    with pytest.raises(WrongNetwork):
        chain_for("eip155:1").sighashes(CHAIN.parse(message(pay())))
