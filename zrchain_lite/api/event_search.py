"""Transactions and blocks that a query matches, found by indexes and within one query's budget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from zrchain_lite.api.event_query import MAX_SCANNED, Condition, Query
from zrchain_lite.engine.reading import Reading
from zrchain_lite.engine.records import EDGE, BlockRecord, Position, Records, TxRecord
from zrchain_lite.errors import InvalidArgument

PROBED = 200
"""How many places of a condition are counted to find the rarest."""


def transactions(
    engine: Reading, query: Query, *, skip: int, limit: int, reverse: bool = False
) -> tuple[list[TxRecord], int]:
    """The matching records in chain order and their number, within the first 10 000 candidates.

    Raises InvalidArgument for a query that names nothing to look for, and TooMuch above the budget.
    """
    if query.hash is not None:
        record = engine.tx(query.hash)
        found = [record] if record is not None and query.matches(record) else []
        return found[skip : skip + limit], len(found)
    if query.conditions:
        places = _places(engine.records.budgeted(), query, reverse=reverse, edge=False)
    elif query.has_height:
        last = min(query.last, engine.tip.height)
        places = engine.records.positions(
            query.first, last, reverse=reverse, most_blocks=MAX_SCANNED
        )
    else:
        raise InvalidArgument("the query names no tx.hash, tx.height or event attribute")
    matching = list(islice(places, MAX_SCANNED))
    return [engine.records.at(place) for place in matching[skip : skip + limit]], len(matching)


def blocks(
    engine: Reading, query: Query, *, skip: int, limit: int, reverse: bool = False
) -> tuple[list[BlockRecord], int]:
    """The blocks of these heights, or at whose edges events match, in the same bounds."""
    if query.conditions:
        places = _places(engine.records.budgeted(), query, reverse=reverse, edge=True)
        heights: Iterable[int] = (height for height, _ in places)
    elif query.has_height:
        every = range(max(query.first, 1), min(query.last, engine.tip.height) + 1)
        heights = reversed(every) if reverse else every
    else:
        raise InvalidArgument("the query names no block.height and no event attribute")
    matching = list(islice(heights, MAX_SCANNED))
    found = [engine.block(height) for height in matching[skip : skip + limit]]
    return [record for record in found if record is not None], len(matching)


def _places(records: Records, query: Query, *, reverse: bool, edge: bool) -> Iterator[Position]:
    """Where every condition holds, in chain order: at blocks' edges, or in transactions.

    The rarest of the equalities leads; what no index answers is looked for among all the values
    that the attribute has had.
    """
    exact = [each.term for each in query.conditions if each.term is not None]
    scanned = [set(_scanned(records, each)) for each in query.conditions if each.term is None]
    leading: Iterable[Position]
    if exact:
        rarest = min(exact, key=lambda term: len(list(islice(records.with_event(term), PROBED))))
        leading = records.with_event(rarest, reverse=reverse)
    else:
        rarest = ""
        leading = sorted(set.intersection(*scanned), reverse=reverse)
    others = [term for term in exact if term != rarest]
    for place in leading:
        if (
            (place[1] == EDGE) is edge
            and query.first <= place[0] <= query.last
            and all(place in found for found in scanned)
            and all(records.has_event(term, place) for term in others)
        ):
            yield place


def _scanned(records: Records, condition: Condition) -> Iterator[Position]:
    for value, place in records.values(condition.key):
        if condition.holds(value):
            yield place
