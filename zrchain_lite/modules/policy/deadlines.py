"""Absolute heights: until when something may wait, and what is overdue.

What is due at height n still counts in block n and is swept when block n+1 begins.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.module import Context
from zrchain_lite.store.collections import encode_key
from zrchain_lite.store.kv import KVStore, Overlay

_log = logging.getLogger(__name__)

# Some two years of five-second blocks.
MAX_BLOCKS = 12_614_400
# What one block sweeps at most; the rest follows in the next block.
MAX_SWEPT = 1000


def require_blocks(blocks: int, what: str) -> int:
    """The number itself; raises InvalidArgument when nothing could wait so long."""
    if blocks > MAX_BLOCKS:
        raise InvalidArgument(f"{what} of {blocks} blocks is too long; at most {MAX_BLOCKS}")
    return blocks


class Deadlines:
    """Ids in the order of their last height, then of their id."""

    _prefixes: ClassVar[set[bytes]] = set()

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix.encode() + b"/"
        self._prefixes.add(self._prefix)

    @classmethod
    def awaited(cls, store: KVStore) -> bool:
        """Whether anything in the state ends at a height, so that blocks have to go on."""
        return any(next(store.iterate(prefix), None) for prefix in sorted(cls._prefixes))

    def add(self, store: KVStore, height: int, id_: int) -> None:
        """Note that an object's last block is `height`."""
        store.set(self._key(height, id_), b"")

    def remove(self, store: KVStore, height: int, id_: int) -> None:
        """Forget an object's last block."""
        store.delete(self._key(height, id_))

    def overdue(self, store: KVStore, height: int, limit: int = MAX_SWEPT) -> list[int]:
        """Ids whose last height is below `height`, at most `limit`."""
        return [_id(key) for key in self._overdue(store, height, limit)]

    def sweep(self, ctx: Context, end: Callable[[Context, int], None]) -> None:
        """`end` what is overdue and forget it, each all or nothing. One that cannot be ended is
        logged and tried again in the next block: it must stop neither the others nor the chain.
        """
        for key in self._overdue(ctx.store, ctx.height, MAX_SWEPT):
            overlay = Overlay(ctx.store)
            attempt = replace(ctx, store=overlay, events=[])
            try:
                end(attempt, _id(key))
            except Exception:  # noqa: BLE001 - a block must be made; it is logged
                prefix = self._prefix.decode()
                _log.exception("%s%d cannot be ended at height %d", prefix, _id(key), ctx.height)
                continue
            overlay.delete(key)
            overlay.commit()
            ctx.events.extend(attempt.events)

    def _overdue(self, store: KVStore, height: int, limit: int) -> list[bytes]:
        keys: list[bytes] = []
        for key, _ in store.iterate(self._prefix):
            if len(keys) == limit or int.from_bytes(key[-16:-8], "big") >= height:
                break
            keys.append(key)
        return keys

    def _key(self, height: int, id_: int) -> bytes:
        return self._prefix + encode_key((height, id_))


def _id(key: bytes) -> int:
    return int.from_bytes(key[-8:], "big")
