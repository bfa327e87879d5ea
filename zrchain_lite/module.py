"""What a module is: message handlers, query handlers, genesis, and hooks at a block's edges.

A handler gets a `Context` and a decoded message, writes to `ctx.store`, emits events, and returns
the response message or raises a `LedgerError`. It reads no clock, no randomness, and iterates over
nothing unordered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from google.protobuf.descriptor import FileDescriptor
from google.protobuf.message import DecodeError, Message

from zrchain_lite.errors import InvalidArgument, TxRejected, UnknownRequest
from zrchain_lite.store.kv import KVStore, MemoryStore
from zrchain_lite.store.views import View
from zrchain_lite.validator_addresses import account_of


class Event(NamedTuple):
    """An ABCI event; attributes keep their order."""

    type: str
    attributes: tuple[tuple[str, str], ...]


def _no_route(type_url: str) -> MsgHandler:
    raise UnknownRequest(f"no message type {type_url!r} is executed here")


@dataclass(frozen=True)
class Vote:
    """What the commit of the block before says of one validator.

    Its consensus address (20 bytes), its power in that set, and whether it signed.
    """

    address: bytes
    power: int
    signed: bool


@dataclass(frozen=True)
class Misbehavior:
    """A validator that signed two blocks of one height, as the engine has proven."""

    address: bytes
    # Of what was signed twice: height, time in Unix milliseconds, and the power it had.
    height: int
    time_ms: int
    power: int


@dataclass
class Context:
    """One execution.

    A transaction's message, a query (height is the last committed one), or a block hook.
    """

    store: KVStore
    height: int
    # Block time, Unix milliseconds.
    time_ms: int
    chain_id: str
    # The hash of the block that is executed; empty in checks and queries.
    block_hash: bytes = b""
    events: list[Event] = field(default_factory=list)
    # What queries list and count by; a transaction has none.
    views: KVStore = field(default_factory=MemoryStore)
    # Counts gas for computation; a query and a block's edges pay none.
    charge: Callable[[int], None] = lambda amount: None
    # Of the block that is executed: who signed the one before, and who signed twice.
    votes: tuple[Vote, ...] = ()
    misbehavior: tuple[Misbehavior, ...] = ()
    # Validators whose power changes, by public key (Ed25519, 32 bytes): the engine is told.
    powers: dict[bytes, int] = field(default_factory=dict)
    # Finds the handler of a message type, for a message that holds others; raises UnknownRequest.
    route: Callable[[str], MsgHandler] = _no_route

    def over(
        self,
        store: KVStore,
        *,
        charge: Callable[[int], None] | None = None,
        route: Callable[[str], MsgHandler] | None = None,
    ) -> Context:
        """The same execution on another store, without events yet."""
        return Context(
            store,
            self.height,
            self.time_ms,
            self.chain_id,
            self.block_hash,
            views=self.views,
            charge=charge or self.charge,
            route=route or self.route,
        )

    def emit(self, type_: str, **attributes: object) -> None:
        """Add an event of this type; its attributes keep their order and become text."""
        self.events.append(Event(type_, tuple([(k, str(v)) for k, v in attributes.items()])))


@dataclass(frozen=True)
class MsgHandler:
    """How one message type is executed.

    `signer` names the message's field that must have signed the transaction: an address, or a list
    of one whose field `signer_inside` is the address. With `operator` the address is a validator's,
    whose account signs.
    """

    message: type[Message]
    handle: Callable[[Context, Any], Message]
    signer: str
    signer_inside: str = ""
    operator: bool = False

    def signed_by(self, message: Message) -> str:
        """The address that must have signed; raises TxRejected or InvalidArgument."""
        named = getattr(message, self.signer)
        if self.operator:
            return account_of(named)
        if not self.signer_inside:
            return str(named)
        if len(named) != 1:
            raise TxRejected(f"{self.type_url} has one of {self.signer}, not {len(named)}", code=18)
        return str(getattr(named[0], self.signer_inside))

    @cached_property
    def type_url(self) -> str:
        """The message's name inside an `Any`, as in `/zrchain.policy.MsgNewPolicy`."""
        return "/" + self.message.DESCRIPTOR.full_name

    @cached_property
    def module(self) -> str:
        """What events call the module: the second part of its package's name."""
        package = self.message.DESCRIPTOR.file.package.split(".")
        return package[1] if len(package) > 1 else package[0]


@dataclass(frozen=True)
class QueryHandler:
    """How one gRPC query method is answered.

    `rest` is its grpc-gateway GET path, with `{field}` for path fields.
    """

    method: str
    request: type[Message]
    response: type[Message]
    handle: Callable[[Context, Any], Message]
    rest: tuple[str, ...] = ()

    def parsed(self, request: bytes) -> Message:
        """An encoded request; raises InvalidArgument."""
        try:
            return self.request.FromString(request)
        except DecodeError as error:
            name = self.request.DESCRIPTOR.full_name
            raise InvalidArgument(f"not a {name}: {error}") from None


class Module:
    """Base of every module; a module overrides what it needs."""

    name: str
    packed: tuple[FileDescriptor, ...] = ()
    """Files of the types that its messages may hold in an `Any`, beyond those they import."""

    def messages(self) -> tuple[MsgHandler, ...]:
        """How each message of the module is executed; `binding.messages` lists them."""
        return ()

    def queries(self) -> tuple[QueryHandler, ...]:
        """How each query of the module is answered; `binding.queries` lists them."""
        return ()

    def views(self) -> tuple[View, ...]:
        """What the module's queries list and count by, made from its state."""
        return ()

    def init_genesis(self, ctx: Context, genesis: Mapping[str, Any]) -> None:
        """`genesis` is this module's part of the genesis file, {} when absent."""

    def restless(self, ctx: Context) -> bool:
        """Whether every block changes the module's state, an empty one as well."""
        return False

    def begin_block(self, ctx: Context) -> None:
        """Run before a block's transactions."""

    def end_block(self, ctx: Context) -> None:
        """Run after a block's transactions."""
