"""The messages of an execution, as one party received them or as evidence presents them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from zrsign_dmpc.errors import DmpcError, EncodingError
from zrsign_dmpc.run.blame import Accusation, Blamed
from zrsign_dmpc.run.execution import Execution
from zrsign_dmpc.run.messages import EVERYBODY, Message, MessageKind, Slot
from zrsign_dmpc.wire.encoding import Value
from zrsign_dmpc.wire.records import Record
from zrsign_dmpc.wire.transcript import Transcript

R = TypeVar("R", bound=Record)
D = TypeVar("D")


class MissingMessage(DmpcError, KeyError):
    """A check asked for a message that is not on the board."""


class Board:
    """The messages of one execution, at most one a slot.

    Reading notes which messages were read: they become evidence.
    """

    def __init__(self, execution: Execution, me: int | None = None) -> None:
        self.execution = execution
        self.me = me
        self.read_slots: set[Slot] = set()
        self._messages: dict[Slot, Message] = {}
        self._bodies: dict[Slot, Record] = {}
        self._derived: dict[str, Any] = {}

    def get(self, slot: Slot) -> Message | None:
        """The message in a slot, if it has come; not noted as read."""
        return self._messages.get(slot)

    def put(self, message: Message, body: Record | None = None) -> None:
        """File a message in its slot; the body of one's own need not be decoded."""
        self._messages[message.slot] = message
        if body is not None:
            self._bodies[message.slot] = body

    def read(self, slot: Slot) -> Record:
        """The body of a message, decoded once; not noted. Raises MissingMessage, EncodingError."""
        body = self._bodies.get(slot)
        if body is None:
            body = self._bodies[slot] = read_body(self.execution, self._message(slot))
        return body

    def broadcast(self, round_number: int, sender: int, kind: type[R]) -> R:
        """The body of a broadcast. Raises MissingMessage, EncodingError."""
        return self._body((round_number, MessageKind.BROADCAST, sender, EVERYBODY), kind)

    def broadcasts(self, round_number: int, kind: type[R]) -> dict[int, R]:
        """Everybody's broadcast of a round, by ascending index."""
        indices = self.execution.parties.indices
        return {index: self.broadcast(round_number, index, kind) for index in indices}

    def direct(self, round_number: int, sender: int, recipient: int, kind: type[R]) -> R:
        """The body of a direct message. Raises MissingMessage, EncodingError."""
        return self._body((round_number, MessageKind.DIRECT, sender, recipient), kind)

    def derive(self, name: str, compute: Callable[[], D]) -> D:
        """What follows from the messages and is needed often; computed once."""
        if name not in self._derived:
            self._derived[name] = compute()
        value: D = self._derived[name]
        return value

    def note_reads(self) -> None:
        """Start noting anew which messages are read."""
        self.read_slots.clear()
        self._derived.clear()

    def require_innocence(
        self, fault: str, suspects: Iterable[int] | None = None, witness: Value = ()
    ) -> None:
        """Run a check of the protocol on the suspects, by default all other parties.

        Raises:
            Blamed: with everyone whom the check finds guilty.
        """
        others = [index for index in self.execution.parties.indices if index != self.me]
        check = self.execution.protocol.faults[fault]
        chosen = others if suspects is None else suspects
        guilty = [index for index in chosen if check(self, index, witness)]
        if guilty:
            raise Blamed(tuple(Accusation(index, fault, witness) for index in guilty))

    def digests(self, rounds: int) -> tuple[tuple[bytes, ...], ...]:
        """The digests of all broadcasts of the first `rounds` rounds. Raises MissingMessage."""
        return tuple(self._round_digests(number) for number in range(1, rounds + 1))

    def view(self, rounds: int) -> bytes:
        """The hash of all broadcasts of the first `rounds` rounds."""
        return view_of(self.execution, self.digests(rounds))

    def originals(self, rounds: int) -> tuple[bytes, ...]:
        """The signed broadcasts of the first `rounds` rounds."""
        chosen = [m for m in self._messages.values() if m.kind == MessageKind.BROADCAST]
        return tuple(m.encode() for m in sorted(chosen, key=_position) if m.round <= rounds)

    def _round_digests(self, number: int) -> tuple[bytes, ...]:
        if self.execution.protocol.rounds[number - 1].broadcast is None:
            return ()
        slots = [
            (number, MessageKind.BROADCAST, i, EVERYBODY) for i in self.execution.parties.indices
        ]
        return tuple(self._message(slot).digest for slot in slots)

    def _message(self, slot: Slot) -> Message:
        message = self._messages.get(slot)
        if message is None:
            raise MissingMessage(f"no message in {slot}")
        return message

    def _body(self, slot: Slot, kind: type[R]) -> R:
        self.read_slots.add(slot)
        body = self.read(slot)
        if not isinstance(body, kind):
            raise EncodingError(f"{slot} holds a {type(body).__name__}, not a {kind.__name__}")
        return body


def _position(message: Message) -> tuple[int, int]:
    return message.round, message.sender


def view_of(execution: Execution, digests: Sequence[Sequence[bytes]]) -> bytes:
    """The hash of the digests of every round's broadcasts."""
    transcript = Transcript("view")
    transcript.absorb("sid", execution.sid)
    transcript.absorb("digests", digests)
    return transcript.challenge_bytes("view", 32)


def body_type(execution: Execution, message: Message) -> type[Record] | None:
    """What a round message's body must be; None when nothing is sent there."""
    rounds = execution.protocol.rounds
    if not 1 <= message.round <= len(rounds):
        return None
    spec = rounds[message.round - 1]
    return spec.broadcast if message.kind == MessageKind.BROADCAST else spec.direct


def max_bytes(execution: Execution, message: Message) -> int:
    """How long the body of a round message may be."""
    return execution.protocol.rounds[message.round - 1].max_bytes


def read_body(execution: Execution, message: Message) -> Record:
    """The typed body of a round message, its points in the execution's group.

    Raises:
        EncodingError: the message is malformed, which is its sender's fault.
    """
    expected = body_type(execution, message)
    if expected is None:
        raise EncodingError(f"the protocol has no such message in round {message.round}")
    recipient = message.recipient
    if recipient != EVERYBODY and recipient not in execution.parties.indices:
        raise EncodingError(f"no party has the index {recipient}")
    if len(message.view) != 32:
        raise EncodingError("a view has 32 bytes")
    if len(message.body) > max_bytes(execution, message):
        raise EncodingError(f"a body of {len(message.body)} bytes is too long in this round")
    record = expected.decode(message.body)
    if any(point.group is not execution.group for point in record.points()):
        raise EncodingError(f"a point is not of {execution.group.name}")
    return record
