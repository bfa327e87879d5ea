"""A client with a trusted root, before a real node and before nodes that lie."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from tests.zrchain_lite.chain import ALICE, BOB, FUNDS, genesis, node_config, transfer
from tests.zrchain_lite.liar import WITNESS, altered, proxy, root_of, trusting
from zrchain_lite.client import (
    Account,
    ChainForked,
    ClientError,
    LedgerClient,
    LedgerUnavailable,
    NodeBehind,
    NotVerified,
    ObjectNotFound,
    TrustedRoot,
    TrustSettings,
)
from zrchain_lite.light import LightBlock, Trust, fork
from zrchain_lite.node import RunningNode, serving
from zrchain_lite.store.witness import show
from zrchain_lite.wire.cosmos.bank.v1beta1 import query_pb2 as bank
from zrchain_lite.wire.cosmos.base.tendermint.v1beta1 import query_pb2 as tm
from zrchain_lite.wire.cosmos.tx.v1beta1 import service_pb2 as txs
from zrchain_lite.wire.tendermint.types.types_pb2 import LightBlock as WireLightBlock
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrsign.light import light_pb2 as light
from zrsign.local.chaos.gates import Gate
from zrsign.node import modules

BALANCE = "/cosmos.bank.v1beta1.Query/Balance"
KEYRING = "/zrchain.identity.Query/KeyringByAddress"


async def balance(ledger: LedgerClient, account: Account) -> int:
    request = bank.QueryBalanceRequest(address=account.address, denom="urock")
    return int((await ledger.query(BALANCE, request, bank.QueryBalanceResponse)).balance.amount)


async def test_own_transaction__should_be_seen_in_verified_state(node: RunningNode) -> None:
    async with trusting(node, account=ALICE) as ledger:
        for n in range(1, 4):
            await ledger.broadcast(transfer(ALICE, BOB, 5))
            assert await balance(ledger, BOB) == FUNDS + 5 * n


class Scripted(LedgerClient):
    """A client of a node with these blocks: their heights, and whether they have transactions."""

    blocks: ClassVar = [(6, 1), (7, 0), (8, 0), (9, 1), (10, 1), (11, 0), (14, 0)]

    async def height(self) -> int:
        self.left_over = list(self.blocks)
        return 5

    async def _latest(self, *metadata: tuple[str, str]) -> tm.GetLatestBlockResponse:
        if not self.left_over:
            raise LedgerUnavailable("the end")
        height, count = self.left_over.pop(0)
        answer = tm.GetLatestBlockResponse()
        answer.block.header.height = height
        answer.block.data.txs.extend([b"tx"] * count)
        return answer


@pytest.mark.parametrize(
    ("trust", "told"),
    [(None, [6, 9, 10, 14]), (TrustSettings(TrustedRoot(1, bytes(32))), [5, 6, 9, 10, 13])],
)
async def test_blocks__should_be_told_when_their_state_can_be_verified(
    trust: TrustSettings | None, told: list[int]
) -> None:
    """Who looks once for each block with a transaction misses nothing."""
    async with Scripted("127.0.0.1:1", trust=trust) as ledger:
        heights = aiter(ledger.new_blocks(filled=True))
        assert [await anext(heights) for _ in told] == told
        with pytest.raises(LedgerUnavailable):
            await anext(heights)


async def test_absence__should_be_proven(node: RunningNode) -> None:
    async with trusting(node) as ledger:
        nobody = identity.QueryKeyringByAddressRequest(
            keyring_addr="keyring1pfnq7r04rept47gaf5cpdew2"
        )
        with pytest.raises(ObjectNotFound):
            await ledger.query(KEYRING, nobody, identity.QueryKeyringByAddressResponse)


def invents(shown: light.QueryWitnessResponse) -> None:
    for each in shown.reads:
        if each.value:
            each.value = each.value.replace(str(FUNDS).encode(), str(FUNDS + 1).encode())


def hides(shown: light.QueryWitnessResponse) -> None:
    for each in shown.reads:
        each.ClearField("value")


def drops(shown: light.QueryWitnessResponse) -> None:
    del shown.reads[:]


def signs_nothing(shown: light.QueryWitnessResponse) -> None:
    shown.block.signed_header.commit.signatures[0].signature = bytes(64)


def invents_root(shown: light.QueryWitnessResponse) -> None:
    shown.block.signed_header.header.app_hash = bytes(32)


def invents_time(shown: light.QueryWitnessResponse) -> None:
    shown.header.time.seconds += 1


def is_rubbish(shown: light.QueryWitnessResponse) -> None:
    shown.block.ClearField("validator_set")


LIES = [invents, hides, drops, signs_nothing, invents_root, invents_time, is_rubbish]


@pytest.mark.parametrize("change", LIES)
async def test_liar__should_be_named_and_left_for_an_honest_node(
    node: RunningNode, change: Callable[[light.QueryWitnessResponse], None]
) -> None:
    async with proxy(node, altered(change)) as liar:
        async with trusting(node, liar) as alone:
            with pytest.raises(NotVerified) as told:
                await balance(alone, BOB)
            assert told.value.endpoint == liar
        async with trusting(node, liar, f"127.0.0.1:{node.grpc_port}") as ledger:
            assert await balance(ledger, BOB) == FUNDS
            assert list(ledger.left) == [liar]


async def test_node_that_goes_back__should_not_be_believed(node: RunningNode) -> None:
    """It shows what was true before: each block follows from the root."""
    old: list[bytes] = []

    def replays(method: str, request: bytes, answer: bytes) -> bytes:
        if method == WITNESS:
            old.append(answer)
            return old[0]
        return answer

    async with proxy(node, replays) as liar, trusting(node, account=ALICE) as writer:
        async with trusting(node, liar, account=ALICE) as ledger:
            assert await balance(ledger, BOB) == FUNDS
            await ledger.broadcast(transfer(ALICE, BOB, 5))
            with pytest.raises(NodeBehind):
                await balance(ledger, BOB)
        async with trusting(node, liar, f"127.0.0.1:{node.grpc_port}") as both:
            await balance(both, BOB)
            await writer.broadcast(transfer(ALICE, BOB, 5))
            assert await balance(writer, BOB) == FUNDS + 10


async def test_stale_chain__should_not_be_believed(node: RunningNode) -> None:
    def tomorrow() -> int:
        return time.time_ns() + 24 * 3600 * 10**9

    async with trusting(node, now_ns=tomorrow) as ledger:
        with pytest.raises(NodeBehind, match="stale"):
            await balance(ledger, BOB)


async def test_unknown_root__should_be_refused(node: RunningNode) -> None:
    wrong = TrustSettings(TrustedRoot(1, bytes(32)))
    async with LedgerClient(f"127.0.0.1:{node.grpc_port}", trust=wrong) as ledger:
        with pytest.raises(NotVerified, match="not the trusted root"):
            await balance(ledger, BOB)


class Clock:
    """Goes by itself, and can be moved on."""

    def __init__(self) -> None:
        self.ahead_s = 0

    def __call__(self) -> int:
        return time.time_ns() + self.ahead_s * 10**9


async def test_node_that_leaves_out_pairs__should_be_left_for_one_that_shows_them(
    node: RunningNode,
) -> None:
    """Every pair that it shows is true: only another node can tell that one is missing."""
    request = bank.QueryAllBalancesRequest(address=BOB.address)

    def leaves_out(shown: light.QueryWitnessResponse) -> None:
        kept = [each for each in shown.reads if b"balance" not in each.key]
        del shown.reads[:]
        shown.reads.extend(kept)
        version = node.engine.app.version(shown.header.height)
        shown.tree = show(version.state, version.tree, [each.key for each in kept])

    clock = Clock()
    method = "/cosmos.bank.v1beta1.Query/AllBalances"
    async with (
        proxy(node, altered(leaves_out)) as liar,
        proxy(node) as other,
        trusting(node, liar, other, now_ns=clock) as ledger,
    ):
        answer = await ledger.query(method, request, bank.QueryAllBalancesResponse)
        assert not answer.balances
        clock.ahead_s = 11
        answer = await ledger.query(method, request, bank.QueryAllBalancesResponse)
        assert [each.amount for each in answer.balances] == [str(FUNDS)]
        assert list(ledger.left) == [liar]


async def test_fork__should_be_kept_as_evidence_that_others_can_check(tmp_path: Path) -> None:
    """The validator's folder was copied, and both copies make blocks."""
    first = genesis()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    config, copied = (node_config(tmp_path / name, first) for name in "ab")
    async with serving(config, modules, asyncio.Event()) as (running, _):
        async with trusting(running, account=ALICE) as ledger:
            await ledger.broadcast(transfer(ALICE, BOB))
            assert await balance(ledger, BOB) == FUNDS + 1
        root = root_of(running)
    shutil.copytree(config.home, copied.home)
    clock, folder = Clock(), tmp_path / "evidence"
    async with (
        serving(config, modules, asyncio.Event()) as (one, _),
        serving(copied, modules, asyncio.Event()) as (two, _),
        LedgerClient(f"127.0.0.1:{two.grpc_port}", account=ALICE) as elsewhere,
        LedgerClient(
            f"127.0.0.1:{one.grpc_port}",
            endpoints=[f"127.0.0.1:{two.grpc_port}"],
            account=ALICE,
            trust=TrustSettings(root, folder=folder),
            now_ns=clock,
        ) as ledger,
    ):
        for _ in range(4):
            # So that this copy is ahead, whatever empty blocks the other makes meanwhile.
            await elsewhere.broadcast(transfer(ALICE, BOB, 9))
        await ledger.broadcast(transfer(ALICE, BOB))
        assert await balance(ledger, BOB) == FUNDS + 2
        clock.ahead_s = 11
        assert await balance(ledger, BOB) == FUNDS + 2
        assert list(ledger.left) == [f"127.0.0.1:{two.grpc_port}"]
    (kept,) = folder.glob("fork-*.json")
    told = json.loads(kept.read_text())
    blocks = {
        name: LightBlock.from_wire(WireLightBlock.FromString(base64.b64decode(told[name])))
        for name in ("common", "followed", "conflicting")
    }
    followed, conflicting = blocks["followed"], blocks["conflicting"]
    now_ns = time.time_ns()
    found = fork(blocks["common"], followed, conflicting, Trust(first.chain_id), now_ns)
    assert found is not None
    assert [each.address.hex().upper() for each in found.culprits] == told["culprits"]
    assert told["culprits"]


async def test_copy_that_outgrew_the_chain__should_never_be_believed(tmp_path: Path) -> None:
    """A ledger is restored from an old copy, and makes more blocks than it had before."""
    first = genesis()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    config, copied = (node_config(tmp_path / name, first) for name in "ab")
    async with serving(config, modules, asyncio.Event()) as (running, _):
        root = root_of(running)
    shutil.copytree(config.home, copied.home)
    async with (
        serving(config, modules, asyncio.Event()) as (one, _),
        serving(copied, modules, asyncio.Event()) as (two, _),
        LedgerClient(f"127.0.0.1:{two.grpc_port}", account=ALICE) as elsewhere,
        opened(Gate(one.grpc_port)) as gate,
    ):
        clock, address = Clock(), f"127.0.0.1:{gate.port}"
        trust = TrustSettings(root, folder=tmp_path / "kept")
        async with LedgerClient(address, account=ALICE, trust=trust, now_ns=clock) as ledger:
            await ledger.broadcast(transfer(ALICE, BOB))
            assert await balance(ledger, BOB) == FUNDS + 1
            height = await ledger.height()
            while await elsewhere.height() < height + 3:
                await elsewhere.broadcast(transfer(ALICE, BOB, 9))
            await gate.lead_to(two.grpc_port)
            clock.ahead_s = 11
            for _ in range(2):
                with pytest.raises(ChainForked):
                    await balance(ledger, BOB)
            await gate.lead_to(one.grpc_port)
            assert await balance(ledger, BOB) == FUNDS + 1
        # Who starts again has a block on disk.
        await gate.lead_to(two.grpc_port)
        async with LedgerClient(address, account=ALICE, trust=trust, now_ns=clock) as again:
            with pytest.raises(NotVerified, match="another than the trusted one"):
                await balance(again, BOB)


async def test_copy_that_is_shorter__should_take_nothing_that_counts_as_sent(
    tmp_path: Path,
) -> None:
    """Its blocks follow from the root, and lead to none that is known."""
    first = genesis()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    config, copied = (node_config(tmp_path / name, first) for name in "ab")
    async with serving(config, modules, asyncio.Event()) as (running, _):
        root = root_of(running)
    shutil.copytree(config.home, copied.home)
    async with (
        serving(config, modules, asyncio.Event()) as (one, _),
        LedgerClient(f"127.0.0.1:{one.grpc_port}", account=BOB) as elsewhere,
        opened(Gate(one.grpc_port)) as gate,
    ):
        for _ in range(6):
            await elsewhere.broadcast(transfer(BOB, ALICE, 1))
        address, trust = f"127.0.0.1:{gate.port}", TrustSettings(root)
        async with LedgerClient(address, account=ALICE, trust=trust) as ledger:
            assert await balance(ledger, ALICE) == FUNDS + 6
            async with serving(copied, modules, asyncio.Event()) as (two, _):
                await gate.lead_to(two.grpc_port)
                with pytest.raises(NotVerified):
                    await ledger.broadcast(transfer(ALICE, BOB))


@asynccontextmanager
async def opened(gate: Gate) -> AsyncIterator[Gate]:
    await gate.open()
    try:
        yield gate
    finally:
        await gate.close()


async def test_restart__should_go_on_from_the_last_block_and_never_back(
    node: RunningNode, tmp_path: Path
) -> None:
    old: list[bytes] = []

    def replays(method: str, request: bytes, answer: bytes) -> bytes:
        old.append(answer)
        return old[0] if method == WITNESS else answer

    async with proxy(node, replays) as liar:
        async with trusting(node, liar) as before:
            await balance(before, BOB)
        async with trusting(node, account=ALICE, folder=tmp_path) as ledger:
            await ledger.broadcast(transfer(ALICE, BOB))
            assert await balance(ledger, BOB) == FUNDS + 1
        async with trusting(node, liar, folder=tmp_path) as after:
            with pytest.raises(NodeBehind):
                await balance(after, BOB)
    (tmp_path / "last-block").write_bytes(bytes(40))
    with pytest.raises(ClientError, match="remove it"):
        trusting(node, folder=tmp_path)


@pytest.mark.parametrize("height", [1, 10**12])
async def test_claim_that_a_block_holds_a_transaction__should_be_refused(
    node: RunningNode, height: int
) -> None:
    """Neither is the transaction counted as sent, nor a state waited for that never comes."""

    def keeps(method: str, request: bytes, answer: bytes) -> bytes:
        if not method.endswith("/BroadcastTx"):
            return answer
        told = txs.BroadcastTxResponse.FromString(answer)
        told.tx_response.height = height
        return told.SerializeToString()

    honest = f"127.0.0.1:{node.grpc_port}"
    async with proxy(node, keeps) as liar, trusting(node, liar, honest, account=ALICE) as ledger:
        with pytest.raises(NotVerified):
            await ledger.broadcast(transfer(ALICE, BOB))
        await ledger.broadcast(transfer(ALICE, BOB))
        assert await balance(ledger, BOB) == FUNDS + 2


def test_client_without_a_root__should_not_load_the_ledger() -> None:
    """What runs queries is loaded where answers are verified: it takes as long as all the rest."""
    code = "import sys, zrchain_lite.client; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "zrchain_lite.client.ledger" in loaded
    assert not {"zrchain_lite.app", "zrchain_lite.modules.treasury.keeper"} & set(loaded)
