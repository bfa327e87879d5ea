"""A query that the client runs itself, on what a node shows of the state.

What the query reads by a key is proven to be there or not to be there. Of what it walks over, each
pair is proven, and what a node leaves out is noticed where another node shows it: pairs that two
show of one state are both true, so what they show together is. Which objects a list query goes
through the node says alone (`zrchain_lite.store.views`); each of them is proven.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf.message import Message

from zrchain_lite.api.status import GrpcStatus, status_of
from zrchain_lite.client.errors import NotVerified, ObjectNotFound, QueryFailed
from zrchain_lite.core import core_modules
from zrchain_lite.errors import LedgerError
from zrchain_lite.execution import as_ledger_error
from zrchain_lite.keepers import Keepers
from zrchain_lite.light.hashes import header_hash
from zrchain_lite.module import Context, QueryHandler
from zrchain_lite.store.kv import KVStore, MemoryStore, Overlay
from zrchain_lite.store.proofs import InvalidProof
from zrchain_lite.store.witness import ReadingStore, Reads, WitnessedStore, verify
from zrchain_lite.wire.tendermint.types.types_pb2 import Header
from zrchain_lite.wire.zrsign.light import light_pb2 as wire
from zrsign_chains import ChainError

Handlers = Mapping[str, QueryHandler]


_RECEIVER = "zrsign_receiver.module:ReceiverModule"
"""The ledger's module that is no part of this package: looked up when a query of it is run."""
_RECEIVER_QUERIES = "/zrsign.receiver.Query/"


@cache
def _receivers() -> Handlers:
    keepers = Keepers.create()
    make = pkgutil.resolve_name(_RECEIVER)
    module = make(keepers.identity, keepers.policy, keepers.treasury)
    return {query.method: query for query in module.queries()}


@cache
def handlers() -> Handlers:
    """The queries that a client can run, by gRPC path."""
    modules = core_modules(Keepers.create())
    return {query.method: query for module in modules for query in module.queries()}


def handler_of(method: str) -> QueryHandler | None:
    """What runs a query here; None for one that this client cannot run."""
    if method.startswith(_RECEIVER_QUERIES):
        return _receivers().get(method)
    return handlers().get(method)


@dataclass(frozen=True)
class Shown:
    """What a node shows of the state after a block, verified."""

    header: Header
    reads: Reads
    lists: Reads

    @classmethod
    def of(cls, answer: wire.QueryWitnessResponse, endpoint: str) -> Shown:
        """The answer's block is believed already; raises NotVerified."""
        after, reads = answer.block.signed_header.header, _reads(answer.reads)
        if header_hash(answer.header) != after.last_block_id.hash:
            raise NotVerified(endpoint, "its header is not the one before its block")
        try:
            verify(after.app_hash, answer.tree, reads)
        except InvalidProof as error:
            raise NotVerified(endpoint, str(error)) from None
        return cls(answer.header, reads, _reads(answer.lists))

    def run(self, handler: QueryHandler, request: Message, endpoint: str) -> Message:
        """What the query answers; raises ObjectNotFound, QueryFailed, or NotVerified where it
        reads what is not shown.
        """
        try:
            return handler.handle(self._context(WitnessedStore(self.reads)), request)
        except InvalidProof as error:
            raise NotVerified(endpoint, str(error)) from None
        except (LedgerError, ChainError) as error:
            raise _failure(handler.method, as_ledger_error(error)) from None
        except Exception as error:
            # What a node lists is its own word, and may be anything.
            why = f"the query breaks on what it shows ({type(error).__name__}: {error})"
            raise NotVerified(endpoint, why) from error

    def needed(self, handler: QueryHandler, request: bytes) -> Reads:
        """All that the query reads of what is shown."""
        reading = ReadingStore(WitnessedStore(self.reads))
        with suppress(LedgerError, ChainError):
            handler.handle(self._context(reading), handler.parsed(request))
        return reading.reads

    def _context(self, store: KVStore) -> Context:
        lists = MemoryStore()
        for key, value in self.lists.items():
            if value is not None:
                lists.set(key, value)
        header = self.header
        time_ms = header.time.ToMilliseconds()
        return Context(Overlay(store), header.height, time_ms, header.chain_id, views=lists)

    def with_more(self, other: Shown) -> Shown:
        """What both show of one state, together."""
        return Shown(self.header, {**self.reads, **other.reads}, self.lists)


def _reads(reads: Any) -> dict[bytes, bytes | None]:
    return {each.key: each.value if each.HasField("value") else None for each in reads}


def _failure(method: str, error: LedgerError) -> QueryFailed:
    status = status_of(error)
    kind = ObjectNotFound if status is GrpcStatus.NOT_FOUND else QueryFailed
    return kind(method, status.name, str(error))
