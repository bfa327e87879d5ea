"""The gRPC door: raw bytes go to the application's queries and to the chain's services."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import grpc.aio

from zrchain_lite.api import height, reflection, services, waiting
from zrchain_lite.api.connections import Places
from zrchain_lite.api.http import GRACE_S, Tls, listen
from zrchain_lite.api.piped import piped
from zrchain_lite.api.reflection import Reflection
from zrchain_lite.api.services import Method
from zrchain_lite.api.status import GrpcStatus, status_of
from zrchain_lite.api.waiting import Metadata
from zrchain_lite.engine.reading import Reading
from zrchain_lite.errors import InvalidArgument, LedgerError

_log = logging.getLogger(__name__)
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
_CODES = {code.value[0]: code for code in grpc.StatusCode}

Context = grpc.aio.ServicerContext[bytes, bytes]
Call = Callable[[bytes, Context], Awaitable[bytes]]


class Handler(grpc.GenericRpcHandler):
    """Finds what answers a method path."""

    def __init__(self, engine: Reading) -> None:
        self._engine = engine
        self._methods = services.methods(engine)
        called = {*self._methods, *engine.app.registry.queries}
        self._reflection = Reflection(path.split("/")[1] for path in called)

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        """What answers the method that a call names; an unknown one answers UNIMPLEMENTED."""
        path = handler_call_details.method
        if path in reflection.METHODS:
            return grpc.stream_stream_rpc_method_handler(self._reflect)
        method = self._methods.get(path)
        call = self._query(path) if method is None else self._service(method)
        return grpc.unary_unary_rpc_method_handler(call)

    async def _reflect(
        self, requests: AsyncIterator[bytes], context: Context
    ) -> AsyncIterator[bytes]:
        try:
            async for answer in self._reflection.stream(aiter(requests)):
                yield answer
        except InvalidArgument as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))

    def _query(self, path: str) -> Call:
        async def answer(request: bytes, metadata: Metadata) -> bytes:
            await waiting.wait_for_block(self._engine, metadata)
            return self._engine.query(path, request)

        return _guarded(path, self._at_height(answer))

    def _service(self, method: Method) -> Call:
        return _guarded(method.name, self._at_height(method.call_raw))

    def _at_height(self, answer: Callable[[bytes, Metadata], Awaitable[bytes]]) -> Call:
        """Answers of the height that was asked for, and says which it is."""

        async def call(request: bytes, context: Context) -> bytes:
            given = context.invocation_metadata() or ()
            metadata = {key: value for key, value in given if isinstance(value, str)}
            height.require_kept(self._engine, metadata)
            answered = await answer(request, metadata)
            known = str(self._engine.tip.height)
            await context.send_initial_metadata(((height.METADATA, known),))
            return answered

        return call


def _guarded(path: str, call: Call) -> Call:
    """A LedgerError becomes its gRPC status; anything else is logged and INTERNAL."""

    async def guarded(request: bytes, context: Context) -> bytes:
        try:
            return await call(request, context)
        except LedgerError as error:
            status, detail = status_of(error), str(error)
        except Exception:  # noqa: BLE001 - the last line of defence of a server; it is logged
            _log.exception("gRPC %s failed", path)
            status, detail = GrpcStatus.INTERNAL, f"internal error in {path}; see the node's log"
        return await context.abort(_CODES[status.value], detail)

    return guarded


def _credentials(tls: Tls) -> grpc.ServerCredentials:
    pair = Path(tls.key).read_bytes(), Path(tls.certificate).read_bytes()
    return grpc.ssl_server_credentials([pair])


@asynccontextmanager
async def serve(
    engine: Reading, address: str, tls: Tls | None = None, places: Places | None = None
) -> AsyncIterator[int]:
    """Listen on `host:port` (port 0 chooses one) while the context lasts; yields the port.

    Raises AddressInUse.
    """
    options = [
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", -1),
        # A connection that says nothing is closed, and one peer's calls wait for each other.
        ("grpc.server_handshake_timeout_ms", 10_000),
        ("grpc.max_connection_idle_ms", 300_000),
        ("grpc.max_concurrent_streams", 100),
        ("grpc.max_metadata_size", 16 * 1024),
    ]
    server = grpc.aio.server(options=options)
    server.add_generic_rpc_handlers((Handler(engine),))
    with listen("gRPC", address) as listener, tempfile.TemporaryDirectory() as folder:
        inner = f"{folder}/grpc"
        if tls is None:
            server.add_insecure_port(f"unix:{inner}")
        else:
            server.add_secure_port(f"unix:{inner}", _credentials(tls))
        await server.start()
        async with piped(listener, inner, places):
            try:
                yield listener.getsockname()[1]
            finally:
                await server.stop(GRACE_S)
