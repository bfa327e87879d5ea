"""The life of keys among real operators: new shares, other groups, lost and restored operators."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.conftest import run_cli
from tests.e2e.keyring_network import KeyringNetwork
from tests.e2e.requester import Requester
from tests.waiting import until
from zrsign.local.network.operators import LEVEL, Committee
from zrsign.local.network.process import Process
from zrsign_dmpc.kept.epoch_keeper import _read_entry
from zrsign_dmpc.kept.epochs import EpochState, after
from zrsign_dmpc.kept.journals import FileJournal

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPERATORS = ("operator-1", "operator-2", "operator-3")


@dataclass
class World:
    network: KeyringNetwork
    requester: Requester
    ecdsa: int
    ed25519: int

    @property
    def keys(self) -> tuple[int, int]:
        return self.ecdsa, self.ed25519

    async def refresh(self) -> None:
        await self.network.keyring.order_refresh()
        await self.network.carried_out()

    async def public_keys(self) -> list[bytes]:
        return [await self.requester.public_key(key) for key in self.keys]

    async def sign_without(self, absent: str) -> None:
        """With two of three, both others have to."""
        await self.network.kill(absent)
        await self.requester.sign(*self.keys)
        await self.network.restart(absent)
        await self.network.together()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Two of three."""
    async with AsyncExitStack() as stack:
        state = tmp_path_factory.mktemp("key-life") / "network"
        network = await stack.enter_async_context(
            KeyringNetwork(state, Committee(2, 3, roots=0, absent=1))
        )
        requester = await network.requester()
        world = World(network, requester, await requester.key(), await requester.key("ed25519"))
        await requester.sign(*world.keys)
        await network.together()
        yield world


async def test_refresh__should_replace_every_share_and_no_key(world: World) -> None:
    network = world.network
    public, epochs = await world.public_keys(), await network.in_one_epoch()
    before = {name: network.shares(name) for name in OPERATORS}
    await world.refresh()
    assert await network.in_one_epoch() == {key: epoch + 1 for key, epoch in epochs.items()}
    for name in OPERATORS:
        now = network.shares(name)
        assert len(now) == len(before[name]) == len(epochs)
        assert not set(now) & set(before[name])
        assert not set(now.values()) & set(before[name].values())
    assert await world.public_keys() == public
    await world.requester.sign(*world.keys)


@pytest.mark.parametrize(("step", "shares"), [("open", 1), ("put", 2)])
async def test_death_in_a_refresh__should_leave_one_epoch(
    world: World, tmp_path: Path, step: str, shares: int
) -> None:
    """SIGKILL of one holder, once its change has begun and before it is decided."""
    network, victim = world.network, "operator-2"
    home = network.home(victim)
    epochs = await network.in_one_epoch()
    await network.kill(victim)
    await network.restart_as(victim, "tests.e2e.halted", step)
    await network.together()
    await network.keyring.order_refresh()
    await until(
        partial(is_halted, network.process(victim)), "a change began", network.signs_of_work
    )
    kept = [len(list(key.glob("shares/*.share"))) for key in undecided(home, tmp_path)]
    assert max(kept) == shares
    await network.kill(victim)
    # The others answer, in whichever epoch.
    await world.requester.sign(*world.keys)
    await network.restart(victim)
    await network.carried_out()
    after_it = await network.in_one_epoch()
    assert all(after_it[key] > epoch for key, epoch in epochs.items())
    await network.together()
    await world.sign_without("operator-1")


async def test_lost_state__should_be_dealt_again(world: World) -> None:
    """The identity is all that is left."""
    network, victim = world.network, "operator-2"
    public = await world.public_keys()
    await network.kill(victim)
    shutil.rmtree(network.home(victim) / "state")
    for anchor in (network.home(victim) / "anchors").glob("*.anchor"):
        anchor.unlink()
    await network.restart(victim)
    await until(
        holds_all(world, victim), "the lost operator holds all keys again", network.signs_of_work
    )
    await network.in_one_epoch()
    await network.together()
    assert await world.public_keys() == public
    await world.sign_without("operator-1")


@pytest.mark.parametrize("stale", [False, True])
async def test_backup__should_be_restored(world: World, tmp_path: Path, stale: bool) -> None:
    """With its shares, or with nothing but its name if they are of an ended epoch."""
    network, victim = world.network, "operator-3"
    await network.together()
    await network.kill(victim)
    backup = tmp_path / "backup"
    shutil.copytree(network.home(victim) / "state", backup)
    old = set(network.shares(victim))
    assert any((backup / "presignatures").glob("*.sealed"))
    await network.restart(victim)
    await network.together()
    if stale:
        await world.refresh()
    await network.kill(victim)

    shutil.rmtree(network.home(victim) / "state")
    config = network.state_dir / "config" / f"{victim}.json"
    done = await asyncio.to_thread(
        run_cli, "operators", "restore", "--config", config, backup, "--json"
    )
    assert done.returncode == 0, done.stderr
    restored = json.loads(done.stdout)
    assert (restored["keys"], restored["left_out"]) == (len(old), [])
    assert not list((network.home(victim) / "state").rglob("presignatures/*.sealed"))
    assert set(network.shares(victim)) == old

    await network.restart(victim)
    if stale:
        await until(
            holds_all(world, victim, besides=old), "it is dealt new shares", network.signs_of_work
        )
        assert not set(network.shares(victim)) & old
    await network.in_one_epoch()
    await network.together()
    await world.sign_without("operator-1")


async def test_group__should_grow_while_requests_are_answered(world: World) -> None:
    """From two of three to three of five."""
    network, requester = world.network, world.requester
    public = await world.public_keys()
    new = await network.join(2)
    cards = await network.cards(*OPERATORS, *new)
    async with requester.asking(*world.keys) as asked:
        await network.keyring.set_group(3, LEVEL, [card.message() for card in cards])
        await network.carried_out()
    assert len(asked) >= 10
    for request in asked:
        assert await requester.is_signed(request)
    await network.keyring.conclude()
    await network.in_one_epoch()
    assert all(network.shares(name) for name in new)
    assert await world.public_keys() == public
    # Three of five, and two of the old ones are not there.
    await network.kill("operator-1")
    await network.kill("operator-2")
    await requester.sign(*world.keys)
    await network.restart("operator-1")
    await network.restart("operator-2")


async def test_leaver__should_keep_no_share(world: World) -> None:
    """The others stay three, of four."""
    network = world.network
    await network.together()
    leaver, stay = "operator-3", ("operator-1", "operator-2", "operator-4", "operator-5")
    assert network.shares(leaver)
    cards = await network.cards(*stay)
    async with world.requester.asking(*world.keys):
        await network.keyring.set_group(3, LEVEL, [card.message() for card in cards])
        await network.carried_out()

    async def erased() -> bool:
        return not network.shares(leaver)

    await until(erased, "the leaver's shares are erased", network.signs_of_work)
    await network.keyring.conclude()
    await network.kill(leaver)
    await world.requester.sign(*world.keys)


async def test_everything__should_have_been_used_once(world: World) -> None:
    await world.network.assert_single_use()


async def is_halted(process: Process) -> bool:
    """Whether it stopped itself, as `tests.e2e.halted` does."""
    status = Path(f"/proc/{process.child.pid}/stat").read_text()
    return status.rpartition(")")[2].split()[0] == "T"


def undecided(home: Path, tmp_path: Path) -> list[Path]:
    """The keys, by their folders, that a stopped operator is in the middle of a change of."""
    journals = home.glob("state/keys/*/epochs.journal")
    return [path.parent for path in journals if state_of(path, tmp_path).pending is not None]


def state_of(path: Path, tmp_path: Path) -> EpochState:
    """From a copy of its journal, which the operator holds."""
    state = EpochState(me=int((path.parent / "index").read_text().split()[0]))
    copy = tmp_path / path.name
    shutil.copy(path, copy)
    with FileJournal(copy) as journal:
        for entry in journal.read():
            state = after(state, _read_entry(entry))
    return state


def holds_all(
    world: World, name: str, besides: Collection[str] = ()
) -> Callable[[], Awaitable[bool]]:
    """Whether it has a share of each key, without counting the ones named here."""

    async def held() -> bool:
        statuses = await world.network.statuses()
        epochs = [statuses[each]["epochs"] for each in OPERATORS if each in statuses]
        others = set(world.network.shares(name)) - set(besides)
        return len(epochs) == len(OPERATORS) and len(others) == len(epochs[0]) > 0

    return held
