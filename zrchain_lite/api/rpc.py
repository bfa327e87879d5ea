"""The JSON-RPC door, compatible with CometBFT 0.38.

POST, GET by method name, and a WebSocket with subscriptions.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from zrchain_lite.api import bounded_json, rpc_params
from zrchain_lite.api.origins import is_page
from zrchain_lite.api.rpc_methods import RpcMethod, RpcMethods
from zrchain_lite.api.rpc_subscriptions import Subscriptions, Telling
from zrchain_lite.engine.reading import Reading
from zrchain_lite.errors import InvalidArgument, LedgerError
from zrchain_lite.genesis import Genesis

_log = logging.getLogger(__name__)
MAX_BODY_BYTES = 2 * 1024 * 1024
MAX_BATCH = 20
JSON = "application/json"
MAX_WEBSOCKETS = 200

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND = -32700, -32600, -32601
INVALID_PARAMS, INTERNAL_ERROR = -32602, -32603
_MESSAGES = {
    PARSE_ERROR: "Parse error. Invalid JSON",
    INVALID_REQUEST: "Invalid Request",
    METHOD_NOT_FOUND: "Method not found",
    INVALID_PARAMS: "Invalid params",
    INTERNAL_ERROR: "Internal error",
}


class CallError(Exception):
    """An error object of JSON-RPC 2.0."""

    def __init__(self, code: int, data: str) -> None:
        super().__init__(data)
        self.code = code


def answer(id_: Any, result: Any) -> dict[str, Any]:
    """A JSON-RPC response with a result."""
    return {"jsonrpc": "2.0", "id": id_, "result": result}


def refusal(id_: Any, error: CallError) -> dict[str, Any]:
    """A JSON-RPC response with an error object."""
    detail = {"code": error.code, "message": _MESSAGES[error.code], "data": str(error)}
    return {"jsonrpc": "2.0", "id": id_, "error": detail}


def build(engine: Reading, genesis: Genesis) -> Starlette:
    """The ASGI application."""
    door = _Door(engine, genesis)
    return Starlette(
        routes=[
            Route("/", door.post, methods=["POST"]),
            Route("/", door.index, methods=["GET"]),
            WebSocketRoute("/websocket", door.websocket),
            Route("/{method}", door.get, methods=["GET"]),
        ]
    )


class _Door:
    def __init__(self, engine: Reading, genesis: Genesis) -> None:
        self._engine = engine
        self._methods = RpcMethods(engine, genesis).table
        self._telling = Telling()
        self._websockets = 0

    async def index(self, request: Request) -> JSONResponse:
        """What can be called, and with which parameters."""
        listed = {
            name: [parameter.name for parameter in method.parameters]
            for name, method in self._methods.items()
        }
        return JSONResponse({"methods": listed})

    async def get(self, request: Request) -> JSONResponse:
        name = request.path_params["method"]
        try:
            method = self._method(name)
            result = await _call(
                name, method, lambda: rpc_params.from_url(method.parameters, request.query_params)
            )
        except CallError as error:
            status = 404 if error.code == METHOD_NOT_FOUND else 500
            status = 400 if error.code == INVALID_PARAMS else status
            return JSONResponse(refusal(-1, error), status)
        return JSONResponse(answer(-1, result))

    async def post(self, request: Request) -> JSONResponse:
        if is_page(request.headers) and _media_type(request) != JSON:
            refused = CallError(INVALID_REQUEST, f"a page sends {JSON}")
            return JSONResponse(refusal(None, refused), 415)
        try:
            given = await _json(request)
        except CallError as error:
            return JSONResponse(refusal(None, error), 400)
        if not isinstance(given, list):
            return JSONResponse(await self.handle(given))
        if not 0 < len(given) <= MAX_BATCH:
            too_many = CallError(INVALID_REQUEST, f"a batch has 1 to {MAX_BATCH} calls")
            return JSONResponse(refusal(None, too_many), 400)
        return JSONResponse([await self.handle(item) for item in given])

    async def handle(self, given: Any) -> dict[str, Any]:
        """One call of a body."""
        id_ = given.get("id") if isinstance(given, dict) else None
        if not isinstance(id_, (str, int, float, type(None))):
            id_ = None
        try:
            name = _name(given)
            method = self._method(name)
            result = await _call(
                name, method, lambda: rpc_params.from_body(method.parameters, given.get("params"))
            )
        except CallError as error:
            return refusal(id_, error)
        return answer(id_, result)

    async def websocket(self, socket: WebSocket) -> None:
        if self._websockets >= MAX_WEBSOCKETS:
            await socket.close(1013, "too many connections")
            return
        self._websockets += 1
        subscriptions = Subscriptions(self._engine, self._telling, socket.send_text)
        try:
            await socket.accept()
            while True:
                await self._websocket_call(socket, subscriptions, await socket.receive_text())
        except (WebSocketDisconnect, KeyError, RuntimeError):
            # The peer went away, in one of the ways in which Starlette says so.
            _log.debug("websocket closed")
        finally:
            self._websockets -= 1
            await subscriptions.close()

    async def _websocket_call(
        self, socket: WebSocket, subscriptions: Subscriptions, text: str
    ) -> None:
        try:
            given = bounded_json.loads(text.encode())
        except InvalidArgument as error:
            await socket.send_json(refusal(None, CallError(PARSE_ERROR, str(error))))
            return
        name = given.get("method") if isinstance(given, dict) else None
        if name not in ("subscribe", "unsubscribe", "unsubscribe_all"):
            await socket.send_json(await self.handle(given))
            return
        try:
            subscriptions.handle(name, given.get("id"), given.get("params"))
        except LedgerError as error:
            await socket.send_json(refusal(given.get("id"), CallError(INTERNAL_ERROR, str(error))))
        else:
            await socket.send_json(answer(given.get("id"), {}))

    def _method(self, name: str) -> RpcMethod:
        method = self._methods.get(name)
        if method is None:
            raise CallError(METHOD_NOT_FOUND, f"no method {name[:80]!r}; GET / lists them")
        return method


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _name(given: Any) -> str:
    name = given.get("method") if isinstance(given, dict) else None
    if not isinstance(name, str):
        raise CallError(INVALID_REQUEST, "a call is an object with a method")
    return name


async def _call(name: str, method: RpcMethod, parameters: Any) -> Any:
    try:
        values = parameters()
    except InvalidArgument as error:
        raise CallError(INVALID_PARAMS, str(error)) from None
    try:
        return await method.call(**values)
    except LedgerError as error:
        raise CallError(INTERNAL_ERROR, str(error)) from None
    except asyncio.CancelledError:
        raise
    except Exception as error:
        _log.exception("JSON-RPC %s failed", name)
        raise CallError(INTERNAL_ERROR, "internal error; see the node's log") from error


async def _json(request: Request) -> Any:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise CallError(INVALID_REQUEST, f"the body is longer than {MAX_BODY_BYTES} bytes")
    try:
        return bounded_json.loads(bytes(body))
    except InvalidArgument as error:
        raise CallError(PARSE_ERROR, str(error)) from None
