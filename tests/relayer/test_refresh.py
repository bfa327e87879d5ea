"""A composed transaction that goes stale while it waits for approvals is composed again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from solders.keypair import Keypair

from relayer.destinations.evm.composer import EvmComposer
from relayer.destinations.solana.composer import SolanaComposer
from relayer.settings import ComposerSettings
from tests.relayer.road import client
from tests.relayer.test_service import ETHER, simple
from tests.relayer.test_solana_composer import land, nonce_account, signed, task
from tests.relayer.test_solana_destination import EXPIRED, LOCALNET, funded
from tests.waiting import until
from tests.zrsign_receiver.test_policy import APPROVERS, approve, guarded
from tests.zrsign_receiver.world import COMPOSER, EVM_CHAIN, OWNER, World
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_chains.evm import EvmChain
from zrsign_chains.solana import SolanaChain
from zrsign_daemon.composing import ComposeTask, NotYet
from zrsign_daemon.composing.composition import REFRESH_S, Composition
from zrsign_daemon.composing.ledger import ComposerLedger
from zrsign_daemon.jsonrpc import JsonRpc

APPROVING, SIGNING = receiver.REQUEST_STATUS_APPROVING, receiver.REQUEST_STATUS_SIGNING


def nonce_of(request: receiver.Request) -> int:
    return EvmChain(EVM_CHAIN).parse(request.unsigned_transaction).nonce


@pytest.fixture
async def guarded_world(anvil: JsonRpc) -> tuple[World, str]:
    """The owner's EVM wallet under a 2-of-3 policy, funded; its address."""
    world = World()
    guarded(world, btl=1000)
    query = receiver.QueryWalletsRequest(owner=OWNER.evm)
    (wallet,) = world.query("Wallets", query, receiver.QueryWalletsResponse).wallets
    await anvil.call("anvil_setBalance", wallet.address, hex(10 * ETHER))
    return world, wallet.address


def composing(world: World, anvil: JsonRpc, clock: Callable[[], float]) -> Composition:
    composer = EvmComposer(EVM_CHAIN, anvil, ComposerSettings())
    ledger = ComposerLedger(client(world, COMPOSER))
    return Composition(composer, ledger, 60.0, clock, lambda _: None)


async def test_used_nonce__should_be_replaced_and_approved_anew(
    anvil: JsonRpc, guarded_world: tuple[World, str]
) -> None:
    world, sender = guarded_world
    now = 1e9
    composition = composing(world, anvil, lambda: now)
    request_id = simple(world)
    await composition.tick()
    first = world.request(request_id)
    assert (first.status, nonce_of(first)) == (APPROVING, 0)
    approve(world, first.action_id, APPROVERS[0])
    now += REFRESH_S
    await composition.tick()
    assert world.request(request_id).action_id == first.action_id

    await anvil.call("anvil_setNonce", sender, "0x1")
    await composition.tick()
    assert world.request(request_id).action_id == first.action_id, "not before its time"
    now += REFRESH_S
    await composition.tick()
    second = world.request(request_id)
    assert (second.status, nonce_of(second)) == (APPROVING, 1)
    assert second.action_id != first.action_id
    for approver in APPROVERS[1:]:
        approve(world, second.action_id, approver)
    assert world.request(request_id).status == SIGNING


async def test_waiting_composition__should_hold_its_nonce(
    anvil: JsonRpc, guarded_world: tuple[World, str]
) -> None:
    world, _ = guarded_world
    composition = composing(world, anvil, lambda: 0.0)
    ids = [simple(world) for _ in range(3)]
    await composition.tick()
    assert [nonce_of(world.request(one)) for one in ids] == [0, 1, 2]


async def test_solana_message__should_be_stale_when_its_blockhash_is_expired(
    surfnet: JsonRpc,
) -> None:
    key = await funded(surfnet)
    composer = SolanaComposer(LOCALNET, surfnet, ComposerSettings())
    asked = task(key)
    fresh = await composer.compose(asked)
    assert not await composer.stale(fresh, asked.sender)
    expired = SolanaChain(LOCALNET).compose(
        asked.intent, from_public_key=asked.public_key, blockhash=EXPIRED
    )
    assert await composer.stale(expired, asked.sender)
    nonces = {asked.sender: await nonce_account(surfnet, key)}
    durable = SolanaComposer(LOCALNET, surfnet, ComposerSettings(nonce_accounts=nonces))
    assert not await durable.stale(await durable.compose(asked), asked.sender)


async def test_wallet_that_waits_for_approvals__should_get_a_durable_nonce(
    surfnet: JsonRpc, tmp_path: Path
) -> None:
    """The relayer pays for the account; the wallet alone can use it."""
    payer, key = await funded(surfnet), await funded(surfnet)
    secret = tmp_path / "payer.key"
    secret.write_text(payer.secret().hex())
    secret.chmod(0o600)
    composer = SolanaComposer(LOCALNET, surfnet, ComposerSettings(nonce_payer_key_file=secret))
    asked = task(key)
    rules = SolanaChain(LOCALNET)
    assert rules.parse(await composer.compose(asked)).nonce_account is None
    late = replace(asked, went_stale=True)
    with pytest.raises(NotYet, match="is being made"):
        await composer.compose(late)

    async def made() -> bytes | None:
        try:
            return await composer.compose(late)
        except NotYet:
            return None

    payload = await until(made, "a payment with a durable nonce")
    rules.verify_intent(rules.parse(payload), asked.intent, asked.public_key)
    assert not await composer.stale(payload, asked.sender)
    # From now on the wallet has it, also where nothing went stale.
    again = rules.parse(await composer.compose(asked))
    assert again.nonce_account == rules.parse(payload).nonce_account
    await land(surfnet, *signed(key, payload))

    async def used() -> bool:
        return await composer.stale(payload, asked.sender)

    await until(used, "the nonce is used at finalized")


async def test_payer_without_lamports__should_say_so(surfnet: JsonRpc, tmp_path: Path) -> None:
    key, secret = await funded(surfnet), tmp_path / "payer.key"
    secret.write_text(Keypair().secret().hex())
    secret.chmod(0o600)
    composer = SolanaComposer(LOCALNET, surfnet, ComposerSettings(nonce_payer_key_file=secret))
    with pytest.raises(NotYet, match="is not made"):
        await composer.compose(replace(task(key), went_stale=True))


async def test_stale_payment__should_be_told_to_its_composer(
    anvil: JsonRpc, guarded_world: tuple[World, str]
) -> None:
    world, sender = guarded_world
    asked: list[bool] = []

    class Noting(EvmComposer):
        async def compose(self, task: ComposeTask) -> bytes:
            asked.append(task.went_stale)
            return await super().compose(task)

    ledger = ComposerLedger(client(world, COMPOSER))
    composer = Noting(EVM_CHAIN, anvil, ComposerSettings())
    composition = Composition(composer, ledger, 60.0, lambda: 1e9, lambda _: None)
    simple(world)
    await composition.tick()
    await anvil.call("anvil_setNonce", sender, "0x1")
    composition._refresh_at = 0.0
    await composition.tick()
    assert asked == [False, True]
