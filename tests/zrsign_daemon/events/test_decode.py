"""What a log says, and that hostile logs cannot break the loop."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from eth_utils.abi import event_abi_to_log_topic
from hypothesis import given
from hypothesis import strategies as st

from tests.zrsign_listener import logs
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_daemon.events.decode import (
    ACCOUNT_LINKED,
    KEY_REQUEST,
    MAX_ACCOUNT_BYTES,
    MAX_PAYLOAD,
    NO_WALLET_INDEX,
    SIG_REQUEST,
    Block,
    EvmLog,
    MalformedLog,
    decode,
    is_contract,
    observe,
)

ABI = Path(__file__).parents[3] / "zrsign_chains" / "abi"
OTHER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@pytest.mark.parametrize("name", ["ZrSign.json", "ZrSignOmni.json"])
def test_topics__should_be_those_of_the_contracts_abi(name: str) -> None:
    abi = json.loads((ABI / name).read_text())
    topics = {e["name"]: event_abi_to_log_topic(e) for e in abi if e["type"] == "event"}
    assert topics["ZrKeyRequest"] == KEY_REQUEST
    assert topics["ZrSigRequest"] == SIG_REQUEST
    assert topics.get("ZrAccountLinked") == (ACCOUNT_LINKED if name == "ZrSignOmni.json" else None)


def test_key_request__should_decode() -> None:
    event = decode(logs.CHAIN, logs.key_log(number=9, index=2, wallet_index=3, options=2))
    assert event == receiver.SourceEvent(
        id=receiver.SourceId(
            chain=logs.CHAIN, contract=logs.CONTRACT, tx_hash=logs.word(9), log_index=2
        ),
        block_number=9,
        block_hash=logs.block(9).hash,
        owner=logs.OWNER,
        key=receiver.KeyAsk(wallet_type_id=logs.WALLET_TYPE, wallet_index=3, options=2),
    )


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (0, receiver.REQUEST_KIND_HASH),
        (1, receiver.REQUEST_KIND_TX),
        (2, receiver.REQUEST_KIND_SIMPLE_TX),
        (3, receiver.REQUEST_KIND_DATA),
    ],
)
def test_sign_request__should_decode(kind: int, expected: receiver.RequestKind) -> None:
    log = logs.sig_log(4, wallet_index=6, payload=b"pay", kind=kind, broadcast=True)
    event = decode(logs.CHAIN, log)
    assert event.owner == logs.OWNER
    assert event.sign == receiver.SignAsk(
        trace_id=logs.word(4),
        wallet_type_id=logs.WALLET_TYPE,
        wallet_index=6,
        dst_chain_id=logs.DESTINATION,
        payload=b"pay",
        kind=expected,
        broadcast=True,
    )


def test_linked_account__should_decode() -> None:
    event = decode(logs.CHAIN, logs.link_log("zen1administrator"))
    assert (event.owner, event.link.account) == (logs.OWNER, "zen1administrator")
    assert event.WhichOneof("ask") == "link"


@pytest.mark.parametrize("account", ["", "z" * (MAX_ACCOUNT_BYTES + 1), b"\xff\xfe"])
def test_account_that_the_ledger_cannot_take__should_be_malformed(account: str | bytes) -> None:
    seen = observe(logs.CHAIN, logs.link_log(account))
    assert seen.event is None
    assert seen.fault


def test_wallet_index_beyond_64_bits__should_become_the_index_of_no_wallet() -> None:
    assert decode(logs.CHAIN, logs.sig_log(0, wallet_index=2**255)).sign.wallet_index == (
        NO_WALLET_INDEX
    )
    assert decode(logs.CHAIN, logs.key_log(wallet_index=2**64)).key.wallet_index == NO_WALLET_INDEX


@pytest.mark.parametrize(("size", "oversize"), [(MAX_PAYLOAD, 0), (MAX_PAYLOAD + 1, 65537)])
def test_oversize_payload__should_be_told_by_its_length(size: int, oversize: int) -> None:
    ask = decode(logs.CHAIN, logs.sig_log(0, payload=bytes(size))).sign
    assert ask.oversize_bytes == oversize
    assert len(ask.payload) == (0 if oversize else size)


def test_unknown_request_type__should_be_malformed_but_keep_its_trace_id() -> None:
    seen = observe(logs.CHAIN, logs.sig_log(5, kind=4))
    assert seen.event is None
    assert seen.trace_id == 5
    assert "zrSignReqType 4" in seen.fault


def test_dirty_owner_topic__should_be_malformed() -> None:
    log = logs.key_log()
    dirty = replace(log, topics=(*log.topics[:2], b"\x01" + log.topics[2][1:], log.topics[3]))
    with pytest.raises(MalformedLog, match="Padding bytes were not empty"):
        decode(logs.CHAIN, dirty)


@given(
    st.sampled_from([KEY_REQUEST, SIG_REQUEST, ACCOUNT_LINKED, b"\x00" * 32]),
    st.lists(st.binary(min_size=32, max_size=32), max_size=4),
    st.binary(max_size=400),
)
def test_hostile_log__should_be_an_event_or_a_fault(
    topic: bytes, topics: list[bytes], data: bytes
) -> None:
    log = EvmLog(logs.CONTRACT, (topic, *topics), data, Block(1, bytes(32)), bytes(32), 0)
    seen = observe(logs.CHAIN, log)
    assert (seen.event is None) == bool(seen.fault)


@given(st.data())
def test_truncated_or_flipped_data__should_be_an_event_or_a_fault(data: st.DataObject) -> None:
    log = logs.sig_log(1, payload=data.draw(st.binary(max_size=100)))
    raw = bytearray(log.data[: data.draw(st.integers(0, len(log.data)))])
    for position in data.draw(st.lists(st.integers(0, max(0, len(raw) - 1)), max_size=4)):
        if raw:
            raw[position] ^= data.draw(st.integers(0, 255))
    seen = observe(logs.CHAIN, replace(log, data=bytes(raw)))
    assert (seen.event is None) == bool(seen.fault)
    assert seen.trace_id == 1


@pytest.mark.parametrize(
    ("log", "tx_from", "code", "expected"),
    [
        (logs.key_log(), logs.OWNER.lower(), b"", False),
        (logs.key_log(), logs.OWNER, b"\x60", False),
        (logs.key_log(), OTHER, b"", False),
        (logs.key_log(), OTHER, b"\x60\x80", True),
        (logs.key_log(), OTHER, bytes.fromhex("ef0100") + bytes(20), False),
        (logs.sig_log(0), logs.OWNER, b"", False),
        (logs.sig_log(0), OTHER, b"\x60\x80", True),
        (logs.sig_log(0), OTHER, bytes.fromhex("ef0100") + bytes(20), False),
        # A contract that destroyed itself in its transaction must not pass for an account.
        (logs.sig_log(0), OTHER, b"", True),
        (logs.link_log(), logs.OWNER, b"", False),
        (logs.link_log(), OTHER, b"\x60\x80", True),
        (logs.link_log(), OTHER, b"", True),
    ],
)
def test_owner__should_be_told_apart(
    log: EvmLog, tx_from: str, code: bytes, expected: bool
) -> None:
    assert is_contract(decode(logs.CHAIN, log), tx_from, code) is expected
