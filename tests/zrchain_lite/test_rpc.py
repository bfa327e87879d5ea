"""JSON-RPC: CometBFT's methods by POST, by GET and over a WebSocket, on a real node."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.waiting import STALLED_S
from tests.zrchain_lite.chain import ALICE, BOB, CHAIN_ID, FUNDS, Chain, transfer
from zrchain_lite.api import rpc as rpc_api
from zrchain_lite.client import LedgerClient
from zrchain_lite.modules.auth import AuthKeeper
from zrchain_lite.node import RunningNode
from zrchain_lite.tx import TxSigner, build, tx_hash
from zrchain_lite.wire.cosmos.bank.v1beta1 import query_pb2 as bank
from zrchain_lite.wire.cosmos.tx.v1beta1 import service_pb2 as txs


@dataclass
class Rpc:
    """Calls by POST; `raw` gives the whole answer."""

    http: httpx.AsyncClient
    node: RunningNode

    async def raw(self, method: str, **params: Any) -> dict[str, Any]:
        body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
        answer: dict[str, Any] = (await self.http.post("/", json=body)).json()
        assert answer["id"] == 7
        return answer

    async def call(self, method: str, **params: Any) -> Any:
        answer = await self.raw(method, **params)
        assert "result" in answer, answer
        return answer["result"]

    def tx(self, sequence: int = 0, amount: int = 5) -> bytes:
        stored = AuthKeeper().account(self.node.engine.app.context(), ALICE.address)
        signer = TxSigner(ALICE.secret, stored.account_number, sequence)
        message = transfer(ALICE, BOB, amount)
        return build([message], [signer], chain_id=CHAIN_ID, gas_limit=200_000, fee=20)


@pytest.fixture
async def rpc(node: RunningNode) -> AsyncIterator[Rpc]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{node.rpc_port}") as http:
        yield Rpc(http, node)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


async def test_websockets__should_not_run_out_over_peers_that_left_at_once(chain: Chain) -> None:
    door = rpc_api.build(chain.engine, chain.first)
    scope = {"type": "websocket", "path": "/websocket", "headers": [], "query_string": b""}
    said: list[str] = []

    async def open_and(*events: str) -> None:
        coming = iter(events)

        async def receive() -> dict[str, Any]:
            return {"type": f"websocket.{next(coming)}", "code": 1006}

        async def send(message: Any) -> None:
            said.append(message["type"])

        await door(dict(scope), receive, send)

    for _ in range(rpc_api.MAX_WEBSOCKETS + 1):
        await open_and("disconnect")
    assert said == []
    await open_and("connect", "disconnect")
    assert said == ["websocket.accept"]


async def test_status__should_describe_the_node(rpc: Rpc) -> None:
    status = await rpc.call("status")
    assert status["node_info"]["network"] == CHAIN_ID
    assert status["node_info"]["version"].startswith("0.38.")
    assert int(status["sync_info"]["latest_block_height"]) >= 1
    assert status["sync_info"]["catching_up"] is False
    assert await rpc.call("health") == {}
    assert (await rpc.call("genesis"))["genesis"]["chain_id"] == CHAIN_ID
    info = (await rpc.call("abci_info"))["response"]
    assert int(info["last_block_height"]) >= 1
    params = await rpc.call("consensus_params")
    assert int(params["consensus_params"]["block"]["max_bytes"]) > 0
    validators = await rpc.call("validators")
    assert validators["validators"][0]["address"] == status["validator_info"]["address"]


async def test_broadcast_commit__should_wait_for_the_block(rpc: Rpc) -> None:
    tx = rpc.tx()
    done = await rpc.call("broadcast_tx_commit", tx=b64(tx))
    assert (done["check_tx"]["code"], done["tx_result"]["code"]) == (0, 0)
    height = int(done["height"])

    found = await rpc.call("tx", hash=b64(tx_hash(tx)))
    assert (found["hash"], int(found["height"])) == (tx_hash(tx).hex().upper(), height)
    assert base64.b64decode(found["tx"]) == tx
    block = await rpc.call("block", height=str(height))
    assert block["block"]["data"]["txs"] == [b64(tx)]
    by_hash = await rpc.call("block_by_hash", hash=b64(bytes.fromhex(block["block_id"]["hash"])))
    assert by_hash == block
    results = await rpc.call("block_results", height=height)
    assert results["txs_results"][0]["gas_used"] == done["tx_result"]["gas_used"]
    header = (await rpc.call("header", height=height))["header"]
    assert header == block["block"]["header"]


async def test_broadcast_sync__should_answer_after_check(rpc: Rpc) -> None:
    assert (await rpc.call("check_tx", tx=b64(rpc.tx())))["code"] == 0
    sent = await rpc.call("broadcast_tx_sync", tx=b64(rpc.tx()))
    assert (sent["code"], len(sent["hash"])) == (0, 64)
    assert (await rpc.call("broadcast_tx_async", tx=b64(rpc.tx(sequence=9))))["code"] == 32
    assert (await rpc.call("broadcast_tx_commit", tx=b64(b"junk")))["check_tx"]["code"] == 2


async def test_search__should_find_by_hash_height_and_event(rpc: Rpc) -> None:
    txs = [rpc.tx(sequence, amount=sequence + 1) for sequence in range(3)]
    done = [await rpc.call("broadcast_tx_commit", tx=b64(tx)) for tx in txs]
    heights = [int(each["height"]) for each in done]
    hash_ = done[-1]["hash"]
    recipient = f"transfer.recipient='{BOB.address}'"

    async def heights_of(query: str, **params: Any) -> list[int]:
        answer = await rpc.call("tx_search", query=query, **params)
        return [int(item["height"]) for item in answer["txs"]]

    assert await heights_of(f"tx.hash='{hash_}'") == heights[-1:]
    assert await heights_of(f"tx.height={heights[1]}") == [heights[1]]
    assert await heights_of(recipient) == heights
    assert await heights_of(recipient, order_by="desc") == heights[::-1]
    assert await heights_of(f"{recipient} AND tx.height>{heights[0]}") == heights[1:]
    assert await heights_of(f"{recipient} AND transfer.amount='2urock'") == [heights[1]]
    assert await heights_of(recipient, per_page="2", page="2") == heights[2:]
    assert await heights_of("transfer.recipient='nobody'") == []


async def test_abci_query__should_reach_the_modules(rpc: Rpc) -> None:
    path = "/cosmos.bank.v1beta1.Query/Balance"
    request = bank.QueryBalanceRequest(address=ALICE.address, denom="urock").SerializeToString()
    answer = (await rpc.call("abci_query", path=path, data=request.hex()))["response"]
    value = bank.QueryBalanceResponse.FromString(base64.b64decode(answer["value"]))
    assert value.balance.amount == str(FUNDS)
    simulate = "/cosmos.tx.v1beta1.Service/Simulate"
    data = txs.SimulateRequest(tx_bytes=rpc.tx()).SerializeToString().hex()
    simulated = (await rpc.call("abci_query", path=simulate, data=data))["response"]
    gas = txs.SimulateResponse.FromString(base64.b64decode(simulated["value"])).gas_info
    assert gas.gas_used > 0
    malformed = (await rpc.call("abci_query", path=simulate, data="ffff"))["response"]
    assert malformed["code"] == 1505
    refused = (await rpc.call("abci_query", path="/none", data=""))["response"]
    assert (refused["code"], refused["codespace"]) == (6, "sdk")


async def test_get__should_take_parameters_from_the_url(rpc: Rpc) -> None:
    tx = rpc.tx()
    done = (await rpc.http.get("/broadcast_tx_commit", params={"tx": "0x" + tx.hex()})).json()
    hash_ = done["result"]["hash"]
    for query in ({"hash": "0x" + hash_}, {"hash": "0x" + hash_.lower(), "prove": "false"}):
        found = (await rpc.http.get("/tx", params=query)).json()
        assert found["result"]["hash"] == hash_
    listed = (await rpc.http.get("/tx_search", params={"query": f"\"tx.hash='{hash_}'\""})).json()
    assert listed["result"]["total_count"] == "1"
    assert (await rpc.http.get("/block", params={"height": "1"})).status_code == 200
    methods = (await rpc.http.get("/")).json()["methods"]
    assert "broadcast_tx_sync" in methods


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("nonsense", {}, -32601),
        ("block", {"height": "x"}, -32602),
        ("block", {"height": "9" * 30}, -32602),
        ("block", {"height": 0}, -32603),
        ("block", {"height": 10**9}, -32603),
        ("block", {"unknown": 1}, -32602),
        ("tx", {}, -32602),
        ("tx", {"hash": "!"}, -32602),
        ("tx", {"hash": b64(bytes(32))}, -32603),
        ("tx_search", {"query": "nonsense"}, -32603),
        ("tx_search", {"query": "tx.height=1", "page": 0}, -32603),
        ("tx_search", {"query": "tx.height=1", "order_by": "up"}, -32603),
        ("tx_search", {"query": "tm.event='Tx'"}, -32603),
        ("broadcast_tx_sync", {"tx": 5}, -32602),
    ],
)
async def test_errors__should_have_the_code_of_json_rpc(
    rpc: Rpc, method: str, params: dict[str, Any], code: int
) -> None:
    error = (await rpc.raw(method, **params))["error"]
    assert error["code"] == code, error
    assert error["data"]


@pytest.mark.parametrize("body", [b"", b"{", b"5", b'"x"', b"{}", b"[]", b'{"method": 5}'])
async def test_bad_body__should_be_refused(rpc: Rpc, body: bytes) -> None:
    answer = (await rpc.http.post("/", content=body)).json()
    assert answer["error"]["code"] in (-32700, -32600)


async def test_batch__should_be_answered_in_order(rpc: Rpc) -> None:
    calls = [{"jsonrpc": "2.0", "id": n, "method": "health"} for n in range(3)]
    answers = (await rpc.http.post("/", json=calls)).json()
    assert [answer["id"] for answer in answers] == [0, 1, 2]
    refused = await rpc.http.post("/", json=calls * 10)
    assert refused.status_code == 400


async def receive(socket: ClientConnection) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), STALLED_S))
    return answer


async def test_websocket__should_push_matching_events(rpc: Rpc) -> None:
    url = f"ws://127.0.0.1:{rpc.node.rpc_port}/websocket"
    target = f"127.0.0.1:{rpc.node.grpc_port}"
    query = f"tm.event='Tx' AND transfer.recipient='{BOB.address}'"
    async with connect(url) as socket, LedgerClient(target, account=ALICE) as ledger:

        async def ask(id_: int, method: str, **params: Any) -> dict[str, Any]:
            call = {"jsonrpc": "2.0", "id": id_, "method": method, "params": params}
            await socket.send(json.dumps(call))
            return await receive(socket)

        assert await ask(1, "subscribe", query=query) == {"jsonrpc": "2.0", "id": 1, "result": {}}
        assert "error" in await ask(2, "subscribe", query=query)
        assert "error" in await ask(3, "subscribe", query="tm.event='Nonsense'")
        assert "error" in await ask(4, "unsubscribe", query="tm.event='NewBlock'")
        assert (await ask(5, "status"))["result"]["node_info"]["network"] == CHAIN_ID

        await ledger.broadcast(transfer(ALICE, ALICE, 1))
        sent = await ledger.broadcast(transfer(ALICE, BOB, 1))
        pushed = await receive(socket)
        assert pushed["id"] == 1
        value = pushed["result"]["data"]["value"]["TxResult"]
        assert int(value["height"]) == sent.height
        assert pushed["result"]["events"]["tx.hash"] == [sent.hash]

        assert (await ask(6, "unsubscribe_all"))["result"] == {}
        await socket.send("{")
        assert (await receive(socket))["error"]["code"] == -32700


async def test_websocket__should_push_new_blocks(rpc: Rpc) -> None:
    async with connect(f"ws://127.0.0.1:{rpc.node.rpc_port}/websocket") as socket:
        call = {"id": "a", "method": "subscribe", "params": ["tm.event='NewBlock'"]}
        await socket.send(json.dumps(call))
        await receive(socket)
        first, second = await receive(socket), await receive(socket)
        heights = [
            int(item["result"]["data"]["value"]["block"]["header"]["height"])
            for item in (first, second)
        ]
    assert heights[1] == heights[0] + 1
