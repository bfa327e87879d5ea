"""The ledger's own doors where CometBFT makes the blocks."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cometbft import Node, cometbft, network
from tests.processes import running
from tests.waiting import wait_until
from tests.zrchain_lite.chain import ALICE, BOB, CHAIN_ID, FUNDS, genesis, transfer
from zrchain_lite.client import LedgerClient, LedgerUnavailable, TxFailed
from zrchain_lite.light.hashes import header_hash
from zrchain_lite.wire.cosmos.base.tendermint.v1beta1 import query_pb2 as tm
from zrsign.local.testnet import SETTINGS
from zrsign.node import verify

pytestmark = pytest.mark.e2e
APART = {"DOORS": "apart"}


def served(node: Node) -> int:
    """Wait until the ledger's doors are open; returns the last block's height."""
    latest = wait_until(
        lambda: node.rest("/cosmos/base/tendermint/v1beta1/blocks/latest"), "doors", node.log
    )
    return int(latest["block"]["header"]["height"])


def children(process: subprocess.Popen[bytes]) -> dict[str, int]:
    """The ids of a ledger's processes by their names: `cometbft`, and `python` for the doors."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return {Path(f"/proc/{pid}/comm").read_text().strip()[:8]: int(pid) for pid in listed}


async def test_doors__should_answer_as_with_the_embedded_engine(tmp_path: Path) -> None:
    (node,) = network(tmp_path, genesis(), 1)
    with node.validator(env=APART):
        served(node)
        async with LedgerClient(node.grpc, account=ALICE) as alice:
            sent = await alice.broadcast(transfer(ALICE, BOB))
            with pytest.raises(TxFailed, match="which is less than"):
                await alice.broadcast(transfer(ALICE, BOB, 2 * FUNDS))
            asked = tm.GetBlockByHeightRequest(height=sent.height)
            path = "/cosmos.base.tendermint.v1beta1.Service/GetBlockByHeight"
            ours = await alice.query(path, asked, tm.GetBlockByHeightResponse)
            async for height in alice.new_blocks():
                if height > sent.height + 1:
                    break
        found = node.rest(f"/cosmos/tx/v1beta1/txs?query=transfer.sender='{ALICE.address}'")
        # The one that failed has paid its fee.
        assert [each["code"] for each in found["tx_responses"]] == [0, 5]
        assert found["tx_responses"][0]["height"] == str(sent.height)
        theirs = node.ask(f"block?height={sent.height}")
        assert ours.block_id.hash.hex().upper() == theirs["block_id"]["hash"]
        assert header_hash(ours.block.header) == ours.block_id.hash
        parts_ = ours.block_id.part_set_header
        assert parts_.hash.hex().upper() == theirs["block_id"]["parts"]["hash"]
    home = node.folder / "home"
    tip, faults = verify(home)
    assert (tip.chain_id, faults) == (CHAIN_ID, [])
    for key in ("node_key.json", "priv_validator_key.json"):
        assert stat.S_IMODE((home / "cometbft" / "config" / key).stat().st_mode) == 0o600


def test_ledger_that_is_killed__should_leave_no_process(tmp_path: Path) -> None:
    (node,) = network(tmp_path, genesis(), 1)
    with node.validator(env=APART) as ledger:
        served(node)
        left = children(ledger)
        assert sorted(left) == ["cometbft", "python"]
        ledger.kill()
        wait_until(lambda: not any(map(alive, left.values())) or None, "the children end")
    with node.validator(env=APART) as ledger:
        served(node)
        os.kill(children(ledger)["cometbft"], signal.SIGKILL)
        wait_until(lambda: ledger.poll(), "the ledger ends with its CometBFT")
        assert "CometBFT has ended with code -9" in node.log()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (OSError, IndexError):
        return False


@contextmanager
def own_cometbft(node: Node) -> Iterator[None]:
    """A CometBFT that nobody of ours has started."""
    home = node.folder / "home" / "cometbft"
    command = [cometbft().path, "start", "--home", home]
    with (
        (node.folder / "cometbft.log").open("ab") as log,
        running(command, stdout=log, stderr=log),
    ):
        yield


async def test_node_that_is_away__should_be_named_and_be_waited_for(tmp_path: Path) -> None:
    (node,) = network(tmp_path, genesis(), 1)
    with node.validator():
        served(node)
    file = node.folder / SETTINGS
    settings = json.loads(file.read_text())
    file.write_text(json.dumps({**settings, "cometbft": {"node": node.url}}))
    with node.validator(env=APART):
        with own_cometbft(node):
            height = node.reach(4)
            served(node)
        async with LedgerClient(node.grpc, account=ALICE) as alice:
            assert await alice.height() >= height
            with pytest.raises(LedgerUnavailable, match="does not answer"):
                await alice.broadcast(transfer(ALICE, BOB))
            with own_cometbft(node):
                node.reach(height + 2)
                sent = await alice.broadcast(transfer(ALICE, BOB))
                assert sent.height > height
