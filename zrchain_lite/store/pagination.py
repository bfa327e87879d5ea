"""Pages of a list query, as the Cosmos SDK's `PageRequest` and `PageResponse` have them.

A page loads what it shows and no more, from whichever end it is asked for: a list may be long. It
ends at its limit, or sooner when it is heavy: gRPC clients take 4 MiB unless told otherwise.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from google.protobuf.message import Message

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.store.kv import KVStore
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageRequest, PageResponse

DEFAULT_LIMIT = 100
# A higher limit counts as this one.
MAX_LIMIT = 1000
MAX_OFFSET = 2**62
# Of messages; one that is heavier comes alone.
MAX_PAGE_BYTES = 2 * 1024 * 1024

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
    selected, left_out = _take(ordered, limit)
    response = PageResponse(next_key=left_out or b"")
    if request.count_total and not request.key:
        rest = 0 if left_out is None else 1 + sum(1 for _ in ordered)
        response.total = skipped + len(selected) + rest
    return selected, response


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


def loaded_page(ids: Iterable[int], load: Callable[[int], T], response: PageResponse) -> list[T]:
    """The items of a page of ids; where they are too heavy, `response` is told where to go on."""
    items, left_out = _take(((id_.to_bytes(8, "big"), load(id_)) for id_ in ids), MAX_LIMIT)
    response.next_key = left_out or response.next_key
    return items


def page_of_store(
    store: KVStore, prefix: bytes, request: PageRequest
) -> tuple[list[tuple[bytes, bytes]], PageResponse]:
    """One page of the pairs under `prefix`; a pair's page key is what follows the prefix."""
    start = prefix + request.key if request.key else None
    pairs = store.iterate(prefix, start=start, reverse=request.reverse)
    return page(((pair[0][len(prefix) :], pair) for pair in pairs), request)


def _take(items: Iterable[tuple[bytes, T]], limit: int) -> tuple[list[T], bytes | None]:
    """The items that make a page, and the key of the first left out; no other is looked at."""
    taken: list[T] = []
    size = 0
    for key, item in items:
        size += item.ByteSize() if isinstance(item, Message) else 0
        if len(taken) == limit or (taken and size > MAX_PAGE_BYTES):
            return taken, key
        taken.append(item)
    return taken, None


def _from_key(
    items: Iterator[tuple[bytes, T]], key: bytes, *, reverse: bool
) -> Iterator[tuple[bytes, T]]:
    return (item for item in items if (item[0] <= key if reverse else item[0] >= key))
