"""The doors in a process of their own: strangers share no thread with who makes blocks."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.waiting import until
from tests.zrchain_lite.chain import ALICE, BOB, CHAIN_ID, FEE, GAS, genesis, node_config, transfer
from zrchain_lite import doors
from zrchain_lite.client import LedgerClient
from zrchain_lite.modules.auth import AuthKeeper
from zrchain_lite.node import RunningNode, serving
from zrchain_lite.store.lmdb_store import LmdbStore, Tip
from zrchain_lite.tx import TxSigner, build, tx_hash
from zrchain_lite.wire.cosmos.tx.v1beta1 import service_pb2 as txs_pb2
from zrsign.node import modules, routers

ROOT = Path(__file__).resolve().parents[2]
GET_TX = "/cosmos.tx.v1beta1.Service/GetTx"


@pytest.fixture
async def apart(tmp_path: Path) -> AsyncIterator[RunningNode]:
    config = node_config(tmp_path, genesis(), doors_apart=True)
    running = serving(config, modules, asyncio.Event(), routers=routers)
    async with running as (node, _):
        yield node


def signed(node: RunningNode, sequence: int, fee: int = FEE) -> bytes:
    stored = AuthKeeper().account(node.engine.app.context(), ALICE.address)
    signer = TxSigner(ALICE.secret, stored.account_number, sequence)
    message = transfer(ALICE, BOB, 5)
    return build([message], [signer], chain_id=CHAIN_ID, gas_limit=GAS, fee=fee)


async def rpc(node: RunningNode, method: str, **params: Any) -> Any:
    async with httpx.AsyncClient(timeout=60) as http:
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = await http.post(f"http://127.0.0.1:{node.rpc_port}/", json=call)
        return answer.json()["result"]


async def send(node: RunningNode, tx: bytes) -> Any:
    return await rpc(node, "broadcast_tx_sync", tx=base64.b64encode(tx).decode())


async def test_every_door__should_answer_from_the_other_process(apart: RunningNode) -> None:
    txs = [signed(apart, n) for n in range(2)]
    async with connect(f"ws://127.0.0.1:{apart.rpc_port}/websocket") as socket:
        call = {"jsonrpc": "2.0", "id": 1, "method": "subscribe", "params": ["tm.event='Tx'"]}
        await socket.send(json.dumps(call))
        assert json.loads(await socket.recv())["result"] == {}
        for tx in txs:
            assert (await send(apart, tx))["code"] == 0
        event = json.loads(await socket.recv())["result"]
        assert event["events"]["tx.hash"] == [tx_hash(txs[0]).hex().upper()]
    async with LedgerClient(f"127.0.0.1:{apart.grpc_port}") as client:
        query = txs_pb2.GetTxRequest(hash=tx_hash(txs[1]).hex())
        wait = (("x-wait-ms", "10000"),)
        found = await client.query(GET_TX, query, txs_pb2.GetTxResponse, metadata=wait)
        assert found.tx_response.code == 0
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{apart.rest_port}") as http:
        path = f"/cosmos/bank/v1beta1/balances/{BOB.address}"
        (coin,) = (await http.get(path)).json()["balances"]
        assert coin["amount"] == str(10**9 + 10)
        assert (await http.get("/zrsign/v1/params")).status_code == 200
    assert (await rpc(apart, "num_unconfirmed_txs"))["n_txs"] == "0"


async def test_blocks__should_be_made_while_the_doors_stand_still(apart: RunningNode) -> None:
    """The worst that a stranger's request can do to its reader: never to end."""
    pid = apart.doors_pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        wanted = apart.engine.tip.height + 3
        while apart.engine.tip.height < wanted:
            before = apart.engine.tip.height
            assert await apart.engine.wait_above(before, 10) > before
    finally:
        os.kill(pid, signal.SIGCONT)
    status = await rpc(apart, "status")
    assert int(status["sync_info"]["latest_block_height"]) >= wanted


async def test_doors__should_open_again_where_they_were(apart: RunningNode) -> None:
    before = apart.doors_pid
    assert before is not None
    os.kill(before, signal.SIGKILL)

    async def answered() -> bool:
        try:
            async with LedgerClient(f"127.0.0.1:{apart.grpc_port}", attempts=1) as client:
                await client.height()
            return (await send(apart, signed(apart, 0)))["code"] in (0, 19)
        except Exception:  # noqa: BLE001 - whatever a client says of doors that are shut
            return False

    await until(answered, "an answer after the doors' process was killed")
    assert apart.doors_pid != before


async def test_doors__should_open_again_after_a_fault_of_the_maker(
    apart: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    admit, before = apart.embedded.broadcast, apart.doors_pid

    def faulty(tx: bytes) -> Any:
        monkeypatch.setattr(apart.engine, "broadcast", admit)
        raise RuntimeError("a fault that nobody thought of")

    monkeypatch.setattr(apart.engine, "broadcast", faulty)
    with suppress(httpx.HTTPError):
        await send(apart, signed(apart, 0))

    async def answered() -> bool:
        try:
            return (await send(apart, signed(apart, 0)))["code"] in (0, 19)
        except Exception:  # noqa: BLE001 - whatever a client says of doors that are shut
            return False

    await until(answered, "an answer after a fault of the maker")
    assert apart.doors_pid != before


async def test_maker__should_see_only_what_is_well_formed_paid_and_signed(
    apart: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[bytes] = []
    admit = apart.embedded.broadcast

    def noted(tx: bytes) -> Any:
        reached.append(tx)
        return admit(tx)

    monkeypatch.setattr(apart.engine, "broadcast", noted)
    good, late = signed(apart, 0), signed(apart, 1)
    refused = [b"", b"\x0a" * 900_000, good[:-1], good[:-1] + bytes([good[-1] ^ 1])]
    refused += [signed(apart, 0, fee=1), signed(apart, 1_000)]
    for tx in refused:
        answer = await rpc(apart, "check_tx", tx=base64.b64encode(tx or b"x").decode())
        assert answer["code"] != 0
        assert (await send(apart, tx or b"x"))["code"] != 0
    assert reached == []
    assert [(await send(apart, tx))["code"] for tx in (good, late)] == [0, 0]
    assert reached == [good, late]


READ = """
import sys
from contextlib import suppress
from pathlib import Path
from zrchain_lite.store.lmdb_store import LmdbStore
store = LmdbStore(Path(sys.argv[1]), map_bytes=1, readonly=True)
for line in sys.stdin:
    store.refresh()
    values = [len(value) for _, value in store.state.iterate(b"k")]
    print(store.tip().height, sum(values), flush=True)
"""


def test_reader__should_follow_a_store_that_grows(tmp_path: Path) -> None:
    store = LmdbStore(tmp_path, map_bytes=64 * 1024)
    store.commit(Tip("x", 1, b""), [(b"k", b"1")])
    command = [sys.executable, "-c", READ, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as reader:  # type: ignore[call-overload]
        for height, size in ((2, 10**5), (3, 10**6), (4, 10**7)):
            store.commit(Tip("x", height, b""), [(b"k", bytes(size))])
            reader.stdin.write("look\n")
            reader.stdin.flush()
            assert reader.stdout.readline().split() == [str(height), str(size)]
        reader.stdin.close()
    store.close()


def test_function_without_a_name__should_be_refused() -> None:
    with pytest.raises(ValueError, match="can be imported"):
        doors.name_of(lambda keepers: ())
