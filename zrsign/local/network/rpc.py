"""JSON-RPC over HTTP to the local nodes: what starting, funding and checking them needs."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused, NodeUnavailable

TIMEOUT_S = 30.0


class Rpc(JsonRpc):
    """One local node's endpoint, closed with its context.

    Every call raises NodeRefused or NodeUnavailable.
    """

    def __init__(self, url: str, cookie_file: Path | None = None) -> None:
        super().__init__(url, timeout_s=TIMEOUT_S, cookie_file=cookie_file)
        self.url = url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def answers(self, method: str) -> bool:
        """True once the node answers without an error; for readiness probes."""
        try:
            await self.call(method)
        except (NodeRefused, NodeUnavailable):
            return False
        return True
