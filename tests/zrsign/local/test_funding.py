"""Coins of the local networks, from a real bitcoind."""

from __future__ import annotations

from pathlib import Path

from zrsign.local.network.nodes import Bitcoin
from zrsign.local.network.ports import Ports
from zrsign.local.network.process import Supervisor


async def test_bitcoin_coin__should_be_in_a_block_whatever_the_nodes_policy(tmp_path: Path) -> None:
    """Knots takes no transaction with a locktime of 21, which a wallet draws now and then."""
    supervisor = Supervisor(tmp_path / "logs")
    bitcoin = await Bitcoin.start(supervisor, tmp_path / "bitcoin", Ports.free())
    try:
        coin = await bitcoin.fund(await bitcoin.new_address(), 20_000)
        found = await bitcoin.rpc.call("getrawtransaction", coin, True)
        assert (found["confirmations"], found["locktime"]) == (1, 0)
        assert 0.0002 in [out["value"] for out in found["vout"]]
    finally:
        await bitcoin.stop()
        await supervisor.stop()
