"""The packaged ABI by name: what is encoded and decoded, and what is refused."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from zrsign_chains import MalformedPayload, contract_abi

ZERO = "0x" + "00" * 20
OWNER = "0x" + "ab" * 20
WORD = b"\x05" * 32
SIGN_TYPES = "(bytes32,uint256,bytes32,bytes,bool)"
SIG_EVENT = "(bytes32,uint256,bytes32,bytes,address,uint8,bool)"


def test_function__should_be_called_by_the_names_of_its_struct() -> None:
    sign = contract_abi.function("zrSignTx")
    ask = {"broadcast": True, "payload": b"tx", "walletTypeId": WORD, "walletIndex": 3}
    expected = encode([SIGN_TYPES], [(WORD, 3, bytes(32), b"tx", True)])
    selector = keccak(text=f"zrSignTx({SIGN_TYPES})")[:4]
    assert sign.call_data(ask) == selector + expected
    assert sign.call_data((WORD, 3, bytes(32), b"tx", True)) == selector + expected
    with pytest.raises(KeyError, match="has no field brodcast"):
        sign.call_data({"brodcast": True})


def test_fields_that_are_not_named__should_be_nothing() -> None:
    answer = contract_abi.function("zrKeyRes")
    shape = "(bytes32,address,uint256,string,uint8,bytes)"
    expected = encode([shape], [(bytes(32), ZERO, 0, "", 0, b"")])
    assert answer.call_data({}) == keccak(text=f"zrKeyRes({shape})")[:4] + expected
    plain = contract_abi.function("zrSignHash")
    assert plain.arguments({}) == ((bytes(32), 0, bytes(32), b"", False),)


def test_function__should_be_the_one_of_its_name() -> None:
    request = contract_abi.function("zrKeyReq")
    assert request.signature == "zrKeyReq((address,bytes32,uint8))"
    for name in ("zrSignNothing", "estimateFee"):
        with pytest.raises(KeyError, match=f"functions are called {name}"):
            contract_abi.function(name)
    with pytest.raises(KeyError):
        contract_abi.event("ZrNothing")


def sig_log(**changes: object) -> tuple[list[bytes], bytes]:
    event = contract_abi.event("ZrSigRequest")
    values = {
        "walletTypeId": WORD,
        "walletIndex": 2,
        "dstChainId": bytes(32),
        "payload": b"hello",
        "owner": OWNER,
        "zrSignReqType": 1,
        "broadcast": True,
        **changes,
    }
    data = encode(["uint256", "uint256", SIG_EVENT], [7, 8, tuple(values.values())])
    return [event.topic, (9).to_bytes(32), b"\x22" * 32], data


def test_event__should_be_decoded_by_name() -> None:
    event = contract_abi.event("ZrSigRequest")
    assert event.topic == keccak(text=f"ZrSigRequest(uint256,bytes32,uint256,uint256,{SIG_EVENT})")
    decoded = event.decode(*sig_log())
    params = decoded.pop("params")
    assert decoded == {"traceId": 9, "walletId": b"\x22" * 32, "value": 7, "mpcFee": 8}
    assert params == {
        "walletTypeId": WORD,
        "walletIndex": 2,
        "dstChainId": bytes(32),
        "payload": b"hello",
        "owner": OWNER,
        "zrSignReqType": 1,
        "broadcast": True,
    }


def test_event__should_refuse_what_the_contract_cannot_have_said() -> None:
    event, (topics, data) = contract_abi.event("ZrSigRequest"), sig_log()
    words = [data[place : place + 32] for place in range(0, len(data), 32)]
    dirty_owner = data.replace(bytes(12) + bytes.fromhex(OWNER[2:]), b"\x01" * 32)
    two = (2).to_bytes(32)
    dirty_flag = b"".join([*words[:9], two, *words[10:]])
    assert words[9] == (1).to_bytes(32)
    for bad in (b"", data[:-1], data[:-32], dirty_owner, dirty_flag):
        with pytest.raises(MalformedPayload):
            event.decode(topics, bad)
    for wrong in (topics[:2], [*topics, bytes(32)]):
        with pytest.raises(MalformedPayload, match="topics instead of 3"):
            event.decode(wrong, data)
    key = contract_abi.event("ZrKeyRequest")
    dirty_topic = [key.topic, WORD, b"\x01" * 32, bytes(32)]
    with pytest.raises(MalformedPayload, match="Padding"):
        key.decode(dirty_topic, encode(["uint8", "uint256", "uint256"], [1, 2, 3]))


@given(st.binary(max_size=400), st.lists(st.binary(max_size=40), max_size=5))
def test_event__should_refuse_rubbish_with_one_error(data: bytes, topics: list[bytes]) -> None:
    for name in ("ZrKeyRequest", "ZrSigRequest", "ZrAccountLinked"):
        event = contract_abi.event(name)
        for given_topics in (topics, [event.topic, *topics]):
            try:
                event.decode(given_topics, data)
            except MalformedPayload:
                continue


def test_error__should_be_known_by_its_selector() -> None:
    selector = keccak(text="InsufficientFee(uint256,uint256)")[:4]
    error = contract_abi.errors()[selector]
    assert error.name == "InsufficientFee"
    revert = selector + encode(["uint256", "uint256"], [5, 1])
    assert error.decode(revert) == {"requiredFee": 5, "providedFee": 1}
    with pytest.raises(MalformedPayload):
        error.decode(revert[:-1])


def test_output__should_be_decoded_as_the_function_gives_it() -> None:
    registry = contract_abi.function("getZrKeys")
    assert registry.decode_output(encode(["string[]"], [["a", "b"]])) == (("a", "b"),)
    with pytest.raises(MalformedPayload):
        registry.decode_output(b"\x01")


def test_message__should_be_taken_in_the_order_of_the_contract() -> None:
    message = SimpleNamespace(
        trace_id=(7).to_bytes(32), owner=OWNER, meta_data=b"m", signature=b"s", broadcast=True
    )
    fields = contract_abi.function("zrSignRes").parameters[:-1]
    assert contract_abi.values_of(message, fields) == [7, OWNER, b"m", b"s", True]
