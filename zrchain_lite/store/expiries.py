"""What ends at a time: keys in the order of their last moment, swept a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from google.protobuf.timestamp_pb2 import Timestamp

from zrchain_lite.store.kv import KVStore

PAGE = 200
"""How many one block sweeps at most, as in the Cosmos SDK; the rest follows in the next block."""


def is_past(expiration: Timestamp, time_ms: int) -> bool:
    """Whether a time is before the block's (Unix milliseconds)."""
    return (expiration.seconds, expiration.nanos) < (time_ms // 1000, time_ms % 1000 * 1_000_000)


class Expiries:
    """Keys under `prefix`, by the millisecond in which they end, rounded up."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix.encode() + b"/"

    def add(self, store: KVStore, expiration: Timestamp, key: bytes) -> None:
        """Note when what is stored under `key` ends: a time after 1970."""
        store.set(self._key(expiration, key), b"")

    def remove(self, store: KVStore, expiration: Timestamp, key: bytes) -> None:
        """Forget when what is stored under `key` ends."""
        store.delete(self._key(expiration, key))

    def sweep(self, store: KVStore, time_ms: int, most: int = PAGE) -> list[bytes]:
        """Forget at most `most` keys that have ended before `time_ms`, and return them."""
        ended = list(islice(self._ended(store, time_ms), most))
        for stored in ended:
            store.delete(stored)
        return [stored[len(self._prefix) + 8 :] for stored in ended]

    def _ended(self, store: KVStore, time_ms: int) -> Iterator[bytes]:
        end = self._prefix + time_ms.to_bytes(8, "big")
        for stored, _ in store.iterate(self._prefix):
            if stored >= end:
                return
            yield stored

    def _key(self, expiration: Timestamp, key: bytes) -> bytes:
        milliseconds = expiration.seconds * 1000 - -expiration.nanos // 1_000_000
        return self._prefix + milliseconds.to_bytes(8, "big") + key
