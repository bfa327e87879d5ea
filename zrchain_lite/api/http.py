"""Serving the HTTP doors on sockets that are bound first: a taken port is one clear error."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from zrchain_lite.api.connections import IDLE_S, Door, Places, bounded
from zrchain_lite.errors import LedgerError

GRACE_S = 2
"""How long open connections may finish when the node stops."""


class AddressInUse(LedgerError):
    """Somebody else listens there."""

    def __init__(self, door: str, address: str) -> None:
        super().__init__(
            f"cannot listen on {address} for {door}: the port is in use; stop what uses it or "
            "choose another port"
        )


def split_address(address: str) -> tuple[str, int]:
    """Host and port of an address `host:port`; raises LedgerError."""
    host, separator, port = address.rpartition(":")
    if not separator or not port.isdecimal() or int(port) > 65535:
        raise LedgerError(f"{address!r} is not an address such as 127.0.0.1:1317")
    return host.strip("[]") or "127.0.0.1", int(port)


def listen(door: str, address: str) -> socket.socket:
    """A bound socket (port 0 chooses one). Raises AddressInUse or LedgerError."""
    host, port = split_address(address)
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise AddressInUse(door, address) from None
        raise LedgerError(f"cannot listen on {address} for {door}: {error.strerror}") from None
    listener.setblocking(False)
    return listener


class _Server(uvicorn.Server):
    """Leaves the process's signals alone: the node decides when to stop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(frozen=True)
class Tls:
    """A door's certificate chain and its key, in PEM files; raises LedgerError when unusable."""

    certificate: str
    key: str

    def __post_init__(self) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            # The password of none is asked for on a terminal otherwise.
            context.load_cert_chain(self.certificate, self.key, password="")
        except OSError as error:
            raise LedgerError(
                f"cannot use the certificate {self.certificate} with the key {self.key}: {error}"
            ) from None


@asynccontextmanager
async def serve(
    app: Any,
    listener: socket.socket,
    *,
    places: Places | None = None,
    connections: Any = None,
    tls: Tls | None = None,
) -> AsyncIterator[None]:
    """Serve an ASGI application on a bound socket while the context lasts.

    `connections` makes uvicorn's protocol of each connection, `bounded()` when it is left out.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=int(IDLE_S),
        http=connections or bounded(),
        ws="websockets-sansio",
        ws_max_size=2 * 1024 * 1024,
        ssl_certfile=tls.certificate if tls else None,
        ssl_keyfile=tls.key if tls else None,
    )
    # Connections wait in the socket's backlog until the server accepts.
    listener.listen()
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[Door(listener, places)]))
    try:
        yield
    finally:
        server.should_exit = True
        await task
