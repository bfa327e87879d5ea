"""Orders that no administrator signed, on a chain whose validators agree on them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from tests.zrchain_lite.chain import ALICE, BOB, CAROL, NOBODY, genesis, node_config
from tests.zrchain_lite.liar import trusting
from tests.zrchain_lite.modules.operators.world import LEVEL, member
from zrchain_lite.client import Account, LedgerClient
from zrchain_lite.keepers import Keepers
from zrchain_lite.module import Context, Module
from zrchain_lite.modules.operators import state
from zrchain_lite.node import RunningNode, serving
from zrchain_lite.wire.zrsign.operators import operators_pb2 as wire
from zrsign.administration import Keyring
from zrsign.local.network.setup import register_keyring
from zrsign.node import modules
from zrsign_operator.errors import NotOrdered, StoreUnusable
from zrsign_operator.ledger.authority import FILE, Authority
from zrsign_operator.ledger.view import LedgerView

BUILD, OTHER = ("simulated", bytes(32)), ("simulated", b"\x01" * 32)


class Colluding(Module):
    """What all validators run: it writes what nobody has ordered."""

    name = "colluding"

    def __init__(self) -> None:
        self.keyring = ""
        self.group: Sequence[wire.Member] = ()
        self.measurements: Sequence[wire.Measurement] = ()

    def end_block(self, ctx: Context) -> None:
        if not self.keyring:
            return
        standing = state.keyring_state(ctx.store, self.keyring)
        group = state.GROUPS.get(ctx.store, (self.keyring, standing.group_number))
        assert group is not None
        if self.group:
            del group.members[:]
            group.members.extend(self.group)
        if self.measurements:
            del standing.measurements[:]
            standing.measurements.extend(self.measurements)
        state.GROUPS.set(ctx.store, (self.keyring, group.number), group)
        state.change(ctx.store, self.keyring, standing)
        self.keyring = ""


COLLUDING = Colluding()


def all_modules(keepers: Keepers) -> tuple[Module, ...]:
    return (*modules(keepers), COLLUDING)


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[RunningNode]:
    free = {"identity": {"params": {"keyringCreationFee": "0"}}}
    config = node_config(tmp_path, genesis(**free))
    async with serving(config, all_modules, asyncio.Event()) as (running, _):
        yield running


def members(*accounts: Account) -> list[wire.Member]:
    return [member(n, each) for n, each in enumerate(accounts, 1)]  # type: ignore[arg-type]


class World:
    """A keyring of Alice's, and an operator that looks at it."""

    def __init__(self, node: RunningNode, ledger: LedgerClient, address: str, home: Path) -> None:
        self.node, self.ledger, self.address, self.home = node, ledger, address, home
        self.keyring = Keyring(ledger, address)

    async def looks(self, *admins: str) -> wire.QuerySettingsResponse:
        """What an operator that starts now obeys."""
        async with trusting(self.node) as ledger:
            authority = Authority(ledger, self.address, self.home, admins)
            settings = await LedgerView(ledger, self.address, authority).settings()
        found = wire.QuerySettingsResponse(keyring=settings.keyring)
        found.measurements.extend(
            wire.Measurement(kind=kind, value=value) for kind, value in settings.measurements
        )
        for each in settings.groups:
            found.groups.add(number=each.number)
        return found

    async def collude(
        self,
        group: Sequence[wire.Member] = (),
        measurements: Sequence[wire.Measurement] = (),
    ) -> None:
        COLLUDING.group, COLLUDING.measurements = group, measurements
        COLLUDING.keyring = self.address
        await self.ledger.broadcast(
            wire.MsgOrderRefresh(creator=ALICE.address, keyring=self.address)
        )
        assert not COLLUDING.keyring


@pytest.fixture
async def world(node: RunningNode, tmp_path: Path) -> AsyncIterator[World]:
    async with trusting(node, account=ALICE) as ledger:
        parties = [each.address for each in (BOB, CAROL, ALICE)]
        address = await register_keyring(ledger, ALICE.address, parties, 2)
        made = World(node, ledger, address, tmp_path / "operator")
        await made.keyring.allow([BUILD])
        await made.keyring.set_group(2, LEVEL, members(BOB, CAROL))
        yield made


async def test_orders_of_an_administrator__should_be_obeyed(world: World) -> None:
    assert [each.number for each in (await world.looks()).groups] == [1]
    await world.keyring.set_group(2, LEVEL, members(BOB, CAROL), roots=3)
    await world.keyring.set_group(2, LEVEL, members(BOB, CAROL, ALICE))
    await world.keyring.allow([OTHER])
    found = await world.looks()
    assert [each.number for each in found.groups] == [1, 2]
    assert [(each.kind, each.value) for each in found.measurements] == [OTHER]


@pytest.mark.parametrize("named", [(), (ALICE.address,)])
async def test_group_that_nobody_signed__should_be_refused(
    world: World, named: tuple[str, ...]
) -> None:
    await world.looks(*named)
    await world.collude(group=members(BOB, NOBODY))
    for _ in range(2):
        with pytest.raises(NotOrdered, match="group 1"):
            await world.looks(*named)
    await world.keyring.set_group(2, LEVEL, members(BOB, CAROL))
    await world.looks(*named)


async def test_build_that_nobody_admitted__should_be_refused(world: World) -> None:
    await world.looks()
    await world.collude(measurements=[wire.Measurement(kind=OTHER[0], value=OTHER[1])])
    with pytest.raises(NotOrdered, match="measurements"):
        await world.looks()


async def test_old_order__should_not_be_obeyed_again(world: World) -> None:
    """Alice did sign it, once; a later order of hers took its place."""
    await world.looks()
    await world.keyring.allow([OTHER])
    await world.looks()
    await world.collude(measurements=[wire.Measurement(kind=BUILD[0], value=BUILD[1])])
    with pytest.raises(NotOrdered, match="measurements"):
        await world.looks()


async def test_named_administrator__should_have_signed_what_is_there_at_the_first_start(
    world: World,
) -> None:
    with pytest.raises(NotOrdered, match="group 1"):
        await world.looks(NOBODY.address)
    assert not (world.home / FILE).exists()
    await world.looks(ALICE.address)
    (world.home / FILE).write_text("{}")
    with pytest.raises(StoreUnusable):
        await world.looks(ALICE.address)
