"""A programme of faults by a seed, on a network that serves requests meanwhile.

The seed says what breaks, for how long, and what is asked; how the parts interleave is their own.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from zrsign.errors import NetworkError
from zrsign.local.chaos import invariants
from zrsign.local.chaos.faults import FAULTS, Fault, keep_copies
from zrsign.local.chaos.network import ChaosNetwork, until
from zrsign.local.chaos.traffic import Traffic, traffic

PROFILES = ("all", *dict.fromkeys(fault.profile for fault in FAULTS))
LASTS_S = (0.5, 4.0)
ASKED_AT_ONCE = 3
COINS = 40
"""Coins of the Bitcoin wallet: it pays from those in a block, and change is not yet in one."""


@dataclass(frozen=True)
class Report:
    """What was done, and what is not as it must be."""

    faults: int
    requests: int
    waiting: list[str]
    broken: list[str]


def drawn(profile: str, rng: random.Random, keyring: Sequence[str]) -> tuple[Fault, str]:
    """A fault of the profile, and the part that has it; `keyring` are who hold the keys."""
    fault = rng.choice([each for each in FAULTS if profile in ("all", each.profile)])
    part = rng.choice(fault.parts)
    return fault, rng.choice(keyring) if part == "keyring" else part


async def run(
    network: ChaosNetwork,
    profile: str,
    seed: int,
    seconds: float,
    tell: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
) -> Report:
    """Break parts for `seconds`, heal them, and look at what is left of it."""
    rng, count = random.Random(seed), 0  # noqa: S311 - a programme, and no secret
    async with traffic(network) as user:
        await user.fund_bitcoin(COINS)
        await user.bury()
        keep_copies(network)
        keyring = network.committee.names if network.committee else ("keyring",)
        ends = clock() + seconds
        while clock() < ends:
            fault, part = drawn(profile, rng, keyring)
            tell(f"{fault.name}: {part}")
            await _one(network, user, rng, fault, part)
            count += 1
        tell("healed")
        await _healed(network, user)
        waiting = await invariants.unsettled(user)
        return Report(count, len(user.asked), waiting, await invariants.broken(user))


async def _one(
    network: ChaosNetwork, user: Traffic, rng: random.Random, fault: Fault, part: str
) -> None:
    """A few requests, and a fault in the middle of their road."""
    kinds, lasts_s = list(user.kinds.values()), rng.uniform(*LASTS_S)
    for _ in range(rng.randint(1, ASKED_AT_ONCE)):
        await rng.choice(kinds)()
    await asyncio.sleep(rng.uniform(0, 1))
    async with fault.context(network, part):
        await rng.choice(kinds)()
        await asyncio.sleep(lasts_s)


async def _healed(network: ChaosNetwork, user: Traffic) -> None:
    """Every service is well and every request has ended, or they stand still."""

    async def well() -> bool:
        if await network.faults():
            return False
        if not await invariants.unsettled(user):
            return True
        # Anvil makes a block for a transaction alone, and what was paid ends by blocks on top.
        await user.bury()
        return False

    with suppress(NetworkError):
        await until(well, "every request ends")
