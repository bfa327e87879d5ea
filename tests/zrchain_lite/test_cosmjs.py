"""The JSON-RPC, proven by CosmJS as it is, over HTTP and over a WebSocket."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from tests.processes import run
from tests.zrchain_lite.chain import ALICE, BOB, CHAIN_ID, FUNDS
from tests.zrsign_chains.cosmos_wire import read_back
from zrchain_lite.node import RunningNode

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tests" / "cosmjs" / "client.mjs"
MODULES = SCRIPT.parent / "node_modules"
NODE = shutil.which("node") or str(ROOT / ".tools" / "bin" / "node")

pytestmark = pytest.mark.skipif(
    not (MODULES / "@cosmjs" / "stargate").is_dir() or not Path(NODE).exists(),
    reason="CosmJS is not installed: make test installs it",
)


@pytest.mark.parametrize("scheme", ["http", "ws"])
async def test_cosmjs__should_simulate_send_and_find_a_transfer(
    node: RunningNode, scheme: str
) -> None:
    url = f"{scheme}://127.0.0.1:{node.rpc_port}"
    words = [
        NODE,
        SCRIPT,
        MODULES,
        url,
        ALICE.secret.secret.hex(),
        BOB.address,
        "77",
    ]
    done = await asyncio.to_thread(run, words)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert (seen["client"], seen["chainId"], seen["genesis"]) == (
        "Comet38Client",
        CHAIN_ID,
        CHAIN_ID,
    )
    assert (seen["sender"], seen["sequence"], seen["balance"]) == (
        ALICE.address,
        1,
        str(FUNDS + 77),
    )
    assert (seen["code"], seen["found"]) == (0, seen["height"])
    tx = await read_back(node, ALICE.address, seen["height"])
    assert (tx.to, tx.amount, tx.memo) == (BOB.address, 77, "cosmjs")
    assert tx.signer.public_key == ALICE.public_key
    assert (seen["searched"], seen["blockTxs"], seen["results"], seen["validators"]) == (1, 1, 1, 1)
