"""The JSON-RPC client against a server that answers whatever a node may answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestServer
from pydantic import TypeAdapter, ValidationError

from zrsign_daemon.jsonrpc import JsonRpc, NodeBusy, NodeRefused, NodeUnavailable, NodeUrl

Answer = Callable[[web.Request], Awaitable[web.Response]]
Serve = Callable[[Answer], Awaitable[TestServer]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    servers: list[TestServer] = []

    async def start(answer: Answer) -> TestServer:
        app = web.Application()
        app.router.add_post("/{tail:.*}", answer)
        servers.append(TestServer(app))
        await servers[-1].start_server()
        return servers[-1]

    yield start
    for server in servers:
        await server.close()


def answering(body: object, status: int = 200) -> Answer:
    async def answer(_: web.Request) -> web.Response:
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(text=text, status=status)

    return answer


async def test_call__should_send_json_rpc_and_return_the_result(serve: Serve) -> None:
    async def answer(request: web.Request) -> web.Response:
        call = await request.json()
        return web.json_response({"id": call["id"], "result": [request.path, call]})

    rpc = JsonRpc(str((await serve(answer)).make_url("/wallet/a")))
    path, call = await rpc.call("getbalance", "*", 6)
    assert path == "/wallet/a"
    assert call == {"jsonrpc": "2.0", "id": 1, "method": "getbalance", "params": ["*", 6]}
    await rpc.close()


async def test_error__should_be_the_nodes_own_whatever_the_http_status(serve: Serve) -> None:
    error = {"code": -32000, "message": "nonce too low", "data": "0x08"}
    rpc = JsonRpc(str((await serve(answering({"error": error}, 500))).make_url("/")))
    with pytest.raises(NodeRefused, match="eth_call: nonce too low") as raised:
        await rpc.call("eth_call")
    assert (raised.value.code, raised.value.data) == (-32000, "0x08")
    await rpc.close()


@pytest.mark.parametrize("body", ["<html>", "[1]", "{}"])
async def test_answer_that_is_no_json_rpc__should_be_unavailable(serve: Serve, body: str) -> None:
    rpc = JsonRpc(str((await serve(answering(body, 401))).make_url("/secret-path")))
    with pytest.raises(NodeUnavailable, match="HTTP 401") as raised:
        await rpc.call("eth_chainId")
    assert "secret-path" not in str(raised.value)
    await rpc.close()


async def test_redirect__should_not_be_followed(serve: Serve) -> None:
    async def answer(request: web.Request) -> web.Response:
        assert request.path != "/elsewhere"
        raise web.HTTPTemporaryRedirect("/elsewhere")

    rpc = JsonRpc(str((await serve(answer)).make_url("/")))
    with pytest.raises(NodeUnavailable, match="HTTP 307"):
        await rpc.call("eth_chainId")
    await rpc.close()


async def test_silent_node__should_be_unavailable_after_the_time_out(serve: Serve) -> None:
    asked, over = asyncio.Event(), asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        asked.set()
        await over.wait()
        return web.Response()

    rpc = JsonRpc(str((await serve(answer)).make_url("/")), timeout_s=0.05)
    with pytest.raises(NodeUnavailable, match=r"no answer from 127\.0\.0\.1:"):
        await rpc.call("eth_chainId")
    over.set()
    await rpc.close()


async def test_dead_node__should_be_named_without_credentials_and_path() -> None:
    rpc = JsonRpc("http://user:open-sesame@127.0.0.1:9/my-api-key")
    with pytest.raises(NodeUnavailable, match=r"127\.0\.0\.1:9") as raised:
        await rpc.call("eth_chainId")
    assert "open-sesame" not in str(raised.value)
    assert "my-api-key" not in str(raised.value)
    await rpc.close()


async def test_credentials__should_come_from_the_url_or_anew_from_the_cookie(
    serve: Serve, tmp_path: Path
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"result": request.headers.get("Authorization", "")})

    url, cookie = (await serve(answer)).make_url("/"), tmp_path / ".cookie"
    by_url = JsonRpc(str(url.with_user("a").with_password("b@c")))
    assert await by_url.call("uptime") == encode_basic_auth("a", "b@c")
    by_cookie = JsonRpc(str(url), cookie_file=cookie)
    with pytest.raises(NodeUnavailable, match="Is bitcoind running"):
        await by_cookie.call("uptime")
    for secret in ("first", "second"):
        cookie.write_text(f"__cookie__:{secret}")
        assert await by_cookie.call("uptime") == encode_basic_auth("__cookie__", secret)
    await by_url.close()
    await by_cookie.close()


@pytest.mark.parametrize("url", ["ftp://x", "h:80", "http://", "http://h:99999", "http://h:x", ""])
def test_url_that_is_no_nodes__should_be_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="Write it as http://host:port"):
        TypeAdapter(NodeUrl).validate_python(url)


async def test_batch__should_give_each_call_its_answer_whatever_their_order(serve: Serve) -> None:
    async def answer(request: web.Request) -> web.Response:
        calls = await request.json()
        answers = [{"id": each["id"], "result": each["method"]} for each in calls[:-1]]
        answers.append({"id": calls[-1]["id"], "error": {"code": -32601, "message": "unknown"}})
        return web.json_response([*reversed(answers), "noise", {"id": [7]}])

    rpc = JsonRpc(str((await serve(answer)).make_url("/")))
    first, second, third = await rpc.batch([("a",), ("b", 1), ("c",)])
    assert (first, second) == ("a", "b")
    assert isinstance(third, NodeRefused)
    assert (third.method, third.code, third.is_busy) == ("c", -32601, False)
    await rpc.close()


@pytest.mark.parametrize("body", [[], [{"id": 7, "result": 1}], {"result": 1}, "[", [[]]])
async def test_batch_without_every_answer__should_be_unavailable(
    serve: Serve, body: object
) -> None:
    rpc = JsonRpc(str((await serve(answering(body))).make_url("/")))
    with pytest.raises(NodeUnavailable):
        await rpc.batch([("a",), ("b",)])
    await rpc.close()


async def test_batch_that_is_refused_whole__should_be_refused(serve: Serve) -> None:
    error = {"code": -32600, "message": "batches are not supported"}
    rpc = JsonRpc(str((await serve(answering({"error": error}))).make_url("/")))
    with pytest.raises(NodeRefused, match="a batch of 2: batches are not supported"):
        await rpc.batch([("a",), ("b",)])
    await rpc.close()


@pytest.mark.parametrize("body", ["slow down", json.dumps({"error": {"code": 1}})])
async def test_too_many_requests__should_be_told_from_a_node_that_is_away(
    serve: Serve, body: str
) -> None:
    rpc = JsonRpc(str((await serve(answering(body, 429))).make_url("/")))
    with pytest.raises(NodeBusy, match="HTTP 429"):
        await rpc.call("eth_chainId")
    await rpc.close()


@pytest.mark.parametrize(
    ("code", "text", "busy"),
    [
        (429, "", True),
        (-32005, "rate limit exceeded", True),
        (-32097, "Your app has exceeded its compute units per second capacity", True),
        (-32005, "query returned more than 10000 results", False),
        (-32000, "missing trie node", False),
    ],
)
def test_refusal__should_say_whether_the_node_only_wants_a_pause(
    code: int, text: str, busy: bool
) -> None:
    assert NodeRefused("m", code, text).is_busy is busy
