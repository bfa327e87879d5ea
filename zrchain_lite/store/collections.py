"""Typed views on a KVStore: maps of protobuf messages, indexes and counters, each under a prefix of
its own.

A prefix is `<module>/<collection>/`; two collections never share one. Integer keys are 8 bytes
big-endian, so that iteration is in numeric order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final, Generic, TypeVar

from google.protobuf.message import Message

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.store.kv import KVStore

M = TypeVar("M", bound=Message)
MAX_PART_BYTES: Final = 2**16 - 1
"""How long text or bytes inside a tuple key may be, in bytes: what their length prefix can say."""

Key = int | str | bytes | tuple[int | str | bytes, ...]


def encode_key(key: Key) -> bytes:
    """Order-preserving.

    Ints as 8 bytes big-endian; inside a tuple, text and bytes are length-prefixed (2 bytes). Raises
    InvalidArgument for a part of 65,536 bytes or more or below 0: strangers name what they ask for.
    """
    if isinstance(key, tuple):
        return b"".join([_encode_part(part) for part in key])
    if isinstance(key, str):
        return key.encode()
    return key if isinstance(key, bytes) else key.to_bytes(8, "big")


def _encode_part(part: int | str | bytes) -> bytes:
    if isinstance(part, str):
        raw = part.encode()
    elif isinstance(part, bytes):
        raw = part
    else:
        if not 0 <= part < 2**64:
            raise InvalidArgument(f"{part} is no number of 64 bits without a sign")
        return part.to_bytes(8, "big")
    if len(raw) > MAX_PART_BYTES:
        raise InvalidArgument(f"an identifier has {MAX_PART_BYTES} bytes at most, not {len(raw)}")
    return len(raw).to_bytes(2, "big") + raw


class StoredMap(Generic[M]):
    """Key to protobuf message. Serialization is deterministic."""

    _types: ClassVar[dict[bytes, type[Message]]] = {}

    def __init__(self, prefix: str, message: type[M]) -> None:
        self.prefix = prefix.encode() + b"/"
        self._message = message
        self._types[self.prefix] = message

    @classmethod
    def type_of(cls, key: bytes) -> type[Message] | None:
        """What a map of this process keeps under a key of the store; None for other keys."""
        module, _, rest = key.partition(b"/")
        return cls._types.get(module + b"/" + rest.partition(b"/")[0] + b"/")

    def get(self, store: KVStore, key: Key) -> M | None:
        """The message under a key, None when there is none."""
        raw = store.get(self.prefix + encode_key(key))
        return None if raw is None else self._message.FromString(raw)

    def set(self, store: KVStore, key: Key, value: M) -> None:
        """Store a message under a key, in place of the one that is there."""
        store.set(self.prefix + encode_key(key), value.SerializeToString(deterministic=True))

    def delete(self, store: KVStore, key: Key) -> None:
        """Forget what is under a key, if anything is."""
        store.delete(self.prefix + encode_key(key))

    def has(self, store: KVStore, key: Key) -> bool:
        """Whether there is a message under a key."""
        return store.get(self.prefix + encode_key(key)) is not None

    def values(self, store: KVStore, *, under: Key = (), reverse: bool = False) -> Iterator[M]:
        """Every message in the order of the keys; `under` is the beginning of a tuple key."""
        for _, raw in store.iterate(self.prefix + encode_key(under), reverse=reverse):
            yield self._message.FromString(raw)


class Index:
    """A set of keys under a group, for looking up without a full scan: group -> ordered members."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix.encode() + b"/"

    def add(self, store: KVStore, group: Key, member: int) -> None:
        """Put a member into a group; one that is in it stays."""
        store.set(self._group(group) + encode_key(member), b"")

    def remove(self, store: KVStore, group: Key, member: int) -> None:
        """Take a member out of a group; one that is not in it is passed over."""
        store.delete(self._group(group) + encode_key(member))

    def members(self, store: KVStore, group: Key) -> list[int]:
        """The members of a group in ascending order."""
        return list(self.ascending(store, group))

    def ascending(self, store: KVStore, group: Key) -> Iterator[int]:
        """The members one by one, for who may stop early."""
        return self.ids(store, group, None, reverse=False)

    def ids(self, store: KVStore, group: Key, start: int | None, *, reverse: bool) -> Iterator[int]:
        """The members one by one from `start` on, downwards with `reverse`."""
        prefix = self._group(group)
        first = None if start is None else prefix + encode_key(start)
        for key, _ in store.iterate(prefix, start=first, reverse=reverse):
            yield int.from_bytes(key[len(prefix) :], "big")

    def _group(self, group: Key) -> bytes:
        parts = group if isinstance(group, tuple) else (group,)
        return self.prefix + encode_key(parts)


class Counter:
    """A sequence that starts at 1."""

    def __init__(self, name: str) -> None:
        self._key = name.encode()

    def next(self, store: KVStore) -> int:
        """Count one further and return the number, 1 the first time."""
        value = self.current(store) + 1
        store.set(self._key, value.to_bytes(8, "big"))
        return value

    def current(self, store: KVStore) -> int:
        """The number that was given last, 0 before the first."""
        return int.from_bytes(store.get(self._key) or b"", "big")
