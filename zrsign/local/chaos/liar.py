"""A proxy in front of a real node that answers some methods otherwise than the node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, web

Lie = Callable[[list[Any], Any], Any]
"""What is answered instead, of a call's parameters and the node's own `result`."""


class Liar:
    """`lies` by method; `error` answers a method with a JSON-RPC error in place of a result.

    Each answer is held back for `delay_s`.
    """

    def __init__(self, node_url: str):
        self.url = ""
        self.lies: dict[str, Lie] = {}
        self.errors: dict[str, dict[str, Any]] = {}
        self.delay_s = 0.0
        self._node_url = node_url

    async def answer(self, request: web.Request) -> web.Response:
        """What is answered to a call, or to a batch of them."""
        asked = await request.json()
        await asyncio.sleep(self.delay_s)
        if not isinstance(asked, list):
            return web.json_response(await self._one(request, asked))
        return web.json_response([await self._one(request, each) for each in asked])

    async def _one(self, request: web.Request, asked: dict[str, Any]) -> dict[str, Any]:
        if (error := self.errors.get(asked["method"])) is not None:
            return {"jsonrpc": "2.0", "id": asked["id"], "error": error}
        async with (
            ClientSession() as http,
            http.post(self._node_url, json=asked, headers=self._passed_on(request)) as response,
        ):
            answer: dict[str, Any] = await response.json(content_type=None)
        if (lie := self.lies.get(asked["method"])) is not None:
            answer["result"] = lie(asked["params"], answer.get("result"))
        return answer

    @staticmethod
    def _passed_on(request: web.Request) -> dict[str, str]:
        held = request.headers.get("Authorization")
        return {"Authorization": held} if held else {}


@asynccontextmanager
async def lying(node_url: str) -> AsyncIterator[Liar]:
    """A liar on a free loopback port."""
    liar = Liar(node_url)
    app = web.Application()
    app.router.add_post("/", liar.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    liar.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield liar
    finally:
        await runner.cleanup()
