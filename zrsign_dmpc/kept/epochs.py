"""Two-phase commit of a key's next epoch: a crash at any point leaves exactly one epoch.

A refresh or a resharing ends with new shares in memory; erasing old ones too early freezes the key
(the Forget-and-Forgive attack, ePrint 2020/1052). So the members of the new group sign statements,
each durable before it leaves:

    STORED    my new share is on disk                       then either
    COMMIT    all members stored: I shall never abort       or
    ABORT     a member refused: I shall never commit
    REFUSED   I have no new share, and shall never have     (instead of STORED)

COMMIT of all n' members commits the change; REFUSED or ABORT of t' members aborts it. With fewer
than t' corrupt members both cannot happen: an abort needs an honest member that never commits, a
commit needs all of them. Either set of statements is a certificate that convinces everyone. Who has
it appends it to the journal and erases what is dead: the old share, or the new one. Old holders who
leave wait for the certificate. Until then the old epoch signs, so nobody can freeze the key; only
the change waits for a member that is silent between STORED and COMMIT.

Everything here is pure; `zrsign_dmpc.kept.epoch_keeper` ties it to a journal, a vault and an
identity.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property
from typing import ClassVar, Final

from zrsign_dmpc.errors import DmpcError, EncodingError, ParameterError
from zrsign_dmpc.kept.single_use import RolledBack
from zrsign_dmpc.run.execution import Parties
from zrsign_dmpc.wire.encoding import Tagged, encode
from zrsign_dmpc.wire.records import Record
from zrsign_dmpc.wire.transcript import Transcript


class IllegalStep(DmpcError):
    """The change is not at a point where this is allowed."""


class Choice(IntEnum):
    """What a member states about a change."""

    STORED = 1
    REFUSED = 2
    COMMIT = 3
    ABORT = 4


_EXCLUSIVE: Final = (
    {Choice.STORED, Choice.REFUSED},
    {Choice.REFUSED, Choice.COMMIT},
    {Choice.COMMIT, Choice.ABORT},
)
_FIRST: Final = (Choice.STORED, Choice.REFUSED)
REMEMBERED: Final = 8
"""Certificates of earlier changes."""


@dataclass(frozen=True)
class EpochMember(Record):
    """A holder in the next epoch."""

    TAG: ClassVar[str] = "Member"

    index: int
    identity: bytes
    """The member's Ed25519 identity key, 32 bytes."""


@dataclass(frozen=True)
class KeyChange(Record):
    """A change that this party's operator agreed to take part in.

    Never accept one from the network: its certificate makes old holders erase their shares.
    """

    TAG: ClassVar[str] = "KeyChange"

    old_key_id: bytes
    epoch: int
    """The new one."""
    sid: bytes
    """The session id of the redistribution that makes the new shares, 32 bytes."""
    threshold: int
    """t', of the new group."""
    members: tuple[EpochMember, ...]
    """The new group, by ascending index."""

    def __post_init__(self) -> None:
        """Raises EncodingError unless 2 ≤ t' ≤ n' and the epoch is at least 1."""
        try:
            parties = Parties(tuple((member.index, member.identity) for member in self.members))
        except ParameterError as error:
            raise EncodingError(f"the new group is malformed: {error}") from error
        if not 2 <= self.threshold <= len(parties.indices) or self.epoch < 1:
            raise EncodingError("a change has 2 ≤ t' ≤ n' and an epoch of at least 1")

    @cached_property
    def parties(self) -> Parties:
        """The members of the new group with their identity keys."""
        return Parties(tuple((member.index, member.identity) for member in self.members))

    @cached_property
    def id(self) -> bytes:
        """The name of the change: a hash of all its fields, 32 bytes."""
        transcript = Transcript("key change")
        transcript.absorb("change", self.to_value())
        return transcript.challenge_bytes("id", 32)


@dataclass(frozen=True)
class EpochStatement(Record):
    """What a member signed about a change."""

    TAG: ClassVar[str] = "Statement"

    change_id: bytes
    member: int
    choice: int
    key_id: bytes
    """The key in its new epoch; empty in REFUSED."""
    signature: bytes

    @property
    def signed_bytes(self) -> bytes:
        """What the member's identity key signs: all fields but the signature."""
        fields = (self.change_id, self.member, self.choice, self.key_id)
        return encode(Tagged("zrsign-dmpc-key-change-v1", fields))

    def is_valid(self, change: KeyChange) -> bool:
        """Whether a member of the change signed it, with a known choice."""
        return (
            self.change_id == change.id
            and self.choice in Choice.__members__.values()
            and (self.choice == Choice.REFUSED) == (self.key_id == b"")
            and change.parties.verify(self.member, self.signed_bytes, self.signature)
        )


@dataclass(frozen=True)
class Certificate(Record):
    """Statements that decide a change."""

    TAG: ClassVar[str] = "Certificate"

    change_id: bytes
    statements: tuple[EpochStatement, ...]


@dataclass(frozen=True)
class EpochDecision:
    """How a change ended."""

    key_id: bytes
    """The key in its committed epoch; empty when the change was aborted."""

    @property
    def committed(self) -> bool:
        """Whether the new epoch took the place of the old one."""
        return self.key_id != b""


def is_contradiction(change: KeyChange, first: EpochStatement, second: EpochStatement) -> bool:
    """Whether two statements prove to anyone that their signer is corrupt."""
    exclusive = {first.choice, second.choice} in _EXCLUSIVE
    two_keys = b"" not in (first.key_id, second.key_id) and first.key_id != second.key_id
    return (
        first.member == second.member
        and (exclusive or two_keys)
        and first.is_valid(change)
        and second.is_valid(change)
    )


def certify(change: KeyChange, statements: Iterable[EpochStatement]) -> Certificate | None:
    """A certificate out of these statements, if they decide the change. All of them are valid."""
    commits: dict[bytes, dict[int, EpochStatement]] = {}
    against: dict[int, EpochStatement] = {}
    for statement in statements:
        if statement.choice == Choice.COMMIT:
            commits.setdefault(statement.key_id, {})[statement.member] = statement
        elif statement.choice in (Choice.REFUSED, Choice.ABORT):
            against[statement.member] = statement
    complete = [said for said in commits.values() if len(said) == len(change.members)]
    if not complete and len(against) >= change.threshold:
        complete = [against]
    return Certificate(change.id, tuple(complete[0].values())) if complete else None


def decide(change: KeyChange, certificate: Certificate) -> EpochDecision | None:
    """What a certificate decides; None if it decides nothing. Its invalid statements do not count.

    Raises nothing: certificates come from strangers.
    """
    valid = [statement for statement in certificate.statements if statement.is_valid(change)]
    clean = certify(change, valid)
    if certificate.change_id != change.id or clean is None:
        return None
    first = clean.statements[0]
    return EpochDecision(first.key_id if first.choice == Choice.COMMIT else b"")


# What the journal holds: `KeyChange` when a change is opened, `Certificate` when it is decided,
# `Declined` for a change that is never opened here: another one may be under way meanwhile.


@dataclass(frozen=True)
class Adopted(Record):
    """The key's first epoch here, from a key generation."""

    TAG: ClassVar[str] = "Adopted"

    key_id: bytes
    epoch: int


@dataclass(frozen=True)
class SaidChoice(Record):
    """This party is about to sign this."""

    TAG: ClassVar[str] = "Said"

    choice: int
    key_id: bytes


@dataclass(frozen=True)
class Declined(Record):
    """This party takes no part in a change, ever: its REFUSED is final."""

    TAG: ClassVar[str] = "Declined"

    change_id: bytes


Entry = Adopted | KeyChange | SaidChoice | Certificate | Declined


@dataclass(frozen=True)
class EpochState:
    """One party's view of one key: a fold of its journal."""

    me: int
    active: bytes = b""
    """The key id that may sign; empty: none."""
    epoch: int = -1
    change: KeyChange | None = None
    """The change under way, or the last one."""
    decided: Certificate | None = None
    """What ended `change`."""
    said: tuple[SaidChoice, ...] = ()
    """What this party stated about `change`."""
    past: frozenset[bytes] = frozenset()
    """The ids of all changes so far, and of those that were declined."""
    declined: frozenset[bytes] = frozenset()
    ended: tuple[Certificate, ...] = ()
    """What ended the last changes before `change`, for a member that missed it."""

    @property
    def pending(self) -> KeyChange | None:
        """The change that is under way."""
        return None if self.decided else self.change

    @property
    def stored(self) -> bytes:
        """The key id of the new share that this party stated to have."""
        return self.said[0].key_id if self.said else b""

    @property
    def retained(self) -> frozenset[bytes]:
        """The key ids whose shares must be kept. All others are dead."""
        waiting = self.stored if self.pending else b""
        return frozenset({self.active, waiting} - {b""})

    @property
    def is_member(self) -> bool:
        """Whether this party is in the new group of `change`."""
        return self.change is not None and self.me in self.change.parties.indices


def after(state: EpochState, entry: Entry) -> EpochState:
    """The state when this entry is in the journal. Raises IllegalStep."""
    match entry:
        case Adopted():
            return _after_adoption(state, entry)
        case KeyChange():
            return _after_opening(state, entry)
        case SaidChoice():
            return _after_saying(state, entry)
        case Certificate():
            return _after_decision(state, entry)
        case Declined():
            return _after_declining(state, entry)


def _after_adoption(state: EpochState, entry: Adopted) -> EpochState:
    if state.active or state.change or not entry.key_id or entry.epoch < 0:
        raise IllegalStep("a key is adopted once, before anything else")
    return replace(state, active=entry.key_id, epoch=entry.epoch)


def _after_opening(state: EpochState, change: KeyChange) -> EpochState:
    if state.pending is not None:
        raise IllegalStep("another change is under way: it must be decided first")
    if change.id in state.past or change.epoch <= state.epoch:
        raise IllegalStep(f"epoch {change.epoch} does not follow epoch {state.epoch}")
    if state.active and (change.old_key_id, change.epoch) != (state.active, state.epoch + 1):
        raise IllegalStep("the change does not start from the epoch that is active here")
    ended = (*state.ended, *([state.decided] if state.decided else []))[-REMEMBERED:]
    past = state.past | {change.id}
    return replace(state, change=change, decided=None, said=(), past=past, ended=ended)


def _after_saying(state: EpochState, said: SaidChoice) -> EpochState:
    if state.pending is None or not state.is_member:
        raise IllegalStep("only members of the new group speak, while the change is undecided")
    before = [earlier.choice for earlier in state.said]
    first = not before and said.choice in _FIRST
    second = before == [Choice.STORED] and said.choice in (Choice.COMMIT, Choice.ABORT)
    if not (first or (second and said.key_id == state.stored)):
        raise IllegalStep(f"{Choice(said.choice).name} cannot follow {before}")
    if (said.choice == Choice.REFUSED) != (
        said.key_id == b""
    ) or said.key_id == state.active != b"":
        raise IllegalStep("a new share has a key id of its own; a refusal has none")
    return replace(state, said=(*state.said, said))


def _after_declining(state: EpochState, entry: Declined) -> EpochState:
    if entry.change_id in state.past:
        raise IllegalStep("a change that was opened here cannot be declined")
    declined = frozenset({entry.change_id})
    return replace(state, past=state.past | declined, declined=state.declined | declined)


def _after_decision(state: EpochState, certificate: Certificate) -> EpochState:
    change = state.pending
    if change is None or certificate.change_id != change.id:
        raise IllegalStep("the certificate is for another change")
    decision = decide(change, certificate)
    if decision is None:
        raise IllegalStep("the certificate decides nothing")
    if not decision.committed:
        return replace(state, decided=certificate)
    if state.is_member and SaidChoice(Choice.COMMIT, decision.key_id) not in state.said:
        raise RolledBack("the others have this party's COMMIT, its journal does not: it is old")
    active = decision.key_id if state.is_member else b""
    return replace(state, decided=certificate, active=active, epoch=change.epoch)
