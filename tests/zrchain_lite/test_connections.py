"""Sockets that ask nothing, and peers that take every place: the doors stay open for the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
from zrchain_lite.api import http
from zrchain_lite.api.connections import Places, bounded
from zrchain_lite.api.turns import Busy, Turns
from zrchain_lite.logs import RateLimit

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
    places: Places, *, idle_s: float = LONG_S, body_s: float = LONG_S
) -> AsyncIterator[int]:
    listener = http.listen("test", "127.0.0.1:0")
    with listener:
        made = bounded(places, idle_s=idle_s, body_s=body_s)
        async with http.serve(APP, listener, connections=made):
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
