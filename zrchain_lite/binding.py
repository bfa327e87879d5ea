"""The methods of a module's proto services, each bound to the Python method that answers it.

`rpc NewPolicy(MsgNewPolicy) …` is answered by `new_policy(ctx, msg)` of one of the given parts. A
method that nobody answers and a public method that answers nothing are refused, so a misspelt name
stops the node before its first block. REST paths come from `google.api.http`, signers from
`cosmos.msg.v1.signer`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from google.api import annotations_pb2
from google.protobuf.descriptor import (
    Descriptor,
    FileDescriptor,
    MethodDescriptor,
    ServiceDescriptor,
)
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from zrchain_lite.module import Context, MsgHandler, QueryHandler
from zrchain_lite.wire.cosmos.msg.v1 import msg_pb2
from zrchain_lite.wire.cosmos_proto import cosmos_pb2

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class CompositionError(ValueError):
    """The modules do not fit each other or their protos: a fault of the program."""


@dataclass(frozen=True)
class Route:
    """A REST route of a method: `verb` is GET, or POST with the request as body."""

    verb: str
    path: str


def messages(file: FileDescriptor, *parts: object) -> tuple[MsgHandler, ...]:
    """The handlers of the file's `service Msg`, by the methods of `parts`."""
    return tuple(
        message(method.input_type, handle)
        for method, handle in bound(_service(file, "Msg"), *parts)
    )


def queries(file: FileDescriptor, *parts: object) -> tuple[QueryHandler, ...]:
    """The handlers of the file's `service Query`, by the methods of `parts`."""
    return tuple(query(*each) for each in bound(_service(file, "Query"), *parts))


def message(type_: Descriptor, handle: Callable[[Context, Any], Message]) -> MsgHandler:
    """The handler of one message of a `service Msg`; raises CompositionError."""
    name, *inside = _signer(type_)
    options: Any = type_.fields_by_name[name].GetOptions()
    operator = options.Extensions[cosmos_pb2.scalar] == "cosmos.ValidatorAddressString"
    return MsgHandler(GetMessageClass(type_), handle, name, "".join(inside), operator=operator)


def query(method: MethodDescriptor, handle: Callable[[Context, Any], Message]) -> QueryHandler:
    """The handler of one method of a `service Query`."""
    return QueryHandler(
        method_path(method),
        GetMessageClass(method.input_type),
        GetMessageClass(method.output_type),
        handle,
        tuple(route.path for route in routes(method)),
    )


def bound(
    service: ServiceDescriptor, *parts: object
) -> list[tuple[MethodDescriptor, Callable[..., Any]]]:
    """Each method of the service with its handler, in the order of the proto.

    Raises CompositionError.
    """
    handlers: dict[str, Callable[..., Any]] = {}
    for part in parts:
        for name in _public_methods(part):
            if name in handlers:
                raise CompositionError(f"{service.full_name}: two parts have a method {name!r}")
            handlers[name] = getattr(part, name)
    wanted = {python_name(method.name): method for method in service.methods}
    missing = [name for name in wanted if name not in handlers]
    surplus = [name for name in handlers if name not in wanted]
    if missing or surplus:
        raise CompositionError(
            f"{service.full_name} does not fit its handlers: without a handler are "
            f"{missing or 'none'}, without an rpc are {surplus or 'none'}"
        )
    return [(method, handlers[name]) for name, method in wanted.items()]


def method_path(method: MethodDescriptor) -> str:
    """The path under which gRPC calls the method, as in `/zrchain.policy.Query/Params`."""
    return f"/{method.containing_service.full_name}/{method.name}"


def python_name(method: str) -> str:
    """The name of an rpc's handler: `KeyRequestByID` is answered by `key_request_by_id`."""
    return _WORDS.sub("_", method).lower()


def routes(method: MethodDescriptor) -> tuple[Route, ...]:
    """The REST routes of the method in the order of its annotation; most methods have one."""
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    return tuple(_routes(rule))


def _routes(rule: Any) -> Iterator[Route]:
    verb = rule.WhichOneof("pattern")
    if verb is not None:
        yield Route(verb.upper(), getattr(rule, verb))
    for more in rule.additional_bindings:
        yield from _routes(more)


def _service(file: FileDescriptor, name: str) -> ServiceDescriptor:
    try:
        return file.services_by_name[name]
    except KeyError:
        raise CompositionError(f"{file.name} has no service {name}") from None


def _signer(message: Descriptor) -> tuple[str, ...]:
    """The field that names the signer, and the field inside it where that is a message."""
    options: Any = message.GetOptions()
    signers = options.Extensions[msg_pb2.signer]
    if len(signers) != 1:
        raise CompositionError(
            f"{message.full_name} names {len(signers)} signers: "
            'give it one, as in option (cosmos.msg.v1.signer) = "creator"'
        )
    name = str(signers[0])
    field = message.fields_by_name.get(name)
    inner = None if field is None else field.message_type
    return (name,) if inner is None else (name, *_signer(inner))


def _public_methods(part: object) -> list[str]:
    kind = type(part)
    return [n for n in dir(kind) if not n.startswith("_") and callable(getattr(kind, n))]
