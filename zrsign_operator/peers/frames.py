"""What operators say to each other. All of it is canonical records on an authenticated link.

A frame's sender is known from the link. A proposal is signed as well, because others pass it on
as part of what names an execution.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import Any, ClassVar, Final, NamedTuple

from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.frost import NonceCommitment
from zrsign_dmpc.run.execution import IdentityKey, Parties
from zrsign_dmpc.run.messages import MAX_MESSAGE_BYTES
from zrsign_dmpc.wire.encoding import Tagged, decode, encode
from zrsign_dmpc.wire.records import Record

INCARNATION_BYTES: Final = 16
EXECUTION_BYTES: Final = 32
NONCE_BYTES: Final = 32
MAX_SUBJECTS: Final = 16
"""One cheat ends a whole batch, and burns what was made ahead for it."""
_TAG_AT: Final = 6
"""Bytes ahead of the tag in a document that is one tagged value."""
MAX_INDEX: Final = 0xFFFF
MAX_NUMBER: Final = 1 << 64
"""The ledger's ids are below it."""
MAX_PAGE: Final = 256
"""Keys in one frame of an inventory."""
MAX_AUX: Final = 64
"""Digests of auxiliary information in one frame of an inventory: the newest."""
MAX_COMMITMENTS: Final = 64
"""Commitments in one frame of a stock."""
MAX_STATEMENTS: Final = 256
"""Statements in one frame about a change: every member of 32 makes two."""
MAX_INCARNATIONS: Final = 8
"""Incarnations of a peer whose journals' heads are remembered."""
MAX_REASON: Final = 300
"""Characters of a refusal."""


NOT_WITH: Final = "not with me, or not with one of these"
"""The reason of who does without a member, or is not who the proposer thinks."""


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

    Incarnations make it worthless to a member that was started anew since; see `Myself.presence`.
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
        if not all(0 <= each < MAX_NUMBER for each in self.subjects):
            raise EncodingError("a subject is no id of the ledger")
        if not 2 <= len(self.members) <= 64 or len(self.nonce) != NONCE_BYTES:
            raise EncodingError("a proposal has 2 to 64 members and a nonce of 32 bytes")
        if not all(1 <= each <= MAX_INDEX for each in (self.proposer, *self.members)):
            raise EncodingError(f"the index of an operator is 1 to {MAX_INDEX}")
        if list(self.members) != sorted(set(self.members)):
            raise EncodingError("a proposal names its members once, in ascending order")
        if [len(each) for each in self.incarnations] != [INCARNATION_BYTES] * len(self.members):
            raise EncodingError("a proposal names one incarnation of 16 bytes a member")

    @cached_property
    def signed_bytes(self) -> bytes:
        """What the proposer's identity key signs: all fields but the signature."""
        fields = self.to_value().fields[:-1]
        return encode(Tagged("zrsign-operator-proposal-v1", fields))

    @cached_property
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

    def __post_init__(self) -> None:
        if len(self.execution_id) != EXECUTION_BYTES or len(self.reason) > MAX_REASON:
            raise EncodingError("a refusal names an execution, and says why in few words")


@dataclass(frozen=True)
class Said(Record):
    """A message of an execution, signed inside."""

    TAG: ClassVar[str] = "said"

    execution_id: bytes
    data: bytes

    def __post_init__(self) -> None:
        if len(self.execution_id) != EXECUTION_BYTES:
            raise EncodingError("a message names an execution")


@dataclass(frozen=True)
class Stock(Record):
    """Commitments to fresh nonces of mine, for a key in its epoch."""

    TAG: ClassVar[str] = "stock"

    key_id: bytes
    commitments: tuple[NonceCommitment, ...]

    def __post_init__(self) -> None:
        if len(self.commitments) > MAX_COMMITMENTS:
            raise EncodingError(f"a stock has up to {MAX_COMMITMENTS} commitments")


class Part(IntEnum):
    """What a frame with an inventory is."""

    NEWS = 0
    """Keys that the sender got just now."""
    FIRST = 1
    """The first page of all that it holds: what it said before is void."""
    MORE = 2
    """The next page."""


@dataclass(frozen=True)
class Holding(Record):
    """A key that this operator holds a share of, in which epoch."""

    TAG: ClassVar[str] = "holding"

    ledger_key: int
    key_id: bytes
    epoch: int

    def __post_init__(self) -> None:
        if not 0 <= self.ledger_key < MAX_NUMBER or not 0 <= self.epoch < MAX_NUMBER:
            raise EncodingError("a key or an epoch is out of range")


@dataclass(frozen=True)
class Inventory(Record):
    """Keys that I hold shares of, up to `MAX_PAGE`: see `Part`."""

    TAG: ClassVar[str] = "inventory"

    holdings: tuple[Holding, ...]
    aux: tuple[bytes, ...]
    """The digests of the auxiliary information that I have."""
    complete: int = 1

    def __post_init__(self) -> None:
        if self.complete not in set(Part):
            raise EncodingError(f"an inventory has no part {self.complete}")
        if len(self.holdings) > MAX_PAGE or len(self.aux) > MAX_AUX:
            raise EncodingError(f"a part of an inventory has up to {MAX_PAGE} keys")


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

    def __post_init__(self) -> None:
        if len(self.said) > MAX_STATEMENTS:
            raise EncodingError(f"news has up to {MAX_STATEMENTS} statements")


@dataclass(frozen=True)
class Heads(Record):
    """How far my journal is, and how far yours was; see `zrsign_operator.peers.memory`."""

    TAG: ClassVar[str] = "heads"

    mine: bytes
    """The signed head of the sender's journal, encoded."""
    yours: tuple[bytes, ...]
    """The last heads that the recipient told, one an incarnation."""

    def __post_init__(self) -> None:
        if len(self.yours) > MAX_INCARNATIONS:
            raise EncodingError(f"up to {MAX_INCARNATIONS} heads are remembered")


Frame = Proposal | Refusal | Said | Stock | Inventory | EpochNews | Heads


class _Limit(NamedTuple):
    """What a frame of one kind may take."""

    kind: Any
    size: int
    """Bytes at most."""
    items: int
    price: int = 1
    """What a byte counts for in a link's budget: points cost much to read."""


_LIMITS: Final[Mapping[bytes, _Limit]] = {
    encode(limit.kind.TAG)[1:]: limit
    for limit in (
        # Sixteen signatures by 32 signers with FROST name nonces of 56 KB.
        _Limit(Proposal, 1 << 17, 256),
        _Limit(Refusal, 1 << 11, 8),
        _Limit(Said, MAX_MESSAGE_BYTES + (1 << 10), 8),
        _Limit(Stock, 1 << 13, 5 * MAX_COMMITMENTS + 8, price=16),
        _Limit(Inventory, 1 << 15, 5 * MAX_PAGE + MAX_AUX + 8),
        _Limit(EpochNews, 1 << 18, MAX_STATEMENTS + 8),
        _Limit(Heads, 1 << 12, MAX_INCARNATIONS + 8),
    )
}
"""The limits of each kind of frame, by the item that a document of the kind has at `_TAG_AT`."""
MAX_FRAME_BYTES: Final = max(limit.size for limit in _LIMITS.values())
FRAME_PRICE: Final = 512
"""What a frame counts for in a link's budget beside its bytes."""


def read_frame(data: bytes) -> Frame:
    """The frame with exactly this encoding, within the limits of its kind. Raises EncodingError."""
    limit = _limit_of(data)
    if limit is None:
        raise EncodingError("this is no frame")
    if len(data) > limit.size:
        raise EncodingError(f"a frame of kind {limit.kind.TAG} has at most {limit.size} bytes")
    frame: Frame = limit.kind.from_value(decode(data, limit.items))
    return frame


def price_of(data: bytes) -> int:
    """What a frame counts for in the budget of the link that it comes over."""
    limit = _limit_of(data)
    return FRAME_PRICE + len(data) * (limit.price if limit else 1)


def _limit_of(data: bytes) -> _Limit | None:
    return next((limit for tag, limit in _LIMITS.items() if data.startswith(tag, _TAG_AT)), None)
