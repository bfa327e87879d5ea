"""Parameters of a JSON-RPC call, from a JSON body or from a URL.

A body carries bytes as base64 (hexadecimal for `data`) and integers as numbers or text; a URL
carries bytes as 0x… or as "quoted text", and text in quotes. Source: CometBFT 0.38
rpc/jsonrpc/server.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from zrchain_lite.errors import InvalidArgument

_DECIMAL = re.compile(r"-?[0-9]{1,19}")


class ParameterKind(Enum):
    """What a parameter is."""

    BYTES = auto()
    HEX = auto()
    INTEGER = auto()
    TEXT = auto()
    FLAG = auto()


@dataclass(frozen=True)
class Parameter:
    """Named as CometBFT names it; `default` when it is left out, required when that is `...`."""

    name: str
    kind: ParameterKind
    default: Any = ...


def from_body(parameters: Sequence[Parameter], given: Any) -> dict[str, Any]:
    """Arguments by name from a JSON body, an object or a list; raises InvalidArgument."""
    if given is None:
        given = {}
    if isinstance(given, list):
        if len(given) > len(parameters):
            raise InvalidArgument(f"{len(given)} parameters; at most {len(parameters)} are known")
        given = {parameter.name: value for parameter, value in zip(parameters, given, strict=False)}
    if not isinstance(given, dict):
        raise InvalidArgument("params is neither an object nor an array")
    return _collect(parameters, given, _body_value)


def from_url(parameters: Sequence[Parameter], given: Mapping[str, str]) -> dict[str, Any]:
    """Arguments by name from a URL's query; raises InvalidArgument."""
    return _collect(parameters, given, _url_value)


def _collect(
    parameters: Sequence[Parameter], given: Mapping[str, Any], read: Any
) -> dict[str, Any]:
    unknown = given.keys() - {parameter.name for parameter in parameters}
    if unknown:
        raise InvalidArgument(f"no parameter {min(map(str, unknown))!r}")
    values = {}
    for parameter in parameters:
        value = given.get(parameter.name)
        if value is None or value == "":
            if parameter.default is ...:
                raise InvalidArgument(f"parameter {parameter.name!r} is missing")
            values[parameter.name] = parameter.default
        else:
            values[parameter.name] = read(parameter, value)
    return values


def _body_value(parameter: Parameter, value: Any) -> Any:
    match parameter.kind:
        case ParameterKind.BYTES if isinstance(value, str):
            return _base64(parameter, value)
        case ParameterKind.HEX if isinstance(value, str):
            return _hex(parameter, value)
        case ParameterKind.INTEGER if isinstance(value, (int, str)) and not isinstance(value, bool):
            return _integer(parameter, str(value))
        case ParameterKind.TEXT if isinstance(value, str):
            return value
        case ParameterKind.FLAG if isinstance(value, bool):
            return value
    raise InvalidArgument(f"parameter {parameter.name!r} has the wrong type")


def _url_value(parameter: Parameter, value: str) -> Any:
    quoted = len(value) >= 2 and value[0] == value[-1] == '"'
    text = value[1:-1] if quoted else value
    match parameter.kind:
        case ParameterKind.BYTES | ParameterKind.HEX:
            if value.startswith("0x"):
                return _hex(parameter, value)
            return text.encode() if quoted else _hex(parameter, value)
        case ParameterKind.INTEGER:
            return _integer(parameter, text)
        case ParameterKind.TEXT:
            return text
        case ParameterKind.FLAG:
            if text in ("true", "false"):
                return text == "true"
    raise InvalidArgument(f"parameter {parameter.name!r} has the wrong form: {value[:80]!r}")


def _integer(parameter: Parameter, text: str) -> int:
    if not _DECIMAL.fullmatch(text) or not -(2**63) <= int(text) < 2**63:
        raise InvalidArgument(f"parameter {parameter.name!r} is no integer: {text[:80]!r}")
    return int(text)


def _hex(parameter: Parameter, text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise InvalidArgument(f"parameter {parameter.name!r} is not hexadecimal") from None


def _base64(parameter: Parameter, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidArgument(f"parameter {parameter.name!r} is not base64") from None
