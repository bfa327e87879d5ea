"""Pages of long lists: right at both ends, and no more is loaded than shown."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.store.collections import Index
from zrchain_lite.store.kv import MemoryStore
from zrchain_lite.store.pagination import (
    MAX_OFFSET,
    MAX_PAGE_BYTES,
    Indexed,
    Merged,
    Numbered,
    listed_page,
    page,
)
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageRequest


class Shelf:
    """Counts what is taken from it."""

    def __init__(self) -> None:
        self.taken = 0

    def take(self, id_: int) -> int:
        self.taken += 1
        return id_


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("at", [0, 500_000])
def test_page__should_load_what_it_shows_and_the_next_only(reverse: bool, at: int) -> None:
    """A list of a million must not be read for ten of it, whichever end is asked for."""
    shelf = Shelf()
    key = at.to_bytes(8, "big") if at else b""
    request = PageRequest(limit=10, reverse=reverse, key=key)
    items, _ = listed_page(Numbered(1_000_000), shelf.take, request)
    first = at or (1_000_000 if reverse else 1)
    assert items == [first + step * (-1 if reverse else 1) for step in range(10)]
    assert shelf.taken == 11


@given(
    st.lists(st.integers(0, 60), unique=True).map(sorted),
    st.integers(1, 7),
    st.booleans(),
)
def test_pages__should_show_everything_once_in_order(
    ids: list[int], limit: int, reverse: bool
) -> None:
    store, index = MemoryStore(), Index("test/index")
    for id_ in ids:
        index.add(store, ("group",), id_)
    listing = Merged((Indexed(index, store, ("group",)), Indexed(index, store, ("group",))))
    request, seen = PageRequest(limit=limit, reverse=reverse), []
    while True:
        items, response = listed_page(listing, int, request)
        seen += items
        if not response.next_key:
            break
        request.key = response.next_key
    assert seen == (ids[::-1] if reverse else ids)
    assert all((a > b) is reverse for a, b in pairwise(seen))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("weight", [MAX_PAGE_BYTES // 3, MAX_PAGE_BYTES + 1])
def test_heavy_pages__should_end_early_and_still_show_everything(
    weight: int, reverse: bool
) -> None:
    ids = range(1, 8)
    request, seen = PageRequest(limit=100, reverse=reverse), []
    while True:
        found, response = listed_page(
            Numbered(7), lambda id_: PageRequest(offset=id_, key=bytes(weight)), request
        )
        assert len(found) == 1 or sum(each.ByteSize() for each in found) <= MAX_PAGE_BYTES
        assert response.next_key == b"" or len(found) == max(1, MAX_PAGE_BYTES // (weight + 16))
        seen += [each.offset for each in found]
        if not response.next_key:
            break
        request.key = response.next_key
    assert seen == list(reversed(ids) if reverse else ids)


@pytest.mark.parametrize(
    ("request_", "total"),
    [
        (PageRequest(), 300),
        (PageRequest(offset=7), 300),
        (PageRequest(limit=5), 0),
        (PageRequest(limit=5, count_total=True), 300),
        (PageRequest(key=bytes(8)), 0),
        (PageRequest(key=bytes(8), count_total=True), 0),
    ],
)
def test_total__should_be_told_on_request_or_without_a_limit(
    request_: PageRequest, total: int
) -> None:
    assert listed_page(Numbered(300), int, request_)[1].total == total
    pairs = ((id_.to_bytes(8, "big"), id_) for id_ in range(300))
    assert page(pairs, request_)[1].total == total


def test_total__should_be_left_out_where_nobody_asked_for_a_long_count() -> None:
    def pairs() -> Iterator[tuple[bytes, int]]:
        return ((id_.to_bytes(8, "big"), id_) for id_ in range(MAX_OFFSET + 200))

    items, response = page(pairs(), PageRequest())
    assert (len(items), response.total) == (100, 0)
    with pytest.raises(InvalidArgument, match="leave count_total out"):
        page(pairs(), PageRequest(count_total=True))
