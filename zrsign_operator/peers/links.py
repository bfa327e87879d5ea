"""Links to the peers: gRPC over mutual TLS, one stream from each operator to each other one.

Both ends prove themselves, the listener first: its certificate, then, over the dialler's nonce,
its credentials (in an enclave: a quote); then the dialler, over the listener's. The same exchange
renews the admissions on the stream before they end. Frames are taken from an admitted peer only,
and are sent to an admitted peer only. A stream delivers in order while it lives; when it breaks,
what was on the way is lost, and what needed it starts again. The two streams of a pair break one by
one: what this operator told a peer is lost with its own, what the peer told it with the peer's. A
peer is live while it was heard lately.

What a peer may send is bounded by a budget that its own side keeps to as well; long frames are read
in threads. A peer that exceeds it, or sends what no operator writes, is cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

import grpc
from grpc import aio

from zrsign_daemon.errors import PortInUse
from zrsign_daemon.log import get_logger
from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.wire.encoding import encode
from zrsign_operator.errors import OperatorError
from zrsign_operator.peers import handshake
from zrsign_operator.peers.admission import Admission, Gate, Hello
from zrsign_operator.peers.batches import MAX_BATCH_BYTES, FrameQueue, read_batch
from zrsign_operator.peers.budgets import LENIENCE, Budget
from zrsign_operator.peers.conduct import Offence
from zrsign_operator.peers.frames import MAX_FRAME_BYTES, Frame, price_of
from zrsign_operator.peers.members import Member
from zrsign_operator.peers.tls import SERVER_NAME, TlsIdentity, peer_of

SERVICE: Final = "zrsign.operators.Link"
METHOD: Final = f"/{SERVICE}/Open"
HEARTBEAT_S: Final = 0.5
LIVE_S: Final = 4.0
RECONNECT_S: Final = (0.1, 2.0)
HANDSHAKE_PRICE: Final = 1 << 16
"""What a handshake counts for in the budget of its link."""
READ_AT_ONCE: Final = 1 << 12
"""Bytes of a batch that is read in the event loop; a longer one would keep it from its turn."""
TURN: Final = 32
"""Frames after which others have a turn in the event loop."""
MAX_COMPLAINTS: Final = 16
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MAX_FRAME_BYTES + MAX_BATCH_BYTES + 4096),
    ("grpc.max_send_message_length", -1),
    ("grpc.ssl_target_name_override", SERVER_NAME),
    ("grpc.enable_http_proxy", 0),
    ("grpc.so_reuseport", 0),
    # A channel of its own each time: shared ones remember failures for up to two minutes.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_concurrent_streams", 4),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)


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
        self._queues: dict[int, FrameQueue] = {}
        self._dialers: dict[int, asyncio.Task[None]] = {}
        self._server: aio.Server | None = None
        self._log = get_logger(operator=me)
        self._complaints: dict[int, set[str]] = {}
        self._streams: dict[int, object] = {}
        """The newest stream that each peer opened: it alone is listened to."""
        self._budgets: dict[int, Budget] = {}
        self._cut_until: dict[int, float] = {}

    async def start(
        self,
        on_frame: Callable[[int, Frame], None],
        on_peer: Callable[[int, bool], None],
        on_silence: Callable[[int], None],
        on_offence: Callable[[int, Offence, str], None],
    ) -> int:
        """Listen, and tell of frames, of peers that come and go, and of what peers must not do.

        `on_peer` hears of this operator's streams to peers, whether they opened or broke;
        `on_silence` of peers' streams that ended: they say what they have to say on the next again.
        Returns the port. Raises PortInUse.
        """
        self._on_frame, self._on_peer = on_frame, on_peer
        self._on_silence, self._on_offence = on_silence, on_offence
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
                self._queues[index] = FrameQueue(self._clock)
                self._budgets.setdefault(index, Budget(self._clock, LENIENCE))
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

    def send(self, index: int, frame: bytes, *, linger: bool = False) -> None:
        """Queue a frame for a peer, over a link that is there or comes soon.

        What may `linger` goes with other frames, within `HEARTBEAT_S`.
        """
        if index in self._queues:
            self._queues[index].put(frame, linger=linger)

    def cut(self, index: int, seconds: float) -> None:
        """Break both links with a peer, and take none of it for a while."""
        if index in self._members:
            self._cut_until[index] = self._clock() + seconds
            self._end_stream(index)
            self._dialers[index].cancel()
            self._dialers[index] = asyncio.create_task(self._dial(self._members[index]))

    def _is_cut(self, index: int) -> bool:
        return self._clock() < self._cut_until.get(index, 0.0)

    def _drop(self, index: int) -> None:
        self._dialers.pop(index).cancel()
        self._end_stream(index)
        for table in (self._members, self._certificates, self._queues, self._heard):
            table.pop(index, None)
        self._close(index)
        self.incarnations.pop(index, None)

    def _end_stream(self, index: int) -> None:
        """Listen no more to the stream that a peer opened last."""
        if self._streams.pop(index, None) is not None:
            self._on_silence(index)

    def _close(self, index: int) -> None:
        if index in self._open:
            self._open.discard(index)
            self._heard.pop(index, None)
            self._on_peer(index, False)

    # The side that opens the stream

    async def _dial(self, member: Member) -> None:
        failures = 0
        while True:
            await asyncio.sleep(max(self._cut_until.get(member.index, 0.0) - self._clock(), 0.0))
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
        credentials = self._tls.channel(member.certificate)
        async with aio.secure_channel(member.endpoint, credentials, _OPTIONS) as channel:
            call: Any = channel.stream_stream(METHOD)()
            try:
                async with asyncio.timeout(handshake.HANDSHAKE_S):
                    await call.wait_for_connection()
                    admission = await handshake.prove(call, self._gate, member)
                self._open.add(member.index)
                self._complaints.pop(member.index, None)
                self._on_peer(member.index, True)
                await self._pour(call, member, admission)
            finally:
                call.cancel()

    async def _pour(self, call: Any, member: Member, admission: Admission) -> None:
        queue, budget = self._queues[member.index], Budget(self._clock)
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_S):
                    await queue.ready.wait()
            handshake.require_valid(self._gate, admission)
            if self._gate.is_due(admission):
                async with asyncio.timeout(handshake.HANDSHAKE_S):
                    admission = await handshake.prove(call, self._gate, member)
            frames = queue.take()
            wait_s = budget.take(sum(price_of(frame) for frame in frames))
            while wait_s > 0:
                await asyncio.sleep(min(wait_s, HEARTBEAT_S))
                await call.write(encode(()))
                wait_s -= HEARTBEAT_S
            await call.write(encode(frames))

    # The side that serves it

    async def _serve(self, requests: AsyncIterator[bytes], context: Any) -> None:
        index = peer_of(context, self._certificates)
        if index is None:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "no member has this certificate")
            return
        if self._is_cut(index) or self._budgets[index].take(HANDSHAKE_PRICE) > 0:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too much; try again later")
            return
        member, messages = self._members[index], aiter(requests)
        self._end_stream(index)
        stream = self._streams[index] = object()
        try:
            admission = await self._admit(member, await handshake.said(messages), messages, context)
            self._heard[index] = self._clock()
            async for data in messages:
                if self._streams.get(index) is not stream:
                    return
                handshake.require_valid(self._gate, admission)
                self._heard[index] = self._clock()
                if Hello.is_one(data):
                    admission = await self._admit(member, data, messages, context)
                else:
                    await self._take(index, stream, data)
        except (OperatorError, EncodingError, StopAsyncIteration, TimeoutError) as why_not:
            self._complain(index, f"not admitted: {_reason(why_not)}")
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, _reason(why_not)[:200])
        finally:
            if self._streams.get(index) is stream:
                self._end_stream(index)

    async def _admit(
        self, member: Member, hello: bytes, messages: AsyncIterator[bytes], context: Any
    ) -> Admission:
        """Prove this operator to a dialler, and let it prove itself. Raises OperatorError."""
        admission = await handshake.admit(context, self._gate, member, hello, messages)
        self.incarnations[member.index] = admission.incarnation
        await context.write(handshake.WELCOME)
        return admission

    async def _take(self, index: int, stream: object, batch: bytes) -> None:
        """Read a batch, in a thread when it is long, and hand on its frames in their order."""
        try:
            if len(batch) <= READ_AT_ONCE:
                frames, price = read_batch(batch)
            else:
                frames, price = await asyncio.to_thread(read_batch, batch)
        except EncodingError as error:
            self._on_offence(index, Offence.MALFORMED, str(error))
            return
        if self._budgets[index].take(price) > 0:
            self._on_offence(index, Offence.FLOOD, "more frames than a link may carry")
            return
        for place, frame in enumerate(frames, 1):
            if place % TURN == 0:
                await asyncio.sleep(0)
            if self._streams.get(index) is not stream:
                return
            self._on_frame(index, frame)

    def _complain(self, index: int, why: str) -> None:
        """Once for each reason, until the link stands again."""
        told = self._complaints.setdefault(index, set())
        if why not in told and len(told) < MAX_COMPLAINTS:
            told.add(why)
            self._log.warning("link_down", peer=index, why=why)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _reason(error: BaseException) -> str:
    if isinstance(error, aio.AioRpcError):
        return f"{error.code().name}: {error.details()}"
    return str(error) or type(error).__name__
