"""When an order counts as carried out: every member told so, of every key that has shares."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message

from zrchain_lite.client import Account
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.operators import operators_pb2 as wire
from zrsign.administration import Keyring, Progress

PARTIES = ("zen1", "zen2")
OWN, CHILD, ROOT, SPARE = 1, 2, 1 << 62, (1 << 62) + 1


@dataclass
class Node:
    """A ledger with a group of two, at its first refresh."""

    account: Account = field(default_factory=lambda: Account.from_secret(bytes([1]) * 32))
    told: list[wire.KeyEpoch] = field(default_factory=list)

    async def query(self, *_: Any) -> Message:
        members = [wire.Member(index=i, party=party) for i, party in enumerate(PARTIES, 1)]
        return wire.QuerySettingsResponse(
            groups=[wire.Group(number=1, members=members)],
            refresh_number=1,
            roots=[wire.Root(id=ROOT, height=5), wire.Root(id=SPARE)],
        )

    async def page(self, method: str, *_: Any) -> AsyncIterator[Message]:
        if method.endswith("KeyEpochs"):
            for each in self.told:
                yield each
        else:
            for key in (OWN, CHILD):
                yield treasury.KeyReqResponse(id=key)

    def tell(self, key: int, refresh: int, *parties: str) -> None:
        for party in parties:
            self.told.append(wire.KeyEpoch(key_id=key, party=party, group=1, refresh=refresh))


def keyring(node: Any) -> Keyring:
    return Keyring(node, "keyring1")


async def test_order__should_be_done_when_all_told_so_of_roots_and_of_keys_of_their_own() -> None:
    """A child has no shares to renew, and a spare that is not made yet none either."""
    node = Node()
    for key in (OWN, ROOT, SPARE):
        node.tell(key, 0, *PARTIES)
    assert await keyring(node).progress() == Progress(1, 1, keys=2, done=0)
    node.tell(ROOT, 1, *PARTIES)
    node.tell(OWN, 1, PARTIES[0])
    assert await keyring(node).progress() == Progress(1, 1, keys=2, done=1)
    node.tell(OWN, 1, PARTIES[1])
    assert await keyring(node).progress() == Progress(1, 1, keys=2, done=2)


async def test_root__should_count_before_anybody_told_of_it() -> None:
    assert await keyring(Node()).progress() == Progress(1, 1, keys=1, done=0)
