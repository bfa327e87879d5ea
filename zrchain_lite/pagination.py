"""Pages of a list query, as the Cosmos SDK's `PageRequest` and `PageResponse` have them.

A page loads what it shows and no more, from whichever end it is asked for: a list may be long.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.store import KVStore
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageRequest, PageResponse

DEFAULT_LIMIT = 100
# A higher limit counts as this one.
MAX_LIMIT = 1000
MAX_OFFSET = 2**62

T = TypeVar("T")


def page(items: Iterable[tuple[bytes, T]], request: PageRequest) -> tuple[list[T], PageResponse]:
    """One page of `items`, which come in the request's order of their keys.

    `next_key` is the key of the first item that was left out, empty on the last page. `total` is
    counted on request, and only for pages by offset, as in the SDK.
    """
    if request.key and request.offset:
        raise InvalidArgument("a page is asked for by key or by offset, not both")
    limit = min(request.limit or DEFAULT_LIMIT, MAX_LIMIT)
    ordered = iter(items)
    if request.key:
        ordered = _from_key(ordered, request.key, reverse=request.reverse)
    skipped = sum(1 for _ in islice(ordered, min(request.offset, MAX_OFFSET)))
    selected = list(islice(ordered, limit + 1))
    response = PageResponse(next_key=selected[limit][0] if len(selected) > limit else b"")
    if request.count_total and not request.key:
        response.total = skipped + len(selected) + sum(1 for _ in ordered)
    return [item for _, item in selected[:limit]], response


def loaded(
    ids: Sequence[int], load: Callable[[int], T], request: PageRequest
) -> Iterator[tuple[bytes, T]]:
    """Items of ascending ids with their page keys: in the request's order, from its key on, each
    loaded when its turn comes.
    """
    first, last = 0, len(ids)
    if request.key:
        at = int.from_bytes(request.key, "big")
        if request.reverse:
            last = bisect_right(ids, at)
        else:
            first = bisect_left(ids, at)
    positions = range(first, last)
    for position in reversed(positions) if request.reverse else positions:
        yield ids[position].to_bytes(8, "big"), load(ids[position])


def page_of_store(
    store: KVStore, prefix: bytes, request: PageRequest
) -> tuple[list[tuple[bytes, bytes]], PageResponse]:
    """One page of the pairs under `prefix`; a pair's page key is what follows the prefix."""
    start = prefix + request.key if request.key else None
    pairs = store.iterate(prefix, start=start, reverse=request.reverse)
    return page(((pair[0][len(prefix) :], pair) for pair in pairs), request)


def _from_key(
    items: Iterator[tuple[bytes, T]], key: bytes, *, reverse: bool
) -> Iterator[tuple[bytes, T]]:
    return (item for item in items if (item[0] <= key if reverse else item[0] >= key))
