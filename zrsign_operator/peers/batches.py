"""Frames on their way over a link: they wait for it, go in batches, and are read again."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.wire.encoding import decode
from zrsign_operator.peers.frames import Frame, price_of, read_frame

MAX_QUEUED_BYTES: Final = 16 << 20
KEPT_S: Final = 5.0
"""How long a frame waits for a link."""
MAX_BATCH_BYTES: Final = 4 << 20
MAX_BATCH_FRAMES: Final = 1024


@dataclass
class FrameQueue:
    """Frames for one peer. They wait for a link for a while, and the oldest make room."""

    clock: Callable[[], float]
    frames: deque[tuple[float, bytes]] = field(default_factory=deque)
    size: int = 0
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, frame: bytes, *, linger: bool = False) -> None:
        """Let a frame wait; the oldest go when there is no room.

        One that may linger goes with the next that must not, or with the next heartbeat.
        """
        self.frames.append((self.clock(), frame))
        self.size += len(frame)
        while self.size > MAX_QUEUED_BYTES:
            self._pop()
        if not linger:
            self.ready.set()

    def take(self) -> tuple[bytes, ...]:
        """What fits into one batch; frames that waited for too long are lost."""
        taken: list[bytes] = []
        size, fresh = 0, self.clock() - KEPT_S
        while self.frames and size < MAX_BATCH_BYTES and len(taken) < MAX_BATCH_FRAMES:
            at, frame = self._pop()
            if at >= fresh:
                taken.append(frame)
                size += len(frame)
        if not self.frames:
            self.ready.clear()
        return tuple(taken)

    def _pop(self) -> tuple[float, bytes]:
        at, frame = self.frames.popleft()
        self.size -= len(frame)
        return at, frame


def read_batch(data: bytes) -> tuple[list[Frame], int]:
    """The frames of a batch, and what they count for. Raises EncodingError."""
    batch = decode(data, MAX_BATCH_FRAMES + 1)
    if not isinstance(batch, tuple) or not all(isinstance(each, bytes) for each in batch):
        raise EncodingError("this is no batch of frames")
    encoded = [bytes(each) for each in batch if isinstance(each, bytes)]
    return [read_frame(each) for each in encoded], sum(map(price_of, encoded))
