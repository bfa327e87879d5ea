"""A state as JSON, module by module, from which another chain starts with the same state.

A module's part of the genesis file is then

    {"format": 3, "state": [{"key": "…", "type": "zrchain.treasury.Key", "value": {…}},
                            {"key": "…", "bytes": "…"}, …]}

Keys and bytes are hexadecimal. A value is shown as the message that it is, and as bytes where it is
none, or where JSON would not give the same bytes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.message import Message

from zrchain_lite.genesis import GenesisError, message_from
from zrchain_lite.store.collections import StoredMap
from zrchain_lite.store.kv import KVStore
from zrchain_lite.store.lmdb_store import FORMAT

OLDEST_FORMAT = 2
"""What an older version exported is brought to this version's format when a chain starts."""
Part = dict[str, Any]


def export(store: KVStore, modules: Iterable[str]) -> dict[str, Part]:
    """Everything that the named modules keep, by their names."""
    return {
        name: {
            "format": FORMAT,
            "state": [_entry(key, raw) for key, raw in store.iterate(_prefix(name))],
        }
        for name in modules
    }


def is_export(part: Mapping[str, Any]) -> bool:
    """Whether a module's part of a genesis file holds a whole state, and no settings."""
    return "state" in part


def restore(store: KVStore, module: str, part: Mapping[str, Any]) -> int:
    """Write a module's exported state and return its format.

    Raises GenesisError, which names the entry.
    """
    if part.keys() != {"format", "state"} or not isinstance(part["state"], list):
        raise GenesisError(f'{module}: an exported state is {{"format", "state": […]}} alone')
    if part["format"] not in range(OLDEST_FORMAT, FORMAT + 1):
        raise GenesisError(
            f"{module}: the state is of format {part['format']!r}, not {FORMAT}; export it with "
            "this version: zrsign ledger export"
        )
    for position, entry in enumerate(part["state"]):
        where = f"{module}.state[{position}]"
        try:
            key, raw = bytes.fromhex(entry["key"]), _raw(entry, where)
        except (KeyError, TypeError, ValueError) as error:
            raise GenesisError(f"{where} is no entry of an exported state: {error!r}") from None
        if not key.startswith(_prefix(module)):
            raise GenesisError(f"{where}: the key is not one of the module's")
        store.set(key, raw)
    return int(part["format"])


def _prefix(module: str) -> bytes:
    return module.encode() + b"/"


def _entry(key: bytes, raw: bytes) -> Part:
    message = StoredMap.type_of(key)
    if message is not None:
        shown = _shown(message, raw)
        if shown is not None:
            return {"key": key.hex(), "type": message.DESCRIPTOR.full_name, "value": shown}
    return {"key": key.hex(), "bytes": raw.hex()}


def _shown(message: type[Message], raw: bytes) -> Part | None:
    """The JSON of a stored message, None where it would not give the same bytes back."""
    try:
        shown: Part = json_format.MessageToDict(
            message.FromString(raw), preserving_proto_field_name=True
        )
        again = json_format.ParseDict(shown, message())
    except Exception:  # noqa: BLE001 - whatever JSON cannot hold is exported as bytes
        return None
    return shown if again.SerializeToString(deterministic=True) == raw else None


def _raw(entry: Mapping[str, Any], where: str) -> bytes:
    if "bytes" in entry:
        return bytes.fromhex(entry["bytes"])
    descriptor = descriptor_pool.Default().FindMessageTypeByName(entry["type"])
    message = message_factory.GetMessageClass(descriptor)
    return message_from(message, entry["value"], where).SerializeToString(deterministic=True)
