"""A door in front of a node: what goes through it can be cut, slowed down or led elsewhere."""

from __future__ import annotations

import asyncio

from zrsign.local.network.ports import HOST


class Gate:
    """Forwards one port to another while it is open, each answer `delay_s` later."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.delay_s = 0.0
        self._target = target
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Take connections, always at the same port."""
        self._server = await asyncio.start_server(self._forward, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Refuse connections, and cut those that are there."""
        if self._server is None:
            return
        self._server.close()
        await self._cut()
        await self._server.wait_closed()
        self._server = None

    async def lead_to(self, target: int) -> int:
        """Forward to another port from now on. Returns the one before."""
        before, self._target = self._target, target
        await self._cut()
        return before

    async def _cut(self) -> None:
        for pipe in self._pipes:
            pipe.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is served by a task")
        self._pipes.add(task)
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self._target)
            async with asyncio.TaskGroup() as pipes:
                pipes.create_task(self._pipe(reader, far_writer, 0.0))
                pipes.create_task(self._pipe(far_reader, writer, self.delay_s))
        except* (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._pipes.discard(task)

    @staticmethod
    async def _pipe(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float
    ) -> None:
        try:
            while data := await reader.read(1 << 16):
                await asyncio.sleep(delay_s)
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()
