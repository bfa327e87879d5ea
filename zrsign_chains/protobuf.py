"""Protobuf messages in their one encoding, read strictly and written, without generated classes.

What is read has no unknown, repeated or disordered field, no default that could be left out, and
no overlong varint: the rules of Cosmos ADR-027, at every depth that is read. So what was read can
be shown to a person, and written again byte by byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from zrsign_chains.errors import MalformedTransaction

_VARINT, _LENGTH_DELIMITED = 0, 2
_MAX_VARINT_BYTES = 10


class FieldKind(Enum):
    """How a field is written, and whether it may be empty or repeated."""

    NUMBER = "uint64 or enum"
    BYTES = "bytes"
    TEXT = "string"
    MESSAGE = "message"
    MESSAGES = "repeated message"


@dataclass(frozen=True)
class Fields:
    """The fields of one message that was read; one that is not there has its default."""

    values: Mapping[int, list[int | bytes]]

    def number(self, field: int) -> int:
        """An unsigned 64-bit number, 0 by default."""
        (value,) = self.values.get(field, [0])
        return int(value)

    def data(self, field: int) -> bytes:
        """The bytes of a field, none by default."""
        (value,) = self.values.get(field, [b""])
        return bytes(value)

    def text(self, field: int) -> str:
        """A string, empty by default; it was checked to be UTF-8."""
        return self.data(field).decode()

    def all(self, field: int) -> tuple[bytes, ...]:
        """Every message of a repeated field."""
        return tuple(bytes(value) for value in self.values.get(field, []))


def read(data: bytes, kinds: Mapping[int, FieldKind], what: str) -> Fields:
    """Read a message with these fields and no others; `what` names it in errors.

    Raises `MalformedTransaction`.
    """
    values: dict[int, list[int | bytes]] = {}
    at = last = 0
    while at < len(data):
        tag, at = _varint(data, at, what)
        field, wire_type = tag >> 3, tag & 7
        kind = kinds.get(field)
        if kind is None:
            raise MalformedTransaction(f"{what} has a field {field} that is not known")
        if field < last or (field == last and kind is not FieldKind.MESSAGES):
            raise MalformedTransaction(f"{what} has its field {field} twice, or out of order")
        if wire_type != (_VARINT if kind is FieldKind.NUMBER else _LENGTH_DELIMITED):
            raise MalformedTransaction(f"field {field} of {what} is no {kind.value}")
        value, at = _value(data, at, kind, f"field {field} of {what}")
        values.setdefault(field, []).append(value)
        last = field
    return Fields(values)


def varint(number: int) -> bytes:
    """An unsigned number of at most 64 bits, seven bits a byte, the lowest first."""
    if not 0 <= number < 2**64:
        raise MalformedTransaction(f"{number} does not fit in 64 bits")
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    """A number field; 0 is the default and is left out."""
    return varint(field << 3 | _VARINT) + varint(value) if value else b""


def data(field: int, value: bytes) -> bytes:
    """A bytes or string field; the empty one is the default and is left out."""
    return message(field, value) if value else b""


def message(field: int, value: bytes) -> bytes:
    """A message field, which is there even when it is empty."""
    return varint(field << 3 | _LENGTH_DELIMITED) + varint(len(value)) + value


def _value(data: bytes, at: int, kind: FieldKind, what: str) -> tuple[int | bytes, int]:
    head, at = _varint(data, at, what)
    if kind is FieldKind.NUMBER:
        if head == 0:
            raise MalformedTransaction(f"{what} is a default that is left out")
        return head, at
    value = data[at : at + head]
    if len(value) != head:
        raise MalformedTransaction(f"{what} ends too early")
    if not value and kind in (FieldKind.BYTES, FieldKind.TEXT):
        raise MalformedTransaction(f"{what} is a default that is left out")
    if kind is FieldKind.TEXT:
        try:
            value.decode()
        except UnicodeDecodeError:
            raise MalformedTransaction(f"{what} is not UTF-8") from None
    return value, at + head


def _varint(data: bytes, at: int, what: str) -> tuple[int, int]:
    number = 0
    for place, byte in enumerate(data[at : at + _MAX_VARINT_BYTES]):
        number |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            if number >= 2**64 or (byte == 0 and place):
                break
            return number, at + place + 1
    raise MalformedTransaction(f"{what} has a varint that is cut off or not in its shortest form")
