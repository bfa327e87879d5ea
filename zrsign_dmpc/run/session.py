"""One party's side of an execution: bytes in, bytes out, in the end a result or an abort.

The session signs, checks and files messages, compares views, and drives the rounds. It does no I/O
and reads no clock: the caller carries `Outbound` messages (any order, any number of times) and
decides when to stop waiting (`give_up`). Whatever arrives is one of

* junk, which names nobody and is dropped and counted: undecodable, unsigned, of another execution;
* a repetition, which changes nothing;
* early, and waits: one message for a round, kind and sender, so the buffer is bounded;
* a fault of its signer, who is accused with evidence;
* what the round was waiting for.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Generic, TypeVar

from zrsign_dmpc.errors import DmpcError, EncodingError, ParameterError
from zrsign_dmpc.run import evidence as faults
from zrsign_dmpc.run.blame import Blamed
from zrsign_dmpc.run.board import Board, body_type, max_bytes
from zrsign_dmpc.run.evidence import Evidence, evidence_of, gather
from zrsign_dmpc.run.execution import Execution, IdentityKey
from zrsign_dmpc.run.messages import EVERYBODY, Message, MessageKind, Originals, Slot
from zrsign_dmpc.run.rounds import Abort, Result, Round
from zrsign_dmpc.wire.records import Record

T = TypeVar("T")


@dataclass(frozen=True)
class Outbound:
    """A signed message and whom to bring it to; None: everybody else."""

    recipient: int | None
    data: bytes


class Session(Generic[T]):
    """Runs one party through a protocol. `outcome` is None while it is waiting.

    An abort that names this party itself means that its identity key leaked, or that it was
    started twice under one execution id.
    """

    def __init__(
        self, execution: Execution, me: int, identity: IdentityKey, first: Round[T]
    ) -> None:
        keys = dict(execution.parties.keys)
        if keys.get(me) != identity.public_key:
            raise ParameterError(f"the identity key is not that of party {me} of {list(keys)}")
        self.execution = execution
        self.me = me
        self.outcome: Result[T] | Abort | None = None
        self.dropped: Counter[str] = Counter()
        """How often something was dropped, by reason."""
        self._identity = identity
        self._board = Board(execution, me)
        self._round = first
        self._disputed: dict[int, Message] = {}
        self._answered = False
        self._exposed: set[int] = set()

    def start(self) -> list[Outbound]:
        """The messages of the first round; call once."""
        return self._send_round() + self._advance()

    def receive(self, data: bytes) -> list[Outbound]:
        """Take one message; never raises on bad input."""
        try:
            message = Message.read(self.execution, data)
        except EncodingError as error:
            return self._drop(str(error))
        if message.sender == self.me or message.recipient not in (EVERYBODY, self.me):
            return self._drop("the message is not for this party")
        if isinstance(self.outcome, Abort):
            return self._drop("the execution has ended")
        if message.kind == MessageKind.ACCUSATION:
            return self._on_accusation(message)
        if message.kind == MessageKind.ORIGINALS:
            return self._on_originals(message)
        return self._on_round_message(message)

    def waiting_for(self) -> tuple[int, ...]:
        """The parties without whom the session cannot go on."""
        if self.outcome is not None:
            return ()
        if self._disputed:
            return tuple(sorted(self._disputed))
        return tuple(sorted({slot[2] for slot in self._open_slots()}))

    def give_up(self) -> Result[T] | Abort:
        """Stop waiting for the silent parties; they are named without evidence."""
        if self.outcome is None:
            self.outcome = Abort("silent parties", self.waiting_for())
        return self.outcome

    def transcript_of_broadcasts(self) -> tuple[bytes, ...]:
        """All signed broadcasts so far: a record that anyone can check."""
        return self._board.originals(self._round.number)

    def last_broadcasts(self) -> tuple[bytes, ...]:
        """The others' signed broadcasts of this round: who lacks one may be given it."""
        return tuple(m.encode() for m in self._current() if m.recipient == EVERYBODY)

    # Messages of the rounds

    def _on_round_message(self, message: Message) -> list[Outbound]:
        known = self._board.get(message.slot)
        if known is not None:
            if known.digest == message.digest:
                return self._drop("the message is a repetition")
            return self._accuse(evidence_of(faults.EQUIVOCATION, known, message))
        if self.outcome is not None:
            return self._drop("the execution has ended")
        if body_type(self.execution, message) is None or (
            # What is kept until its round comes must not be larger than that round allows.
            len(message.body) > max_bytes(self.execution, message)
        ):
            return self._accuse(evidence_of(faults.MALFORMED, message))
        self._board.put(message)
        return self._advance()

    def _advance(self) -> list[Outbound]:
        out: list[Outbound] = []
        while self.outcome is None and not self._disputed and not self._open_slots():
            out += self._finish_round()
        return out

    def _finish_round(self) -> list[Outbound]:
        if proofs := self._malformed_messages():
            return self._accuse(*proofs)
        if dispute := self._compare_views():
            return dispute
        try:
            following = self._round.finalize(self._board)
        except Blamed as blamed:
            return self._accuse(*(gather(self._board, a) for a in blamed.accusations))
        except DmpcError as error:
            # Nobody is to blame, as when nonces cancel out; what was said before still goes out.
            self.outcome = Abort(str(error), ())
            return []
        if isinstance(following, Result):
            self.outcome = following
            return []
        self._round = following
        return self._send_round()

    def _open_slots(self) -> list[Slot]:
        slots = [
            slot for sender in self.execution.others(self.me) for slot in self._slots_of(sender)
        ]
        return [slot for slot in slots if self._board.get(slot) is None]

    def _slots_of(self, sender: int) -> list[Slot]:
        number = self._round.number
        spec = self.execution.protocol.rounds[number - 1]
        slots: list[Slot] = []
        if spec.broadcast is not None:
            slots.append((number, MessageKind.BROADCAST, sender, EVERYBODY))
        if spec.direct is not None:
            slots.append((number, MessageKind.DIRECT, sender, self.me))
        return slots

    def _current(self) -> list[Message]:
        """The others' messages of this round."""
        found = [
            self._board.get(slot)
            for sender in self.execution.others(self.me)
            for slot in self._slots_of(sender)
        ]
        return [message for message in found if message is not None]

    def _malformed_messages(self) -> list[Evidence]:
        proofs = []
        for message in self._current():
            try:
                self._board.read(message.slot)
            except EncodingError:
                proofs.append(evidence_of(faults.MALFORMED, message))
        return proofs

    # What is sent

    def _send_round(self) -> list[Outbound]:
        outgoing = self._round.outgoing()
        said: list[tuple[MessageKind, int, Record]] = []
        if outgoing.broadcast is not None:
            said.append((MessageKind.BROADCAST, EVERYBODY, outgoing.broadcast))
        said += [(MessageKind.DIRECT, i, each) for i, each in sorted(outgoing.direct.items())]
        sent = [self._signed(*each) for each in said]
        for message, (_, _, record) in zip(sent, said, strict=True):
            self._board.put(message, record.as_read())
        return [Outbound(message.recipient or None, message.encode()) for message in sent]

    def _signed(self, kind: MessageKind, recipient: int, record: Record) -> Message:
        return Message.sign(
            self.execution,
            self._identity,
            sender=self.me,
            round_number=self._round.number,
            kind=kind,
            recipient=recipient,
            view=self._board.view(self._round.number - 1),
            body=record.encode(),
        )

    def _announce(self, kind: MessageKind, body: bytes) -> Outbound:
        message = Message.sign(
            self.execution,
            self._identity,
            sender=self.me,
            round_number=self._round.number,
            kind=kind,
            body=body,
        )
        return Outbound(None, message.encode())

    # Reliable broadcast: views that differ, and the originals that show who spoke with two tongues

    def _compare_views(self) -> list[Outbound]:
        mine = self._board.view(self._round.number - 1)
        views: dict[int, Message] = {}
        for message in self._current():
            first = views.setdefault(message.sender, message)
            if first.view != message.view:
                return self._accuse(evidence_of(faults.TWO_VIEWS, first, message))
        self._disputed = {i: m for i, m in views.items() if m.view != mine}
        if not self._disputed:
            return []
        return [self._originals(next(iter(self._disputed.values())).encode())]

    def _originals(self, cause: bytes) -> Outbound:
        self._answered = True
        finished = self._round.number - (0 if isinstance(self.outcome, Result) else 1)
        body = Originals(cause, self._board.originals(finished))
        return self._announce(MessageKind.ORIGINALS, body.encode())

    def _on_originals(self, message: Message) -> list[Outbound]:
        if faults.is_false_alarm(self.execution, message):
            return self._accuse(evidence_of(faults.FALSE_ALARM, message))
        theirs = faults.originals_board(self.execution, message)
        if conflicts := self._conflicts(message, theirs):
            return self._accuse(*conflicts)
        cause = Originals.decode(message.body).cause
        if not cause:
            return []
        alarm = Message.read(self.execution, cause)
        if alarm.sender != self.me:
            self._disputed.setdefault(alarm.sender, alarm)
            return []
        return [] if self._answered else [self._originals(b"")]

    def _conflicts(self, message: Message, theirs: Board) -> list[Evidence]:
        claim = self._disputed.get(message.sender)
        if claim is not None:
            proof = evidence_of(faults.CONTRADICTED_VIEW, claim, message)
            if proof.proves_fault(self.execution):
                return [proof]
        proofs = []
        for number in range(1, len(self.execution.protocol.rounds) + 1):
            for sender in self.execution.others(self.me):
                slot: Slot = (number, MessageKind.BROADCAST, sender, EVERYBODY)
                mine, other = self._board.get(slot), theirs.get(slot)
                if mine is not None and other is not None and mine.digest != other.digest:
                    proofs.append(evidence_of(faults.EQUIVOCATION, mine, other))
        return proofs

    # Accusations

    def _on_accusation(self, message: Message) -> list[Outbound]:
        if faults.is_false_accusation(self.execution, message):
            proof = evidence_of(faults.FALSE_ACCUSATION, message)
            # Passing the message on convicts its signer; a wrapped accusation would convict us.
            return self._abort((proof,), Outbound(None, message.encode()))
        evidence = Evidence.decode(message.body)
        return self._abort((evidence,), Outbound(None, message.encode()))

    def _accuse(self, *proofs: Evidence) -> list[Outbound]:
        for proof in proofs:
            if not proof.proves_fault(self.execution):
                raise DmpcError(f"a check of {self.execution.protocol.name} is not verifiable")
        return self._abort(
            proofs, *(self._announce(MessageKind.ACCUSATION, proof.encode()) for proof in proofs)
        )

    def _abort(self, proofs: tuple[Evidence, ...], *out: Outbound) -> list[Outbound]:
        reason = "; ".join(f"party {proof.culprit}: {proof.fault}" for proof in proofs)
        culprits = {proof.culprit for proof in proofs}
        if not isinstance(self.outcome, Result):
            self.outcome = Abort(reason, tuple(sorted(culprits)), proofs)
        elif culprits <= self._exposed:
            # A party that has its result tells of each culprit once: telling ends nothing here,
            # and two such parties would pass the same accusation to and fro for ever.
            return self._drop("the culprit is known")
        self._exposed |= culprits
        return list(out)

    def _drop(self, reason: str) -> list[Outbound]:
        self.dropped[reason] += 1
        return []
