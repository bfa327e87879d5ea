"""What a member may send over its link, and how much of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Self

import pytest

from tests.cost import processor_seconds
from tests.zrsign_operator.linked import TLS, Node, frame, gate, linked, members, until
from zrsign_dmpc.frost import NonceCommitment
from zrsign_dmpc.group.curves import ED25519
from zrsign_dmpc.wire.encoding import Tagged, encode
from zrsign_operator.peers import links
from zrsign_operator.peers.batches import read_batch
from zrsign_operator.peers.budgets import LENIENCE, Budget
from zrsign_operator.peers.conduct import Offence
from zrsign_operator.peers.frames import Said, price_of
from zrsign_operator.peers.links import HANDSHAKE_PRICE, TURN


def endless_stock() -> bytes:
    point = ED25519.base_mul(5)
    commitment = NonceCommitment(1, point, point).to_value()
    return encode((encode(Tagged("stock", (b"k" * 32, (commitment,) * 20_000))),))


def endless_inventory() -> bytes:
    holdings = (Tagged("holding", (1, b"k" * 32, 0)),) * 15_000
    return encode((encode(Tagged("inventory", (holdings, (), 1))),))


HOSTILE: dict[str, Callable[[], bytes]] = {
    "junk": lambda: b"junk",
    "no batch": lambda: encode((1, 2)),
    "no frame": lambda: encode((b"junk",)),
    "empty frames": lambda: encode((b"",) * 60_000),
    "many frames": lambda: encode((frame("x").encode(),) * 20_000),
    "two million items": lambda: (
        bytes([1, 6]) + (400_000).to_bytes(4, "big") + bytes([3, 0, 0, 0, 0]) * 400_000
    ),
    "an endless stock": endless_stock,
    "an endless inventory": endless_inventory,
    "an endless reason": lambda: encode((encode(Tagged("refusal", (bytes(32), "x" * 2_000_000))),)),
}
"""What a member can send that no operator writes, made when it is sent."""


@pytest.mark.parametrize("name", HOSTILE)
async def test_peer_that_sends_what_no_operator_writes__should_be_cut(name: str) -> None:
    group, batch = members(), HOSTILE[name]()
    node, peer = (Node(group, i, gate(group[i]), TLS[i]) for i in (1, 2))
    async with linked(group, node, peer):
        await until(lambda: node.links.live() == {1, 2} == peer.links.live())
        queue = peer.links._queues[1]
        with processor_seconds(2.0):
            queue.take = lambda: Raw(batch)  # type: ignore[method-assign]
            queue.ready.set()
            await until(lambda: node.offences != [])
        assert node.offences[0] == (2, Offence.MALFORMED)
        assert node.heard == []
        await until(lambda: node.links.live() == {1})


class Raw(tuple[bytes, ...]):
    """A batch as a hostile member writes it."""

    data: bytes

    def __new__(cls, data: bytes) -> Self:
        made = super().__new__(cls)
        made.data = data
        return made


@pytest.fixture(autouse=True)
def raw_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a side of a test write what it wants."""
    honest = encode
    monkeypatch.setattr(
        links, "encode", lambda value: value.data if isinstance(value, Raw) else honest(value)
    )


async def test_loop__should_have_its_turns_while_a_long_batch_is_read() -> None:
    """The largest that is honest takes a thread tens of milliseconds, and a hostile one no more."""
    batch = encode((frame("x").encode(),) * 1000)
    took, price = read_batch(batch)
    assert len(took) == 1000
    assert price == sum(price_of(frame("x").encode()) for _ in range(1000))
    group = members()
    node = Node(group, 1, gate(group[1]), TLS[1])
    node.links._on_frame = lambda sender, each: node.heard.append((sender, each))
    node.links._budgets[2] = Budget(time.monotonic, LENIENCE)
    stream = node.links._streams[2] = object()
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    busy = asyncio.create_task(others())
    await node.links._take(2, stream, batch)
    busy.cancel()
    assert len(node.heard) == 1000
    assert turns >= 1000 // TURN


async def test_flood__should_cut_its_sender_and_pace_an_honest_one() -> None:
    group, now = members(), [100.0]
    node = Node(group, 1, gate(group[1]), TLS[1], lambda: now[0])
    node.links._on_frame = lambda sender, each: node.heard.append((sender, each))
    node.links._on_offence = lambda peer, offence, _: node.offences.append((peer, offence))
    node.links._budgets[2] = Budget(node.links._clock, LENIENCE)
    stream = node.links._streams[2] = object()
    said = Said(bytes(32), bytes(1 << 20)).encode()
    honest = Budget(node.links._clock)
    for _ in range(200):
        # An operator waits until its own budget allows the next one.
        now[0] += honest.take(price_of(said))
        await node.links._take(2, stream, encode((said,)))
    assert node.offences == []
    assert len(node.heard) == 200
    for _ in range(40):
        await node.links._take(2, stream, encode((said,)))
    assert (2, Offence.FLOOD) in node.offences


async def test_handshakes__should_be_few_of_one_peer() -> None:
    group, now = members(), [100.0]
    node = Node(group, 1, gate(group[1]), TLS[1], lambda: now[0])
    peer = Node(group, 2, gate(group[2]), TLS[2])
    async with linked(group, node, peer):
        await until(lambda: node.links.live() == {1, 2} == peer.links.live())
        budget = node.links._budgets[2]
        while not budget.take(HANDSHAKE_PRICE):
            pass
        peer.links._dialers[1].cancel()
        peer.links._dialers[1] = asyncio.create_task(peer.links._dial(group[1]))
        await until(lambda: any("EXHAUSTED" in why for why in peer.links._complaints.get(1, ())))
        now[0] += 3600
        await until(lambda: peer.links.live() == {1, 2})
