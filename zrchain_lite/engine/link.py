"""The link between the process that makes blocks and the one that answers strangers.

A stream of frames in both directions over a pair of sockets: length of the body (4 bytes,
big-endian), kind (1 byte), number (8 bytes), body. An answer repeats the number of its call.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import IntEnum

_HEAD = struct.Struct("!IBQ")


class Kind(IntEnum):
    """What a frame is: a call with its answer, or an announcement."""

    SUBMIT = 1
    """Call: an encoded transaction. Answer: `ResponseCheckTx`."""
    POOL = 2
    """Call: nothing. Answer: what waits, as `encode_pool` has it."""
    COMMITTED = 3
    """The maker says that the block of height `number` is durable."""
    STOP = 4
    """The maker asks the reader to end in order."""
    FAILED = 6
    """Answer to either call: why there is none now, as text."""
    READY = 5
    """The reader says that its doors are open; `number` is gRPC's port, 0 when it is taken."""


@dataclass(frozen=True)
class Frame:
    """One message of the link."""

    kind: Kind
    number: int = 0
    body: bytes = b""


class Wire:
    """Frames on a stream, to be read by one task."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, frame: Frame) -> None:
        """Write a frame; what the other side has not read yet waits in memory."""
        self._writer.write(_HEAD.pack(len(frame.body), frame.kind, frame.number) + frame.body)

    async def drain(self) -> None:
        """Wait until the other side has read most of what waits; raises ConnectionError."""
        await self._writer.drain()

    async def receive(self) -> Frame | None:
        """The next frame, None when the other side has ended."""
        try:
            length, kind, number = _HEAD.unpack(await self._reader.readexactly(_HEAD.size))
            return Frame(Kind(kind), number, await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def frames(self) -> AsyncIterator[Frame]:
        """Every frame until the other side ends."""
        while (frame := await self.receive()) is not None:
            yield frame

    def close(self) -> None:
        """End the stream."""
        self._writer.close()
