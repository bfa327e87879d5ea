"""Which module answers which message and query, and which types may appear inside an `Any`.

Built once from the modules; two handlers for one type URL or method are refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from google.protobuf.descriptor import Descriptor, FileDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from zrchain_lite.binding import CompositionError
from zrchain_lite.errors import UnknownRequest
from zrchain_lite.module import Module, MsgHandler, QueryHandler
from zrchain_lite.wire.cosmos.crypto.multisig import keys_pb2 as multisig
from zrchain_lite.wire.cosmos.crypto.secp256k1 import keys_pb2 as secp256k1

T = TypeVar("T")
_KEYS = (secp256k1, multisig)


class Registry:
    """Handlers by type URL and by gRPC method path."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self.messages: dict[str, MsgHandler] = {}
        self.queries: dict[str, QueryHandler] = {}
        self.types: dict[str, type[Message]] = {}
        names: dict[str, Module] = {}
        routes: dict[str, QueryHandler] = {}
        for module in modules:
            _claim(names, module.name, module)
            for handler in module.messages():
                _check_signer(handler)
                _claim(self.messages, handler.type_url, handler)
            for query in module.queries():
                _claim(self.queries, query.method, query)
                for path in query.rest:
                    _claim(routes, path, query)
        self._collect_types(file for module in modules for file in module.packed)

    def handler(self, type_url: str) -> MsgHandler:
        """The handler of a message type; raises UnknownRequest."""
        try:
            return self.messages[type_url]
        except KeyError:
            raise UnknownRequest(
                f"no message type {type_url!r} on this chain; check the type URL"
            ) from None

    def query(self, method: str) -> QueryHandler:
        """The handler of a gRPC method path; raises UnknownRequest."""
        try:
            return self.queries[method]
        except KeyError:
            raise UnknownRequest(f"no query method {method!r} on this chain") from None

    def _collect_types(self, packed: Iterable[FileDescriptor]) -> None:
        seeds: list[type[Message]] = [handler.message for handler in self.messages.values()]
        for query in self.queries.values():
            seeds += [query.request, query.response]
        files: dict[str, Any] = {}
        for file in (*(keys.DESCRIPTOR for keys in _KEYS), *packed):
            _add_file(files, file)
        for seed in seeds:
            _add_file(files, seed.DESCRIPTOR.file)
        for name in sorted(files):
            for descriptor in _all_types(files[name].message_types_by_name.values()):
                self.types["/" + descriptor.full_name] = GetMessageClass(descriptor)


def _claim(taken: dict[str, T], name: str, claimant: T) -> None:
    if name in taken:
        raise CompositionError(f"{name!r} is claimed twice; remove one of the modules")
    taken[name] = claimant


def _check_signer(handler: MsgHandler) -> None:
    if handler.signer not in handler.message.DESCRIPTOR.fields_by_name:
        raise CompositionError(f"{handler.type_url} has no signer field {handler.signer!r}")


def _add_file(files: dict[str, Any], file: Any) -> None:
    """Options are told by files of their own, whose types no message carries."""
    if file.name not in files and not file.extensions_by_name:
        files[file.name] = file
        for dependency in file.dependencies:
            _add_file(files, dependency)


def _all_types(descriptors: Iterable[Descriptor]) -> Iterator[Descriptor]:
    for descriptor in descriptors:
        if not descriptor.GetOptions().map_entry:
            yield descriptor
            yield from _all_types(descriptor.nested_types)
