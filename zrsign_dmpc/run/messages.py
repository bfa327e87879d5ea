"""Signed messages: the only thing that parties exchange.

The sender's identity key signs the session id (hence execution id, protocol and parameters),
round, kind, sender, recipient, the sender's view, and the body. The view is a hash of all
broadcasts of the earlier rounds as the sender received them: comparing views makes broadcast
reliable, and a view in a signed message fixes what its sender had seen when a third party judges.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property
from typing import Final, Self

from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.run.execution import Execution, IdentityKey
from zrsign_dmpc.wire.encoding import Tagged, encode
from zrsign_dmpc.wire.records import Record

EVERYBODY: Final = 0
"""The recipient of a broadcast."""

MAX_MESSAGE_BYTES: Final = 1 << 24
"""Accusations and originals hold messages of rounds, so they may be larger than these."""
MAX_EVIDENT_BYTES: Final = (MAX_MESSAGE_BYTES >> 1) - (1 << 16)
"""A message of a round above this size is dropped: an accusation must hold two of them."""


class MessageKind(IntEnum):
    """What a message is for."""

    BROADCAST = 1
    DIRECT = 2
    ACCUSATION = 3
    """Body: evidence. Ends the execution for everyone who can verify it."""
    ORIGINALS = 4
    """Body: the broadcasts that the sender received, because views differ."""


ROUND_KINDS: Final = (MessageKind.BROADCAST, MessageKind.DIRECT)
Slot = tuple[int, MessageKind, int, int]
"""(round, kind, sender, recipient): an honest party signs one message for a slot, ever."""


@dataclass(frozen=True)
class Message(Record):
    """A message with its sender's signature."""

    sid: bytes
    round: int
    kind: int
    sender: int
    recipient: int
    view: bytes
    body: bytes
    signature: bytes

    def __post_init__(self) -> None:
        if self.kind not in MessageKind.__members__.values():
            raise EncodingError(f"unknown kind of message {self.kind}")
        if (self.kind == MessageKind.DIRECT) != (self.recipient != EVERYBODY):
            raise EncodingError("direct messages have a recipient, all others have none")

    @cached_property
    def signed_bytes(self) -> bytes:
        """What the signature covers."""
        value = self.to_value()
        return encode(Tagged("zrsign-dmpc-message-v1", value.fields[:-1]))

    @cached_property
    def digest(self) -> bytes:
        """32 bytes that name the content; signing the same content twice is no second message."""
        return hashlib.sha256(self.signed_bytes).digest()

    @property
    def slot(self) -> Slot:
        """The slot that the message fills on a board."""
        return self.round, MessageKind(self.kind), self.sender, self.recipient

    @classmethod
    def sign(
        cls,
        execution: Execution,
        identity: IdentityKey,
        *,
        sender: int,
        round_number: int,
        kind: MessageKind,
        body: bytes,
        view: bytes = b"",
        recipient: int = EVERYBODY,
    ) -> Self:
        """A message of this execution under the sender's identity key."""
        draft = cls(execution.sid, round_number, kind, sender, recipient, view, body, b"")
        return replace(draft, signature=identity.sign(draft.signed_bytes))

    @classmethod
    def read(cls, execution: Execution, data: bytes) -> Self:
        """A message of this execution, signed by one of its parties. Raises EncodingError."""
        if len(data) > MAX_MESSAGE_BYTES:
            raise EncodingError(f"a message has at most {MAX_MESSAGE_BYTES} bytes")
        message = cls.decode(data)
        if message.kind in ROUND_KINDS and len(data) > MAX_EVIDENT_BYTES:
            raise EncodingError("a message that is too big to be evidence is none")
        if message.sid != execution.sid:
            raise EncodingError("the message belongs to another execution")
        if not execution.parties.verify(message.sender, message.signed_bytes, message.signature):
            raise EncodingError("the signature is not the sender's")
        return message


@dataclass(frozen=True)
class Originals(Record):
    """The signed broadcasts of the finished rounds, as the sender received them."""

    cause: bytes
    """The signed message whose view differs; empty in an answer."""
    messages: tuple[bytes, ...]
