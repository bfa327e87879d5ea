"""What operators say to each other. All of it is canonical records on an authenticated link.

A frame's sender is known from the link. A proposal is signed as well, because others pass it on
as part of what names an execution.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Final

from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.frost import NonceCommitment
from zrsign_dmpc.run.execution import IdentityKey, Parties
from zrsign_dmpc.wire.encoding import Tagged, decode, encode
from zrsign_dmpc.wire.records import Record

INCARNATION_BYTES: Final = 16
NONCE_BYTES: Final = 32
MAX_SUBJECTS: Final = 16
"""One cheat ends a whole batch, and burns what was made ahead for it."""
MAX_FRAME_BYTES: Final = 1 << 23


class WorkKind(StrEnum):
    """What operators do together."""

    AUX = "aux"
    KEYGEN = "keygen"
    PRESIGN = "presign"
    ECDSA = "ecdsa"
    FROST = "frost"
    RESHARE = "reshare"
    """A change of all shares: to another group, or new ones for the same one."""


@dataclass(frozen=True)
class Proposal(Record):
    """Let us do this. It names one execution, and says nothing that is to be believed.

    Incarnations make it worthless to a member whose memory of past executions was lost.
    """

    TAG: ClassVar[str] = "proposal"

    keyring: str
    kind: str
    subjects: tuple[int, ...]
    """The ledger's ids of the requests, or of the key."""
    proposer: int
    members: tuple[int, ...]
    """Who takes part, ascending."""
    incarnations: tuple[bytes, ...]
    """The incarnations of the members, in their order."""
    nonce: bytes
    details: bytes
    """An encoded record of the kind's own."""
    signature: bytes = b""

    def __post_init__(self) -> None:
        if self.kind not in set(WorkKind):
            raise EncodingError(f"unknown kind of work {self.kind[:20]!r}")
        if len(self.subjects) > MAX_SUBJECTS or len(set(self.subjects)) != len(self.subjects):
            raise EncodingError(f"a proposal has up to {MAX_SUBJECTS} different subjects")
        if not 2 <= len(self.members) <= 64 or len(self.nonce) != NONCE_BYTES:
            raise EncodingError("a proposal has 2 to 64 members and a nonce of 32 bytes")
        if list(self.members) != sorted(set(self.members)):
            raise EncodingError("a proposal names its members once, in ascending order")
        if len(self.incarnations) != len(self.members):
            raise EncodingError("a proposal names one incarnation a member")

    @property
    def signed_bytes(self) -> bytes:
        """What the proposer's identity key signs: all fields but the signature."""
        fields = self.to_value().fields[:-1]
        return encode(Tagged("zrsign-operator-proposal-v1", fields))

    @property
    def execution_id(self) -> bytes:
        """The name of the execution: a hash of what is signed, 32 bytes."""
        return hashlib.sha256(self.signed_bytes).digest()

    def signed(self, identity: IdentityKey) -> Proposal:
        """The same proposal with its signature."""
        return replace(self, signature=identity.sign(self.signed_bytes))

    def is_signed(self, parties: Parties) -> bool:
        """Whether the proposer signed it."""
        return parties.verify(self.proposer, self.signed_bytes, self.signature)

    @property
    def subject(self) -> int:
        """The first request or key that the work is about; 0: it is about none."""
        return self.subjects[0] if self.subjects else 0

    def incarnation_of(self, index: int) -> bytes:
        """The incarnation of a member, as the proposer knew it. Raises ValueError."""
        return self.incarnations[self.members.index(index)]


@dataclass(frozen=True)
class Refusal(Record):
    """I do not take part in the execution with this id."""

    TAG: ClassVar[str] = "refusal"

    execution_id: bytes
    reason: str


@dataclass(frozen=True)
class Said(Record):
    """A message of an execution, signed inside."""

    TAG: ClassVar[str] = "said"

    execution_id: bytes
    data: bytes


@dataclass(frozen=True)
class Stock(Record):
    """Commitments to fresh nonces of mine, for a key in its epoch."""

    TAG: ClassVar[str] = "stock"

    key_id: bytes
    commitments: tuple[NonceCommitment, ...]


@dataclass(frozen=True)
class Holding(Record):
    """A key that this operator holds a share of, in which epoch."""

    TAG: ClassVar[str] = "holding"

    ledger_key: int
    key_id: bytes
    epoch: int


@dataclass(frozen=True)
class Inventory(Record):
    """All keys that I hold shares of, or some of them when `complete` is 0."""

    TAG: ClassVar[str] = "inventory"

    holdings: tuple[Holding, ...]
    aux: tuple[bytes, ...]
    """The digests of the auxiliary information that I have."""
    complete: int = 1


@dataclass(frozen=True)
class EpochNews(Record):
    """About a change of a key; see `zrsign_dmpc.kept.epochs`."""

    TAG: ClassVar[str] = "epoch-news"

    proposal: bytes
    """What began the change, encoded."""
    said: tuple[bytes, ...]
    """Statements and certificates; empty: the sender asks for them."""
    waiting: int
    """1: the sender does not know the end of it yet; else 0."""


Frame = Proposal | Refusal | Said | Stock | Inventory | EpochNews
_FRAMES: Final[Mapping[str, Any]] = {
    kind.TAG: kind for kind in (Proposal, Refusal, Said, Stock, Inventory, EpochNews)
}


def read_frame(data: bytes) -> Frame:
    """The frame with exactly this encoding. Raises EncodingError."""
    if len(data) > MAX_FRAME_BYTES:
        raise EncodingError(f"a frame has at most {MAX_FRAME_BYTES} bytes")
    value = decode(data)
    kind = _FRAMES.get(value.tag) if isinstance(value, Tagged) else None
    if kind is None:
        raise EncodingError("this is no frame")
    frame: Frame = kind.from_value(value)
    return frame
