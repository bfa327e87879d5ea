"""CometBFT's query language, whole.

Conditions joined by AND, over heights, hashes and event attributes:

tx.height>5 AND transfer.recipient='zen1…'        tm.event='Tx' AND message.sender EXISTS
message.action CONTAINS 'bank' AND tx.fee>10      slot.ends>=TIME 2026-01-01T00:00:00Z

A number is compared with the first number of an attribute's text, "8urock" counts as 8. Source:
CometBFT 0.38, spec/core/encoding and internal/pubsub/query.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from zrchain_lite.engine.records import TxRecord
from zrchain_lite.errors import InvalidArgument

MAX_LENGTH = 512
MAX_CONDITIONS = 8
MAX_DIGITS = 80
MAX_SCANNED = 10_000
"""Blocks or transactions that one search may look at."""

_CONDITION = re.compile(
    r"\s*(?P<key>[A-Za-z_][\w.\-/]*)\s*"
    r"(?:(?P<exists>EXISTS\b)|(?P<operator>CONTAINS\b|<=|>=|=|<|>)\s*"
    r"(?:'(?P<text>[^']*)'|\"(?P<quoted>[^\"]*)\"|(?P<number>\d+(?:\.\d+)?)"
    r"|TIME\s+(?P<time>[\d:.TZ+\-]+)|DATE\s+(?P<date>[\d\-]+)))\s*"
)
_AND = re.compile(r"AND\s", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9.]+")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_HEIGHTS = ("tx.height", "block.height")

Operand = str | Decimal | datetime | None


@dataclass(frozen=True)
class Condition:
    """What some attribute `key` (`type.name`) must be. `text` is the operand as it was written."""

    key: str
    operator: str
    operand: Operand
    text: str = ""

    @property
    def term(self) -> str | None:
        """What an index is asked for where the condition is an equality of text, else None."""
        exact = self.operator == "=" and not isinstance(self.operand, datetime)
        return f"{self.key}={self.text}" if exact else None

    def holds(self, value: str) -> bool:
        """Whether an attribute's value satisfies the condition."""
        if self.operator == "EXISTS" or (value == self.text and self.operator == "="):
            return True
        if isinstance(self.operand, str):
            return self.operator == "CONTAINS" and self.operand in value
        known = _moment(value) if isinstance(self.operand, datetime) else _number(value)
        return known is not None and _COMPARE[self.operator](known, self.operand)


@dataclass(frozen=True)
class Query:
    """The conditions on attributes; heights are inclusive; `event` is the value of tm.event."""

    conditions: tuple[Condition, ...] = ()
    hash: bytes | None = None
    first: int = 1
    last: int = 2**63 - 1
    event: str | None = None
    has_height: bool = False

    def matches(self, record: TxRecord, known: Mapping[str, Sequence[str]] | None = None) -> bool:
        """Whether a transaction satisfies every condition; `known` are its events' values."""
        if not self.first <= record.height <= self.last:
            return False
        if self.hash is not None and record.hash != self.hash:
            return False
        if not self.conditions:
            return True
        found = values(record.result.events) if known is None else known
        return all(any(map(each.holds, found.get(each.key, ()))) for each in self.conditions)

    def holds(self, events: Iterable[Any]) -> bool:
        """Whether each condition holds for some attribute of these events."""
        wanted: dict[str, list[str]] = {condition.key: [] for condition in self.conditions}
        for event in events if wanted else ():
            for attribute in event.attributes:
                wanted.get(f"{event.type}.{attribute.key}", []).append(attribute.value)
        return all(any(map(each.holds, wanted[each.key])) for each in self.conditions)


def values(events: Iterable[Any]) -> dict[str, list[str]]:
    """The values of each attribute (`type.name`) of these events, in their order."""
    listed: dict[str, list[str]] = {}
    for event in events:
        for attribute in event.attributes:
            listed.setdefault(f"{event.type}.{attribute.key}", []).append(attribute.value)
    return listed


def parse(text: str) -> Query:
    """Read a query's text; raises InvalidArgument."""
    if not text.strip() or len(text) > MAX_LENGTH:
        raise InvalidArgument(f"a query has 1 to {MAX_LENGTH} characters, not {len(text)}")
    query, place = Query(), 0
    for _ in range(MAX_CONDITIONS):
        match = _CONDITION.match(text, place)
        if match is None:
            raise InvalidArgument(
                f"{text[place:]!r} does not begin with a condition such as "
                "transfer.recipient='zen1…'"
            )
        query = _with(query, _condition(match))
        place = match.end()
        if place == len(text):
            return query
        joined = _AND.match(text, place)
        if joined is None:
            raise InvalidArgument(f"conditions are joined by AND, not by {text[place:]!r}")
        place = joined.end()
    raise InvalidArgument(f"a query has at most {MAX_CONDITIONS} conditions")


def _condition(match: re.Match[str]) -> Condition:
    key, sign = match["key"], match["operator"] or "EXISTS"
    text = next((t for t in (match["text"], match["quoted"]) if t is not None), None)
    if text is not None:
        if sign not in ("=", "CONTAINS"):
            raise InvalidArgument(f"text is compared by = and CONTAINS, not by {sign}: {key}")
        return Condition(key, sign, text, text)
    if sign == "EXISTS":
        return Condition(key, sign, None)
    if sign == "CONTAINS":
        raise InvalidArgument(f"{key} CONTAINS takes text, as in {key} CONTAINS 'a'")
    written = match["number"] or match["time"] or match["date"]
    operand = _number(written) if match["number"] else _moment(written)
    if operand is None:
        raise InvalidArgument(f"{written!r} is no number, time or date")
    return Condition(key, sign, operand, written)


def _with(query: Query, condition: Condition) -> Query:
    if condition.key in _HEIGHTS and condition.operator in _COMPARE:
        return _with_height(query, condition)
    if condition.key == "tx.hash" and condition.operator == "=":
        return replace(query, hash=parse_hash(condition.text))
    if condition.key == "tm.event" and condition.operator == "=":
        return replace(query, event=condition.text)
    return replace(query, conditions=(*query.conditions, condition))


def _with_height(query: Query, condition: Condition) -> Query:
    value = condition.text
    if not value.isdecimal() or len(value) > 18:
        raise InvalidArgument(f"{value!r} is not a height")
    height = int(value)
    first, last = {
        "=": (height, height),
        ">=": (height, query.last),
        "<=": (query.first, height),
        ">": (height + 1, query.last),
        "<": (query.first, height - 1),
    }[condition.operator]
    return replace(
        query, first=max(first, query.first), last=min(last, query.last), has_height=True
    )


def parse_hash(text: str) -> bytes:
    """32 bytes of hexadecimal, with or without 0x; raises InvalidArgument."""
    digits = text.removeprefix("0x").removeprefix("0X")
    if not re.fullmatch(r"[0-9a-fA-F]{64}", digits):
        raise InvalidArgument(f"{text[:80]!r} is not a transaction hash: 64 hexadecimal digits")
    return bytes.fromhex(digits)


def _number(text: str) -> Decimal | None:
    found = _NUMBER.search(text[:MAX_LENGTH])
    if found is None or len(found[0]) > MAX_DIGITS:
        return None
    try:
        return Decimal(found[0])
    except InvalidOperation:
        return None


def _moment(text: str) -> datetime | None:
    """A time or a date, in UTC where it names no zone."""
    try:
        moment = datetime.fromisoformat(text[:40])
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
