"""What is stored is shown for ever: what cannot be shown is refused, and hides nothing else."""

from __future__ import annotations

import json

import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from tests.cost import processor_seconds
from tests.zrchain_lite.chain import ALICE, BOB, Chain, transfer
from zrchain_lite.api import event_query, event_search
from zrchain_lite.api.json_codec import to_json
from zrchain_lite.engine.records import TxRecord
from zrchain_lite.tx import pack
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury

BAD = {
    "Duration": Duration(seconds=10**15),
    "Duration of two signs": Duration(seconds=1, nanos=-1),
    "Timestamp": Timestamp(seconds=10**15),
}


def request(metadata: Any) -> treasury.MsgNewSignTransactionRequest:
    return treasury.MsgNewSignTransactionRequest(creator=ALICE.address, metadata=metadata)


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_value_without_json__should_be_refused_at_the_door(
    chain: Chain, bad: Duration | Timestamp
) -> None:
    check = chain.send(chain.tx(ALICE, request(pack(bad))))
    assert check.code != 0
    assert "cannot be shown" in check.log or "no type" in check.log


@pytest.mark.parametrize("levels", [9, 5_000])
def test_any_in_any__should_be_looked_into(chain: Chain, levels: int) -> None:
    inner = pack(Duration(seconds=1))
    for _ in range(levels):
        inner = Any(type_url="/google.protobuf.Any", value=inner.SerializeToString())
    with processor_seconds(1):
        check = chain.send(chain.tx(ALICE, request(inner)))
    assert check.code != 0
    assert "nested deeper" in check.log or "no type" in check.log


def test_list__should_show_the_others_when_one_item_has_no_json() -> None:
    """A store of before may hold one."""
    good = treasury.SignReqResponse(id=1, metadata=pack(Duration(seconds=3)))
    bad = treasury.SignReqResponse(id=2, metadata=pack(Duration(seconds=10**15)))
    unknown = treasury.SignReqResponse(id=3, metadata=Any(type_url="/a.B", value=b"x"))
    page = treasury.QuerySignatureRequestsResponse(sign_requests=[good, bad, unknown])
    shown = to_json(page)["sign_requests"]
    assert [each["id"] for each in shown] == ["1", "2", "3"]
    assert shown[0]["metadata"] == {"@type": "/google.protobuf.Duration", "value": "3s"}
    assert {each["metadata"]["@type"] for each in shown[1:]} == {"/google.protobuf.BytesValue"}
    assert json.dumps(shown)


def test_page_over_a_large_block__should_not_decode_it(chain: Chain) -> None:
    """A page of 100 over a block of 2,500 transactions took 1.7 s."""
    txs = [chain.tx(ALICE, transfer(ALICE, BOB, n + 1), ahead=n, memo="x" * n) for n in range(60)]
    record = chain.engine.make_block([*txs])
    engine = chain.engine
    for index, tx in enumerate(txs):
        expected = TxRecord(
            record.height, index, record.time_ms, tx, record.results.tx_results[index]
        )
        assert engine.records.at((record.height, index)) == expected
    query = event_query.parse(f"message.sender='{ALICE.address}'")
    decoded = 0
    read = engine.records.block

    def counted(height: int) -> object:
        nonlocal decoded
        decoded += 1
        return read(height)

    engine.records.block = counted  # type: ignore[method-assign, assignment]
    found, total = event_search.transactions(engine, query, skip=0, limit=60)
    assert ([each.tx for each in found], total, decoded) == (txs, 60, 0)
