"""Protobuf messages as the JSON of grpc-gateway.

64-bit integers are text, bytes base64, enums names; bytes without any and messages that are not set
are null. Also requests from a URL: path fields and query
parameters such as `pagination.limit=10`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from typing import Any

from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.wrappers_pb2 import BytesValue

from zrchain_lite.errors import InvalidArgument, LedgerError, UnknownRequest
from zrchain_lite.wire.cosmos_proto import cosmos_pb2

_DEC, _DEC_DIGITS = "cosmos.Dec", 18
_RANGES = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
_NOT_SHOWN = (ValueError, TypeError, KeyError, json_format.Error, RecursionError)
_INTEGER = re.compile(r"-?[0-9]{1,20}")
_URL_SAFE = str.maketrans("-_ ", "+/+")


def to_json(message: Message) -> dict[str, Any]:
    """Every field by its proto name, defaults and nulls included.

    An `Any` that has no form in JSON is shown as the bytes of itself. Raises UnknownRequest when
    something else has none.
    """
    try:
        return _rendered(message)
    except _NOT_SHOWN:
        healed = type(message)()
        healed.CopyFrom(message)
        _heal(healed)
    try:
        return _rendered(healed)
    except _NOT_SHOWN as error:
        raise UnknownRequest(f"the answer cannot be shown as JSON ({error}); use gRPC") from None


def _rendered(message: Message) -> dict[str, Any]:
    rendered: dict[str, Any] = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    _add_nulls(message, rendered)
    return rendered


def _heal(message: Message) -> None:
    """Put bytes in the place of each `Any` that cannot be shown, so that the others are."""
    if isinstance(message, Packed):
        try:
            json_format.MessageToDict(message)
        except _NOT_SHOWN:
            message.Pack(BytesValue(value=message.SerializeToString()), type_url_prefix="/")
        return
    for field, value in message.ListFields():
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for item in value if field.is_repeated else (value,):
                _heal(item)


def _add_nulls(message: Message, shown: dict[str, Any]) -> None:
    """Put null where the gateway does: it writes Go's nil slices of bytes and nil pointers."""
    for field in message.DESCRIPTOR.fields:
        if field.is_repeated:
            _add_nulls_below(field, getattr(message, field.name), shown)
        elif field.message_type is not None:
            if message.HasField(field.name):
                _complete(getattr(message, field.name), shown[field.name])
            elif field.containing_oneof is None:
                shown[field.name] = None
        elif _scalar(field) == _DEC:
            shown[field.name] = _decimal(getattr(message, field.name))
        elif field.type == FieldDescriptor.TYPE_BYTES and not getattr(message, field.name):
            shown[field.name] = None


def _scalar(field: Any) -> str:
    options: Any = field.GetOptions()
    scalar: str = options.Extensions[cosmos_pb2.scalar]
    return scalar


def _decimal(value: str | bytes) -> str:
    """A number of the Cosmos SDK with its point, which its encoding leaves out."""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    if not text.isdecimal():
        return text
    digits = text.zfill(_DEC_DIGITS + 1)
    return f"{digits[:-_DEC_DIGITS]}.{digits[-_DEC_DIGITS:]}"


def _add_nulls_below(field: Any, values: Any, shown: dict[str, Any]) -> None:
    if field.message_type is None:
        return
    if not field.message_type.GetOptions().map_entry:
        for value, inner in zip(values, shown[field.name], strict=True):
            _complete(value, inner)
    elif field.message_type.fields_by_name["value"].message_type is not None:
        for key, inner in shown[field.name].items():
            _complete(values[key], inner)


def _complete(message: Message, shown: Any) -> None:
    if isinstance(message, Packed):
        descriptor = descriptor_pool.Default().FindMessageTypeByName(message.TypeName())
        inner = message_factory.GetMessageClass(descriptor).FromString(message.value)
        _complete(inner, shown)
    elif not message.DESCRIPTOR.full_name.startswith("google.protobuf."):
        _add_nulls(message, shown)


def from_json(message: type[Message], value: Any) -> Message:
    """A request body; raises InvalidArgument."""
    if not isinstance(value, dict):
        raise InvalidArgument("the body is not a JSON object")
    try:
        return json_format.ParseDict(value, message())
    except (json_format.ParseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidArgument(f"not a {message.DESCRIPTOR.full_name}: {error}") from None


def from_parameters(message: type[Message], pairs: Iterable[tuple[str, str]]) -> Message:
    """A request from `field=value` pairs; InvalidArgument for unknown fields and bad values."""
    request = message()
    for name, text in pairs:
        target: Message = request
        *parents, last = name.split(".")
        for parent in parents:
            field = target.DESCRIPTOR.fields_by_name.get(parent)
            if field is None or field.message_type is None or field.is_repeated:
                raise InvalidArgument(f"no parameter {name!r}")
            target = getattr(target, parent)
            target.SetInParent()
        _assign(target, last, name, text)
    return request


def _assign(target: Message, last: str, name: str, text: str) -> None:
    field = target.DESCRIPTOR.fields_by_name.get(last)
    if field is None or field.message_type is not None:
        raise InvalidArgument(f"no parameter {name!r}")
    try:
        value = parse_scalar(field, text)
        if field.is_repeated:
            getattr(target, last).append(value)
        else:
            setattr(target, last, value)
    except (ValueError, TypeError) as error:
        if isinstance(error, LedgerError):
            raise
        raise InvalidArgument(f"{name}={text[:80]!r}: {error}") from None


def parse_scalar(field: Any, text: str) -> Any:
    """One value of a scalar field from a URL; raises InvalidArgument or ValueError."""
    kind = field.cpp_type
    if kind in _RANGES:
        low, high = _RANGES[kind]
        if not _INTEGER.fullmatch(text) or not low <= int(text) <= high:
            raise InvalidArgument(f"{field.name}={text[:80]!r} is not within {low} and {high}")
        return int(text)
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        if text not in ("true", "false", "1", "0"):
            raise InvalidArgument(f"{field.name}={text[:80]!r} is neither true nor false")
        return text in ("true", "1")
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        return _enum(field, text)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _bytes(field, text)
    if kind == FieldDescriptor.CPPTYPE_STRING:
        return text
    raise InvalidArgument(f"{field.name} cannot be given in a URL")


def _enum(field: Any, text: str) -> int:
    by_name = field.enum_type.values_by_name.get(text)
    if by_name is not None:
        return int(by_name.number)
    if _INTEGER.fullmatch(text) and int(text) in field.enum_type.values_by_number:
        return int(text)
    names = ", ".join(value.name for value in field.enum_type.values)
    raise InvalidArgument(f"{field.name}={text[:80]!r} is none of {names}")


def _bytes(field: Any, text: str) -> bytes:
    """Base64 in either alphabet, with or without padding."""
    standard = text.translate(_URL_SAFE).rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidArgument(f"{field.name}={text[:80]!r} is not base64") from None
