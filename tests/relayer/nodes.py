"""Real nodes as processes on free loopback ports."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from relayer.stages import OutboxItem, Stage
from relayer.worker import ChainWorker

ROOT = Path(__file__).parents[2]
START_S = 60
REGTEST = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328"


def tool(name: str, variable: str) -> str:
    """A node's program, or a skip that says how to get it."""
    for candidate in (os.environ.get(variable), shutil.which(name), ROOT / ".tools/bin" / name):
        if candidate and Path(candidate).is_file():
            return str(candidate)
    pytest.skip(f"{name} is not here; run: zrsign tools install")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(command: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    running = subprocess.Popen(command, **options)
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait(20)


def ask(url: str, method: str, *params: Any) -> Any:
    """A blocking JSON-RPC call for fixtures."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["result"]


def until(check: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            check()
            return
        except OSError:
            if time.monotonic() > deadline:
                pytest.fail(f"{what} did not start in {START_S} s")
            time.sleep(0.05)


async def eventually(probe: Callable[[], Any], what: str, timeout_s: float = 30.0) -> Any:
    """The first true answer of an async probe."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if found := await probe():
            return found
        await asyncio.sleep(0.02)
    pytest.fail(f"{what} did not happen in {timeout_s} s")


async def landed(worker: ChainWorker, item: OutboxItem) -> OutboxItem:
    """The item after its transaction is no longer on its way.

    Anvil mines a moment after it takes a transaction, so one pass may come too early.
    """

    async def passed() -> OutboxItem | None:
        nonlocal item
        item = await worker.advance(item)
        return None if item.stage is Stage.INCLUSION else item

    found: OutboxItem = await eventually(passed, "the end of the transaction")
    return found


@contextmanager
def bitcoind(folder: Path) -> Iterator[tuple[str, Path]]:
    """A regtest node without peers: its URL and its cookie file."""
    port = free_port()
    command = [
        tool("bitcoind", "BITCOIND"),
        "-regtest",
        f"-datadir={folder}",
        f"-rpcport={port}",
        "-listen=0",
        "-printtoconsole=0",
        "-debuglogfile=0",
    ]
    url, cookie = f"http://127.0.0.1:{port}", folder / "regtest/.cookie"
    with process(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        until(lambda: btc_ask(url, cookie, "getblockcount"), "bitcoind")
        yield url, cookie


def btc_ask(url: str, cookie: Path, method: str, *params: Any) -> Any:
    """A blocking call with bitcoind's cookie."""
    token = base64.b64encode(cookie.read_bytes()).decode()
    body = json.dumps({"id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(url, body, {"Authorization": f"Basic {token}"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["result"]
