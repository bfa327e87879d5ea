"""A server of ABCI 2.0 over a socket, through which CometBFT drives the application.

CometBFT 0.38 opens four connections (consensus, mempool, query, snapshots) and writes messages with
their length (varint) before them. All are answered on one thread, each connection's in order, so
that no call sees half of another. A call of consensus that cannot be answered ends the server:
a validator whose application does not know what a block does must not vote on.
Source: CometBFT 0.38 spec/abci, docs/app-dev/abci-cli.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError, Message

from zrchain_lite.app import App
from zrchain_lite.errors import LedgerError
from zrchain_lite.wire.tendermint.abci import types_pb2 as abci

_log = logging.getLogger(__name__)
MAX_MESSAGE_BYTES = 104_857_600
"""The longest message that CometBFT itself accepts."""
MAX_VARINT_BYTES = 10

Answer = Callable[[abci.Request], Awaitable[abci.Response]]
"""Answers one call; raises BadMessage for a call that there is not."""


class BadMessage(LedgerError):
    """What came over the socket is no message of ABCI."""


class AbciServer:
    """Hands CometBFT's calls to `answer`, on a Unix socket at `path`."""

    def __init__(self, answer: Answer, path: Path) -> None:
        self._call = answer
        self._path = path
        self._failed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._connections: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until `stop` is set; raises what a call of consensus failed with."""
        self._path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._serve, self._path)
        self._path.chmod(0o600)
        stopping: asyncio.Future[Any] = asyncio.create_task(stop.wait())
        try:
            ready()
            await asyncio.wait({stopping, self._failed}, return_when=asyncio.FIRST_COMPLETED)
            if self._failed.done():
                self._failed.result()
        finally:
            stopping.cancel()
            server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            async for request in requests(reader):
                response = await self._answer(request)
                writer.write(framed(response))
                if request.HasField("flush") or response.HasField("exception"):
                    await writer.drain()
        except (BadMessage, ConnectionError) as error:
            _log.error("a connection of CometBFT was closed: %s", error)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, request: abci.Request) -> abci.Response:
        try:
            return await self._call(request)
        except Exception as error:  # noqa: BLE001 - whatever it is, no vote follows from it
            _log.exception("%s failed", request.WhichOneof("value"))
            if not self._failed.done():
                self._failed.set_exception(error)
            return abci.Response(exception=abci.ResponseException(error=str(error)))


def respond(app: App, request: abci.Request) -> abci.Response:
    """The application's answer to one call; raises BadMessage for a call that there is not."""
    name = request.WhichOneof("value")
    match name:
        case "echo":
            return abci.Response(echo=abci.ResponseEcho(message=request.echo.message))
        case "flush":
            return abci.Response(flush=abci.ResponseFlush())
        case "commit":
            return abci.Response(commit=app.commit())
        case "query":
            return abci.Response(query=app.abci_query(request.query))
        case None:
            raise BadMessage("a message without a call that is known")
    call: Callable[[Any], Any] = getattr(app, name)
    return abci.Response(**{name: call(getattr(request, name))})


async def requests(reader: asyncio.StreamReader) -> AsyncIterator[abci.Request]:
    """The messages of a connection until it ends; raises BadMessage."""
    while True:
        size = await _length(reader)
        if size is None:
            return
        if size > MAX_MESSAGE_BYTES:
            raise BadMessage(f"a message of {size} bytes; {MAX_MESSAGE_BYTES} are the most")
        try:
            yield abci.Request.FromString(await reader.readexactly(size))
        except (DecodeError, asyncio.IncompleteReadError) as error:
            raise BadMessage(f"a message is cut off or not ABCI's: {error}") from None


def framed(message: Message) -> bytes:
    """A message with its length before it."""
    body = message.SerializeToString()
    size, head = len(body), bytearray()
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([*head, size]) + body


async def _length(reader: asyncio.StreamReader) -> int | None:
    """The number before a message, None where the connection ends."""
    value = 0
    for place in range(MAX_VARINT_BYTES):
        byte = await reader.read(1)
        if not byte:
            if place:
                raise BadMessage("the connection ended within a length")
            return None
        value |= (byte[0] & 0x7F) << (7 * place)
        if byte[0] < 0x80:
            return value
    raise BadMessage("a length has more than 10 bytes")
