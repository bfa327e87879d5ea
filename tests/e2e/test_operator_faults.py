"""Three of five operators: some die, hang, lose each other, have full disks or wrong clocks.

Every request is answered all the same, and nothing is signed twice with one presignature.
"""

from __future__ import annotations

import asyncio
import json
import resource
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from cryptography import x509

from tests.e2e.keyring_network import KeyringNetwork, items
from tests.e2e.requester import Requester
from tests.waiting import until
from zrsign.local.network.operators import Committee

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALL = range(1, 6)
HOUR_S = 3600


def name(index: int) -> str:
    return f"operator-{index}"


@dataclass
class World:
    network: KeyringNetwork
    requester: Requester
    ecdsa: int
    ed25519: int

    @property
    def keys(self) -> tuple[int, int]:
        return self.ecdsa, self.ed25519

    async def status(self, index: int) -> dict[str, Any]:
        return (await self.network.statuses()).get(name(index), {})

    async def running(self, kind: str) -> set[int]:
        """Who is at such work."""
        statuses = (await self.network.statuses()).values()
        return {
            status["operator"]
            for status in statuses
            if any(each.split()[0] == kind for each in status["running"])
        }

    async def signs_with(self, index: int) -> None:
        """Two others are gone, so it has to take part."""
        gone = [name(each) for each in ALL if each != index][:2]
        before = (await self.status(index))["signatures"]
        for each in gone:
            await self.network.kill(each)
        await self.requester.sign(*self.keys)
        assert (await self.status(index))["signatures"] > before
        for each in gone:
            await self.network.restart(each)
        await self.network.together()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Three of five."""
    async with AsyncExitStack() as stack:
        state = tmp_path_factory.mktemp("faults") / "network"
        network = await stack.enter_async_context(
            KeyringNetwork(state, Committee(3, 5, roots=0, absent=2))
        )
        requester = await network.requester()
        world = World(network, requester, await requester.key(), await requester.key("ed25519"))
        await requester.sign(*world.keys)
        await network.together()
        yield world


async def test_slow_operator__should_stop_nothing(world: World) -> None:
    """Whatever is said to it or by it to those who call takes a second."""
    door = world.network.doors[3]
    door.delay_s = 1.0
    try:
        await world.requester.sign(*world.keys, *world.keys)
        key = await world.requester.key("ed25519")
        await world.requester.sign(key)
    finally:
        door.delay_s = 0.0
    await world.network.together()


async def test_ledger_restart__should_lose_no_request(world: World) -> None:
    """SIGKILL of the ledger while it holds requests that nobody answered yet."""
    network, requester = world.network, world.requester
    asked = [await requester.ask(key) for key in world.keys * 3]
    new = await requester.ask_key("ed25519")
    await network.kill("ledger")
    await network.restart("ledger")
    await requester.signed(asked)
    await requester.made(new)
    await requester.sign(new)
    await network.together()


async def test_lost_report__should_be_made_again(world: World) -> None:
    network, victim = world.network, name(1)
    await network.kill(victim)
    await network.restart_as(victim, "tests.e2e.mute")
    await network.together()
    await world.requester.key("ed25519")
    await network.in_one_epoch()
    await network.together()
    assert not await network.is_carried_out()
    await network.kill(victim)
    await network.restart(victim)
    await network.carried_out()


async def test_full_disk__should_stop_an_operator_before_it_signs(world: World) -> None:
    network, requester, victim = world.network, world.requester, 4
    await network.kill(name(victim))
    await network.restart_as(name(victim), "tests.e2e.starved")
    await network.together()
    await world.signs_with(victim)
    process = network.process(name(victim))
    journal = network.home(name(victim)) / "state" / "single-use.journal"
    _, hard = resource.prlimit(process.child.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.child.pid, resource.RLIMIT_FSIZE, (0, hard))
    written = journal.read_bytes()

    async def ended() -> bool:
        await requester.sign(*world.keys)
        await requester.sign(await requester.key("ed25519"))
        return process.child.returncode is not None

    await until(ended, "the operator gives up, while the others answer")
    assert process.child.returncode == 2
    line = process.log.read_text().splitlines()[-1]
    assert "A write to" in line
    assert "failed" in line
    assert journal.read_bytes() == written

    await network.restart(name(victim))
    await network.together()
    await world.signs_with(victim)


@pytest.mark.parametrize("seconds", [HOUR_S, -HOUR_S])
async def test_wrong_clock__should_do_no_harm(world: World, seconds: int) -> None:
    network, victim = world.network, 5
    await network.kill(name(victim))
    await network.restart(name(victim), skew_s=seconds)
    await network.together()
    await world.signs_with(victim)
    process = network.process(name(victim))
    last = [line for line in process.log.read_text().splitlines() if line.startswith("{")][-1]
    told = datetime.fromisoformat(json.loads(last)["timestamp"])
    assert abs(told - datetime.now(UTC)) > timedelta(seconds=HOUR_S - 300)
    # So would it take its peers' certificates.
    for card in await network.cards(*map(name, ALL)):
        certificate = x509.load_der_x509_certificate(bytes.fromhex(card.certificate))
        here = datetime.now(UTC) + timedelta(seconds=seconds)
        assert certificate.not_valid_before_utc < here < certificate.not_valid_after_utc
    await network.kill(name(victim))
    await network.restart(name(victim))
    await network.together()


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("kind", ["presign", "ecdsa", "reshare", "keygen"])
async def test_death__should_not_lose_a_request(world: World, kind: str, count: int) -> None:
    """SIGKILL of operators that are at this work."""
    network, requester = world.network, world.requester
    keys: list[int] = []
    signatures: list[int] = []
    if kind == "keygen":
        keys = [await requester.ask_key(), await requester.ask_key("ed25519")]
    elif kind == "reshare":
        await network.keyring.order_refresh()
    else:
        signatures = [await requester.ask(world.ecdsa) for _ in range(6)]

    async def over() -> bool:
        made = [await requester.is_key_made(key) for key in keys]
        signed = [await requester.is_signed(request) for request in signatures]
        return all(made + signed) and await network.is_carried_out()

    busy: set[int] = set()
    while not busy and not await over():
        busy = await world.running(kind)
    # When it went by unseen, those who answer are at it.
    victims = [name(index) for index in sorted(busy or ALL)][-count:]
    for victim in victims:
        await network.kill(victim)
    for key in keys:
        await requester.made(key)
    await requester.signed(signatures)
    await requester.sign(*world.keys, *keys)
    for victim in victims:
        await network.restart(victim)
    await network.together()
    await requester.sign(*world.keys)
    await network.carried_out()
    await network.in_one_epoch()


async def test_hanging_operator__should_be_done_without(world: World) -> None:
    """It neither answers nor breaks its links, and later goes on where it was."""
    network = world.network
    await network.together()
    child = network.process(name(2)).child
    child.send_signal(signal.SIGSTOP)
    try:
        await world.requester.sign(*world.keys, *world.keys)
        key = await world.requester.key()
        await world.requester.sign(key)
    finally:
        child.send_signal(signal.SIGCONT)
    await network.together()
    await world.signs_with(2)


async def test_half_without_enough__should_sign_nothing(world: World) -> None:
    """Two and three: the three answer alone. Two, two and one: nobody does."""
    network, requester = world.network, world.requester
    signed = {index: (await world.status(index))["signatures"] for index in ALL}
    await network.split((1, 2), (3, 4, 5))
    await until(lambda: sees(world, {1: {1, 2}, 2: {1, 2}, 3: {3, 4, 5}}), "two halves")
    await requester.sign(*world.keys)
    key = await requester.key()
    for index in (1, 2):
        assert (await world.status(index))["signatures"] == signed[index]

    await network.split((1, 2), (3, 4), (5,))
    await until(lambda: sees(world, {1: {1, 2}, 4: {3, 4}, 5: {5}}), "three parts")
    asked = [await requester.ask(each) for each in (*world.keys, key)]
    late = await requester.ask_key("ed25519")

    async def waited_for() -> bool:
        return all([len((await world.status(index))["waiting"]) >= 3 for index in ALL])

    await until(waited_for, "all operators know of the requests")
    await at_rest(world)
    assert not any([await requester.is_signed(request) for request in asked])
    assert not await requester.is_key_made(late)

    await network.split()
    await requester.signed(asked)
    await requester.made(late)
    await network.together()
    await requester.sign(*world.keys, late)


async def sees(world: World, parts: dict[int, set[int]]) -> bool:
    statuses = await world.network.statuses()
    return all(set(statuses[name(index)]["usable"]) == part for index, part in parts.items())


async def at_rest(world: World) -> None:
    """Twelve more blocks, and nobody found anything to do in any of them."""
    start = await world.network.ledger.height()
    while await world.network.ledger.height() < start + 12:
        statuses = await world.network.statuses()
        assert not any(status["running"] for status in statuses.values()), statuses
        await asyncio.sleep(0.05)


async def test_everything__should_have_been_used_once(world: World) -> None:
    await world.network.assert_single_use()
    signed = [items(world.network.home(name(index)) / "state") for index in ALL]
    assert all(signed)
