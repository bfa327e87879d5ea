"""A state of an older format, written anew as this version reads it.

Format 3 counts whom the policies of keys name, has no index of actions by status, and the time of
the last block beside the state; the store builds a tree over it. Format 2 has zrChain's field
numbers in what the treasury stores; format 1 numbered the fields in the order in which the
reference lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from google.protobuf.message import DecodeError, Message

from zrchain_lite.modules.policy import state as policy
from zrchain_lite.modules.policy import uses
from zrchain_lite.modules.treasury import state as treasury
from zrchain_lite.store.kv import KVStore
from zrchain_lite.store.lmdb_store import OLDER_TIME_KEY, StoreCorrupted
from zrchain_lite.wire.zrchain.policy.policy_pb2 import Action
from zrchain_lite.wire.zrchain.treasury.treasury_pb2 import (
    KEY_REQUEST_STATUS_PARTIAL,
    KEY_REQUEST_STATUS_PENDING,
    Key,
    KeyRequest,
    MsgNewSignTransactionRequest,
    SignRequest,
    SignTransactionRequest,
)

Numbers = Mapping[int, int]
"""Older field numbers to today's; what is not named stays."""

_ACTIONS_BY_STATUS = b"policy/action_by_status/"
_VARINT, _LENGTH_DELIMITED = 0, 2
_MOVED: tuple[tuple[bytes, type[Message], Numbers], ...] = (
    (treasury.KEYS.prefix, Key, {6: 9, 7: 10}),
    (
        treasury.KEY_REQUESTS.prefix,
        KeyRequest,
        {7: 8, 8: 9, 9: 10, 10: 12, 11: 13, 12: 14, 13: 15, 14: 102},
    ),
    (
        treasury.SIGN_REQUESTS.prefix,
        SignRequest,
        {3: 14, 8: 9, 9: 10, 10: 11, 11: 12, 12: 13, 13: 15, 14: 16, 15: 18, 16: 102, 17: 103},
    ),
    (
        treasury.SIGN_TRANSACTIONS.prefix,
        SignTransactionRequest,
        {3: 4, 4: 5, 5: 6, 6: 7, 7: 8},
    ),
)
_SIGN_TRANSACTION_MOVED: Numbers = {2: 10}


def upgrade(store: KVStore, found: int) -> None:
    """Bring a state of format `found` to this version's, format by format.

    Raises StoreCorrupted for a state that is not of that format.
    """
    try:
        for step in _STEPS[found - 1 :]:
            step(store)
    except (ValueError, DecodeError) as error:
        raise StoreCorrupted(
            f"the state is not of format {found}, which its store names ({error}); restore the "
            "folder from a backup"
        ) from None


def _to_zrchains_numbers(store: KVStore) -> None:
    for prefix, message, numbers in _MOVED:
        for key, raw in list(store.iterate(prefix)):
            store.set(key, renumbered(raw, message, numbers))
    sign_transaction = "/" + MsgNewSignTransactionRequest.DESCRIPTOR.full_name
    for key, raw in list(store.iterate(policy.ACTIONS.prefix)):
        action = Action.FromString(raw)
        if action.msg.type_url == sign_transaction:
            action.msg.value = renumbered(
                action.msg.value, MsgNewSignTransactionRequest, _SIGN_TRANSACTION_MOVED
            )
            store.set(key, action.SerializeToString(deterministic=True))


def _to_counted_policies(store: KVStore) -> None:
    store.delete(OLDER_TIME_KEY)
    for key, _ in list(store.iterate(_ACTIONS_BY_STATUS)):
        store.delete(key)
    for made in list(treasury.KEYS.values(store)):
        uses.take(store, made.workspace_addr, made.sign_policy_id)
    for asked in list(treasury.KEY_REQUESTS.values(store)):
        if asked.status in (KEY_REQUEST_STATUS_PENDING, KEY_REQUEST_STATUS_PARTIAL):
            uses.take(store, asked.workspace_addr, asked.sign_policy_id)


_STEPS: tuple[Callable[[KVStore], None], ...] = (_to_zrchains_numbers, _to_counted_policies)
"""Step n begins with format n."""


def renumbered(raw: bytes, message: type[Message], numbers: Numbers) -> bytes:
    """The encoded `message` with its outer fields under other numbers.

    Raises ValueError or DecodeError for bytes that are no message.
    """
    fields = (
        _varint(numbers.get(number, number) << 3 | kind) + rest
        for number, kind, rest in _fields(raw)
    )
    return message.FromString(b"".join(fields)).SerializeToString(deterministic=True)


def _fields(raw: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Number, wire type, and what follows the tag, of each field."""
    at = 0
    while at < len(raw):
        tag, start = _read_varint(raw, at)
        value, at = _read_varint(raw, start)
        if tag & 7 == _LENGTH_DELIMITED:
            at += value
        elif tag & 7 != _VARINT:
            raise ValueError(f"field {tag >> 3} of a stored message is of wire type {tag & 7}")
        yield tag >> 3, tag & 7, raw[start:at]


def _read_varint(raw: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(raw):
            break
        value |= (raw[at] & 0x7F) << shift
        at += 1
        if raw[at - 1] < 0x80:
            return value, at
    raise ValueError("a number of a stored message is cut off or too long")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
