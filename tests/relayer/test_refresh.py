"""A composed transaction that goes stale while it waits for approvals is composed again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from relayer.destinations.evm.composer import EvmComposer
from relayer.destinations.solana.composer import SolanaComposer
from relayer.settings import ComposerSettings
from tests.relayer.road import client
from tests.relayer.test_service import ETHER, simple
from tests.relayer.test_solana_composer import nonce_account, task
from tests.relayer.test_solana_destination import EXPIRED, LOCALNET, funded
from tests.zrsign_receiver.test_policy import APPROVERS, approve, guarded
from tests.zrsign_receiver.world import COMPOSER, EVM_CHAIN, OWNER, World
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_chains.evm import EvmChain
from zrsign_chains.solana import SolanaChain
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
