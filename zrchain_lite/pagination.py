"""Pages of a list query (`cosmos.base.query.v1beta1`), read from the page's key on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.store import KVStore
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageRequest, PageResponse

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000


def page_of_store(
    store: KVStore, prefix: bytes, request: PageRequest
) -> tuple[list[tuple[bytes, bytes]], PageResponse]:
    """One page of the pairs under `prefix`.

    `next_key` is the key (without prefix) of the first pair left out, empty on the last page;
    `total` is counted on request and only for pages by offset. A limit above 1000 counts as 1000.
    """
    if request.key and request.offset:
        raise InvalidArgument("a page is asked for by key or by offset, not both")
    limit = min(request.limit or DEFAULT_LIMIT, MAX_LIMIT)
    start = prefix + request.key if request.key else None
    pairs = store.iterate(prefix, start=start, reverse=request.reverse)
    skipped = _skip(pairs, request.offset)
    selected = list(islice(pairs, limit + 1))
    response = PageResponse()
    if len(selected) > limit:
        response.next_key = selected[limit][0][len(prefix) :]
    if request.count_total and not request.key:
        response.total = skipped + len(selected) + sum(1 for _ in pairs)
    return selected[:limit], response


def _skip(pairs: Iterator[tuple[bytes, bytes]], count: int) -> int:
    skipped = 0
    while skipped < count and next(pairs, None) is not None:
        skipped += 1
    return skipped
