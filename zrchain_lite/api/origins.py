"""Which web pages may talk to the HTTP doors: none of foreign origins, unless the operator says so.

A browser names the page's origin. A request of a foreign page is refused whole, over a WebSocket
and an event stream too: hiding the answer alone would let it act. What names no origin is no page.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from zrchain_lite.api.height import HEADER

EVERY = "*"
PERMISSION_DENIED = 7
"""The code of gRPC."""


class Origins:
    """An application that pages of the `allowed` origins may use, and those that it serves itself.

    An origin is `https://wallet.example`; "*" allows every page.
    """

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        self._app = app
        self._allowed = frozenset(allowed)
        self._open = CORSMiddleware(
            app,
            allow_origins=list(allowed),
            allow_methods=["GET", "POST"],
            allow_headers=["content-type"],
            expose_headers=[HEADER],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it before it is read."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is None or _is_own(origin, headers.get("host", "")):
            await self._app(scope, receive, send)
        elif EVERY in self._allowed or origin in self._allowed:
            app = self._open if scope["type"] == "http" else self._app
            await app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(1008, "origin not allowed")(scope, receive, send)
        else:
            await _refusal(origin)(scope, receive, send)


def is_page(headers: Headers) -> bool:
    """Whether a web page sends the request: a browser says so by these headers."""
    return "origin" in headers or "sec-fetch-site" in headers


def _is_own(origin: str, host: str) -> bool:
    return bool(host) and urlsplit(origin).netloc == host


def _refusal(origin: str) -> Response:
    message = f"pages of {origin[:200]} may not ask here; see cors_origins"
    return JSONResponse({"code": PERMISSION_DENIED, "message": message, "details": []}, 403)
