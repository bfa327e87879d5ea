"""Who is to blame: what a check found, before it becomes evidence."""

from __future__ import annotations

from dataclasses import dataclass

from zrsign_dmpc.errors import DmpcError
from zrsign_dmpc.wire.encoding import Value


@dataclass(frozen=True)
class Accusation:
    """A check found a party guilty; the witness is public data that the check needs."""

    culprit: int
    fault: str
    witness: Value = ()


class Blamed(DmpcError):
    """Raised by a round that found culprits; the session turns it into evidence and an abort."""

    def __init__(self, accusations: tuple[Accusation, ...]) -> None:
        self.accusations = accusations
        named = ", ".join(f"party {a.culprit}: {a.fault}" for a in accusations)
        super().__init__(f"misbehaviour: {named}")
