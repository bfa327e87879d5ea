"""The REST door: grpc-gateway's routes, made from query handlers and the chain's services."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from google.protobuf.message import Message
from starlette.exceptions import HTTPException

from zrchain_lite.api import bounded_json, height, services
from zrchain_lite.api.json_codec import from_json, from_parameters, to_json
from zrchain_lite.api.openapi import Schemas, parameters
from zrchain_lite.api.rendering import Rendering
from zrchain_lite.api.services import Method
from zrchain_lite.api.status import HTTP, GrpcStatus, status_of
from zrchain_lite.app import VERSION
from zrchain_lite.binding import Route
from zrchain_lite.engine.reading import Reading
from zrchain_lite.errors import InvalidArgument, LedgerError

_log = logging.getLogger(__name__)
MAX_BODY_BYTES = 2 * 1024 * 1024

Endpoint = Callable[[Request], Awaitable[Response]]


def build(engine: Reading, *, routers: Sequence[APIRouter] = ()) -> FastAPI:
    """The application. `routers` are added as they are, below the gateway's routes."""
    app = FastAPI(title="zrChain lite", version=VERSION, docs_url="/docs", redoc_url=None)
    schemas, rendering = Schemas(), Rendering()
    for method in services.methods(engine).values():
        extra = _documentation(schemas, method.request, method.response, method.route)
        _add(app, method.route, _service_endpoint(engine, rendering, method), method.name, extra)
    for name, query in engine.app.registry.queries.items():
        for path in query.rest:
            route = Route("GET", path)
            extra = _documentation(schemas, query.request, query.response, route)
            _add(app, route, _query_endpoint(engine, rendering, name, query.request), name, extra)
    for router in routers:
        app.include_router(router)
    app.add_exception_handler(LedgerError, _ledger_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unforeseen)
    app.openapi = lambda: _openapi(app, schemas)  # type: ignore[method-assign]
    return app


def _query_endpoint(
    engine: Reading, rendering: Rendering, name: str, request_type: type[Message]
) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        height.require_kept(engine, request.headers)
        answer = engine.answer(name, _from_url(request_type, request))
        return await _answer(engine, rendering, answer)

    return endpoint


def _service_endpoint(engine: Reading, rendering: Rendering, method: Method) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        height.require_kept(engine, request.headers)
        if method.route.verb == "POST":
            message = from_json(method.request, await _body(request))
        else:
            message = _from_url(method.request, request)
        answer = await method.call(message, request.headers)
        return await _answer(engine, rendering, answer)

    return endpoint


async def _answer(engine: Reading, rendering: Rendering, message: Message) -> Response:
    headers = {height.HEADER: str(engine.tip.height)}
    return await rendering.run(
        message.ByteSize(), lambda: JSONResponse(to_json(message), headers=headers)
    )


def _from_url(request_type: type[Message], request: Request) -> Message:
    pairs = [*request.path_params.items(), *request.query_params.multi_items()]
    return from_parameters(request_type, pairs)


async def _body(request: Request) -> Any:
    """The JSON of a request's body; raises InvalidArgument."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise InvalidArgument(f"the body is longer than {MAX_BODY_BYTES} bytes")
    return bounded_json.loads(bytes(body))


# -- errors --------------------------------------------------------------------------------------


def _error(status: int, code: int, message: str) -> JSONResponse:
    return JSONResponse({"code": code, "message": message, "details": []}, status)


async def _ledger_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, LedgerError)  # noqa: S101 - registered for it
    status = status_of(error)
    return _error(HTTP[status], status.value, str(error))


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    code = GrpcStatus.NOT_FOUND if error.status_code == 404 else GrpcStatus.UNIMPLEMENTED
    response = _error(error.status_code, code.value, str(error.detail))
    response.headers.update(error.headers or {})
    return response


async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    _log.error("REST %s failed", request.url.path, exc_info=error)
    return _error(500, GrpcStatus.INTERNAL.value, "internal error; see the node's log")


# -- documentation -------------------------------------------------------------------------------


def _add(app: FastAPI, route: Route, endpoint: Endpoint, name: str, extra: dict[str, Any]) -> None:
    app.add_api_route(
        route.path,
        endpoint,
        methods=[route.verb],
        name=name,
        tags=[name.split("/")[1]],
        operation_id=re.sub(r"\W", "_", route.verb + route.path),
        summary=name,
        openapi_extra=extra,
        response_class=JSONResponse,
    )


def _documentation(
    schemas: Schemas, request: type[Message], response: type[Message], route: Route
) -> dict[str, Any]:
    def content(schema: dict[str, Any]) -> dict[str, Any]:
        return {"application/json": {"schema": schema}}

    error = {
        "description": "An error, as grpc-gateway tells it",
        "content": content({"$ref": "#/components/schemas/rpc.Status"}),
    }
    answer = {"description": "OK", "content": content(schemas.reference(response))}
    extra: dict[str, Any] = {"responses": {"200": answer, "default": error}}
    if route.verb == "POST":
        extra["requestBody"] = {"required": True, "content": content(schemas.reference(request))}
    else:
        extra["parameters"] = parameters(request, route.path)
    return extra


def _openapi(app: FastAPI, schemas: Schemas) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        document.setdefault("components", {}).setdefault("schemas", {}).update(schemas.components)
        app.openapi_schema = document
    return app.openapi_schema
