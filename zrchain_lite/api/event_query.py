"""CometBFT's query language, the part that clients use.

Conditions joined by AND, over heights, hashes and event attributes:

tx.height>5 AND transfer.recipient='zen1…'        tm.event='Tx' AND message.sender='zen1…'
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from zrchain_lite.engine.reading import Reading
from zrchain_lite.engine.records import Position, TxRecord
from zrchain_lite.errors import InvalidArgument

MAX_LENGTH = 512
MAX_CONDITIONS = 8
MAX_SCANNED = 10_000
"""Blocks or transactions that one search may look at."""

_CONDITION = re.compile(
    r"\s*([A-Za-z_][\w.\-/]*)\s*(=|<=|>=|<|>)\s*(?:'([^']*)'|\"([^\"]*)\"|(\d+))\s*"
)
_AND = re.compile(r"\s+AND\s+", re.IGNORECASE)


@dataclass(frozen=True)
class Query:
    """`terms` are `type.key=value`; heights are inclusive; `event` is the value of tm.event."""

    terms: tuple[str, ...] = ()
    hash: bytes | None = None
    first: int = 1
    last: int = 2**63 - 1
    event: str | None = None
    has_height: bool = False

    def matches(self, record: TxRecord) -> bool:
        """Whether a transaction satisfies every condition of the query."""
        if self.hash is not None and record.hash != self.hash:
            return False
        if not self.first <= record.height <= self.last:
            return False
        if not self.terms:
            return True
        present = {
            f"{event.type}.{attribute.key}={attribute.value}"
            for event in record.result.events
            for attribute in event.attributes
        }
        return present.issuperset(self.terms)


def parse(text: str) -> Query:
    """Read a query's text; raises InvalidArgument."""
    if not text.strip() or len(text) > MAX_LENGTH:
        raise InvalidArgument(f"a query has 1 to {MAX_LENGTH} characters, not {len(text)}")
    parts = _AND.split(text.strip())
    if len(parts) > MAX_CONDITIONS:
        raise InvalidArgument(f"a query has at most {MAX_CONDITIONS} conditions")
    query = Query()
    for part in parts:
        query = _with_condition(query, part)
    return query


def _with_condition(query: Query, text: str) -> Query:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise InvalidArgument(f"{text!r} is not a condition such as transfer.recipient='zen1…'")
    key, operator = match[1], match[2]
    value = next(group for group in match.groups()[2:] if group is not None)
    if key == "tx.height":
        return _with_height(query, operator, value)
    if operator != "=":
        raise InvalidArgument(f"only tx.height can be compared with {operator!r}, not {key!r}")
    fields = {**query.__dict__}
    if key == "tx.hash":
        fields["hash"] = parse_hash(value)
    elif key == "tm.event":
        fields["event"] = value
    else:
        fields["terms"] = (*query.terms, f"{key}={value}")
    return Query(**fields)


def _with_height(query: Query, operator: str, value: str) -> Query:
    if not value.isdecimal() or len(value) > 18:
        raise InvalidArgument(f"{value!r} is not a height")
    height = int(value)
    first, last = {
        "=": (height, height),
        ">=": (height, query.last),
        "<=": (query.first, height),
        ">": (height + 1, query.last),
        "<": (query.first, height - 1),
    }[operator]
    fields = {
        **query.__dict__,
        "first": max(first, query.first),
        "last": min(last, query.last),
        "has_height": True,
    }
    return Query(**fields)


def parse_hash(text: str) -> bytes:
    """32 bytes of hexadecimal, with or without 0x; raises InvalidArgument."""
    digits = text.removeprefix("0x").removeprefix("0X")
    if not re.fullmatch(r"[0-9a-fA-F]{64}", digits):
        raise InvalidArgument(f"{text[:80]!r} is not a transaction hash: 64 hexadecimal digits")
    return bytes.fromhex(digits)


def search(
    engine: Reading, query: Query, *, skip: int, limit: int, reverse: bool = False
) -> tuple[list[TxRecord], int]:
    """The matching records in chain order and their number, within the first 10 000 candidates."""
    matching = [
        position
        for position in islice(_candidates(engine, query, reverse=reverse), MAX_SCANNED)
        if query.first <= position[0] <= query.last
    ]
    if len(query.terms) > 1:
        wanted = [
            set(islice(engine.records.with_event(term, reverse=reverse), MAX_SCANNED))
            for term in query.terms[1:]
        ]
        matching = [place for place in matching if all(place in other for other in wanted)]
    selected = matching[skip : skip + limit]
    return [engine.records.at(position) for position in selected], len(matching)


def _candidates(engine: Reading, query: Query, *, reverse: bool) -> Iterator[Position]:
    if query.hash is not None:
        record = engine.tx(query.hash)
        found = record is not None and query.matches(record)
        return iter([(record.height, record.index)] if record is not None and found else [])
    if query.terms:
        return engine.records.with_event(query.terms[0], reverse=reverse)
    if not query.has_height:
        raise InvalidArgument("the query names no tx.hash, tx.height or event attribute")
    last = min(query.last, engine.tip.height)
    return engine.records.positions(query.first, last, reverse=reverse, most_blocks=MAX_SCANNED)
