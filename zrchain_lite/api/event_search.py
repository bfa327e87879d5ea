"""Transactions and blocks that a query matches, found by indexes and within one query's budget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from zrchain_lite.api.event_query import MAX_SCANNED, Query
from zrchain_lite.engine.reading import Reading
from zrchain_lite.engine.records import (
    EDGE,
    BlockRecord,
    Position,
    Records,
    TxRecord,
    is_indexed,
)
from zrchain_lite.errors import InvalidArgument, TooMuch
from zrchain_lite.store.pagination import MAX_PAGE_BYTES

PROBED = 200
"""How many places of a condition are counted to find the rarest."""


def transactions(
    engine: Reading, query: Query, *, skip: int, limit: int, reverse: bool = False
) -> tuple[list[TxRecord], int]:
    """The matching records in chain order and their number, within the first 10 000 candidates.

    Raises InvalidArgument for a query that names nothing to look for, and TooMuch above the budget
    or for a page that is too large.
    """
    if query.hash is not None:
        record = engine.tx(query.hash)
        found = [record] if record is not None and query.matches(record) else []
        return found[skip : skip + limit], len(found)
    if query.conditions:
        places = _places(engine, query, reverse=reverse, edge=False)
    elif query.has_height:
        last = min(query.last, engine.tip.height)
        places = engine.records.budgeted().positions(
            query.first, last, reverse=reverse, most_blocks=MAX_SCANNED
        )
    else:
        raise InvalidArgument("the query names no tx.hash, tx.height or event attribute")
    matching = list(islice(places, MAX_SCANNED))
    records = engine.records.budgeted()
    shown = _page(records.at(place) for place in matching[skip : skip + limit])
    return shown, len(matching)


def blocks(
    engine: Reading, query: Query, *, skip: int, limit: int, reverse: bool = False
) -> tuple[list[BlockRecord], int]:
    """The blocks of these heights, or at whose edges events match, in the same bounds."""
    if query.conditions:
        places = _places(engine, query, reverse=reverse, edge=True)
        heights: Iterable[int] = (height for height, _ in places)
    elif query.has_height:
        heights = _heights(engine, query, reverse=reverse)
    else:
        raise InvalidArgument("the query names no block.height and no event attribute")
    matching = list(islice(heights, MAX_SCANNED))
    records = engine.records.budgeted()
    found = [records.block(height) for height in matching[skip : skip + limit]]
    return [record for record in found if record is not None], len(matching)


def _page(records: Iterable[TxRecord]) -> list[TxRecord]:
    """The same, at most MAX_PAGE_BYTES together; one alone may be larger. Raises TooMuch."""
    shown: list[TxRecord] = []
    size = 0
    for record in records:
        size += len(record.tx) + record.result.ByteSize()
        if shown and size > MAX_PAGE_BYTES:
            raise TooMuch(
                f"the page has more than {MAX_PAGE_BYTES} bytes of transactions and results; "
                "ask for smaller pages"
            )
        shown.append(record)
    return shown


def _places(engine: Reading, query: Query, *, reverse: bool, edge: bool) -> Iterator[Position]:
    """Where every condition holds, in chain order: at blocks' edges, or in transactions.

    The rarest of the equalities that are indexed leads. What no index answers is looked for in the
    events, of what the others leave or of all blocks; raises TooMuch above what one query may read.
    """
    records = engine.records.budgeted()
    terms = [each.term for each in query.conditions]
    exact = [term for term in terms if term is not None and is_indexed(term)]
    if not exact:
        for height in islice(_heights(engine, query, reverse=reverse), MAX_SCANNED):
            found = _in_block(records, query, height, edge=edge)
            yield from reversed(found) if reverse else found
        return
    rarest = min(exact, key=lambda term: len(list(islice(records.with_event(term), PROBED))))
    others = [term for term in exact if term != rarest]
    looked_at = len(exact) < len(query.conditions)
    for place in records.with_event(rarest, reverse=reverse):
        if (
            (place[1] == EDGE) is edge
            and query.first <= place[0] <= query.last
            and all(records.has_event(term, place) for term in others)
            and (not looked_at or query.holds(_events(records, place)))
        ):
            yield place


def _heights(engine: Reading, query: Query, *, reverse: bool) -> Iterable[int]:
    every = range(max(query.first, 1), min(query.last, engine.tip.height) + 1)
    return reversed(every) if reverse else every


def _in_block(records: Records, query: Query, height: int, *, edge: bool) -> list[Position]:
    made = records.results(height)
    if made is None:
        return []
    results = [(EDGE, made)] if edge else enumerate(made.tx_results)
    return [(height, index) for index, result in results if query.holds(result.events)]


def _events(records: Records, place: Position) -> Iterable[Any]:
    if place[1] != EDGE:
        return records.events(place)
    made = records.results(place[0])
    return () if made is None else made.events
