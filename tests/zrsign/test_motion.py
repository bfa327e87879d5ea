"""Who waits for a network waits for as long as it moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from zrsign.errors import NetworkError
from zrsign.local.network.motion import Motion

STILL_S, LOOK_S = 60.0, 10.0


class Network:
    """Each look at it takes ten seconds of its clock; `shows` says what is seen after so many."""

    def __init__(self, shows: Callable[[int], object]) -> None:
        self.now, self.looks = 0.0, 0
        self._shows = shows
        self.looked = asyncio.Event()
        self.motion = Motion(self._look, still_s=STILL_S, look_s=0.0, clock=lambda: self.now)

    async def _look(self) -> str:
        self.looks += 1
        self.now += LOOK_S
        self.looked.set()
        return str(self._shows(self.looks))

    async def until(self, looks: int) -> int:
        """Work that takes until the network was looked at so often."""
        while self.looks < looks:
            self.looked.clear()
            await self.looked.wait()
        return self.looks


async def test_work__should_be_waited_for_while_anything_moves() -> None:
    network = Network(lambda looks: looks // 5)
    assert await network.motion.wait_for(network.until(100)) == 100


async def test_still_network__should_end_the_waiting_and_the_work() -> None:
    network = Network(lambda looks: min(looks, 20))
    work = asyncio.ensure_future(network.until(1000))
    with pytest.raises(NetworkError, match="Nothing moved for 60 s"):
        await network.motion.wait_for(work)
    assert network.looks == 20 + STILL_S / LOOK_S
    await asyncio.wait({work})
    assert work.cancelled()


async def test_waiting__should_have_its_time_from_its_own_start() -> None:
    network = Network(lambda _: "nothing")
    network.now += 10 * STILL_S
    assert await network.motion.wait_for(network.until(5)) == 5


async def test_failure_of_the_work__should_be_raised() -> None:
    async def fail() -> None:
        raise LookupError("no such wallet")

    with pytest.raises(LookupError, match="no such wallet"):
        await Network(lambda looks: looks).motion.wait_for(fail())


async def test_cancelled_waiting__should_cancel_the_work() -> None:
    network = Network(lambda looks: looks)
    work = asyncio.ensure_future(asyncio.Event().wait())
    waiting = asyncio.create_task(network.motion.wait_for(work))
    await network.until(2)
    waiting.cancel()
    await asyncio.wait({work, waiting})
    assert work.cancelled()
    assert waiting.cancelled()
