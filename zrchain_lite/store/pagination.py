"""Pages of a list query, as the Cosmos SDK's `PageRequest` and `PageResponse` have them.

A page costs what it shows and no more, from whichever end and wherever it is asked for: a list may
be long. It ends at its limit, or sooner when it is heavy: gRPC clients take 4 MiB unless told
otherwise. An offset is walked, so it is bounded; `key` leads to any place at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Protocol, TypeVar

from google.protobuf.message import Message

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.store.collections import Index, Key
from zrchain_lite.store.kv import KVStore
from zrchain_lite.store.views import View
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageRequest, PageResponse

DEFAULT_LIMIT = 100
# A higher limit counts as this one.
MAX_LIMIT = 1000
MAX_OFFSET = 10_000
"""How far a page by offset may begin, and how far a list is counted whose length is not kept."""
# Of messages; one that is heavier comes alone.
MAX_PAGE_BYTES = 2 * 1024 * 1024

T = TypeVar("T")


class Listing(Protocol):
    """Ids in ascending order, as a list query goes through them."""

    def ids(self, start: int | None, *, reverse: bool) -> Iterator[int]:
        """The ids one by one from `start` on, downwards with `reverse`."""
        ...

    def count(self) -> int:
        """How many there are; raises InvalidArgument where that is not known at once."""
        ...


@dataclass(frozen=True)
class Numbered(Listing):
    """Every id from 1 to `last`."""

    last: int

    def ids(self, start: int | None, *, reverse: bool) -> Iterator[int]:
        if reverse:
            return iter(range(self.last if start is None else min(start, self.last), 0, -1))
        return iter(range(max(start or 1, 1), self.last + 1))

    def count(self) -> int:
        return self.last


@dataclass(frozen=True)
class Viewed(Listing):
    """The ids of a view's group, whose number is kept."""

    view: View
    views: KVStore
    group: Key

    def ids(self, start: int | None, *, reverse: bool) -> Iterator[int]:
        return self.view.ids(self.views, self.group, start=start, reverse=reverse)

    def count(self) -> int:
        return self.view.count(self.views, self.group)


@dataclass(frozen=True)
class Indexed(Listing):
    """The ids of an index's group, which are counted one by one."""

    index: Index
    store: KVStore
    group: Key

    def ids(self, start: int | None, *, reverse: bool) -> Iterator[int]:
        return self.index.ids(self.store, self.group, start, reverse=reverse)

    def count(self) -> int:
        return counted(self.ids(None, reverse=False))


@dataclass(frozen=True)
class Merged(Listing):
    """The ids of several lists, each once."""

    parts: tuple[Listing, ...]

    def ids(self, start: int | None, *, reverse: bool) -> Iterator[int]:
        before = None
        lists = [part.ids(start, reverse=reverse) for part in self.parts]
        for id_ in merge(*lists, reverse=reverse):
            if id_ != before:
                yield id_
            before = id_

    def count(self) -> int:
        if len(self.parts) == 1:
            return self.parts[0].count()
        return counted(self.ids(None, reverse=False))


def listed_page(
    listing: Listing, load: Callable[[int], T], request: PageRequest
) -> tuple[list[T], PageResponse]:
    """One page of the items of a list; only those that are shown are loaded."""
    _check(request)
    start = int.from_bytes(request.key[:8], "big") if request.key else None
    ids = listing.ids(start, reverse=request.reverse)
    wanted = islice(ids, request.offset, None)
    items, left_out = _take(
        ((id_.to_bytes(8, "big"), load(id_)) for id_ in wanted), _limit(request)
    )
    total = _total(request, listing.count)
    return items, PageResponse(next_key=left_out or b"", total=total)


def page(
    items: Iterable[tuple[bytes, T]],
    request: PageRequest,
    *,
    total: Callable[[], int] | None = None,
) -> tuple[list[T], PageResponse]:
    """One page of `items`, which come in the request's order and from its key on.

    `next_key` is the key of the first item that was left out, empty on the last page. The number of
    all is `total` where it is kept, else it is counted, up to 10 000.
    """
    _check(request)
    ordered = iter(items)
    skipped = sum(1 for _ in islice(ordered, request.offset))
    selected, left_out = _take(ordered, _limit(request))
    seen = skipped + len(selected) + (left_out is not None)
    count = total or (lambda: seen + counted(ordered))
    return selected, PageResponse(next_key=left_out or b"", total=_total(request, count))


def counted(items: Iterable[object]) -> int:
    """How many there are; raises InvalidArgument above 10 000."""
    count = sum(1 for _ in islice(items, MAX_OFFSET + 1))
    if count > MAX_OFFSET:
        raise InvalidArgument(f"there are more than {MAX_OFFSET}; leave count_total out")
    return count


def loaded_page(ids: Iterable[int], load: Callable[[int], T], response: PageResponse) -> list[T]:
    """The items of a page of ids; where they are too heavy, `response` is told where to go on."""
    items, left_out = _take(((id_.to_bytes(8, "big"), load(id_)) for id_ in ids), MAX_LIMIT)
    response.next_key = left_out or response.next_key
    return items


def page_of_store(
    store: KVStore,
    prefix: bytes,
    request: PageRequest,
    *,
    total: Callable[[], int] | None = None,
) -> tuple[list[tuple[bytes, bytes]], PageResponse]:
    """One page of the pairs under `prefix`; a pair's page key is what follows the prefix."""
    start = prefix + request.key if request.key else None
    pairs = store.iterate(prefix, start=start, reverse=request.reverse)
    return page(((pair[0][len(prefix) :], pair) for pair in pairs), request, total=total)


def page_of_view(
    view: View, views: KVStore, group: Key, request: PageRequest
) -> tuple[list[bytes], PageResponse]:
    """One page of the members of a view's group, whatever these are."""
    pairs, response = page_of_store(
        views, view.prefix(group), request, total=lambda: view.count(views, group)
    )
    return [key[len(view.prefix(group)) :] for key, _ in pairs], response


def _check(request: PageRequest) -> None:
    if request.key and request.offset:
        raise InvalidArgument("a page is asked for by key or by offset, not both")
    if request.offset > MAX_OFFSET:
        raise InvalidArgument(
            f"an offset is at most {MAX_OFFSET}; go on by `key`, the next_key of the page before"
        )


def _total(request: PageRequest, count: Callable[[], int]) -> int:
    """The number of all items, told for pages by offset on request and, as in the SDK, where no
    limit is given; 0 where nobody asked for a number that is not known at once.
    """
    if request.key or not (request.count_total or not request.limit):
        return 0
    try:
        return count()
    except InvalidArgument:
        if request.count_total:
            raise
        return 0


def _limit(request: PageRequest) -> int:
    return min(request.limit or DEFAULT_LIMIT, MAX_LIMIT)


def _take(items: Iterable[tuple[bytes, T]], limit: int) -> tuple[list[T], bytes | None]:
    """The items that make a page, and the key of the first left out; no other is looked at."""
    taken: list[T] = []
    size = 0
    for key, item in items:
        size += _weight(item)
        if len(taken) == limit or (taken and size > MAX_PAGE_BYTES):
            return taken, key
        taken.append(item)
    return taken, None


def _weight(item: object) -> int:
    """The bytes of a message, or of a pair of the store."""
    if isinstance(item, tuple):
        return sum(len(part) for part in item if isinstance(part, bytes))
    return item.ByteSize() if isinstance(item, Message) else 0
