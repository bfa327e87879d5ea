"""Links to the peers: gRPC over mutual TLS, one stream from each operator to each other one.

Whoever opens a stream proves itself: first its certificate, then, over the server's nonce, its
credentials (in an enclave: a quote). Frames are taken from an admitted peer only, and are sent to
an admitted peer only. A stream delivers in order while it lives; when it breaks, what was on the
way is lost, and what needed it starts again. A peer is live while it was heard lately.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import grpc
from grpc import aio

from zrsign_daemon.errors import PortInUse
from zrsign_daemon.log import get_logger
from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.wire.encoding import decode, encode
from zrsign_operator.errors import OperatorError
from zrsign_operator.peers.frames import MAX_FRAME_BYTES
from zrsign_operator.peers.members import Member
from zrsign_operator.peers.tls import SERVER_NAME, TlsIdentity, peer_of

SERVICE: Final = "zrsign.operators.Link"
METHOD: Final = f"/{SERVICE}/Open"
NONCE_BYTES: Final = 32
HEARTBEAT_S: Final = 0.5
LIVE_S: Final = 4.0
HANDSHAKE_S: Final = 10.0
RECONNECT_S: Final = (0.1, 2.0)
MAX_QUEUED_BYTES: Final = 16 << 20
KEPT_S: Final = 5.0
"""How long a frame waits for a link."""
MAX_BATCH_BYTES: Final = 4 << 20
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MAX_FRAME_BYTES + MAX_BATCH_BYTES + 4096),
    ("grpc.max_send_message_length", -1),
    ("grpc.ssl_target_name_override", SERVER_NAME),
    ("grpc.enable_http_proxy", 0),
    ("grpc.so_reuseport", 0),
    # A channel of its own each time: shared ones remember failures for up to two minutes.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)


class Gate(Protocol):
    """Who may come in. Both sides of a link ask it."""

    async def credentials(self, nonce: bytes) -> bytes:
        """What proves this operator to a peer that chose the nonce."""

    async def admit(self, member: Member, nonce: bytes, credentials: bytes) -> bytes:
        """The peer's incarnation. Raises OperatorError or DmpcError."""


@dataclass
class _Queue:
    """Frames for one peer. They wait for a link for a while, and the oldest make room."""

    clock: Callable[[], float]
    frames: deque[tuple[float, bytes]] = field(default_factory=deque)
    size: int = 0
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, frame: bytes) -> None:
        self.frames.append((self.clock(), frame))
        self.size += len(frame)
        while self.size > MAX_QUEUED_BYTES:
            self._pop()
        self.ready.set()

    def take(self) -> tuple[bytes, ...]:
        """What fits into one batch; frames that waited for too long are lost."""
        taken: list[bytes] = []
        size, fresh = 0, self.clock() - KEPT_S
        while self.frames and size < MAX_BATCH_BYTES:
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


class Links:
    """All links of one operator. Who hears of frames and peers is told in the event loop."""

    def __init__(
        self,
        me: int,
        tls: TlsIdentity,
        listen: str,
        gate: Gate,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.me = me
        self.incarnations: dict[int, bytes] = {}
        """The incarnation of every peer that proved itself since it connected last, by index."""
        self._tls = tls
        self._listen = listen
        self._gate = gate
        self._clock = clock
        self._members: dict[int, Member] = {}
        self._certificates: dict[int, bytes] = {}
        self._heard: dict[int, float] = {}
        self._looked = clock()
        self._open: set[int] = set()
        self._queues: dict[int, _Queue] = {}
        self._dialers: dict[int, asyncio.Task[None]] = {}
        self._server: aio.Server | None = None
        self._log = get_logger(operator=me)
        self._complaints: dict[int, str] = {}

    async def start(
        self, on_frame: Callable[[int, bytes], None], on_peer: Callable[[int, bool], None]
    ) -> int:
        """Listen, and tell of frames and of peers that come and go; the port. Raises PortInUse."""
        self._on_frame, self._on_peer = on_frame, on_peer
        server = aio.server(options=_OPTIONS)
        handler: Any = grpc.stream_stream_rpc_method_handler(self._serve)
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE, {"Open": handler}),)
        )
        credentials = self._tls.server(self._certificates)
        try:
            port = server.add_secure_port(self._listen, credentials)
        except RuntimeError:
            raise PortInUse(
                f"Cannot listen for peers on {self._listen}. Choose another port or stop its owner."
            ) from None
        await server.start()
        self._server = server
        return int(port)

    async def stop(self) -> None:
        """Close every link and stop listening."""
        tasks = list(self._dialers.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.stop(None)

    def update(self, members: Mapping[int, Member]) -> None:
        """Link with exactly these members, and me among them."""
        peers = {i: member for i, member in members.items() if i != self.me}
        for index, known in list(self._members.items()):
            if peers.get(index) != known:
                self._drop(index)
        for index, member in peers.items():
            if index not in self._members:
                self._members[index] = member
                self._certificates[index] = member.certificate
                self._queues[index] = _Queue(self._clock)
                self._dialers[index] = asyncio.create_task(self._dial(member))

    def live(self) -> frozenset[int]:
        """Peers that both proved themselves and were heard lately, and me."""
        heard = self._open & self._heard.keys() & self.incarnations.keys()
        return frozenset(heard - self.silent()) | {self.me}

    def silent(self) -> frozenset[int]:
        """Peers whose links stand, and who say nothing while this operator listens.

        To be called all the time: a pause between two calls is one in which nothing was read.
        """
        now = self._clock()
        deaf, self._looked = now - self._looked, now
        if deaf > HEARTBEAT_S:
            # This process got no turn on the processor, so what peers said meanwhile is unread.
            self._heard = {i: min(at + deaf, now) for i, at in self._heard.items()}
        return frozenset(i for i in self._open if now - self._heard.get(i, now) >= LIVE_S)

    def peers(self) -> frozenset[int]:
        """Everybody to link with, live or not."""
        return frozenset(self._queues)

    def send(self, index: int, frame: bytes) -> None:
        """Queue a frame for a peer, over a link that is there or comes soon."""
        if index in self._queues:
            self._queues[index].put(frame)

    def _drop(self, index: int) -> None:
        self._dialers.pop(index).cancel()
        for table in (self._members, self._certificates, self._queues, self._heard):
            table.pop(index, None)
        self._close(index)
        self.incarnations.pop(index, None)

    def _close(self, index: int) -> None:
        if index in self._open:
            self._open.discard(index)
            self._heard.pop(index, None)
            self._on_peer(index, False)

    # The side that opens the stream

    async def _dial(self, member: Member) -> None:
        failures = 0
        while True:
            try:
                await self._converse(member)
                failures = 0
            except Exception as error:  # noqa: BLE001 - a link is tried again, whatever ends it
                failures += 1
                self._complain(member.index, _reason(error))
            except asyncio.CancelledError:
                # gRPC raises it for a call that the other side ended; only ours ends this task.
                if _is_cancelled():
                    raise
                failures += 1
            finally:
                self._close(member.index)
            low, high = RECONNECT_S
            await asyncio.sleep(min(high, low * 2 ** min(failures, 8)))

    async def _converse(self, member: Member) -> None:
        queue = self._queues[member.index]
        credentials = self._tls.channel(member.certificate)
        async with aio.secure_channel(member.endpoint, credentials, _OPTIONS) as channel:
            call: Any = channel.stream_stream(METHOD)()
            try:
                async with asyncio.timeout(HANDSHAKE_S):
                    await call.wait_for_connection()
                    nonce = await call.read()
                    if not isinstance(nonce, bytes) or len(nonce) != NONCE_BYTES:
                        raise OperatorError("the peer did not ask for credentials")
                    await call.write(await self._gate.credentials(nonce))
                    if await call.read() != b"welcome":
                        raise OperatorError("the peer does not admit this operator")
                self._open.add(member.index)
                self._complaints.pop(member.index, None)
                self._on_peer(member.index, True)
                await self._pour(call, queue)
            finally:
                call.cancel()

    async def _pour(self, call: Any, queue: _Queue) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_S):
                    await queue.ready.wait()
            await call.write(encode(queue.take()))

    # The side that serves it

    async def _serve(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        index = peer_of(context, self._certificates)
        if index is None:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "no member has this certificate")
            return
        nonce = secrets.token_bytes(NONCE_BYTES)
        yield nonce
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                shown = await anext(aiter(requests))
                member = self._members[index]
                self.incarnations[index] = await self._gate.admit(member, nonce, shown)
        except (OperatorError, EncodingError, StopAsyncIteration, TimeoutError) as why:
            self._complain(index, f"not admitted: {_reason(why)}")
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, _reason(why)[:200])
            return
        yield b"welcome"
        self._heard[index] = self._clock()
        async for batch in requests:
            if self._members.get(index) is not member:
                return
            self._heard[index] = self._clock()
            self._take(index, batch)

    def _take(self, index: int, batch: bytes) -> None:
        try:
            frames = decode(batch)
        except EncodingError:
            frames = None
        if not isinstance(frames, tuple) or not all(isinstance(each, bytes) for each in frames):
            self._complain(index, "sent something that is no batch of frames")
            return
        for frame in frames:
            self._on_frame(index, frame)

    def _complain(self, index: int, why: str) -> None:
        """Once for each new reason."""
        if self._complaints.get(index) != why:
            self._complaints[index] = why
            self._log.warning("link_down", peer=index, why=why)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _reason(error: BaseException) -> str:
    if isinstance(error, aio.AioRpcError):
        return f"{error.code().name}: {error.details()}"
    return str(error) or type(error).__name__
