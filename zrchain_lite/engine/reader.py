"""Reading in a process of its own, on the snapshots of a store that another process writes.

What strangers send is parsed, queried and rendered here. A transaction reaches the maker of blocks
only when it decodes, its fee is there and its signatures are right.
"""

from __future__ import annotations

import asyncio
import itertools
import struct
from contextlib import suppress

from zrchain_lite.app import App
from zrchain_lite.engine.link import Frame, Kind, Wire
from zrchain_lite.engine.mempool import MempoolFull
from zrchain_lite.engine.reading import MAX_WAIT_S, Pool, Reading
from zrchain_lite.errors import LedgerError, Unavailable
from zrchain_lite.store.lmdb_store import LmdbStore
from zrchain_lite.wire.tendermint.abci import types_pb2 as abci

MAX_CALLS = 1_000
"""How many calls may wait for the maker of blocks."""
_POOL = struct.Struct("!QQ")
_LENGTH = struct.Struct("!I")


class Reader(Reading):
    """A read-only store and the link to whoever writes it."""

    def __init__(self, app: App, store: LmdbStore, wire: Wire, *, max_waiting_clients: int) -> None:
        super().__init__(app, store, max_waiting_clients=max_waiting_clients)
        self._wire = wire
        self._calls: dict[int, asyncio.Future[bytes]] = {}
        self._numbers = itertools.count(1)

    async def follow(self) -> None:
        """See every block and hear every answer, until the maker says stop or ends."""
        try:
            async for frame in self._wire.frames():
                if frame.kind == Kind.STOP:
                    return
                if frame.kind == Kind.COMMITTED:
                    self._catch_up()
                elif (call := self._calls.get(frame.number)) is not None and not call.done():
                    if frame.kind == Kind.FAILED:
                        call.set_exception(Unavailable(frame.body.decode()))
                    else:
                        call.set_result(frame.body)
        finally:
            self._release()
            for call in self._calls.values():
                call.cancel()

    def check(self, tx: bytes) -> abci.ResponseCheckTx:
        return self.app.screen(tx)

    async def submit(self, tx: bytes) -> abci.ResponseCheckTx:
        screened = self.app.screen(tx)
        if screened.code != 0:
            return screened
        if len(self._calls) >= MAX_CALLS:
            full = MempoolFull(f"{MAX_CALLS} transactions are being checked; try later")
            return abci.ResponseCheckTx(code=full.code, codespace=full.codespace, log=str(full))
        return abci.ResponseCheckTx.FromString(await self._call(Kind.SUBMIT, tx))

    async def pool(self, limit: int) -> Pool:
        return _decode_pool(await self._call(Kind.POOL, _LENGTH.pack(limit)))

    async def _call(self, kind: Kind, body: bytes) -> bytes:
        number = next(self._numbers)
        call: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._calls[number] = call
        try:
            self._wire.send(Frame(kind, number, body))
            return await call
        finally:
            del self._calls[number]

    def _catch_up(self) -> None:
        seen = self.tip.height
        self.app.refresh()
        for height in range(seen + 1, self.tip.height + 1):
            record = self.block(height) if self._awaited else None
            if record is not None:
                self._tell(record)
        if self.tip.height > seen:
            self._advance()


async def serve_reader(engine: Reading, wire: Wire) -> None:
    """The maker's end: tell a reader of blocks and answer its calls, until it ends."""
    async with asyncio.TaskGroup() as tasks:
        telling = tasks.create_task(_announce(engine, wire))
        async for frame in wire.frames():
            tasks.create_task(_answer(engine, wire, frame))
            # Who makes blocks has a turn between any two calls.
            await asyncio.sleep(0)
        telling.cancel()


async def _answer(engine: Reading, wire: Wire, frame: Frame) -> None:
    """Answer one call. As many are answered together as the reader lets wait."""
    try:
        if frame.kind == Kind.SUBMIT:
            body = (await engine.submit(frame.body)).SerializeToString()
        else:
            body = _encode_pool(await engine.pool(*_LENGTH.unpack(frame.body)))
        answer = Frame(frame.kind, frame.number, body)
    except LedgerError as error:
        answer = Frame(Kind.FAILED, frame.number, str(error).encode())
    wire.send(answer)


async def _announce(engine: Reading, wire: Wire) -> None:
    height = 0
    with suppress(ConnectionError):
        while not engine.stopped:
            height = await engine.wait_above(height, MAX_WAIT_S)
            wire.send(Frame(Kind.COMMITTED, height))
            await wire.drain()


def _encode_pool(pool: Pool) -> bytes:
    parts = [_POOL.pack(pool.count, pool.size)]
    for tx in pool.txs:
        parts += [_LENGTH.pack(len(tx)), tx]
    return b"".join(parts)


def _decode_pool(body: bytes) -> Pool:
    count, size = _POOL.unpack_from(body)
    txs, position = [], _POOL.size
    while position < len(body):
        start = position + _LENGTH.size
        position = start + _LENGTH.unpack_from(body, position)[0]
        txs.append(body[start:position])
    return Pool(count, size, tuple(txs))
