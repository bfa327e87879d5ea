"""What the zrSign contracts say and are told, by the names of the packaged ABI (`abi/*.json`).

Nothing of it is typed by hand elsewhere: a field that the contracts gain is named here at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import (
    abi_to_signature,
    collapse_if_tuple,
    event_abi_to_log_topic,
    function_abi_to_4byte_selector,
    get_abi_output_types,
    get_aligned_abi_inputs,
)
from eth_utils.crypto import keccak

from zrsign_chains.errors import MalformedPayload

CONTRACTS = ("ZrSign", "ZrSignOmni")
"""The deployments whose ABI is packaged: the one that takes answers, and the one that does not."""
OLDER = ("IZrSignJuly2024", "IZrSignOmniV2")
"""What both deployments also take, in the forms of older callers; `ISign` is what dApps call."""

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True)
class Function:
    """A function; `entry` is its part of the ABI."""

    entry: Any

    @property
    def name(self) -> str:
        """The function's name."""
        return str(self.entry["name"])

    @property
    def signature(self) -> str:
        """The name and the types, as `zrKeyReq((bytes32))`."""
        return abi_to_signature(self.entry)

    @property
    def selector(self) -> bytes:
        """The first four bytes of its calldata."""
        return function_abi_to_4byte_selector(self.entry)

    @property
    def parameters(self) -> tuple[Mapping[str, Any], ...]:
        """The fields of the one struct that requests and answers take; raises `ValueError`."""
        (struct,) = self.entry["inputs"]
        return tuple(struct["components"])

    def arguments(self, *values: object) -> tuple[Any, ...]:
        """Return positional arguments; a mapping stands for a struct, by the names of its fields.

        A field that a mapping does not name is zero, false or empty; raises `KeyError` for a name
        that the struct does not have.
        """
        filled = tuple(map(_filled, self.entry["inputs"], values))
        return get_aligned_abi_inputs(self.entry, filled)[1]

    def call_data(self, *values: object) -> bytes:
        """Return the selector and the encoded arguments, as `arguments` takes them."""
        types, given = get_aligned_abi_inputs(self.entry, self.arguments(*values))
        return self.selector + abi_encode(types, given)

    def decode_output(self, data: bytes) -> tuple[Any, ...]:
        """Return what a call returned; raises `MalformedPayload`."""
        return _decoded(get_abi_output_types(self.entry), data)


@dataclass(frozen=True)
class EventAbi:
    """An event; `entry` is its part of the ABI."""

    entry: Any

    @property
    def name(self) -> str:
        """The event's name."""
        return str(self.entry["name"])

    @cached_property
    def topic(self) -> bytes:
        """The first topic of its logs: keccak256 of its signature."""
        return event_abi_to_log_topic(self.entry)

    def decode(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """Return the event's values by name, structs as mappings; raises `MalformedPayload`.

        `topics` are all of the log's, the first included. Addresses are in lower case.
        """
        indexed = [each for each in self.entry["inputs"] if each["indexed"]]
        if len(topics) != 1 + len(indexed):
            raise MalformedPayload(
                f"the event has {len(topics)} topics instead of {1 + len(indexed)}"
            )
        inputs = [*indexed, *(each for each in self.entry["inputs"] if not each["indexed"])]
        values = [
            _decoded([each["type"]], topic)[0]
            for each, topic in zip(indexed, topics[1:], strict=True)
        ]
        values += _decoded([collapse_if_tuple(each) for each in inputs[len(indexed) :]], data)
        return {
            each["name"]: _named(each, value) for each, value in zip(inputs, values, strict=True)
        }


@dataclass(frozen=True)
class Error:
    """A custom error; `entry` is its part of the ABI."""

    entry: Any

    @property
    def name(self) -> str:
        """The error's name."""
        return str(self.entry["name"])

    def decode(self, data: bytes) -> dict[str, Any]:
        """Return the values by name of revert data, selector first; raises `MalformedPayload`."""
        inputs = self.entry["inputs"]
        values = _decoded([collapse_if_tuple(each) for each in inputs], data[4:])
        return {each["name"]: value for each, value in zip(inputs, values, strict=True)}


def function(name: str) -> Function:
    """Return a function of any of the contracts; raises `KeyError` unless there is exactly one."""
    found = {
        abi_to_signature(entry): entry for entry in entries("function") if entry["name"] == name
    }
    if len(found) != 1:
        raise KeyError(f"{len(found)} functions are called {name}")
    return Function(*found.values())


def call_data(name: str, *values: object) -> bytes:
    """Return calldata of the one function of this name; see `Function.arguments`."""
    return function(name).call_data(*values)


def event(name: str) -> EventAbi:
    """Return an event of any of the contracts; raises `KeyError`."""
    for entry in entries("event"):
        if entry["name"] == name:
            return EventAbi(entry)
    raise KeyError(f"no contract has an event {name}")


@cache
def errors() -> Mapping[bytes, Error]:
    """Return the custom errors of all contracts by their four-byte selectors."""
    return errors_of(entries("error"))


def errors_of(abi: Iterable[Any]) -> dict[bytes, Error]:
    """Return the custom errors of an ABI by their four-byte selectors."""
    return {
        keccak(text=abi_to_signature(entry))[:4]: Error(entry)
        for entry in abi
        if entry["type"] == "error"
    }


def values_of(message: object, fields: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Return a ledger's message as contracts take it: the values of these fields, in order.

    The message calls `walletTypeId` wallet_type_id, and keeps a uint256 as big-endian bytes.
    """
    values = []
    for field in fields:
        value = getattr(message, _CAPITAL.sub("_", field["name"]).lower())
        is_number = field["type"].startswith("uint") and isinstance(value, bytes)
        values.append(int.from_bytes(value, "big") if is_number else value)
    return values


@cache
def entries(kind: str, contracts: tuple[str, ...] = CONTRACTS) -> tuple[Any, ...]:
    """Return the functions, events or errors of these ABI files, in their order."""
    return tuple(
        entry
        for name in contracts
        for entry in json.loads((files("zrsign_chains") / f"abi/{name}.json").read_text())
        if entry["type"] == kind
    )


def _filled(field: Any, value: object) -> object:
    """Return a mapping of a struct's fields with zeros in the place of those that it leaves out."""
    if not isinstance(value, Mapping):
        return value
    known = {each["name"]: each for each in field["components"]}
    for name in value:
        if name not in known:
            raise KeyError(f"{field['name']} has no field {name}; it has {', '.join(known)}")
    return {name: value.get(name, _zero(each["type"])) for name, each in known.items()}


def _zero(kind: str) -> object:
    zeros = {"bool": False, "string": "", "bytes": b"", "address": "0x" + "00" * 20}
    if kind in zeros:
        return zeros[kind]
    return bytes(int(kind[5:])) if kind.startswith("bytes") else 0


def _named(field: Any, value: Any) -> Any:
    if field["type"] != "tuple":
        return value
    return {each["name"]: one for each, one in zip(field["components"], value, strict=True)}


def _decoded(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    try:
        return abi_decode(types, data)
    except (DecodingError, OverflowError, ValueError) as error:
        raise MalformedPayload(f"the {len(data)} bytes of data do not decode: {error}") from None
