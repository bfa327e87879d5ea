"""EVM nodes, asked as patiently as everything else in tests: web3 gives up after 30 s."""

from __future__ import annotations

from typing import Any

from aiohttp import ClientTimeout
from web3 import AsyncHTTPProvider, AsyncWeb3

from tests.waiting import STALLED_S


def connected(url: str) -> AsyncWeb3[Any]:
    """Mining 2 200 blocks took longer than 30 s on a machine with a load of nine."""
    return AsyncWeb3(AsyncHTTPProvider(url, request_kwargs={"timeout": ClientTimeout(STALLED_S)}))
