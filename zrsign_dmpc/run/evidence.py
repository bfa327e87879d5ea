"""Evidence: signed messages that prove a party's fault to anyone who knows the execution.

The verifier trusts nobody. It checks the signatures, fits the messages into the view that the
culprit itself signed, and runs the same check that the accuser ran. Messages of others count only
if the culprit's view contains them, so an accuser cannot present what the culprit never saw. An
honest party signs one message a slot and answers what it saw by the protocol: nothing convicts it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from zrsign_dmpc.errors import DmpcError, EncodingError
from zrsign_dmpc.run.blame import Accusation
from zrsign_dmpc.run.board import Board, MissingMessage, body_type, read_body, view_of
from zrsign_dmpc.run.execution import Execution
from zrsign_dmpc.run.messages import ROUND_KINDS, Message, MessageKind, Originals
from zrsign_dmpc.wire.encoding import decode, encode

EQUIVOCATION: Final = "equivocation"
MALFORMED: Final = "malformed message"
TWO_VIEWS: Final = "two views in one round"
CONTRADICTED_VIEW: Final = "a view that its own originals contradict"
FALSE_ALARM: Final = "a dispute without a difference"
FALSE_ACCUSATION: Final = "false accusation"


@dataclass(frozen=True)
class Evidence:
    """A culprit, a fault, and the signed messages that show it."""

    culprit: int
    fault: str
    messages: tuple[bytes, ...]
    digests: tuple[tuple[bytes, ...], ...] = ()
    """The preimage of the view that the culprit's latest message signed.

    Digests of all broadcasts of the earlier rounds, one row a round.
    """
    witness: bytes = b""
    """The encoded public data that the check needs besides messages."""

    def encode(self) -> bytes:
        """The canonical encoding, as operators store it and the ledger keeps it."""
        return encode((self.culprit, self.fault, self.messages, self.digests, self.witness))

    @classmethod
    def decode(cls, data: bytes) -> Evidence:
        """The evidence with exactly this encoding. Raises EncodingError."""
        match decode(data):
            case (int(culprit), str(fault), tuple(messages), tuple(digests), bytes(witness)):
                lists = tuple(_byte_strings(row) for row in digests)
                return cls(culprit, fault, _byte_strings(messages), lists, witness)
        raise EncodingError("this is not evidence")

    def proves_fault(self, execution: Execution) -> bool:
        """Whether it convicts the culprit. Needs public data only."""
        try:
            messages = tuple(Message.read(execution, data) for data in self.messages)
            if self.fault in _GENERAL_FAULTS:
                own = all(message.sender == self.culprit for message in messages)
                return own and _GENERAL_FAULTS[self.fault](execution, messages)
            return self._proves_protocol_fault(execution, messages)
        except (DmpcError, ArithmeticError, LookupError, TypeError, ValueError):
            # It comes from strangers: what a check cannot compute with proves nothing.
            return False

    def _proves_protocol_fault(self, execution: Execution, messages: tuple[Message, ...]) -> bool:
        check = execution.protocol.faults.get(self.fault)
        own = [m for m in messages if m.sender == self.culprit and m.kind in ROUND_KINDS]
        if check is None or not own:
            return False
        latest = max(own, key=lambda message: message.round)
        if not self._fits_view(execution, latest):
            return False
        board = Board(execution)
        for message in messages:
            if board.get(message.slot) is not None or not self._admissible(
                execution, message, latest
            ):
                return False
            board.put(message)
        return check(board, self.culprit, decode(self.witness))

    def _fits_view(self, execution: Execution, latest: Message) -> bool:
        specs = execution.protocol.rounds
        if len(self.digests) != latest.round - 1 or latest.round > len(specs):
            return False
        parties = len(execution.parties.indices)
        sizes = [0 if spec.broadcast is None else parties for spec in specs]
        whole = all(len(row) == size for row, size in zip(self.digests, sizes, strict=False))
        return whole and view_of(execution, self.digests) == latest.view

    def _admissible(self, execution: Execution, message: Message, latest: Message) -> bool:
        """Said by the culprit, or an earlier broadcast in the view that the culprit signed."""
        if message.kind == MessageKind.BROADCAST and 1 <= message.round < latest.round:
            row = self.digests[message.round - 1]
            return bool(row) and row[_place(execution, message.sender)] == message.digest
        return message.sender == self.culprit and message.kind in ROUND_KINDS


def gather(board: Board, accusation: Accusation) -> Evidence:
    """Evidence for an accusation: the messages that the check reads on this board."""
    board.note_reads()
    board.execution.protocol.faults[accusation.fault](board, accusation.culprit, accusation.witness)
    read = [board.get(slot) for slot in sorted(board.read_slots)]
    messages = [message for message in read if message is not None]
    latest = max(m.round for m in messages if m.sender == accusation.culprit)
    return Evidence(
        accusation.culprit,
        accusation.fault,
        tuple(message.encode() for message in messages),
        board.digests(latest - 1),
        encode(accusation.witness),
    )


def evidence_of(fault: str, *messages: Message) -> Evidence:
    """Evidence for a fault that shows in the culprit's own messages."""
    return Evidence(messages[0].sender, fault, tuple(message.encode() for message in messages))


def originals_view(execution: Execution, message: Message, rounds: int) -> bytes:
    """The view of the first `rounds` rounds that a message with originals amounts to.

    Raises:
        EncodingError: an original is not a signed broadcast of this execution.
        MissingMessage: originals of these rounds are missing.
    """
    return originals_board(execution, message).view(rounds)


def originals_board(execution: Execution, message: Message) -> Board:
    """The messages in a message with originals, signatures checked. Raises EncodingError."""
    board = Board(execution)
    originals = Originals.decode(message.body).messages
    if len(originals) > len(execution.protocol.rounds) * len(execution.parties.indices):
        raise EncodingError("originals are one broadcast a round and party")
    for data in originals:
        original = Message.read(execution, data)
        if original.kind != MessageKind.BROADCAST or body_type(execution, original) is None:
            raise EncodingError("originals are broadcasts of the protocol's rounds")
        board.put(original)
    return board


def is_false_alarm(execution: Execution, message: Message) -> bool:
    """Whether a message with originals stops the execution without a reason."""
    try:
        cause = Originals.decode(message.body).cause
        if not cause:
            originals_board(execution, message)
            return False
        alarm = Message.read(execution, cause)
        if alarm.kind not in ROUND_KINDS or body_type(execution, alarm) is None:
            return True
        return originals_view(execution, message, alarm.round - 1) == alarm.view
    except (EncodingError, MissingMessage):
        return True


def is_false_accusation(execution: Execution, message: Message) -> bool:
    """Whether an accusation holds no evidence that convicts."""
    try:
        evidence = Evidence.decode(message.body)
    except EncodingError:
        return True
    # A false accusation is shown by passing it on, never by wrapping it in another.
    return evidence.fault == FALSE_ACCUSATION or not evidence.proves_fault(execution)


def _equivocation(_: Execution, messages: tuple[Message, ...]) -> bool:
    if len(messages) != 2:
        return False
    first, second = messages
    same = first.kind in ROUND_KINDS and first.slot == second.slot
    return same and first.digest != second.digest


def _malformed(execution: Execution, messages: tuple[Message, ...]) -> bool:
    if len(messages) != 1 or messages[0].kind not in ROUND_KINDS:
        return False
    try:
        read_body(execution, messages[0])
    except EncodingError:
        return True
    return False


def _two_views(_: Execution, messages: tuple[Message, ...]) -> bool:
    if len(messages) != 2 or any(message.kind not in ROUND_KINDS for message in messages):
        return False
    first, second = messages
    return first.round == second.round and first.view != second.view


def _contradicted_view(execution: Execution, messages: tuple[Message, ...]) -> bool:
    if len(messages) != 2 or messages[0].kind not in ROUND_KINDS:
        return False
    claim, answer = messages
    if answer.kind != MessageKind.ORIGINALS or body_type(execution, claim) is None:
        return False
    return originals_view(execution, answer, claim.round - 1) != claim.view


def _false_alarm(execution: Execution, messages: tuple[Message, ...]) -> bool:
    one = len(messages) == 1 and messages[0].kind == MessageKind.ORIGINALS
    return one and is_false_alarm(execution, messages[0])


def _false_accusation(execution: Execution, messages: tuple[Message, ...]) -> bool:
    one = len(messages) == 1 and messages[0].kind == MessageKind.ACCUSATION
    return one and is_false_accusation(execution, messages[0])


_GENERAL_FAULTS: Final[dict[str, Callable[[Execution, tuple[Message, ...]], bool]]] = {
    EQUIVOCATION: _equivocation,
    MALFORMED: _malformed,
    TWO_VIEWS: _two_views,
    CONTRADICTED_VIEW: _contradicted_view,
    FALSE_ALARM: _false_alarm,
    FALSE_ACCUSATION: _false_accusation,
}


def _place(execution: Execution, index: int) -> int:
    return execution.parties.indices.index(index)


def _byte_strings(items: object) -> tuple[bytes, ...]:
    if not isinstance(items, tuple) or not all(isinstance(item, bytes) for item in items):
        raise EncodingError("a list of byte strings is expected here")
    return items
