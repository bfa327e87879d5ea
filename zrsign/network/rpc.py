"""JSON-RPC over HTTP to the local nodes: what starting, funding and checking them needs."""

from __future__ import annotations

import itertools
from typing import Any

import httpx


class RpcFault(Exception):
    """The node answered with an error object."""

    def __init__(self, method: str, code: int, message: str) -> None:
        super().__init__(f"{method}: {message} ({code})")
        self.code = code


class Rpc:
    """One node's JSON-RPC endpoint. Raises RpcFault for an error answer, httpx.HTTPError when unreachable."""

    def __init__(self, url: str, *, auth: tuple[str, str] | None = None) -> None:
        self.url = url
        self._client = httpx.AsyncClient(auth=auth, timeout=30)
        self._ids = itertools.count(1)

    async def call(self, method: str, *params: Any, path: str = "") -> Any:
        answer = await self._client.post(
            self.url + path,
            json={"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params},
        )
        body = answer.json()
        if fault := body.get("error"):
            raise RpcFault(method, fault["code"], fault["message"])
        return body["result"]

    async def answers(self, method: str, *params: Any) -> bool:
        """True once the node answers without an error; for readiness probes."""
        try:
            await self.call(method, *params)
        except (httpx.HTTPError, RpcFault, ValueError):
            return False
        return True

    async def close(self) -> None:
        await self._client.aclose()
