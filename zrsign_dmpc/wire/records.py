"""Typed messages: frozen dataclasses that travel as tagged values.

A record declares its fields by annotation: `int`, `bytes`, `str`, `Point`, another record, or
`tuple[X, ...]` of these. Reading is strict: the tag, the number of fields and every type must
fit. A record may narrow its fields further in `__post_init__` by raising EncodingError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self, get_args, get_origin, get_type_hints

from gmpy2 import mpz

from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.group.curves import Point
from zrsign_dmpc.wire.encoding import Tagged, Value, decode, encode


@dataclass(frozen=True)
class Record:
    """The base of every message and proof."""

    TAG: ClassVar[str] = ""
    """The name on the wire; by default the name of the class."""
    ADDED: ClassVar[int] = 0
    """How many of the last fields came later: records of before lack them and read as defaults."""

    def to_value(self) -> Tagged:
        """The fields in their order, under the record's tag."""
        return Tagged(
            _tag(type(self)), tuple(_to_value(getattr(self, f.name)) for f in fields(self))
        )

    def as_read(self) -> Self:
        """This record as who decodes it has it, with plain integers; points are not read again."""
        return self.from_value(self.to_value())

    def encode(self) -> bytes:
        """The canonical encoding. Raises EncodingError."""
        return encode(self.to_value())

    @classmethod
    def from_value(cls, value: Value) -> Self:
        """The record that has this value. Raises EncodingError."""
        tag, readers = _tag(cls), _field_readers(cls)
        if not isinstance(value, Tagged) or value.tag != tag:
            raise EncodingError(f"a {tag} is expected here")
        if not len(readers) - cls.ADDED <= len(value.fields) <= len(readers):
            raise EncodingError(f"{tag} has {len(readers)} fields, not {len(value.fields)}")
        return cls(*(read(item) for read, item in zip(readers, value.fields, strict=False)))

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The record with exactly this encoding. Raises EncodingError."""
        return cls.from_value(decode(data))

    def points(self) -> Iterator[Point]:
        """Every point in the record, to check the group they belong to."""
        yield from _points(self.to_value())


def _tag(cls: type[Record]) -> str:
    return cls.TAG or cls.__name__


def _field_readers(cls: type[Record]) -> tuple[Callable[[Value], Any], ...]:
    known = _READERS.get(cls)
    if known is None:
        hints = get_type_hints(cls)
        known = _READERS[cls] = tuple(_reader(hints[field.name]) for field in fields(cls))
    return known


_READERS: dict[type[Record], tuple[Callable[[Value], Any], ...]] = {}


def _to_value(item: Any) -> Value:
    if isinstance(item, Record):
        return item.to_value()
    if isinstance(item, tuple):
        return tuple(_to_value(part) for part in item)
    value: Value = item
    return value


def _reader(kind: Any) -> Callable[[Value], Any]:
    """What makes a field of this type from a value. Raises EncodingError for another one."""
    if get_origin(kind) is tuple:
        read_part = _reader(get_args(kind)[0])

        def read_list(value: Value) -> Any:
            if not isinstance(value, tuple):
                raise EncodingError("a list is expected here")
            return tuple(map(read_part, value))

        return read_list

    if issubclass(kind, Record):
        return kind.from_value  # type: ignore[no-any-return]

    if kind is int:
        return _read_integer

    def read_leaf(value: Value) -> Any:
        if not isinstance(value, kind):
            raise EncodingError(f"a {kind.__name__} is expected here, not a {type(value).__name__}")
        return value

    return read_leaf


def _read_integer(value: Value) -> int:
    if not isinstance(value, (int, mpz)):
        raise EncodingError(f"an int is expected here, not a {type(value).__name__}")
    return int(value)


def _points(value: Value) -> Iterator[Point]:
    if isinstance(value, Point):
        yield value
    elif isinstance(value, Tagged):
        for item in value.fields:
            yield from _points(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from _points(item)
