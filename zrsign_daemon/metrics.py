"""Prometheus metrics and health of a daemon on one loopback port: `/metrics` and `/healthz`.

`/healthz` answers 200 with `{"status": "ok"}`, or 503 with what fails, one entry a check.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from zrsign_daemon.errors import PortInUse

# A check returns None when all is well, else one line that says what fails.
Check = Callable[[], str | None]


def health(checks: Mapping[str, Check]) -> tuple[int, dict[str, object]]:
    """The HTTP status and the JSON that `/healthz` answers with."""
    failures = {name: fault for name, check in checks.items() if (fault := check()) is not None}
    if failures:
        return 503, {"status": "failing", "failures": failures}
    return 200, {"status": "ok"}


@asynccontextmanager
async def serve(
    port: int,
    checks: Mapping[str, Check],
    *,
    status: Callable[[], object] | None = None,
    host: str = "127.0.0.1",
) -> AsyncIterator[int]:
    """Serve while the context lasts; yields the port (0 asks for a free one). Raises PortInUse.

    `/status` answers with the JSON of what `status` returns.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await asyncio.wait_for(reader.readline(), timeout=5)
            code, kind, body = _respond(request, checks, status)
            head = f"HTTP/1.1 {code}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
            await writer.drain()
        except (TimeoutError, ConnectionError, ValueError):
            pass  # A client that went away or spoke nonsense is owed nothing.
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(answer, host, port, limit=8192)
    except OSError as error:
        raise PortInUse(
            f"Cannot serve metrics on {host}:{port}: {error.strerror}. "
            "Choose another port or stop its owner."
        ) from None
    async with server:
        yield int(server.sockets[0].getsockname()[1])


def _respond(
    request: bytes, checks: Mapping[str, Check], status: Callable[[], object] | None
) -> tuple[str, str, bytes]:
    path = request.split(b" ")[1] if request.count(b" ") >= 2 else b""
    if path == b"/metrics":
        return "200 OK", CONTENT_TYPE_LATEST, generate_latest(REGISTRY)
    if path == b"/healthz":
        code, body = health(checks)
        reason = "200 OK" if code == 200 else "503 Service Unavailable"
        return reason, "application/json", json.dumps(body).encode()
    if path == b"/status" and status is not None:
        return "200 OK", "application/json", json.dumps(status()).encode()
    return "404 Not Found", "text/plain", b"Try /metrics or /healthz.\n"
