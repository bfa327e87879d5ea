"""Epochs kept by one party: what is written before what, and what is told to whom.

A journal holds what was stated and decided (`zrsign_dmpc.kept.epochs`), a vault the sealed shares.
A share is in the vault before the journal says so; a statement is in the journal before it is
signed; a share is erased after the journal says that it is dead. Opening the keeper again after a
crash finishes what was begun. A journal restored from a backup is refused, as in
`zrsign_dmpc.kept.single_use`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from zrsign_dmpc.errors import DmpcError, EncodingError
from zrsign_dmpc.kept.epochs import (
    Adopted,
    Certificate,
    Choice,
    Declined,
    Entry,
    EpochState,
    EpochStatement,
    IllegalStep,
    KeyChange,
    SaidChoice,
    after,
    certify,
    is_contradiction,
)
from zrsign_dmpc.kept.single_use import EMPTY, Anchor, Journal, LedgerClosed, RolledBack
from zrsign_dmpc.run.execution import IdentityKey
from zrsign_dmpc.wire.encoding import Tagged, decode

_ENTRIES: Final[tuple[type[Entry], ...]] = (Adopted, KeyChange, SaidChoice, Certificate, Declined)


class EpochOver(DmpcError):
    """The share belongs to no epoch that may sign here."""


class ShareVault(Protocol):
    """Sealed shares by key id. Writes and deletions are durable when they return."""

    def put(self, key_id: bytes, sealed: bytes) -> None:
        """Store a sealed share in place of the one before; durable when this returns."""

    def get(self, key_id: bytes) -> bytes:
        """The sealed share of a key. Raises KeyError when there is none."""

    def delete(self, key_id: bytes) -> None:
        """Forget it, if it is there."""

    def key_ids(self) -> list[bytes]:
        """The ids of all keys that have a share here."""


class AnchoredJournal:
    """A journal that a restored backup cannot replace unnoticed (see `single_use`)."""

    def __init__(self, journal: Journal, anchor: Anchor, on_failure: Callable[[], None]) -> None:
        """Read the journal and compare it with the anchor. Raises RolledBack when it is older."""
        self._journal = journal
        self._anchor = anchor
        self._on_failure = on_failure
        self._closed = False
        anchored, head = anchor.read(), EMPTY
        seen = head == anchored
        for entry in journal.read():
            head = head.after(entry)
            seen = seen or head == anchored
        if not seen:
            raise RolledBack(
                f"the journal has {head.count} entries, the anchor counts {anchored.count}: it was "
                "restored or replaced. This party must be dealt a new share"
            )
        if head.count > anchored.count:
            anchor.advance(head)
        self._head = head

    def append(self, entry: bytes) -> None:
        """Durable when it returns. Raises LedgerClosed after a write that failed, OSError."""
        if self._closed:
            raise LedgerClosed("an earlier write failed: open the journal again")
        self._closed = True
        try:
            self._journal.append(entry)
            self._head = self._head.after(entry)
            self._anchor.advance(self._head)
        except OSError:
            self._on_failure()
            raise
        self._closed = False


class EpochKeeper:
    """One party's epochs of one key.

    Every method that returns messages wants them brought to all parties of the change, old holders
    included; `announcements` repeats them. Messages may be lost, repeated and reordered.
    """

    def __init__(
        self,
        journal: Journal,
        anchor: Anchor,
        vault: ShareVault,
        me: int,
        identity: IdentityKey,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        """Replays the journal and erases shares that are dead. Raises RolledBack.

        `on_failure` is called when a write failed: nothing can change before it is opened again.
        """
        self._journal = AnchoredJournal(journal, anchor, on_failure)
        self._vault = vault
        self._identity = identity
        self.contradictions: dict[int, tuple[EpochStatement, EpochStatement]] = {}
        """Evidence by culprit, of the change under way; see `is_contradiction`."""
        self._known: dict[tuple[int, int], EpochStatement] = {}
        self.state = EpochState(me)
        for entry in journal.read():
            self.state = after(self.state, _read_entry(entry))
        self._prune()
        self._recall()

    # The key in use

    def adopt(self, key_id: bytes, epoch: int, sealed: bytes) -> None:
        """Begin with a share from a key generation. Raises IllegalStep."""
        entry = Adopted(key_id, epoch)
        after(self.state, entry)
        self._vault.put(key_id, sealed)
        self._write(entry)

    def share(self, key_id: bytes) -> bytes:
        """The sealed share of the active epoch. Raises EpochOver for any other."""
        if not key_id or key_id != self.state.active:
            raise EpochOver(f"{key_id.hex()} is not the active epoch {self.state.epoch} here")
        return self._vault.get(key_id)

    # A change

    def open(self, change: KeyChange) -> None:
        """Take part in a change, before its redistribution starts. Raises IllegalStep."""
        if self._identity_in(change) not in (None, self._identity.public_key):
            raise IllegalStep("the change names another identity for this party")
        self._write(change)
        self._known.clear()
        self.contradictions.clear()

    def decline(self, change: KeyChange) -> bytes:
        """Never take part in a change that is not the current one; what to send.

        Without it two changes that some joined and others did not would wait for each other. Of one
        that ended here it tells the end. Raises IllegalStep if it names somebody else.
        """
        for certificate in self.state.ended:
            if certificate.change_id == change.id:
                return certificate.encode()
        if self._identity_in(change) != self._identity.public_key:
            raise IllegalStep("only a member of the new group declines")
        if change.id not in self.state.declined:
            self._write(Declined(change.id))
        return self._signed(change, SaidChoice(Choice.REFUSED, b"")).encode()

    def store(self, key_id: bytes, sealed: bytes) -> list[bytes]:
        """The redistribution gave this party a new share. Raises IllegalStep."""
        said = SaidChoice(Choice.STORED, key_id)
        after(self.state, said)
        self._vault.put(key_id, sealed)
        return self._say(said)

    def refuse(self) -> list[bytes]:
        """The redistribution failed, or its result was lost. Raises IllegalStep after `store`."""
        return self._say(SaidChoice(Choice.REFUSED, b""))

    def give_up(self) -> list[bytes]:
        """Wait no longer for the others: ABORT, unless this party committed or refused."""
        choices = [said.choice for said in self.state.said]
        if self.state.pending is None or choices != [Choice.STORED]:
            return []
        return self._say(SaidChoice(Choice.ABORT, self.state.stored))

    def receive(self, data: bytes) -> list[bytes]:
        """Take a message; junk and messages for other changes are dropped."""
        change = self.state.change
        try:
            message = _read_message(data)
        except EncodingError:
            return []
        if change is None or message.change_id != change.id:
            return []
        if self.state.decided is not None:
            asks = isinstance(message, EpochStatement)
            return [self.state.decided.encode()] if asks else []
        if isinstance(message, EpochStatement):
            if message.is_valid(change):
                self._note(change, message)
            return self._advance(change)
        valid = [statement for statement in message.statements if statement.is_valid(change)]
        return self._conclude(certify(change, valid))

    def announcements(self) -> list[bytes]:
        """All that this party knows of the current change: to be repeated until it is decided."""
        if self.state.decided is not None:
            return [self.state.decided.encode()]
        return [statement.encode() for statement in self._known.values()]

    def waiting_for(self) -> tuple[int, ...]:
        """The members who have not said what would commit the change."""
        if self.state.pending is None:
            return ()
        members = set(self.state.pending.parties.indices)
        unstored = members - self._who_said(Choice.STORED)
        return tuple(sorted(unstored or members - self._who_said(Choice.COMMIT)))

    def _advance(self, change: KeyChange) -> list[bytes]:
        if certificate := certify(change, self._known.values()):
            return self._conclude(certificate)
        choices = [said.choice for said in self.state.said]
        if not self.state.is_member or len(choices) > 1 or Choice.REFUSED in choices:
            return []
        if self._who_said(Choice.REFUSED):
            stored = self.state.stored
            return self._say(
                SaidChoice(Choice.ABORT, stored) if stored else SaidChoice(Choice.REFUSED, b"")
            )
        if choices and self._who_said(Choice.STORED) == set(change.parties.indices):
            return self._say(SaidChoice(Choice.COMMIT, self.state.stored))
        return []

    def _say(self, said: SaidChoice) -> list[bytes]:
        self._write(said)
        change = self.state.change
        assert change is not None  # noqa: S101 - `after` refuses to speak without a change
        statement = self._signed(change, said)
        self._note(change, statement)
        return [statement.encode(), *self._advance(change)]

    def _identity_in(self, change: KeyChange) -> bytes | None:
        """This party's, as the change names it; None: it is not in the new group."""
        return {member.index: member.identity for member in change.members}.get(self.state.me)

    def _signed(self, change: KeyChange, said: SaidChoice) -> EpochStatement:
        draft = EpochStatement(change.id, self.state.me, said.choice, said.key_id, b"")
        return replace(draft, signature=self._identity.sign(draft.signed_bytes))

    def _note(self, change: KeyChange, statement: EpochStatement) -> None:
        for known in list(self._known.values()):
            if is_contradiction(change, known, statement):
                self.contradictions.setdefault(statement.member, (known, statement))
        self._known.setdefault((statement.member, statement.choice), statement)

    def _who_said(self, choice: Choice) -> set[int]:
        """Members who said it, of the same key id as this party if there is one."""
        same = (b"", self.state.stored) if self.state.stored else None
        return {
            statement.member
            for statement in self._known.values()
            if statement.choice == choice and (same is None or statement.key_id in same)
        }

    def _conclude(self, certificate: Certificate | None) -> list[bytes]:
        if certificate is None:
            return []
        self._write(certificate)
        return [certificate.encode()]

    def _write(self, entry: Entry) -> None:
        state = after(self.state, entry)
        self._journal.append(entry.encode())
        self.state = state
        self._prune()

    def _prune(self) -> None:
        """Erase shares that are dead: of ended epochs, of aborted changes, of torn writes."""
        for key_id in self._vault.key_ids():
            if key_id not in self.state.retained:
                self._vault.delete(key_id)

    def _recall(self) -> None:
        """Sign again what was said before a restart; Ed25519 gives the same signatures."""
        if self.state.pending is not None:
            for said in self.state.said:
                self._note(self.state.pending, self._signed(self.state.pending, said))


def _read_entry(data: bytes) -> Entry:
    value = decode(data)
    for kind in _ENTRIES:
        if isinstance(value, Tagged) and value.tag == kind.TAG:
            return kind.from_value(value)
    raise EncodingError("this is not an entry of an epoch journal")


def _read_message(data: bytes) -> EpochStatement | Certificate:
    value = decode(data)
    if isinstance(value, Tagged) and value.tag == Certificate.TAG:
        return Certificate.from_value(value)
    return EpochStatement.from_value(value)
