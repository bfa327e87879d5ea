"""OpenAPI schemas of protobuf messages in grpc-gateway's JSON."""

from __future__ import annotations

import re
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

Schema = dict[str, Any]

_INTEGERS: dict[int, tuple[int, int, str]] = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1, "int32"),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1, "int64"),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1, "uint32"),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1, "uint64"),
}
_WIDE = (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64)
_TEXTUAL = ("google.protobuf.Timestamp", "google.protobuf.Duration")
ANY: Schema = {"type": "object", "properties": {"@type": {"type": "string"}}}
ERROR: Schema = {
    "type": "object",
    "required": ["code", "message", "details"],
    "properties": {
        "code": {"type": "integer"},
        "message": {"type": "string"},
        "details": {"type": "array", "items": {"type": "object"}},
    },
}


class Schemas:
    """Collects the components that operations refer to."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {"rpc.Status": ERROR}

    def reference(self, message: type[Message]) -> Schema:
        """A `$ref` to the message's schema, which becomes a component."""
        return self._message(message.DESCRIPTOR)

    def _message(self, descriptor: Any) -> Schema:
        name: str = descriptor.full_name
        if name == "google.protobuf.Any":
            return ANY
        if name in _TEXTUAL:
            return {"type": "string"}
        if name not in self.components:
            self.components[name] = {}
            properties = {field.name: self._field(field) for field in descriptor.fields}
            self.components[name] = {"type": "object", "properties": properties}
        return {"$ref": f"#/components/schemas/{name}"}

    def _field(self, field: Any) -> Schema:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            return {
                "type": "object",
                "additionalProperties": self._field(field.message_type.fields_by_name["value"]),
            }
        one = self._one(field)
        if field.is_repeated:
            return {"type": "array", "items": one}
        if field.message_type is not None or field.type == FieldDescriptor.TYPE_BYTES:
            return {"anyOf": [one, {"type": "null"}]}
        return one

    def _one(self, field: Any) -> Schema:
        if field.message_type is not None:
            return self._message(field.message_type)
        if field.cpp_type in _WIDE:
            return {"type": "string", "format": _INTEGERS[field.cpp_type][2]}
        return scalar(field)


def scalar(field: Any) -> Schema:
    """A scalar field as a URL carries it."""
    if field.cpp_type in _INTEGERS:
        low, high, format_ = _INTEGERS[field.cpp_type]
        return {"type": "integer", "format": format_, "minimum": low, "maximum": high}
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return {"type": "boolean"}
    if field.cpp_type == FieldDescriptor.CPPTYPE_ENUM:
        return {"type": "string", "enum": [value.name for value in field.enum_type.values]}
    if field.type == FieldDescriptor.TYPE_BYTES:
        return {"type": "string", "format": "byte"}
    return {"type": "string"}


def parameters(request: type[Message], path: str) -> list[Schema]:
    """Path and query parameters of a GET route; nested messages as `parent.field`."""
    in_path = re.findall(r"{(\w+)}", path)
    listed: list[Schema] = []
    _collect(request.DESCRIPTOR, "", in_path, listed)
    return listed


def _collect(descriptor: Any, prefix: str, in_path: list[str], listed: list[Schema]) -> None:
    for field in descriptor.fields:
        name = prefix + field.name
        if field.message_type is not None:
            if not field.is_repeated and not prefix and _is_plain(field.message_type):
                _collect(field.message_type, name + ".", in_path, listed)
            continue
        schema = scalar(field)
        if field.is_repeated:
            schema = {"type": "array", "items": schema}
        place = "path" if name in in_path else "query"
        listed.append({"name": name, "in": place, "required": place == "path", "schema": schema})


def _is_plain(descriptor: Descriptor) -> bool:
    return not descriptor.full_name.startswith("google.protobuf.")
