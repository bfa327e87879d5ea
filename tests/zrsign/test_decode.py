"""`zrsign decode` and the explanation of refusals."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from zrsign.decode import explain
from zrsign.errors import UsageError
from zrsign.sdk import reverts
from zrsign_chains import EVM, WALLET_TYPES, chain_hash, simple_tx

ZERO = "0x" + "00" * 20


@pytest.mark.parametrize("wallet", WALLET_TYPES, ids=lambda wallet: wallet.name)
def test_decode__should_name_wallet_types(wallet: object) -> None:
    assert explain(wallet.id.hex())["what"] == "wallet type id"  # type: ignore[attr-defined]


def test_decode__should_name_chains() -> None:
    assert explain("0x" + chain_hash("eip155:1").hex()) == {"what": "chain id", "caip2": "eip155:1"}


def test_decode__should_read_calls() -> None:
    call = bytes.fromhex("60a48995") + encode(["(address,bytes32,uint8)"], [(ZERO, EVM.id, 2)])
    found = explain(call.hex())
    assert found["function"] == "zrKeyReq((address,bytes32,uint8))"
    assert [ZERO, "0x" + EVM.id.hex(), 2] in found.values()


def test_decode__should_read_calls_in_the_forms_of_older_callers() -> None:
    for selector, shape, values in (
        ("5c706c9b", "(bytes32,uint8)", (EVM.id, 2)),
        ("331eba82", "(bytes32)", (EVM.id,)),
    ):
        call = bytes.fromhex(selector) + encode([shape], [values])
        assert explain(call.hex())["function"] == f"zrKeyReq({shape})"
    topic = keccak(text="ZrKeyRequest(bytes32,address)")
    assert explain(topic.hex())["event"] == "ZrKeyRequest(bytes32,address)"


def test_decode__should_name_event_topics() -> None:
    topic = keccak(text="ZrSigResolve(uint256,bytes,bytes,bool)")
    assert explain(topic.hex())["event"] == "ZrSigResolve(uint256,bytes,bytes,bool)"


def test_decode__should_read_simple_transactions() -> None:
    payload = simple_tx.encode(simple_tx.SimpleTx("bcrt1qtarget", 5, b"\x01"))
    found = explain(payload.hex())
    assert (found["to"], found["value"], found["data"]) == ("bcrt1qtarget", 5, "0x01")


def test_decode__should_read_unsigned_transactions() -> None:
    # EIP-155, section "Example".
    raw = (
        "ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080"
    )
    found = explain(raw, chain="eip155:1")
    assert found["data_for_signing"] == [
        "0xdaf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53"
    ]


@pytest.mark.parametrize("text", ["zz", "0x1234", ""])
def test_decode__should_say_what_it_needs(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        explain(text)
    assert raised.value.hint


def test_refusal__should_show_values_and_the_next_step() -> None:
    data = bytes.fromhex("a458261b") + encode(["uint256", "uint256"], [5, 1])
    assert reverts.explain(data) == (
        "InsufficientFee(requiredFee=5, providedFee=1)",
        reverts.NEXT_STEPS["InsufficientFee"],
    )


@pytest.mark.parametrize("data", [b"", b"\x01\x02", bytes.fromhex("a458261b"), b"\xff" * 40])
def test_refusal__should_survive_any_bytes(data: bytes) -> None:
    message, _ = reverts.explain(data)
    assert message
