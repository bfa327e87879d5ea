"""EVM chains against the vectors and eth-account: parse, sighash, assemble, compose, intent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import rlp
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_utils.crypto import keccak
from hypothesis import example, given
from hypothesis import strategies as st

from tests.zrsign_chains.builders import ALICE, ANVIL, BOB, N, evm_intent
from zrsign_chains import (
    BadSignature,
    Intent,
    IntentMismatch,
    MalformedAddress,
    MalformedTransaction,
    UnknownChain,
    WrongNetwork,
    chain_for,
)
from zrsign_chains.evm import (
    EvmChain,
    checksum_address,
    evm_address,
    personal_message_digest,
    read_signed,
    recover_public_key,
)

CHAIN = EvmChain(ANVIL)
TO = evm_address(BOB.public_key)
TOKEN = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
RAW_TO = bytes.fromhex(TO[2:])

uint64 = st.integers(0, 2**64 - 1)
uint256 = st.integers(0, 2**256 - 1)
access_lists = st.lists(
    st.tuples(
        st.binary(min_size=20, max_size=20),
        st.lists(st.binary(min_size=32, max_size=32), max_size=2),
    ),
    max_size=2,
)


def _legacy(
    *tail: int,
    data: bytes = b"",
    to: bytes = RAW_TO,
    nonce: Any = 9,
    value: int = 5,
    gas: int = 21_000,
    price: int = 10**9,
) -> bytes:
    return bytes(rlp.encode([nonce, price, gas, to, value, data, *tail]))


def _typed(kind: int, fields: list[Any]) -> bytes:
    return bytes([kind]) + bytes(rlp.encode(fields))


def _fee_market(
    chain_id: int = 31338, *, priority: int = 1, fee: int = 2, extra: tuple[int, ...] = ()
) -> bytes:
    return _typed(2, [chain_id, 0, priority, fee, 21000, RAW_TO, 5, b"", [], *extra])


def _access_list(chain_id: int = 31338, entries: Any = ()) -> bytes:
    return _typed(1, [chain_id, 0, 2, 21000, RAW_TO, 5, b"", entries])


def test_unsigned_transactions__should_agree_with_the_vectors(
    vectors: Callable[[str], Any],
) -> None:
    for case in vectors("zrchain.json")["ethereum_unsigned_tx"]["cases"]:
        payload = bytes.fromhex(case["unsigned_tx_hex"])
        unsigned = bytes(rlp.encode(rlp.decode(payload)[:6] + [b""] * 3))
        for name, digest in case.items():
            if not name.startswith("sighash_eip155"):
                continue
            chain_id = name.rpartition("_")[2]
            chain = chain_for(f"eip155:{case['chain_id'] if chain_id == 'eip155' else chain_id}")
            tx = chain.parse(unsigned)
            assert chain.sighashes(tx)[0].hex() == digest
            assert tx.to == case["expect"]["to"]
            assert tx.contract == case["expect"]["contract"]
            assert str(tx.amount) == case["expect"]["amount"]


def test_addresses__should_agree_with_the_vectors(vectors: Callable[[str], Any]) -> None:
    for case in vectors("zrchain.json")["address_derivation"]["secp256k1"]:
        address = case["addresses"].get("WALLET_TYPE_EVM")
        if address:
            assert CHAIN.address(bytes.fromhex(case["public_key_hex"])) == address
            assert CHAIN.validate_address(address.lower()) == address


@given(st.binary(min_size=20, max_size=20))
def test_checksum__should_agree_with_eth_utils(raw: bytes) -> None:
    from eth_utils.address import to_checksum_address

    assert checksum_address(raw) == to_checksum_address(raw)


@pytest.mark.parametrize(
    "text", ["", "0x", TO[2:], TO + "0", TO[:-1] + "g", "0x" + TO[2:].swapcase(), TO + "\n"]
)
def test_address__should_be_refused(text: str) -> None:
    with pytest.raises(MalformedAddress):
        CHAIN.validate_address(text)


@given(st.binary(max_size=200))
def test_personal_message__should_agree_with_eth_account(message: bytes) -> None:
    digest = personal_message_digest(message)
    signed = Account.sign_message(encode_defunct(message), ALICE.secret)
    assert bytes(signed.message_hash) == digest
    assert recover_public_key(digest, bytes(signed.signature)) == ALICE.public_key


@given(
    uint64, uint256, uint64, st.none() | st.just(TO), uint256, st.binary(min_size=8, max_size=90)
)
def test_legacy__should_sign_as_eth_account_does(
    nonce: int, gas_price: int, gas: int, to: str | None, value: int, data: bytes
) -> None:
    fields = {"nonce": nonce, "gasPrice": gas_price, "gas": gas, "value": value, "data": data}
    signed = Account.sign_transaction({**fields, "to": to or "", "chainId": 31338}, ALICE.secret)
    payload = rlp.encode([nonce, gas_price, gas, RAW_TO if to else b"", value, data, 0, 0, 0])
    tx = CHAIN.parse(payload)
    ours = CHAIN.assemble(tx, [ALICE.sign(CHAIN.sighashes(tx)[0])], [ALICE.public_key])
    assert ours == bytes(signed.raw_transaction)
    assert CHAIN.transaction_id(ours) == "0x" + bytes(signed.hash).hex()
    read, sender = read_signed(ours)
    assert sender == Account.recover_transaction(ours) == CHAIN.address(ALICE.public_key)
    assert replace(read, raw=tx.raw) == tx


@given(uint64, uint256, uint256, uint64, uint256, access_lists, st.booleans())
def test_fee_market__should_sign_as_eth_account_does(
    nonce: int, fee_a: int, fee_b: int, gas: int, value: int, entries: Any, padded: bool
) -> None:
    priority, fee = sorted((fee_a, fee_b))
    tail = [0, 0, 0] if padded else []
    payload = _typed(2, [31338, nonce, priority, fee, gas, RAW_TO, value, b"", entries, *tail])
    fields = {"maxPriorityFeePerGas": priority, "maxFeePerGas": fee}
    _assert_same_as_eth_account(payload, nonce, gas, value, entries, fields)


@given(uint64, uint256, uint64, uint256, access_lists)
def test_access_list__should_sign_as_eth_account_does(
    nonce: int, gas_price: int, gas: int, value: int, entries: Any
) -> None:
    payload = _typed(1, [31338, nonce, gas_price, gas, RAW_TO, value, b"", entries])
    fields = {"gasPrice": gas_price}
    _assert_same_as_eth_account(payload, nonce, gas, value, entries, fields)


def _assert_same_as_eth_account(
    payload: bytes, nonce: int, gas: int, value: int, entries: Any, fees: dict[str, int]
) -> None:
    listed = [
        {"address": checksum_address(address), "storageKeys": ["0x" + key.hex() for key in keys]}
        for address, keys in entries
    ]
    fields: dict[str, Any] = {"nonce": nonce, "gas": gas, "to": TO, "value": value, "data": b""}
    fields |= {"chainId": 31338, "type": payload[0], "accessList": listed, **fees}
    signed = Account.sign_transaction(fields, ALICE.secret)
    tx = CHAIN.parse(payload)
    ours = CHAIN.assemble(tx, [ALICE.sign(CHAIN.sighashes(tx)[0])[:64]], [ALICE.public_key])
    assert ours == bytes(signed.raw_transaction)
    assert CHAIN.transaction_id(ours) == "0x" + bytes(signed.hash).hex()
    read, sender = read_signed(ours)
    assert sender == Account.recover_transaction(ours) == CHAIN.address(ALICE.public_key)
    assert replace(read, raw=tx.raw) == tx


@given(st.binary(max_size=120) | st.binary(max_size=120).map(lambda raw: b"\x02" + rlp.encode(raw)))
@example(b"")
@example(b"\x00")
@example(_legacy())
@example(_legacy(27, 1, 1))
@example(_legacy(31338, 0, 0))
@example(_fee_market())
@example(_fee_market(extra=(2, 1, 1)))
@example(_fee_market(extra=(0, 0, 0)))
def test_bytes_without_a_signature_for_a_chain__should_be_refused(raw: bytes) -> None:
    with pytest.raises((MalformedTransaction, BadSignature)):
        read_signed(raw)


@pytest.mark.parametrize("tail", [(), (0, 0, 0), (31338, 0, 0)])
def test_legacy__should_be_read_in_each_unsigned_form(tail: tuple[int, ...]) -> None:
    assert CHAIN.sighashes(CHAIN.parse(_legacy(*tail))) == CHAIN.sighashes(CHAIN.parse(_legacy()))


@pytest.mark.parametrize(
    "payload",
    [
        _legacy(1, 0, 0),
        _legacy(35 + 2, 1, 1),
        _legacy(31337 * 2 + 36, 1, 1),
        _fee_market(1),
        _access_list(31337),
    ],
)
def test_transaction__should_be_refused_on_another_chain(payload: bytes) -> None:
    with pytest.raises(WrongNetwork, match="31338"):
        CHAIN.parse(payload)


def test_signed_legacy_transaction__should_be_read_on_its_own_chain() -> None:
    assert CHAIN.parse(_legacy(31338 * 2 + 35, 1, 1)).to == TO
    assert CHAIN.parse(_legacy(27, 1, 1)).to == TO


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x00",
        b"\x03" + _legacy(),
        b"\x04" + _legacy(),
        b"\xc0",
        b"\x02\xc0",
        b"\x02\x80",
        _legacy(0),
        _legacy() + b"\x00",
        _fee_market() + b"\x00",
        _legacy(nonce=b"\x00\x01"),
        _legacy(nonce=2**64),
        _legacy(nonce=[1]),
        _legacy(to=b"\x01" * 19),
        _legacy(data=b"\x01\x02\x03"),
        _fee_market(priority=3, fee=2),
        _fee_market(extra=(0, 1, 0)),
        _fee_market(extra=(1,)),
        _access_list(entries=b"\x01"),
        _access_list(entries=[b"\x01"]),
        _access_list(entries=[[b"\x01" * 19, []]]),
        _access_list(entries=[[b"\x01" * 20, [b"\x01" * 31]]]),
        _access_list(entries=[[b"\x01" * 20, [], []]]),
        _access_list(entries=[[b"\x01" * 20, [[]]]]),
        b"\xf8\x0a" + bytes(10),  # long form for a short list
        b"\xc1" * 3000,
        b"\xf9\xff\xff" * 9000,
        bytes(200_000),
    ],
)
def test_malformed_transaction__should_be_refused(payload: bytes) -> None:
    with pytest.raises(MalformedTransaction):
        CHAIN.parse(payload)


def test_non_canonical_rlp__should_be_refused() -> None:
    payload = _legacy()
    assert payload[1] == 9
    with pytest.raises(MalformedTransaction):
        CHAIN.parse(bytes([payload[0] + 1]) + b"\x81\x09" + payload[2:])


def test_contract_creation__should_have_no_recipient() -> None:
    tx = CHAIN.parse(_legacy(data=b"\x60\x00", to=b""))
    assert (tx.to, tx.amount, tx.contract) == (None, 5, None)
    assert tx.destination is None


def test_unknown_call__should_name_the_contract() -> None:
    tx = CHAIN.parse(_legacy(data=b"\x01\x02\x03\x04"))
    assert (tx.to, tx.amount, tx.contract) == (TO, 5, TO)


@pytest.mark.parametrize("selector", ["a9059cbb", "23b872dd"])
def test_token_transfer__should_name_recipient_and_amount(selector: str) -> None:
    words: list[str] = []
    if selector == "23b872dd":
        words.append(bytes(12).hex() + "11" * 20)
    words += [bytes(12).hex() + RAW_TO.hex(), (25).to_bytes(32, "big").hex()]
    calldata = bytes.fromhex(selector + "".join(words))
    tx = CHAIN.parse(_legacy(data=calldata, to=bytes.fromhex(TOKEN[2:]), value=0))
    assert (tx.to, tx.amount, tx.contract) == (TO, 25, TOKEN)
    assert (tx.destination, tx.value) == (TOKEN, 0)
    # Ether must not hide behind a small amount of tokens of anybody's contract.
    tx = CHAIN.parse(_legacy(data=calldata, to=bytes.fromhex(TOKEN[2:]), value=10**21))
    assert (tx.to, tx.amount, tx.contract) == (TOKEN, 10**21, TOKEN)


@pytest.mark.parametrize(
    "arguments",
    [b"", bytes(63), bytes(65), b"\x01" + bytes(63)],
    ids=["none", "short", "long", "dirty address"],
)
def test_malformed_token_transfer__should_be_refused(arguments: bytes) -> None:
    with pytest.raises(MalformedTransaction, match="token transfer"):
        CHAIN.parse(_legacy(data=bytes.fromhex("a9059cbb") + arguments))


def test_assemble__should_refuse_signatures_that_do_not_fit() -> None:
    tx = CHAIN.parse(_fee_market())
    (digest,) = CHAIN.sighashes(tx)
    good = ALICE.sign(digest)
    s = int.from_bytes(good[32:64], "big")
    high_s = good[:32] + (N - s).to_bytes(32, "big") + bytes([1 - good[64]])
    for signatures, keys in (
        ([high_s], [ALICE.public_key]),
        ([good], [BOB.public_key]),
        ([BOB.sign(digest)], [ALICE.public_key]),
        ([good[:63]], [ALICE.public_key]),
        ([good, good], [ALICE.public_key]),
        ([], []),
    ):
        with pytest.raises(BadSignature):
            CHAIN.assemble(tx, signatures, keys)


def test_transaction__should_stay_with_its_chain() -> None:
    tx = CHAIN.parse(_fee_market())
    with pytest.raises(WrongNetwork):
        EvmChain("eip155:1").sighashes(tx)
    with pytest.raises(UnknownChain):
        EvmChain("eip155:0")


@given(uint256, st.binary(min_size=4, max_size=80), uint64)
def test_compose__should_do_what_was_asked(value: int, data: bytes, nonce: int) -> None:
    if data[:4].hex() in ("a9059cbb", "23b872dd"):
        return
    intent = evm_intent(TO, value, data, cap=30000 * 7)
    payload = CHAIN.compose(intent, nonce=nonce, gas=30000, max_fee=7, priority_fee=3)
    tx = CHAIN.parse(payload)
    CHAIN.verify_intent(tx, intent, ALICE.public_key)
    assert (tx.nonce, tx.gas, tx.gas_price, tx.priority_fee) == (nonce, 30000, 7, 3)
    signed = CHAIN.assemble(tx, [ALICE.sign(CHAIN.sighashes(tx)[0])], [ALICE.public_key])
    assert Account.recover_transaction(signed) == CHAIN.address(ALICE.public_key)
    assert CHAIN.transaction_id(signed) == "0x" + keccak(signed).hex()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"to": TOKEN}, "calls"),
        ({"value": 6}, "wei"),
        ({"data": b"\x01" * 4}, "calldata"),
        ({"max_network_fee": 41_999}, "cap"),
    ],
)
def test_intent__should_be_compared_in_every_part(change: dict[str, Any], message: str) -> None:
    intent = Intent(to=TO.lower(), value=5, data=b"", max_network_fee=42_000)
    tx = CHAIN.parse(_fee_market())
    CHAIN.verify_intent(tx, intent, ALICE.public_key)
    with pytest.raises(IntentMismatch, match=message):
        CHAIN.verify_intent(tx, replace(intent, **change), ALICE.public_key)


def test_intent__should_be_compared_with_the_call_not_with_the_token_transfer() -> None:
    arguments = RAW_TO.rjust(32, b"\x00") + (5).to_bytes(32, "big")
    data = bytes.fromhex("a9059cbb") + arguments
    tx = CHAIN.parse(_legacy(data=data, to=bytes.fromhex(TOKEN[2:]), gas=60_000))
    cap = tx.max_fee
    with pytest.raises(IntentMismatch):
        CHAIN.verify_intent(tx, Intent(TO, 5, data, cap), ALICE.public_key)
    CHAIN.verify_intent(tx, Intent(TOKEN, 5, data, cap), ALICE.public_key)


@pytest.mark.parametrize(
    ("changed", "mined"),
    [
        ({"gas": 0}, False),
        ({"gas": 20_999}, False),
        ({"price": 0}, False),
        ({"data": b"\x00\x01\x02\x03", "gas": 21_051}, False),
        ({"data": b"\x00\x01\x02\x03", "gas": 21_052}, True),
        ({"gas": 21_000, "price": 1}, True),
    ],
)
def test_intent__should_not_be_met_by_what_no_block_takes(
    changed: dict[str, Any], mined: bool
) -> None:
    tx = CHAIN.parse(_legacy(**changed))
    intent = Intent(TO, 5, changed.get("data", b""), max(tx.max_fee, 1))
    if mined:
        CHAIN.verify_intent(tx, intent, ALICE.public_key)
        return
    with pytest.raises(IntentMismatch, match="no block takes it"):
        CHAIN.verify_intent(tx, intent, ALICE.public_key)


@pytest.mark.parametrize(
    "numbers",
    [
        {"nonce": -1},
        {"nonce": 2**64},
        {"gas": 2**64},
        {"max_fee": 1, "priority_fee": 2},
        {"max_fee": 2**256},
    ],
)
def test_compose__should_refuse_numbers_out_of_range(numbers: dict[str, int]) -> None:
    arguments = {"nonce": 0, "gas": 21000, "max_fee": 2, "priority_fee": 1, **numbers}
    with pytest.raises(MalformedTransaction):
        CHAIN.compose(evm_intent(TO), **arguments)
