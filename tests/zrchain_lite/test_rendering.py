"""What is stored is shown for ever: what cannot be shown is refused, and hides nothing else."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from google.protobuf import any_pb2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from tests.cost import Turns, measured, processor_seconds
from tests.waiting import until
from tests.zrchain_lite.chain import ALICE, BOB, Chain, transfer
from zrchain_lite.api import event_query, event_search, rest, rpc
from zrchain_lite.api.json_codec import to_json
from zrchain_lite.api.rpc_subscriptions import MAX_SUBSCRIPTIONS, Subscriptions, Telling
from zrchain_lite.engine.records import TxRecord
from zrchain_lite.store.pagination import MAX_PAGE_BYTES
from zrchain_lite.tx import pack, tx_hash
from zrchain_lite.wire.cosmos.bank.v1beta1.bank_pb2 import Input, Output
from zrchain_lite.wire.cosmos.bank.v1beta1.tx_pb2 import MsgMultiSend
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury

BAD = {
    "Duration": Duration(seconds=10**15),
    "Duration of two signs": Duration(seconds=1, nanos=-1),
    "Timestamp": Timestamp(seconds=10**15),
}


def request(metadata: any_pb2.Any) -> treasury.MsgNewSignTransactionRequest:
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
        inner = any_pb2.Any(type_url="/google.protobuf.Any", value=inner.SerializeToString())
    with processor_seconds(1):
        check = chain.send(chain.tx(ALICE, request(inner)))
    assert check.code != 0
    assert "nested deeper" in check.log or "no type" in check.log


def test_list__should_show_the_others_when_one_item_has_no_json() -> None:
    """A store of before may hold one."""
    good = treasury.SignReqResponse(id=1, metadata=pack(Duration(seconds=3)))
    bad = treasury.SignReqResponse(id=2, metadata=pack(Duration(seconds=10**15)))
    unknown = treasury.SignReqResponse(id=3, metadata=any_pb2.Any(type_url="/a.B", value=b"x"))
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


def payments(count: int) -> MsgMultiSend:
    """Many small payments of one account in one message, which makes an answer dear to render."""
    paid = [Output(address=BOB.address, coins=[Coin(denom="urock", amount="1")])] * count
    coins = [Coin(denom="urock", amount=str(count))]
    return MsgMultiSend(inputs=[Input(address=ALICE.address, coins=coins)], outputs=paid)


def heavy(chain: Chain, count: int) -> bytes:
    return chain.tx(ALICE, payments(count), gas_limit=39_000_000, fee=4_000)


@dataclass
class Door:
    """A door without a network, and the turns that its event loop had."""

    app: Any
    turns: Turns = field(default_factory=Turns)

    async def ask(self, path: str, **parameters: str) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        watching = asyncio.create_task(self.turns.watch())
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
            answer = await client.get(path, params=parameters)
        watching.cancel()
        return answer


async def test_large_answer__should_be_rendered_beside_the_loop(chain: Chain) -> None:
    """A stranger who paid 4,000 urock for one transaction asks for it again and again."""
    tx = heavy(chain, 4_000)
    chain.block(tx)
    hash_ = tx_hash(tx).hex()
    gateway = Door(rest.build(chain.engine))
    with measured() as cost:
        answer = await gateway.ask(f"/cosmos/tx/v1beta1/txs/{hash_}")
    assert answer.json()["tx_response"]["code"] == 0
    assert len(answer.json()["tx"]["body"]["messages"][0]["outputs"]) == 4_000
    assert gateway.turns.longest_s < cost.seconds / 3, (gateway.turns.longest_s, cost.seconds)
    json_rpc = Door(rpc.build(chain.engine, chain.first))
    found = await json_rpc.ask("/tx", hash="0x" + hash_)
    events = found.json()["result"]["tx_result"]["events"]
    assert sum(event["type"] == "transfer" for event in events) == 4_000 + 1


async def test_page_of_large_transactions__should_be_refused_and_smaller_ones_answered(
    chain: Chain,
) -> None:
    for _ in range(3):
        chain.block(heavy(chain, 2_500))
    query = f"message.sender='{ALICE.address}'"
    json_rpc = Door(rpc.build(chain.engine, chain.first))
    refused = await json_rpc.ask("/tx_search", query=f'"{query}"')
    assert "smaller pages" in refused.json()["error"]["data"]
    one = await json_rpc.ask("/tx_search", query=f'"{query}"', per_page="1", page="3")
    assert (one.json()["result"]["total_count"], len(one.json()["result"]["txs"])) == ("3", 1)
    gateway = Door(rest.build(chain.engine))
    refused = await gateway.ask("/cosmos/tx/v1beta1/txs", query=query)
    assert refused.status_code == 429
    last = await gateway.ask("/cosmos/tx/v1beta1/txs", query=query, limit="1", page="3")
    assert len(last.json()["txs"]) == 1


async def test_pool__should_show_no_more_than_a_page_of_bytes(chain: Chain) -> None:
    memo = "x" * 256
    for ahead in range(30):
        outputs = [Output(address=BOB.address, coins=[Coin(denom="urock", amount="1")])] * 2_000
        message = payments(1)
        message.outputs.extend(outputs)
        tx = chain.tx(ALICE, message, gas_limit=2_000_000, fee=200, memo=memo, ahead=ahead)
        assert chain.send(tx).code == 0
    pool = await chain.engine.pool(100)
    assert pool.count == 30
    assert pool.size > MAX_PAGE_BYTES >= sum(map(len, pool.txs)) > MAX_PAGE_BYTES // 2
    assert len((await chain.engine.pool(1)).txs) == 1


async def test_block__should_be_rendered_once_however_many_listen(chain: Chain) -> None:
    """One peer's WebSockets, each with as many subscriptions as it may have."""
    told: list[str] = []

    async def send(text: str) -> None:
        told.append(text)

    async def all_heard() -> bool:
        return len(told) == 50 * MAX_SUBSCRIPTIONS // 2

    telling, crowd = Telling(), []
    for _ in range(50):
        listener = Subscriptions(chain.engine, telling, send)
        for n in range(MAX_SUBSCRIPTIONS):
            what = "NewBlock" if n % 2 else "Tx"
            missed = "" if n % 2 else f" AND transfer.recipient = 'nobody{n}'"
            query = f"tm.event = '{what}' AND tx.height > {n}{missed}"
            listener.handle("subscribe", n, {"query": query})
        crowd.append(listener)
    await asyncio.sleep(0)
    txs = [chain.tx(ALICE, transfer(ALICE, BOB, 1), ahead=ahead) for ahead in range(60)]
    with processor_seconds(1.0):
        chain.block(*txs)
        await until(all_heard, "the block at each that wants it")
    for each in crowd:
        await each.close()
    heard = [json.loads(text) for text in told[:MAX_SUBSCRIPTIONS]]
    assert {each["id"] for each in heard} <= {1, 3, 5, 7, 9}
    assert all(each["result"]["events"] == {"tm.event": ["NewBlock"]} for each in heard)
    blocks = [each["result"]["data"]["value"]["block"] for each in heard]
    assert {len(block["data"]["txs"]) for block in blocks} == {60}
