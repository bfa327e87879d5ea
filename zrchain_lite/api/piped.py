"""A door in front of a server that accepts connections itself, and counts none of them.

Each connection that has a place is joined with one to the server, on a Unix socket in a folder
that this process alone may enter; bytes go through as they are.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from zrchain_lite.api.connections import Door, Places


@asynccontextmanager
async def piped(
    listener: socket.socket, path: str, places: Places | None = None
) -> AsyncIterator[None]:
    """Join what connects to a bound socket with the server at `path` while the context lasts."""
    pairs = _Pairs(path)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Outer(pairs), sock=Door(listener, places))
    try:
        yield
    finally:
        server.close()
        pairs.end()


class _Pairs:
    """All that is open, and all that is being joined."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._joining: set[asyncio.Task[None]] = set()
        self.ends: set[_End] = set()

    def join(self, outer: _Outer) -> None:
        """Begin to connect one of the door's connections with the server."""
        task = asyncio.create_task(self._join(outer))
        self._joining.add(task)
        task.add_done_callback(self._joining.discard)

    async def _join(self, outer: _Outer) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_unix_connection(lambda: _Inner(self, outer), self._path)
        except OSError:
            outer.transport.abort()

    def end(self) -> None:
        """End everything at once."""
        for task in self._joining:
            task.cancel()
        for each in tuple(self.ends):
            each.transport.abort()


class _End(asyncio.Protocol):
    """One side of a pair: what comes here leaves at the other, at that one's pace."""

    transport: Any

    def __init__(self, pairs: _Pairs) -> None:
        self._pairs = pairs
        self.other: _End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._pairs.ends.add(self)

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other is not None and not self.other.transport.is_closing():
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._pairs.ends.discard(self)
        if self.other is not None:
            self.other.transport.close()


class _Outer(_End):
    """The side of the client, of which nothing is read before there is somewhere to put it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.pause_reading()
        self._pairs.join(self)


class _Inner(_End):
    """The side of the server."""

    def __init__(self, pairs: _Pairs, outer: _Outer) -> None:
        super().__init__(pairs)
        self.other = outer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        outer = self.other
        if outer is None or outer.transport.is_closing():
            transport.close()
        else:
            outer.other = self
            outer.transport.resume_reading()
