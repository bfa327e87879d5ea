"""A node that lies: it passes calls on to a real one, and changes what this says."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from zrchain_lite.client import Account, LedgerClient, TrustedRoot, TrustSettings
from zrchain_lite.node import RunningNode
from zrchain_lite.wire.zrsign.light import light_pb2 as light

WITNESS = "/zrsign.light.Query/Witness"

Lie = Callable[[str, bytes, bytes], bytes]
"""Makes another answer of a method's, of its request and its answer."""


def honest(method: str, request: bytes, answer: bytes) -> bytes:
    return answer


@asynccontextmanager
async def proxy(node: RunningNode, lie: Lie = honest) -> AsyncIterator[str]:
    """A node that passes calls on to a real one, and changes what this says."""
    far = grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}")

    class Passing(grpc.GenericRpcHandler):
        def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
            method = details.method

            async def call(
                request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]
            ) -> bytes:
                given = context.invocation_metadata() or ()
                passed = tuple((key, value) for key, value in given if key.startswith("x-"))
                passing: Any = far.unary_unary(method)
                try:
                    answer: bytes = await passing(request, metadata=passed)
                except grpc.aio.AioRpcError as error:
                    await context.abort(error.code(), error.details() or "")
                return lie(method, request, answer)

            return grpc.unary_unary_rpc_method_handler(call)

    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Passing(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(0)
        await far.close()


def altered(change: Callable[[light.QueryWitnessResponse], None]) -> Lie:
    """A lie about what a query reads."""

    def lie(method: str, request: bytes, answer: bytes) -> bytes:
        if method != WITNESS:
            return answer
        shown = light.QueryWitnessResponse.FromString(answer)
        change(shown)
        return shown.SerializeToString()

    return lie


def root_of(node: RunningNode, height: int = 1) -> TrustedRoot:
    record = node.engine.block(height)
    assert record is not None
    return TrustedRoot(height, record.id.hash)


def trusting(
    node: RunningNode,
    *endpoints: str,
    account: Account | None = None,
    folder: Path | None = None,
    now_ns: Callable[[], int] = time.time_ns,
) -> LedgerClient:
    first, *others = endpoints or (f"127.0.0.1:{node.grpc_port}",)
    settings = TrustSettings(root_of(node), folder=folder)
    return LedgerClient(first, endpoints=others, account=account, trust=settings, now_ns=now_ns)
