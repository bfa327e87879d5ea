"""Bitcoin networks as a real bitcoind knows them: a genesis names each one, and its addresses."""

from __future__ import annotations

from pathlib import Path

import pytest
from coincurve import PrivateKey

from relayer.destinations.bitcoin.destination import BitcoinDestination
from relayer.news import Unknown
from tests.relayer.nodes import bitcoind
from zrsign_chains import (
    BITCOIN_MAINNET,
    BITCOIN_REGTEST,
    BITCOIN_SIGNET,
    BITCOIN_TESTNET3,
    BITCOIN_TESTNET4,
    FAMILIES,
)
from zrsign_chains.bitcoin import BitcoinChain
from zrsign_daemon.jsonrpc import JsonRpc

NETWORKS = {
    BITCOIN_MAINNET: "main",
    BITCOIN_TESTNET3: "test",
    BITCOIN_TESTNET4: "testnet4",
    BITCOIN_SIGNET: "signet",
    BITCOIN_REGTEST: "regtest",
}
KEY = PrivateKey(b"\x07" * 32).public_key.format()


def test_networks__should_all_be_tried() -> None:
    assert set(NETWORKS) == set(FAMILIES["bip122"].networks)


@pytest.mark.parametrize("caip2", NETWORKS)
async def test_network__should_be_the_one_that_bitcoind_calls_so(
    caip2: str, tmp_path: Path
) -> None:
    with bitcoind(tmp_path, NETWORKS[caip2]) as (url, cookie):
        rpc = JsonRpc(url, cookie_file=cookie)
        genesis = await rpc.call("getblockhash", 0)
        assert caip2 == f"bip122:{genesis[:32]}"
        for chain in (BitcoinChain(caip2), BitcoinChain(caip2, taproot=True)):
            said = await rpc.call("validateaddress", chain.address(KEY))
            assert said["isvalid"] is True
            assert bytes.fromhex(said["scriptPubKey"]) == chain.own_script(KEY)
        destination = BitcoinDestination(caip2, rpc)
        assert await destination.status(_SPENDING_NOTHING, ("00" * 32,)) == Unknown()
        await destination.close()


# A transaction that no network knows: one input of an unknown coin, one empty output.
_SPENDING_NOTHING = bytes.fromhex(
    "02000000" + "01" + "11" * 32 + "00000000" + "00" + "fdffffff" + "01" + "00" * 8 + "00" * 5
)
