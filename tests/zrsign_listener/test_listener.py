"""One chain's listener against a real node, sound and misbehaving."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from tests.waiting import until
from tests.zrsign_listener.conftest import (
    ADMIN,
    USER,
    Chain,
    Misbehaving,
    ask_hash,
    ask_key,
    deployed,
    running_anvil,
)
from tests.zrsign_listener.logs import CHAIN
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_daemon.events.decode import SIG_REQUEST
from zrsign_daemon.jsonrpc import JsonRpc
from zrsign_daemon.loops import Loop, run_all
from zrsign_daemon.retry import Retry
from zrsign_listener.errors import NodeError, WrongChain
from zrsign_listener.evm import EvmNode
from zrsign_listener.listener import ChainListener, watch_heads
from zrsign_listener.nodes import EvmNodes
from zrsign_listener.settings import ChainSettings
from zrsign_listener.store import Store

NO_PAUSE = Retry(base_s=0.0, cap_s=0.0)

Spoil = Callable[[str, list[Any], dict[str, Any]], dict[str, Any]]


@asynccontextmanager
async def listening(
    settings: ChainSettings, store: Store, *spoils: Spoil | None
) -> AsyncIterator[ChainListener]:
    """A listener of the real node, seen through each of `spoils` as if each were a node."""
    url = settings.rpc_url
    rpcs = [JsonRpc(url) if each is None else Misbehaving(url, each) for each in spoils or (None,)]
    for place, rpc in enumerate(rpcs[1:], start=2):
        rpc.endpoint += f"#{place}"
    nodes = EvmNodes([EvmNode(rpc) for rpc in rpcs], settings.quorum, NO_PAUSE)
    listener = ChainListener(settings, nodes, store, lambda: None, NO_PAUSE)
    await listener.open()
    try:
        yield listener
    finally:
        for rpc in rpcs:
            await rpc.close()


async def events(store: Store, contract: str) -> list[receiver.SourceEvent]:
    stored = await store.to_report(CHAIN, contract, 1000)
    return [receiver.SourceEvent.FromString(event.event) for event in stored]


async def trace_ids(store: Store, contract: str) -> list[int]:
    found = await events(store, contract)
    return [int.from_bytes(e.sign.trace_id) for e in found if e.HasField("sign")]


async def test_requests__should_be_stored_with_their_place_and_owner(
    chain: Chain, rpc: JsonRpc, store: Store
) -> None:
    tx_hash = await ask_key(rpc, chain.direct.address)
    signed = await ask_hash(rpc, chain.omni.address)
    async with listening(chain.settings(), store) as listener:
        await listener.poll()
    (key,) = await events(store, chain.direct.address)
    _wallet, sign = await events(store, chain.omni.address)
    receipt = await rpc.call("eth_getTransactionReceipt", tx_hash)
    assert key.id.tx_hash.hex() == tx_hash.removeprefix("0x")
    assert key.block_hash.hex() == receipt["blockHash"].removeprefix("0x")
    assert key.block_number == int(receipt["blockNumber"], 16)
    assert key.id.contract == chain.direct.address
    assert (key.owner, key.owner_is_contract, key.key.options) == (USER, False, 1)
    assert sign.id.tx_hash.hex() == signed.removeprefix("0x")
    assert (sign.owner, sign.owner_is_contract) == (USER, False)
    assert (sign.sign.kind, sign.sign.payload) == (receiver.REQUEST_KIND_HASH, b"\x07" * 32)


async def test_owner_with_code__should_be_a_contract(
    chain: Chain, rpc: JsonRpc, store: Store
) -> None:
    await ask_key(rpc, chain.direct.address, owner=chain.omni.implementation)
    await ask_key(rpc, chain.direct.address, owner=ADMIN)
    async with listening(chain.settings(), store) as listener:
        await listener.poll()
    owners = [(e.owner, e.owner_is_contract) for e in await events(store, chain.direct.address)]
    assert owners == [(chain.omni.implementation, True), (ADMIN, False)]


async def test_restart__should_neither_lose_nor_repeat(
    chain: Chain, rpc: JsonRpc, store: Store
) -> None:
    for expected in ([0], [0, 1], [0, 1, 2]):
        await ask_hash(rpc, chain.omni.address)
        async with listening(chain.settings(), store) as listener:
            await listener.poll()
            await listener.poll()
        assert await trace_ids(store, chain.omni.address) == expected


async def test_block_that_is_not_final__should_wait(
    chain: Chain, rpc: JsonRpc, store: Store
) -> None:
    await ask_hash(rpc, chain.omni.address)
    async with listening(chain.settings(finality=3), store) as listener:
        for mined, expected in ((0, []), (2, []), (1, [0])):
            await rpc.call("anvil_mine", hex(mined)) if mined else None
            await listener.poll()
            assert await trace_ids(store, chain.omni.address) == expected


async def test_new_head__should_wake_the_poll(chain: Chain, rpc: JsonRpc, store: Store) -> None:
    settings = chain.settings(poll_interval_s=3600)
    async with listening(settings, store) as listener:
        polls = 0

        async def poll() -> None:
            nonlocal polls
            await listener.poll()
            polls += 1

        async def watch() -> None:
            await watch_heads(chain.socket, loop.wake)

        async def mined_wakes() -> bool:
            await rpc.call("anvil_mine", "0x1")
            return polls > 1

        async def stored() -> bool:
            return await trace_ids(store, chain.omni.address) == [0]

        loop = Loop("chain", poll, settings.poll_interval_s, NO_PAUSE)
        stop = asyncio.Event()
        running = asyncio.create_task(run_all([loop, Loop("heads", watch, 0.1, NO_PAUSE)], stop))
        await until(mined_wakes, "a new head wakes the poll")
        # The next poll of its own is an hour away.
        await ask_hash(rpc, chain.omni.address)
        await until(stored, "the request is stored")
        stop.set()
        await running


async def test_node_that_limits_ranges__should_be_read_in_smaller_ones(
    chain: Chain, rpc: JsonRpc, store: Store
) -> None:
    await ask_hash(rpc, chain.omni.address)
    await rpc.call("anvil_mine", hex(200))
    await ask_hash(rpc, chain.omni.address)
    asked: list[int] = []

    def limit(method: str, params: list[Any], answer: dict[str, Any]) -> dict[str, Any]:
        if method != "eth_getLogs":
            return answer
        asked.append(int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) + 1)
        if asked[-1] <= 20:
            return answer
        error = {"code": -32005, "message": "query returned more than 10000 results"}
        return {"jsonrpc": "2.0", "id": answer["id"], "error": error}

    async with listening(chain.settings(), store, limit) as listener:
        await listener.poll()
    assert await trace_ids(store, chain.omni.address) == [0, 1]
    assert max(asked) > 20


async def test_logs_missing_at_the_head__should_be_found_again(
    chain: Chain, rpc: JsonRpc, store: Store
) -> None:
    empty = 3

    def lag(method: str, _params: list[Any], answer: dict[str, Any]) -> dict[str, Any]:
        nonlocal empty
        if method == "eth_getLogs" and answer.get("result") and empty:
            empty -= 1
            return answer | {"result": []}
        return answer

    async with listening(chain.settings(completeness="counted"), store, lag) as listener:
        await listener.poll()
        for _ in range(2):
            await ask_hash(rpc, chain.omni.address)
        await listener.poll()
        assert empty == 0
        assert await trace_ids(store, chain.omni.address) == [0, 1]
        assert listener.fault() is None


async def test_hole_that_stays__should_alarm_and_hold_back_what_follows(
    chain: Chain, rpc: JsonRpc, store: Store
) -> None:
    for _ in range(3):
        await ask_hash(rpc, chain.omni.address)
    hidden = "0x" + (1).to_bytes(32).hex()
    hiding = True

    def hide(method: str, _params: list[Any], answer: dict[str, Any]) -> dict[str, Any]:
        if method != "eth_getLogs" or not hiding:
            return answer
        return answer | {"result": [e for e in answer["result"] if e["topics"][1] != hidden]}

    settings = chain.settings(completeness="counted")
    async with listening(settings, store, hide) as listener:
        reading = asyncio.create_task(listener.poll())

        async def alarmed() -> bool:
            return "Trace ids 1 to 1 are missing" in (listener.fault() or "")

        await until(alarmed, "the hole is an alarm")
        assert await trace_ids(store, chain.omni.address) == [0]
        hiding = False
        await reading
        assert await trace_ids(store, chain.omni.address) == [0, 1, 2]
        assert listener.fault() is None


async def test_malformed_log__should_be_kept_aside(
    chain: Chain, rpc: JsonRpc, store: Store
) -> None:
    for _ in range(2):
        await ask_hash(rpc, chain.omni.address)

    first = "0x" + bytes(32).hex()

    def cut(method: str, _params: list[Any], answer: dict[str, Any]) -> dict[str, Any]:
        """A contract that is none of ours may emit anything: every answer shows the same log."""
        if method not in ("eth_getLogs", "eth_getBlockReceipts"):
            return answer
        receipts = answer["result"]
        entries = [e for r in receipts for e in r.get("logs", [r])]
        for entry in entries:
            if entry["topics"][:2] == ["0x" + SIG_REQUEST.hex(), first]:
                entry["data"] = "0x00"
        return answer

    async with listening(chain.settings(rescan_blocks=0), store, cut) as listener:
        await listener.poll()
    assert await trace_ids(store, chain.omni.address) == [1]
    (fault,) = await store.malformed(CHAIN)
    assert fault.startswith("ZrSigRequest: the 1 bytes of data do not decode")


@pytest.mark.parametrize(
    "change",
    [{"blockHash": None}, {"address": USER}, {"blockNumber": "0x7fffffff"}, {"topics": "0x"}],
)
async def test_nonsense_from_the_node__should_store_nothing(
    chain: Chain, rpc: JsonRpc, store: Store, change: dict[str, Any]
) -> None:
    await ask_hash(rpc, chain.omni.address)
    spoiled = 0

    def spoil(method: str, _params: list[Any], answer: dict[str, Any]) -> dict[str, Any]:
        nonlocal spoiled
        if method == "eth_getLogs" and answer["result"] and not spoiled:
            spoiled += 1
            answer["result"][0] |= change
        return answer

    async with listening(chain.settings(), store, spoil) as listener:
        await listener.poll()
    assert spoiled == 1
    assert await trace_ids(store, chain.omni.address) == [0]


NONSENSE: list[Any] = [None, 7, "", "0x", "0xzz", [], [None], [{}], {}, {"0x": []}]
FIELDS = {
    "eth_getBlockByNumber": ["number", "hash", "parentHash", "logsBloom", "transactions"],
    "eth_getBlockReceipts": ["transactionHash", "blockHash", "from", "logs"],
}


@pytest.mark.parametrize("value", NONSENSE, ids=repr)
@pytest.mark.parametrize(
    ("method", "field"), [(method, field) for method in FIELDS for field in FIELDS[method]]
)
async def test_nonsense_in_a_header_or_receipt__should_store_nothing_and_end_nothing(
    chain: Chain, rpc: JsonRpc, store: Store, method: str, field: str, value: Any
) -> None:
    await ask_hash(rpc, chain.omni.address)
    spoilt = 0

    def spoil(asked: str, _params: list[Any], answer: dict[str, Any]) -> dict[str, Any]:
        nonlocal spoilt
        if asked == method and answer["result"] and spoilt < 12:
            spoilt += 1
            target = answer["result"]
            (target[0] if isinstance(target, list) else target)[field] = value
        return answer

    async with listening(chain.settings(), store, spoil) as listener:
        for _ in range(20):
            with suppress(NodeError):
                await listener.poll()
        assert listener.fault() is None
    assert spoilt
    assert await trace_ids(store, chain.omni.address) == [0]


async def test_other_chain__should_be_refused(chain: Chain, rpc: JsonRpc, store: Store) -> None:
    async with listening(chain.settings(caip2="eip155:1"), store) as listener:
        with pytest.raises(WrongChain, match=r"serves eip155:31337, not eip155:1\b"):
            await listener.poll()


async def test_dead_node__should_be_named_without_the_urls_path(chain: Chain, store: Store) -> None:
    settings = chain.settings(rpc_url="http://127.0.0.1:9/my-api-key")
    async with listening(settings, store) as listener:
        with pytest.raises(NodeError, match=r"127\.0\.0\.1:9") as error:
            await listener.poll()
    assert "my-api-key" not in str(error.value)


async def test_chain_started_from_scratch__should_alarm_and_say_what_to_do(store: Store) -> None:
    with running_anvil() as address:
        first = await deployed(address)
        async with listening(first.settings(), store) as listener:
            await listener.poll()
    # Two chains that start in the same second would be the same chain.
    with running_anvil("--timestamp", "1700000000") as address:
        again = await deployed(address)
        async with listening(again.settings(), store) as listener:
            for _ in range(20):
                await listener.poll()
            fault = listener.fault() or ""
    assert "The chain is not the one that was read" in fault
    assert "move the listener's database away" in fault
