"""The Solana adapter against a real Surfpool; `zrsign_chains` makes the transactions."""

from __future__ import annotations

import pytest
from solders.keypair import Keypair

from relayer.destinations.solana.destination import EXPIRY_BLOCKS, SolanaDestination
from relayer.news import Accepted, Final, Rejected, Unknown, Unreachable
from tests.waiting import until
from zrsign.local.network.ports import free_port
from zrsign_chains import Intent
from zrsign_chains.solana import SolanaChain
from zrsign_daemon.jsonrpc import JsonRpc

LOCALNET = "solana:localnet"
CHAIN = SolanaChain(LOCALNET)
LAMPORTS = 10**9
EXPIRED = "4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM"


async def funded(rpc: JsonRpc) -> Keypair:
    key = Keypair()
    await rpc.call("requestAirdrop", str(key.pubkey()), 10 * LAMPORTS)

    async def arrived() -> bool:
        options = {"commitment": "confirmed"}
        return bool((await rpc.call("getBalance", str(key.pubkey()), options))["value"])

    await until(arrived, "the airdrop")
    return key


async def latest(rpc: JsonRpc) -> str:
    answer = await rpc.call("getLatestBlockhash", {"commitment": "confirmed"})
    return str(answer["value"]["blockhash"])


def transfer(key: Keypair, blockhash: str, lamports: int = LAMPORTS) -> tuple[bytes, str]:
    public_key = bytes(key.pubkey())
    intent = Intent(str(Keypair().pubkey()), lamports, b"", 10**6)
    tx = CHAIN.parse(CHAIN.compose(intent, from_public_key=public_key, blockhash=blockhash))
    signatures = [bytes(key.sign_message(message)) for message in CHAIN.sighashes(tx)]
    signed = CHAIN.assemble(tx, signatures, [public_key])
    return signed, CHAIN.transaction_id(signed)


@pytest.mark.parametrize("finality", ["confirmed", "finalized"])
async def test_transfer__should_be_known_twice_and_confirmed(
    surfnet: JsonRpc, finality: str
) -> None:
    key = await funded(surfnet)
    raw, tx_id = transfer(key, await latest(surfnet))
    destination = SolanaDestination(LOCALNET, surfnet, finality)  # type: ignore[arg-type]
    assert await destination.status(raw, [tx_id]) == Unknown()
    assert await destination.submit(raw) == Accepted()
    assert await destination.submit(raw) in (Accepted(), Accepted(known=True))

    async def final() -> bool:
        return isinstance(await destination.status(raw, [tx_id]), Final)

    await until(final, f"the transfer at {finality}")
    seen = await destination.status(raw, [tx_id])
    assert isinstance(seen, Final)
    assert seen.ok
    balance = (await surfnet.call("getBalance", str(key.pubkey())))["value"]
    assert 8 * LAMPORTS < balance < 9 * LAMPORTS


async def test_expired_blockhash__should_be_rejected_as_proven(surfnet: JsonRpc) -> None:
    raw, tx_id = transfer(await funded(surfnet), EXPIRED)
    destination = SolanaDestination(LOCALNET, surfnet)
    first = await destination.status(raw, [tx_id])
    assert isinstance(first, Unknown)
    # As if it had been looked for that long ago.
    lost = await destination.status(raw, [tx_id], since=first.height - EXPIRY_BLOCKS - 1)
    assert isinstance(lost, Rejected)
    assert lost.reason.startswith("blockhash_expired")


async def test_node_of_another_cluster__should_never_be_sent_to(surfnet: JsonRpc) -> None:
    mainnet = SolanaDestination("solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", surfnet)
    assert isinstance(await mainnet.submit(b"\x00"), Unreachable)


async def test_dead_node__should_be_unreachable() -> None:
    destination = SolanaDestination(LOCALNET, JsonRpc(f"http://127.0.0.1:{free_port()}"))
    assert isinstance(await destination.submit(b"\x00"), Unreachable)
    await destination.close()
