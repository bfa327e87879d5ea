"""Decimals of the Cosmos SDK: whole numbers of 10^-18, none of them below zero.

A protobuf field that is a `cosmos.Dec` holds the digits without the point. The names say how a
product or quotient is rounded: to the nearest (half to even), down or up. Source: Cosmos SDK
0.50, math/dec.go (LegacyDec).
"""

from __future__ import annotations

import re
from typing import Any

from google.protobuf.message import Message

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.wire.cosmos_proto import cosmos_pb2

DIGITS = 18
ONE: int = 10**DIGITS
MAX = 2**315
"""The first number that the SDK's 315 bits do not hold."""
_FORM = re.compile(r"([0-9]{1,78})(?:\.([0-9]{1,18}))?")


def mul(a: int, b: int) -> int:
    """The product, to the nearest, half to even."""
    return _nearest(a * b)


def mul_down(a: int, b: int) -> int:
    """The product, rounded down."""
    return a * b // ONE


def quo(a: int, b: int) -> int:
    """The quotient, to the nearest, half to even; `b` is above zero."""
    return _nearest(a * ONE * ONE // b)


def quo_down(a: int, b: int) -> int:
    """The quotient, rounded down; `b` is above zero."""
    return a * ONE // b


def _nearest(scaled: int) -> int:
    result, rest = divmod(scaled, ONE)
    if 2 * rest > ONE or (2 * rest == ONE and result % 2):
        return result + 1
    return result


def parse(text: str) -> int:
    """A decimal as people write it, as in 0.05; raises InvalidArgument."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise InvalidArgument(f"{text!r} is not a decimal of at most {DIGITS} digits")
    return int(match[1]) * ONE + int((match[2] or "").ljust(DIGITS, "0"))


def shown(value: int) -> str:
    """A decimal as people read it, with all its digits."""
    return f"{value // ONE}.{value % ONE:0{DIGITS}d}"


def stored(text: str | bytes) -> int:
    """The decimal that a field holds, 0 where it is empty; raises InvalidArgument."""
    digits = text.decode("ascii", "replace") if isinstance(text, bytes) else text
    if not digits:
        return 0
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 95:
        raise InvalidArgument(f"{digits[:99]!r} is not a decimal: whole digits, of 10^-18")
    value = int(digits)
    if value >= MAX:
        raise InvalidArgument(f"{digits} is above what a decimal holds")
    return value


def is_decimal(field: Any) -> bool:
    """Whether a field of a message, by its descriptor, holds a decimal."""
    options: Any = field.GetOptions()
    return bool(options.Extensions[cosmos_pb2.scalar] == "cosmos.Dec")


def take_written(message: Message) -> None:
    """Turn decimals as people write them into those that fields hold, in a whole message.

    What is empty stays empty. Raises InvalidArgument naming the field.
    """
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if field.is_repeated else [value]:
                take_written(inner)
        elif is_decimal(field):
            text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
            try:
                digits = str(parse(text))
            except InvalidArgument as error:
                raise InvalidArgument(f"{field.name}: {error}") from None
            setattr(message, field.name, digits.encode() if isinstance(value, bytes) else digits)
