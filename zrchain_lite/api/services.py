"""The Cosmos services that every chain answers beside its modules' queries.

Transactions, blocks and the node: `cosmos.tx.v1beta1.Service`,
`cosmos.base.tendermint.v1beta1.Service` and `cosmos.base.node.v1beta1.Service`, free of any
transport; and `zrsign.light.Query`, by which clients verify.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from zrchain_lite import binding
from zrchain_lite.api.light import LightService
from zrchain_lite.api.node_services import NodeService, StatusService
from zrchain_lite.api.tx_service import TxService
from zrchain_lite.api.waiting import Metadata
from zrchain_lite.binding import Route
from zrchain_lite.engine.reading import Reading
from zrchain_lite.errors import InvalidArgument
from zrchain_lite.wire.cosmos.base.node.v1beta1 import query_pb2 as node
from zrchain_lite.wire.cosmos.base.tendermint.v1beta1 import query_pb2 as tm
from zrchain_lite.wire.cosmos.tx.v1beta1 import service_pb2 as txs
from zrchain_lite.wire.zrsign.light import light_pb2 as light


@dataclass(frozen=True)
class Method:
    """One unary method with its REST route; a POST takes the request as body."""

    name: str
    request: type[Message]
    response: type[Message]
    call: Callable[[Any, Metadata], Awaitable[Message]]
    route: Route

    async def call_raw(self, request: bytes, metadata: Metadata) -> bytes:
        """`call` with encoded messages; raises LedgerError."""
        try:
            message = self.request.FromString(request)
        except DecodeError as error:
            raise InvalidArgument(f"not a {self.request.__name__}: {error}") from None
        return (await self.call(message, metadata)).SerializeToString()


def methods(engine: Reading, *, moniker: str = "zrchain-lite") -> dict[str, Method]:
    """The methods of all of them over an engine, by gRPC path."""
    services = (
        (txs, "Service", TxService(engine)),
        (tm, "Service", NodeService(engine, moniker)),
        (node, "Service", StatusService(engine)),
        (light, "Query", LightService(engine)),
    )
    return {
        binding.method_path(method): Method(
            binding.method_path(method),
            GetMessageClass(method.input_type),
            GetMessageClass(method.output_type),
            call,
            route,
        )
        for proto, name, service in services
        for method, call in binding.bound(proto.DESCRIPTOR.services_by_name[name], service)
        for route in binding.routes(method)
    }
