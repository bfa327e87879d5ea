"""The socket between CometBFT and the application: framing, order, and bytes that are no calls."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.zrchain_lite.chain import Chain
from zrchain_lite.engine.cometbft.abci import (
    MAX_MESSAGE_BYTES,
    AbciServer,
    BadMessage,
    framed,
    requests,
    respond,
)
from zrchain_lite.wire.tendermint.abci import types_pb2 as abci
from zrsign_chains.protobuf import varint

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def serving(chain: Chain, folder: Path) -> AsyncIterator[asyncio.Task[None]]:
    stop, ready = asyncio.Event(), asyncio.Event()

    async def answer(request: abci.Request) -> abci.Response:
        return respond(chain.app, request)

    server = AbciServer(answer, folder / "abci.sock")
    task = asyncio.create_task(server.run(stop, ready.set))
    await ready.wait()
    try:
        yield task
    finally:
        stop.set()
        await asyncio.gather(task, return_exceptions=True)


async def connect(folder: Path) -> Streams:
    return await asyncio.open_unix_connection(folder / "abci.sock")


async def response(reader: asyncio.StreamReader) -> abci.Response:
    size = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return abci.Response.FromString(await reader.readexactly(size))


async def test_connections__should_answer_each_in_its_order(chain: Chain, tmp_path: Path) -> None:
    async with serving(chain, tmp_path):
        assert stat.S_IMODE((tmp_path / "abci.sock").stat().st_mode) == 0o600
        pairs = [await connect(tmp_path) for _ in range(4)]
        for _, writer in pairs:
            for text in ("a", "b" * 300):
                writer.write(framed(abci.Request(echo=abci.RequestEcho(message=text))))
            writer.write(framed(abci.Request(info=abci.RequestInfo())))
            writer.write(framed(abci.Request(flush=abci.RequestFlush())))
        for reader, writer in pairs:
            assert (await response(reader)).echo.message == "a"
            assert (await response(reader)).echo.message == "b" * 300
            assert (await response(reader)).info.last_block_height == chain.app.tip.height
            assert (await response(reader)).HasField("flush")
            writer.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff" * 11,
        b"\x05ab",
        b"\x82",
        b"\x03\xff\xff\xff",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    ],
)
async def test_bytes_that_are_no_message__should_be_refused(raw: bytes) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(raw)
    reader.feed_eof()
    with pytest.raises(BadMessage):
        async for _ in requests(reader):
            pass


async def test_message_that_is_too_long__should_be_refused_by_its_length() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(varint(MAX_MESSAGE_BYTES + 1))
    with pytest.raises(BadMessage, match=f"{MAX_MESSAGE_BYTES} are the most"):
        async for _ in requests(reader):
            pass


async def test_connection_of_rubbish__should_end_and_leave_the_others(
    chain: Chain, tmp_path: Path
) -> None:
    async with serving(chain, tmp_path) as task:
        reader, writer = await connect(tmp_path)
        writer.write(b"\xff" * 64)
        assert await reader.read() == b""
        writer.close()
        reader, writer = await connect(tmp_path)
        writer.write(framed(abci.Request(info=abci.RequestInfo())))
        assert (await response(reader)).HasField("info")
        writer.close()
        assert not task.done()


async def test_call_of_consensus_that_fails__should_end_the_server(
    chain: Chain, tmp_path: Path
) -> None:
    height = chain.app.tip.height
    async with serving(chain, tmp_path) as task:
        reader, writer = await connect(tmp_path)
        far = abci.RequestFinalizeBlock(height=height + 9)
        writer.write(framed(abci.Request(finalize_block=far)))
        assert "does not follow" in (await response(reader)).exception.error
        with pytest.raises(ValueError, match="does not follow"):
            await task
        writer.close()
    assert chain.app.tip.height == height
