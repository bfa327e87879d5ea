"""The one serialisation of the engine: typed, length-prefixed, versioned, and canonical.

A value is an integer, bytes, text, a point, a sequence of values, or a tagged tuple of values (a
message, a proof). Every item carries its type and its length, so that no two values share an
encoding (the TSSHOCK α-shuffle and CVE-2022-47931 joined items with a delimiter) and no value has
two: `decode` refuses whatever `encode` would not have written.

    document = version(1) ‖ item
    item     = type(1) ‖ length(4, big-endian) ‖ body
    integer  body = minimal big-endian magnitude; the type carries the sign; zero is positive, empty
    point    body = index of the group in `GROUPS`(1) ‖ canonical point
    list     length = number of items; body = the items
    tagged   as a list whose first item is the tag, a text
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from gmpy2 import mpz

from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.group.curves import GROUPS, Point

VERSION: Final = 1
MAX_DEPTH: Final = 16
MAX_BYTES: Final = 1 << 28
"""A document above this size is refused before it is read."""
MAX_INTEGER_BYTES: Final = 1536
"""The largest integer of any protocol takes 829 bytes (Πfac at PAILLIER_3072).

Larger ones are refused before anything is computed with them: Python takes time that grows with the
square of their length to print them, and raises ValueError from 4,300 digits on.
"""
MAX_ITEMS: Final = 1 << 16
"""How many items a document may have. The most that is honestly said is 28,700, by 32 signers whose
presigning failed."""

_POSITIVE, _NEGATIVE, _BYTES, _TEXT, _POINT, _LIST, _TAGGED = range(1, 8)
_HEAD: Final = struct.Struct(">BI")
"""The type and the length of an item."""
_HEADER: Final = _HEAD.size


@dataclass(frozen=True)
class Tagged:
    """Values under a name: two messages with equal fields and different tags never collide."""

    tag: str
    fields: tuple[Value, ...]


Value: TypeAlias = "int | bytes | str | Point | Tagged | Sequence[Value]"
"""`mpz` counts as an integer and decodes as `int`; any sequence decodes as a tuple."""


def encode(value: Value) -> bytes:
    """The canonical encoding of a value. Raises EncodingError for a value that has none."""
    out = bytearray((VERSION,))
    write_item(out, value)
    if len(out) > MAX_BYTES:
        raise EncodingError(f"the value takes {len(out)} bytes, more than {MAX_BYTES}")
    return bytes(out)


def decode(data: bytes, max_items: int = MAX_ITEMS) -> Value:
    """The value with exactly this encoding, of at most so many items. Raises EncodingError."""
    if len(data) > MAX_BYTES:
        raise EncodingError(f"{len(data)} bytes are more than {MAX_BYTES}")
    if not data or data[0] != VERSION:
        raise EncodingError(f"version {VERSION} is expected, not {bytes(data[:1]).hex() or 'none'}")
    value, end = _Reader(bytes(data), max_items).read(1, 0)
    if end != len(data):
        raise EncodingError(f"{len(data) - end} bytes follow the value")
    return value


def write_item(out: bytearray, value: Value, depth: int = 0) -> None:
    """Append one item without a version byte; the transcript absorbs these."""
    if depth > MAX_DEPTH:
        raise EncodingError(f"values nest deeper than {MAX_DEPTH}")
    kind_of = type(value)
    write = _LEAVES.get(kind_of) or (None if kind_of in _PARTED else _other_leaf(value))
    if write is not None:
        kind, body = write(value)
        out += _head(kind, len(body))
        out += body
    elif isinstance(value, Tagged):
        out += _head(_TAGGED, len(value.fields) + 1)
        write_item(out, value.tag, depth + 1)
        for field in value.fields:
            write_item(out, field, depth + 1)
    elif isinstance(value, (tuple, list, Sequence)):
        out += _head(_LIST, len(value))
        for item in value:
            write_item(out, item, depth + 1)
    else:
        raise EncodingError(f"a {type(value).__name__} has no encoding: use an integer or a text")


def _head(kind: int, length: int) -> bytes:
    try:
        return _HEAD.pack(kind, length)
    except struct.error as error:
        raise EncodingError(f"a length of {length} does not fit in four bytes") from error


def _integer(value: int) -> tuple[int, bytes]:
    magnitude = abs(value)
    length = (magnitude.bit_length() + 7) // 8
    if length > MAX_INTEGER_BYTES:
        raise EncodingError(f"an integer of {length} bytes: {MAX_INTEGER_BYTES} is most")
    return _NEGATIVE if value < 0 else _POSITIVE, magnitude.to_bytes(length, "big")


def _octets(value: bytes) -> tuple[int, bytes]:
    return _BYTES, value


def _text(value: str) -> tuple[int, bytes]:
    try:
        return _TEXT, value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise EncodingError("text with lone surrogates has no encoding") from error


def _point(value: Point) -> tuple[int, bytes]:
    return _POINT, bytes((GROUPS.index(value.group),)) + value.encode()


_Leaf: TypeAlias = "Callable[[Any], tuple[int, bytes]]"
_LEAVES: Final[dict[type, _Leaf | None]] = {
    int: _integer,
    mpz: _integer,
    bytes: _octets,
    str: _text,
    **{type(group.generator): _point for group in GROUPS},
}
"""How items of each type are written. Most are of just these types: no slow look at classes."""
_PARTED: Final = frozenset({tuple, list, Tagged})
"""Types of items that have parts."""


def _other_leaf(value: Value) -> _Leaf | None:
    """How an item of a derived type is written; None: it is none, or has parts."""
    if isinstance(value, bool):
        return None
    kinds = ((int, _integer), (str, _text), ((bytes, bytearray), _octets), (Point, _point))
    return next((write for kind, write in kinds if isinstance(value, kind)), None)


class _Reader:
    """Reads one document, and counts what is in its lists before it makes any of it."""

    def __init__(self, data: bytes, max_items: int) -> None:
        self._data = data
        self._left = max_items

    def read(self, at: int, depth: int) -> tuple[Value, int]:
        """The item that begins here, and where it ends."""
        if depth > MAX_DEPTH:
            raise EncodingError(f"values nest deeper than {MAX_DEPTH}")
        data, start = self._data, at + _HEADER
        if start > len(data):
            raise EncodingError(f"the item at byte {at} is cut off")
        kind, length = _HEAD.unpack_from(data, at)
        if length > len(data) - start:
            # A list of n items takes more than n bytes, so this bounds both kinds of length.
            raise EncodingError(f"the item at byte {at} is longer than the document")
        if kind in (_LIST, _TAGGED):
            return self._read_list(kind, length, start, depth)
        return _read_leaf(kind, data[start : start + length]), start + length

    def _read_list(self, kind: int, count: int, at: int, depth: int) -> tuple[Value, int]:
        self._left -= count
        if self._left < 0:
            raise EncodingError("the document has too many items")
        items: list[Value] = []
        for _ in range(count):
            item, at = self.read(at, depth + 1)
            items.append(item)
        if kind == _LIST:
            return tuple(items), at
        if not items or not isinstance(items[0], str):
            raise EncodingError("a tagged value starts with its tag, a text")
        return Tagged(items[0], tuple(items[1:])), at


def _read_leaf(kind: int, body: bytes) -> Value:
    match kind:
        case 1 | 2:
            if len(body) > MAX_INTEGER_BYTES:
                raise EncodingError(f"an integer of {len(body)} bytes: {MAX_INTEGER_BYTES} is most")
            if body[:1] == b"\0" or (kind == _NEGATIVE and not body):
                raise EncodingError("an integer has leading zeros, or is a negative zero")
            magnitude = int.from_bytes(body, "big")
            return -magnitude if kind == _NEGATIVE else magnitude
        case 3:
            return body
        case 4:
            try:
                return body.decode("utf-8")
            except UnicodeDecodeError as error:
                raise EncodingError("a text is not UTF-8") from error
        case 5:
            if not body or body[0] >= len(GROUPS):
                raise EncodingError("a point names no known group")
            return GROUPS[body[0]].decode(body[1:])
        case _:
            raise EncodingError(f"unknown item type {kind}")
