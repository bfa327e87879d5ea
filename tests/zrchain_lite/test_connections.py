"""Sockets that ask nothing, and peers that take every place: the doors stay open for the others."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect

from tests.waiting import until
from tests.zrchain_lite.chain import CHAIN_ID, genesis, node_config
from tests.zrchain_lite.test_guarded_doors import certificate
from zrchain_lite.api import http
from zrchain_lite.api.connections import OF_ONE_PEER, Places, bounded
from zrchain_lite.api.piped import piped
from zrchain_lite.api.turns import Busy, Turns
from zrchain_lite.client import LedgerClient
from zrchain_lite.doors import Guard
from zrchain_lite.logs import RateLimit
from zrchain_lite.node import serving
from zrsign.node import modules

LONG_S = 3600.0


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{len(await request.body())}")


async def echo(ws: WebSocket) -> None:
    await ws.accept()
    await ws.send_text(await ws.receive_text())
    await ws.receive_text()


APP = Starlette(
    routes=[Route("/", hello, methods=["GET", "POST"]), WebSocketRoute("/websocket", echo)]
)


@asynccontextmanager
async def door(
    places: Places,
    *,
    idle_s: float = LONG_S,
    body_s: float = LONG_S,
    tls: http.Tls | None = None,
) -> AsyncIterator[int]:
    listener = http.listen("test", "127.0.0.1:0")
    with listener:
        made = bounded(idle_s=idle_s, body_s=body_s)
        async with http.serve(APP, listener, places=places, connections=made, tls=tls):
            yield listener.getsockname()[1]


async def get(port: int) -> str:
    async with httpx.AsyncClient() as client:
        return (await client.get(f"http://127.0.0.1:{port}/")).text


@pytest.mark.parametrize(
    "said",
    [b"", b"GET / HTTP/1.1\r\nhost: x\r\n", b"GET / HTTP/1.1\r\nhost: x\r\n\r\nGET"],
    ids=["nothing", "half a header", "half a second header"],
)
async def test_connection_that_asks_nothing__should_be_closed(said: bytes) -> None:
    async with door(Places(), idle_s=0.05) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)
        answer = await reader.read()
        assert (b"200 OK" in answer) == (said.count(b"GET") == 2)
        writer.close()


async def test_body_that_never_ends__should_close_its_connection() -> None:
    async with door(Places(), idle_s=0.05, body_s=0.05) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc")
        assert b"200" not in await reader.read()
        writer.close()


async def test_one_peer__should_not_take_every_place() -> None:
    places = Places(total=8, of_one_peer=3, reserved=0)
    async with door(places) as port:
        opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        with pytest.raises(httpx.HTTPError):
            await get(port)
        assert places.take("192.0.2.7") is not None
        opened[0][1].close()

        async def answered() -> bool:
            try:
                return await get(port) == "0"
            except httpx.HTTPError:
                return False

        await until(answered, "a place that a closed connection gave back")
        for _, writer in opened:
            writer.close()


async def test_websocket__should_keep_its_place_until_it_ends() -> None:
    places = Places(total=1, of_one_peer=1, reserved=0)
    async with door(places, idle_s=0.05) as port:
        async with connect(f"ws://127.0.0.1:{port}/websocket", proxy=None) as ws:
            await ws.send("hello")
            assert await ws.recv() == "hello"
            assert places.take("127.0.0.1") is None
            with pytest.raises(httpx.HTTPError):
                await get(port)

        async def given_back() -> bool:
            peer = places.take("127.0.0.1")
            if peer is not None:
                places.leave(peer)
            return peer is not None

        await until(given_back, "the place of a WebSocket that ended")


def test_places__should_be_reserved_for_this_machine_and_count_networks() -> None:
    places = Places(total=4, of_one_peer=2, reserved=1)
    assert places.take("2001:db8::1") == places.take("2001:db8::2") == "2001:db8::/64"
    assert places.take("2001:db8::3") is None
    assert places.take("192.0.2.1") == "192.0.2.1"
    assert places.take("192.0.2.2") is None
    assert places.take("127.0.0.1") == "127.0.0.1"
    assert places.take("127.0.0.1") is None
    places.leave("2001:db8::/64")
    assert places.take("127.0.0.1") == "127.0.0.1"


def test_log__should_have_a_bounded_rate_and_tell_what_it_left_out() -> None:
    now = 5.0
    limit = RateLimit(3, clock=lambda: now)
    records = [logging.makeLogRecord({"msg": "failed"}) for _ in range(11)]
    assert [limit.filter(each) for each in records[:10]] == [True] * 3 + [False] * 7
    now = 6.0
    assert limit.filter(records[10])
    assert records[10].getMessage() == "failed (7 lines were left out before)"


async def test_turns__should_rest_as_long_as_they_work_and_refuse_a_crowd(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []
    clock = iter([0.0, 0.4, 1.0, 1.1])
    pause = asyncio.sleep

    async def noted(seconds: float) -> None:
        slept.append(round(seconds, 3))
        await pause(0)

    monkeypatch.setattr("zrchain_lite.api.turns.asyncio.sleep", noted)
    turns = Turns(2, clock=lambda: next(clock))
    outcomes: list[Any] = await asyncio.gather(
        *(turns.run(lambda: "done") for _ in range(3)), return_exceptions=True
    )
    assert outcomes[:2] == ["done", "done"]
    assert isinstance(outcomes[2], Busy)
    assert slept == [0.4, 0.1]


class Crowd:
    """Connections of one peer that say nothing."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._writers: list[asyncio.StreamWriter] = []

    async def enter(self, port: int, count: int) -> list[asyncio.Task[bytes]]:
        """Connect one after the other; each is done when the door has ended it."""
        ends = []
        for _ in range(count):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, local_addr=(self._address, 0)
            )
            self._writers.append(writer)
            ends.append(asyncio.create_task(_ended(reader)))
        return ends

    def leave(self) -> None:
        for writer in self._writers:
            writer.close()


async def _ended(reader: asyncio.StreamReader) -> bytes:
    with suppress(ConnectionError):
        return await reader.read()
    return b""


async def test_silent_crowd__should_take_its_own_places_alone_at_every_door(tmp_path: Path) -> None:
    """Before it says a byte of TLS: each door holds half of its places, and serves the others."""
    files = certificate(tmp_path)
    config = node_config(tmp_path, genesis(), doors_apart=True)
    config = replace(config, guard=Guard(tls=http.Tls(*map(str, files))))
    crowd = Crowd("127.0.0.2")
    async with serving(config, modules, asyncio.Event()) as (node, _):
        ports = (node.grpc_port, node.rest_port, node.rpc_port)
        for port in ports:
            ends = await crowd.enter(port, OF_ONE_PEER + 40)
            await asyncio.gather(*ends[OF_ONE_PEER:])
            # A time-out would have ended those that came first before.
            assert sum(each.done() for each in ends[:OF_ONE_PEER]) < OF_ONE_PEER // 2
        trusted = ssl.create_default_context(cafile=str(files[0]))
        async with httpx.AsyncClient(verify=trusted) as client:
            for port in ports[1:]:
                assert (await client.get(f"https://127.0.0.1:{port}/health")).status_code in (
                    200,
                    404,
                )
        async with LedgerClient(f"https://127.0.0.1:{node.grpc_port}", ca=files[0]) as ledger:
            assert await ledger.chain_id() == CHAIN_ID
        crowd.leave()


async def standstill(grows: bytearray) -> None:
    """All sides are in this event loop: what many turns leave as it is waits for the reader."""
    seen, still = -1, 0
    while not grows or still < 1_000:
        await asyncio.sleep(0)
        still = still + 1 if len(grows) == seen else 0
        seen = len(grows)


async def test_piped_connection__should_carry_much_both_ways_at_the_readers_pace(
    tmp_path: Path,
) -> None:
    """An answer that nobody reads yet waits at the server, and not in this process."""
    sent, size = bytearray(), 32 * 1024 * 1024

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readexactly(size)
        for at in range(0, size, 65_536):
            writer.write(asked[at : at + 65_536])
            sent.extend(asked[at : at + 65_536])
            await writer.drain()
        writer.close()

    inner = str(tmp_path / "inner")
    async with await asyncio.start_unix_server(serve, inner, limit=size):
        with http.listen("test", "127.0.0.1:0") as listener:
            async with piped(listener, inner):
                reader, writer = await asyncio.open_connection(*listener.getsockname())
                said = bytes(range(256)) * (size // 256)
                writer.write(said)
                await writer.drain()
                await standstill(sent)
                assert 0 < len(sent) < size
                assert await reader.readexactly(size) == said
                assert await reader.read() == b""
                writer.close()


async def test_piped_connection__should_end_where_nobody_serves(tmp_path: Path) -> None:
    with http.listen("test", "127.0.0.1:0") as listener:
        async with piped(listener, str(tmp_path / "nobody")):
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            assert await _ended(reader) == b""
            writer.close()
