"""Nodes as people have them: backends that lag, cut, lie, forget old state, and count calls."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from tests.waiting import until
from tests.zrsign_listener.conftest import ADMIN, USER, Chain, ask_hash, ask_key
from tests.zrsign_listener.logs import CHAIN
from tests.zrsign_listener.test_listener import Spoil, events, listening, trace_ids
from zrsign_daemon.database import held
from zrsign_daemon.errors import DatabaseUnusable
from zrsign_daemon.jsonrpc import JsonRpc, NodeBusy, NodeRefused
from zrsign_listener.batches import MAX_BATCH, MAX_PAUSES, Batches
from zrsign_listener.errors import NodeError
from zrsign_listener.store import Store

Answer = dict[str, Any]


def refusal(answer: Answer, code: int, text: str) -> Answer:
    return {"jsonrpc": "2.0", "id": answer["id"], "error": {"code": code, "message": text}}


def cutting(keep: int) -> Spoil:
    """eth_getLogs shows no more than `keep` logs, and says nothing of it."""

    def spoil(method: str, _params: list[Any], answer: Answer) -> Answer:
        return answer | {"result": answer["result"][:keep]} if method == "eth_getLogs" else answer

    return spoil


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.mark.parametrize("keep", [0, 1])
async def test_key_requests_that_a_node_leaves_out__should_be_found_in_receipts(
    chain: Chain, rpc: JsonRpc, store: Store, keep: int
) -> None:
    asked = [await ask_key(rpc, chain.direct.address) for _ in range(3)]
    missed = metric("zrsign_listener_missed_logs_total", chain=CHAIN, contract=chain.direct.address)
    async with listening(chain.settings(), store, cutting(keep)) as listener:
        await listener.poll()
        assert listener.fault() is None
    found = [event.id.tx_hash.hex() for event in await events(store, chain.direct.address)]
    assert found == [tx_hash.removeprefix("0x") for tx_hash in asked]
    now = metric("zrsign_listener_missed_logs_total", chain=CHAIN, contract=chain.direct.address)
    assert now - missed == 3 - keep


async def test_node_without_whole_receipts__should_be_asked_for_each(
    chain: Chain, rpc: JsonRpc, store: Store
) -> None:
    def old(method: str, _params: list[Any], answer: Answer) -> Answer:
        if method == "eth_getLogs":
            return answer | {"result": []}
        unknown = method == "eth_getBlockReceipts"
        return refusal(answer, -32601, "the method does not exist") if unknown else answer

    await ask_key(rpc, chain.direct.address)
    async with listening(chain.settings(), store, old) as listener:
        await listener.poll()
    assert len(await events(store, chain.direct.address)) == 1


async def test_receipts_that_are_not_shown__should_be_an_alarm_and_pass_no_block(
    chain: Chain, rpc: JsonRpc, store: Store
) -> None:
    hiding = True

    def hide(method: str, _params: list[Any], answer: Answer) -> Answer:
        if not hiding or not method.endswith(("Receipts", "Receipt", "Logs")):
            return answer
        return answer | {"result": None if method.endswith("Receipt") else []}

    await ask_key(rpc, chain.direct.address)
    async with listening(chain.settings(), store, hide) as listener:
        reading = asyncio.create_task(listener.poll())

        async def alarmed() -> bool:
            return "does not show the receipts of block" in (listener.fault() or "")

        await until(alarmed, "what cannot be proven is an alarm")
        assert metric("zrsign_listener_alarm", chain=CHAIN, contract=chain.direct.address) == 1
        assert await events(store, chain.direct.address) == []
        hiding = False
        await reading
        assert listener.fault() is None
        assert metric("zrsign_listener_alarm", chain=CHAIN, contract=chain.direct.address) == 0
    assert len(await events(store, chain.direct.address)) == 1


async def test_chain_without_true_blooms__should_be_an_alarm_until_it_is_counted(
    chain: Chain, rpc: JsonRpc, store: Store
) -> None:
    def empty(method: str, _params: list[Any], answer: Answer) -> Answer:
        if method == "eth_getBlockByNumber" and answer.get("result"):
            answer["result"]["logsBloom"] = "0x" + "00" * 256
        return answer

    await ask_hash(rpc, chain.omni.address)
    async with listening(chain.settings(), store, empty) as listener:
        reading = asyncio.create_task(listener.poll())

        async def alarmed() -> bool:
            return 'completeness = "counted"' in (listener.fault() or "")

        await until(alarmed, "blooms that prove nothing are an alarm")
        reading.cancel()
    assert await trace_ids(store, chain.omni.address) == []
    async with listening(chain.settings(completeness="counted"), store, empty) as listener:
        await listener.poll()
    assert await trace_ids(store, chain.omni.address) == [0]
    unproven = metric(
        "zrsign_listener_unproven_blocks_total", chain=CHAIN, contract=chain.omni.address
    )
    assert unproven > 0


async def test_state_that_is_gone__should_stop_no_event(
    chain: Chain, rpc: JsonRpc, store: Store
) -> None:
    """A full node keeps the state of its newest blocks alone."""
    refused: Counter[str] = Counter()

    def pruned(method: str, params: list[Any], answer: Answer) -> Answer:
        if method in ("eth_getCode", "eth_call") and params[-1] != "latest":
            refused[method] += 1
            return refusal(answer, -32000, "missing trie node")
        return answer

    await ask_key(rpc, chain.direct.address, owner=chain.omni.implementation)
    await ask_key(rpc, chain.direct.address, owner=ADMIN)
    await ask_hash(rpc, chain.omni.address)
    async with listening(chain.settings(), store, pruned) as listener:
        await listener.poll()
        assert listener.fault() is None
        await ask_key(rpc, chain.direct.address, owner=chain.omni.implementation)
        await listener.poll()
    owners = [(e.owner, e.owner_is_contract) for e in await events(store, chain.direct.address)]
    contract = (chain.omni.implementation, True)
    assert owners == [contract, (ADMIN, False), contract]
    assert await trace_ids(store, chain.omni.address) == [0]
    assert refused


async def test_cap_of_ten_blocks__should_be_learnt_and_kept(
    chain: Chain, rpc: JsonRpc, store: Store
) -> None:
    answers: Counter[bool] = Counter()

    def limit(method: str, params: list[Any], answer: Answer) -> Answer:
        if method != "eth_getLogs":
            return answer
        width = int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) + 1
        answers[width <= 10] += 1
        return answer if width <= 10 else refusal(answer, -32600, "up to a 10 block range")

    await rpc.call("anvil_mine", hex(600))
    async with listening(chain.settings(), store, limit) as listener:
        await listener.poll()
        assert all(reader.feed.cap == 10 for reader in listener.readers)
    # Two contracts: each is refused some eight times on the way down, and not once after that.
    assert answers[False] <= 20
    assert answers[True] >= 120
    answers.clear()
    await rpc.call("anvil_mine", hex(60))
    async with listening(chain.settings(), store, limit) as listener:
        await listener.poll()
    assert (answers[False], answers[True] >= 12) == (0, True)


class Counting:
    """A node that answers `allowed` calls between two pauses and refuses the others."""

    endpoint = "node"

    def __init__(self, allowed: int, *, whole: bool) -> None:
        self.allowed, self.whole = allowed, whole
        self.left, self.pauses = allowed, 0

    async def pause(self, _seconds: float) -> None:
        self.pauses += 1
        self.left = self.allowed

    async def batch(self, calls: list[tuple[Any, ...]]) -> list[Any]:
        if self.whole and len(calls) > self.left:
            self.left = 0
            raise NodeBusy("HTTP 429")
        return [await self._one(call) for call in calls]

    async def call(self, *call: Any) -> Any:
        answer = await self._one(call)
        if isinstance(answer, NodeRefused):
            raise answer
        return answer

    async def _one(self, call: tuple[Any, ...]) -> Any:
        self.left -= 1
        return call[1] if self.left >= 0 else NodeRefused("m", -32005, "rate limit exceeded")


@pytest.mark.parametrize("whole", [True, False])
async def test_node_that_counts_calls__should_be_asked_as_fast_as_it_answers(whole: bool) -> None:
    node = Counting(50, whole=whole)
    batches = Batches(node, node.pause)  # type: ignore[arg-type]
    assert await batches.ask([("m", i) for i in range(1_000)]) == list(range(1_000))
    # 50 a second at most: 20 s at best.
    assert 15 <= node.pauses <= 60


async def test_node_that_answers_no_call_any_more__should_be_given_up() -> None:
    node = Counting(0, whole=False)
    batches = Batches(node, node.pause)  # type: ignore[arg-type]
    with pytest.raises(NodeError, match="takes no more calls"):
        await batches.ask([("m", i) for i in range(2 * MAX_BATCH)])
    assert node.pauses == MAX_PAUSES


async def test_node_that_takes_no_batches__should_be_asked_one_by_one(
    chain: Chain, rpc: JsonRpc
) -> None:
    class Plain(JsonRpc):
        async def batch(self, calls: Any) -> list[Any]:
            raise NodeRefused("batch", -32600, "batches are not supported")

    plain = Plain(chain.url)
    batches = Batches(plain)
    try:
        assert await batches.ask([("eth_chainId",), ("eth_chainId",)]) == ["0x7a69", "0x7a69"]
    finally:
        await plain.close()


def dead(_method: str, _params: list[Any], answer: Answer) -> Answer:
    return refusal(answer, -32603, "internal error")


async def test_second_node__should_answer_for_one_that_fails(
    chain: Chain, rpc: JsonRpc, store: Store
) -> None:
    await ask_hash(rpc, chain.omni.address)
    async with listening(chain.settings(), store, dead, None) as listener:
        await listener.poll()
        assert listener.fault() is None
    assert await trace_ids(store, chain.omni.address) == [0]


def inventing(method: str, _params: list[Any], answer: Answer) -> Answer:
    """One consistent lie: another owner, in logs and receipts alike."""
    if method in ("eth_getLogs", "eth_getBlockReceipts"):
        user, admin = USER[2:].lower(), ADMIN[2:].lower()
        entries = [e for each in answer["result"] for e in each.get("logs", [each])]
        for entry in entries:
            entry["topics"] = [topic.replace(user, admin) for topic in entry["topics"]]
    return answer


async def test_liar__should_be_outvoted_named_and_rested(
    chain: Chain, rpc: JsonRpc, store: Store
) -> None:
    await ask_key(rpc, chain.direct.address)
    three = {"quorum": 2, "other_rpc_urls": [f"{chain.url}/2", f"{chain.url}/3"]}
    liar = f"{chain.address}#2"
    before = metric("zrsign_daemon_node_disagreements_total", node=liar)
    async with listening(chain.settings(**three), store, None, inventing, None) as listener:
        await listener.poll()
    (event,) = await events(store, chain.direct.address)
    assert event.owner == USER
    assert metric("zrsign_daemon_node_disagreements_total", node=liar) > before
    assert metric("zrsign_daemon_node_resting", node=liar) == 1


async def test_split_nodes__should_store_nothing(chain: Chain, rpc: JsonRpc, store: Store) -> None:
    await ask_key(rpc, chain.direct.address)
    two = {"quorum": 2, "other_rpc_urls": [f"{chain.url}/2"]}
    async with listening(chain.settings(**two), store, None, inventing) as listener:
        reading = asyncio.create_task(listener.poll())

        async def named() -> bool:
            return f"No 2 nodes agree; alike are: {chain.address} | " in (listener.fault() or "")

        await until(named, "the disagreement is named")
        reading.cancel()
    assert await events(store, chain.direct.address) == []


def test_second_process_on_a_store__should_be_told(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'listener.db'}"
    with (
        held(url),
        pytest.raises(DatabaseUnusable, match=r"Another process uses .*listener\.db: [0-9]+"),
        held(url),
    ):
        pytest.fail("two at once")
    with held(url):
        pass
