"""Which holders of a key sign together, and who proposes: all compute it alike, and nobody chooses.

The holders stand in a circle, in an order that follows from the key. A mix is the circle from one
of a few places on: the first t who are here sign, and propose in this order. There are as many
mixes as leave every holder out of one, so that nobody is in all that is made ahead, and a slow or
absent one slows or stops a part of it only. Requests go from mix to mix, by their ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from zrsign_operator.peers.frames import MAX_SUBJECTS
from zrsign_operator.peers.members import rotation

MAX_MIXES: Final = 8
"""Each has presignatures of its own."""


def key_subject(ledger_key: int) -> bytes:
    """What the order of those follows from who propose work with a key."""
    return b"sign" + ledger_key.to_bytes(8, "big")


@dataclass(frozen=True)
class Mixing:
    """The mixes of one key in its epoch."""

    ledger_key: int
    threshold: int
    holders: tuple[int, ...]

    @cached_property
    def count(self) -> int:
        """How many mixes there are."""
        spare = len(self.holders) - self.threshold
        return min(-(-len(self.holders) // spare), MAX_MIXES) if spare else 1

    def of(self, request_id: int) -> int:
        """The mix that signs a request; those that come together share it, and a batch."""
        return request_id // MAX_SUBJECTS % self.count

    def circle(self, mix: int) -> list[int]:
        """All holders, from the first of a mix on."""
        start, order = mix * len(self.holders) // self.count, _order(self.ledger_key, self.holders)
        return [*order[start:], *order[:start]]


@lru_cache(maxsize=1024)
def _order(ledger_key: int, holders: tuple[int, ...]) -> tuple[int, ...]:
    """The circle. A hash a holder: it is asked for with every look at what is next."""
    return tuple(rotation(key_subject(ledger_key), holders))
