"""The Solana composer against a real Surfpool: recent blockhash, durable nonce, figures."""

from __future__ import annotations

import pytest
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import create_nonce_account
from solders.transaction import Transaction

from relayer.destinations.solana.composer import SolanaComposer
from relayer.destinations.solana.destination import SolanaDestination
from relayer.news import Accepted, Final, Rejected
from relayer.settings import ComposerSettings
from tests.relayer.test_solana_destination import LAMPORTS, LOCALNET, funded, latest
from tests.waiting import until
from zrsign.local.chaos.liar import lying
from zrsign_chains import ChainError, Intent
from zrsign_chains.solana import SolanaChain
from zrsign_chains.solana_messages import compute_budget
from zrsign_daemon.composing import ComposeTask, NotYet, Uncomposable
from zrsign_daemon.jsonrpc import JsonRpc

RULES = SolanaChain(LOCALNET)
NONCE_RENT = 1_500_000


def task(
    key: Keypair,
    lamports: int = LAMPORTS,
    *,
    to: str | None = None,
    cap: int = 10**6,
    under_way: dict[int, bytes] | None = None,
) -> ComposeTask:
    intent = Intent(to or str(Keypair().pubkey()), lamports, b"", cap)
    public_key = bytes(key.pubkey())
    return ComposeTask(1, LOCALNET, str(key.pubkey()), public_key, intent, under_way or {})


def signed(key: Keypair, payload: bytes) -> tuple[bytes, str]:
    tx = RULES.parse(payload)
    signature = bytes(key.sign_message(RULES.sighashes(tx)[0]))
    raw = RULES.assemble(tx, [signature], [bytes(key.pubkey())])
    return raw, RULES.transaction_id(raw)


async def land(rpc: JsonRpc, raw: bytes, tx_id: str) -> None:
    destination = SolanaDestination(LOCALNET, rpc)
    assert await destination.submit(raw) == Accepted()

    async def final() -> bool:
        seen = await destination.status(raw, [tx_id])
        return isinstance(seen, Final) and seen.ok

    await until(final, tx_id)


async def test_compute_units__should_be_those_of_the_simulation(surfnet: JsonRpc) -> None:
    key = await funded(surfnet)
    asked = task(key)
    payload = await SolanaComposer(LOCALNET, surfnet, ComposerSettings()).compose(asked)
    limit, _ = compute_budget(RULES.parse(payload).instructions)
    # A transfer uses 150, each setting of the budget as many.
    assert 450 <= limit < 2_000
    await land(surfnet, *signed(key, payload))


@pytest.mark.parametrize("recent", [[], [0] * 8, [1_000] * 8, [10**15] * 8])
async def test_priority_fee__should_be_that_of_recent_blocks_within_the_cap(
    surfnet: JsonRpc, surfnet_url: str, recent: list[int]
) -> None:
    key = await funded(surfnet)
    asked = task(key, cap=20_000)
    async with lying(surfnet_url) as liar:
        liar.lies["getRecentPrioritizationFees"] = lambda params, result: [
            {"slot": slot, "prioritizationFee": fee} for slot, fee in enumerate(recent)
        ]
        rpc = JsonRpc(liar.url)
        payload = await SolanaComposer(LOCALNET, rpc, ComposerSettings()).compose(asked)
        await rpc.close()
    tx = RULES.parse(payload)
    RULES.verify_intent(tx, asked.intent, asked.public_key)
    limit, price = compute_budget(tx.instructions)
    assert price == (0 if not recent else min(recent[0], 15_000 * 10**6 // limit))
    assert tx.fee_lamports <= 20_000
    await land(surfnet, *signed(key, payload))


async def test_transfer__should_pass_the_ledgers_check_and_land(surfnet: JsonRpc) -> None:
    key = await funded(surfnet)
    asked = task(key)
    payload = await SolanaComposer(LOCALNET, surfnet, ComposerSettings()).compose(asked)
    RULES.verify_intent(RULES.parse(payload), asked.intent, asked.public_key)
    await land(surfnet, *signed(key, payload))
    assert (await surfnet.call("getBalance", asked.intent.to))["value"] == LAMPORTS


async def nonce_account(rpc: JsonRpc, owner: Keypair) -> str:
    account = Keypair()
    instructions = create_nonce_account(
        owner.pubkey(), account.pubkey(), owner.pubkey(), NONCE_RENT
    )
    blockhash = Hash.from_string(await latest(rpc))
    message = Message.new_with_blockhash(list(instructions), owner.pubkey(), blockhash)
    transaction = Transaction([owner, account], message, blockhash)
    raw = bytes(transaction)
    await land(rpc, raw, str(transaction.signatures[0]))
    return str(account.pubkey())


async def test_durable_nonce__should_outlive_blockhashes_and_be_used_once(
    surfnet: JsonRpc,
) -> None:
    key = await funded(surfnet)
    nonce = await nonce_account(surfnet, key)
    limits = ComposerSettings(nonce_accounts={str(key.pubkey()): nonce})
    composer = SolanaComposer(LOCALNET, surfnet, limits)
    asked = task(key)
    payload = await composer.compose(asked)
    RULES.verify_intent(RULES.parse(payload), asked.intent, asked.public_key)
    with pytest.raises(NotYet, match="nonce_held"):
        await composer.compose(task(key, under_way={2: payload}))
    rival, rival_id = signed(key, await composer.compose(task(key, 2 * LAMPORTS)))
    await land(surfnet, *signed(key, payload))
    destination = SolanaDestination(LOCALNET, surfnet)

    async def lost() -> bool:
        seen = await destination.status(rival, [rival_id])
        return isinstance(seen, Rejected) and seen.reason.startswith("nonce_used")

    await until(lost, "the rival's loss at finalized")
    assert Pubkey.from_string(nonce) in Message.from_bytes(payload).account_keys


async def test_what_cannot_be_paid__should_be_told_with_figures(surfnet: JsonRpc) -> None:
    key = await funded(surfnet)
    composer = SolanaComposer(LOCALNET, surfnet, ComposerSettings())
    with pytest.raises(Uncomposable, match=f"insufficient_funds: .* holds {10 * LAMPORTS}"):
        await composer.compose(task(key, 11 * LAMPORTS))
    with pytest.raises(Uncomposable, match="insufficient_funds"):
        await composer.compose(task(key, 10 * LAMPORTS))
    with pytest.raises(Uncomposable, match="below_rent"):
        await composer.compose(task(key, 1))
    with pytest.raises(Uncomposable, match="fee_above_cap: 5000 lamports, 1 allowed"):
        await composer.compose(task(key, cap=1))
    with pytest.raises(ChainError):
        await composer.compose(task(key, to="not an address"))
