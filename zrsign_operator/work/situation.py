"""What the agenda of an operator follows from: values, as of one moment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from zrsign_operator.peers.frames import WorkKind
from zrsign_operator.work.mixing import Mixing, key_subject

IDLE_S: Final = 1.0
"""No request for this long: time to make presignatures."""
SHORT_IDLE_S: Final = 0.15


def request_subject(request_id: int) -> bytes:
    """What the order of those follows from who propose to make a key."""
    return b"request" + request_id.to_bytes(8, "big")


@dataclass(frozen=True)
class Wanted:
    """Something that is open on the ledger."""

    kind: WorkKind
    subject: int
    key_id: int = 0
    since: float = 0.0
    """When this operator saw it, or when the last attempt ended."""
    attempts: int = 0


@dataclass(frozen=True)
class Ready:
    """A presignature that was not used."""

    id: bytes
    signers: tuple[int, ...]
    since: float
    """When this operator got it."""


@dataclass(frozen=True)
class KeyState:
    """A key that this operator holds a share of."""

    ledger_key: int
    ecdsa: bool
    threshold: int
    holders: tuple[int, ...]
    ready: tuple[Ready, ...] = ()
    """The oldest first."""
    stock: tuple[tuple[int, int], ...] = ()
    """(operator, published nonces)."""
    lacking: frozenset[int] = frozenset()
    """Holders that say that they have no share of this epoch."""
    aux: frozenset[int] = frozenset()
    """Holders that have the auxiliary information that the key presigns with."""

    pooled: bool = True
    """Whether presignatures are made ahead now: not of a root to spare, or soon after a failure."""

    @property
    def able(self) -> tuple[int, ...]:
        """Who can sign, as far as this operator knows."""
        return tuple(index for index in self.holders if index not in self.lacking)

    @cached_property
    def mixing(self) -> Mixing:
        """Who signs together."""
        return Mixing(self.ledger_key, self.threshold, self.holders)

    @property
    def subject(self) -> bytes:
        """What the order of its proposers follows from."""
        return key_subject(self.ledger_key)


@dataclass(frozen=True)
class Situation:
    """What the agenda follows from."""

    me: int
    now: float
    threshold: int
    members: tuple[int, ...]
    usable: frozenset[int]
    """Live operators, me among them, without those that misbehaved."""
    usable_since: float = 0.0
    """When this set became what it is."""
    complete_since: float = 0.0
    """When the whole group was usable and said to have auxiliary information; now, until then."""
    reshared: float = 0.0
    """When a resharing ended here last."""
    wanted: tuple[Wanted, ...] = ()
    running: tuple[tuple[WorkKind, int], ...] = ()
    """What this operator takes part in now."""
    keys: tuple[KeyState, ...] = ()
    absent: int = 0
    """Members who may be away when a key is made."""
    aux: frozenset[int] = frozenset()
    """Whom the auxiliary information for the ledger's orders covers."""
    renews: bool = False
    """Whether nobody has any for them yet, and every key can presign with what was made before."""
    aux_since: float = 0.0
    """When this set became what it is."""
    presigned: float = 0.0
    """When a presigning ended here last."""
    primes_ready: bool = False
    pool_level: int = 0
    idle_for: float = IDLE_S
    """Seconds since the last open request; 0: there are some."""

    def key(self, ledger_key: int) -> KeyState | None:
        """The key with this number; None: it is not among `keys`."""
        return self._by_number.get(ledger_key)

    @cached_property
    def _by_number(self) -> dict[int, KeyState]:
        return {key.ledger_key: key for key in reversed(self.keys)}
