"""Which web pages may talk to the HTTP doors: none of foreign origins, unless the operator says so.

A browser names the page's origin, and the host that it believes to ask. A request of a foreign
page is refused whole, over a WebSocket and an event stream too: hiding the answer alone would let
it act. What names no origin is no foreign page, if it names this node.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from zrchain_lite.api.height import HEADER

EVERY = "*"
PERMISSION_DENIED = 7
"""The code of gRPC."""


class Origins:
    """An application that pages of the `allowed` origins may use, and those that it serves itself.

    An origin is `https://wallet.example`; "*" allows every page. A request is for an address, for
    localhost or for one of `hosts`, and for any name where these are None: a page whose own name
    was pointed at this machine (DNS rebinding) asks for that name.
    """

    def __init__(
        self, app: ASGIApp, allowed: Sequence[str], hosts: Sequence[str] | None = None
    ) -> None:
        self._app = app
        self._allowed = frozenset(allowed)
        self._hosts = None if hosts is None else frozenset(hosts)
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
        origin, host = headers.get("origin"), headers.get("host", "")
        if not self._is_named(host):
            await _refused(f"{host[:200]} is no name of this node; see hosts")(scope, receive, send)
        elif origin is None or _is_own(origin, host):
            await self._app(scope, receive, send)
        elif EVERY in self._allowed or origin in self._allowed:
            app = self._open if scope["type"] == "http" else self._app
            await app(scope, receive, send)
        else:
            refused = f"pages of {origin[:200]} may not ask here; see cors_origins"
            await _refused(refused)(scope, receive, send)

    def _is_named(self, host: str) -> bool:
        if self._hosts is None or not host:
            return True
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        return name in ("localhost", *self._hosts) or _is_address(name)


def is_page(headers: Headers) -> bool:
    """Whether a web page sends the request: a browser says so by these headers."""
    return "origin" in headers or "sec-fetch-site" in headers


def _is_own(origin: str, host: str) -> bool:
    return bool(host) and urlsplit(origin).netloc == host


def _is_address(name: str | None) -> bool:
    try:
        ip_address(name or "")
    except ValueError:
        return False
    return True


def _refused(message: str) -> ASGIApp:
    """Answers a request before it is read, or closes a WebSocket before it opens."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocketClose(1008, message[:120])(scope, receive, send)
        else:
            content = {"code": PERMISSION_DENIED, "message": message, "details": []}
            await JSONResponse(content, 403)(scope, receive, send)

    return refuse
