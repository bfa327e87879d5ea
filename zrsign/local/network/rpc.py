"""JSON-RPC over HTTP to the local nodes: what starting, funding and checking them needs."""

from __future__ import annotations

import itertools
from base64 import b64encode
from pathlib import Path
from typing import Any

import httpx

from zrsign.errors import ZrSignError


class RpcFault(ZrSignError):
    """The node answered with an error object."""

    def __init__(self, method: str, code: int, message: str) -> None:
        super().__init__(f"{method}: {message} ({code})", "See the node's log.")
        self.code = code


class Rpc:
    """One node's JSON-RPC endpoint.

    Raises RpcFault for an error answer, httpx.HTTPError when unreachable.
    """

    def __init__(self, url: str, cookie_file: Path | None = None) -> None:
        self.url = url
        self._cookie_file = cookie_file
        self._client = httpx.AsyncClient(timeout=30)
        self._ids = itertools.count(1)

    async def call(self, method: str, *params: Any, path: str = "") -> Any:
        """Call a JSON-RPC method and return its result. Raises RpcFault."""
        answer = await self._client.post(
            self.url + path,
            json={"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params},
            headers=self._headers(),
        )
        body = answer.json()
        if fault := body.get("error"):
            raise RpcFault(method, fault["code"], fault["message"])
        return body["result"]

    def _headers(self) -> dict[str, str]:
        """HTTP Basic from bitcoind's cookie, user:password, which it writes anew at every start."""
        if self._cookie_file is None or not self._cookie_file.is_file():
            return {}
        cookie = b64encode(self._cookie_file.read_bytes().strip()).decode()
        return {"Authorization": f"Basic {cookie}"}

    async def answers(self, method: str, *params: Any) -> bool:
        """True once the node answers without an error; for readiness probes."""
        try:
            await self.call(method, *params)
        except (httpx.HTTPError, RpcFault, ValueError):
            return False
        return True

    async def close(self) -> None:
        """Close the connections to the node."""
        await self._client.aclose()
