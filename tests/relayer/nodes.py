"""Real nodes as processes on free loopback ports."""

from __future__ import annotations

import base64
import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from relayer.stages import OutboxItem, Stage
from relayer.worker import ChainWorker
from tests.processes import running
from tests.waiting import until, wait_until
from zrsign.local.network.ports import free_port
from zrsign.local.tools import resolve

ROOT = Path(__file__).parents[2]
REGTEST = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328"


def ask(url: str, method: str, *params: Any) -> Any:
    """A blocking JSON-RPC call for fixtures."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["result"]


def until_up(node: subprocess.Popen[Any], ask: Callable[[], object]) -> None:
    """Wait until a node answers."""

    name = str(node.args)

    def answers() -> bool:
        assert node.poll() is None, f"{name} ended with {node.returncode}"
        try:
            ask()
        except OSError:
            return False
        return True

    wait_until(answers, f"{name} answers")


async def landed(worker: ChainWorker, item: OutboxItem) -> OutboxItem:
    """The item after its transaction is no longer on its way.

    Anvil mines a moment after it takes a transaction, so one pass may come too early.
    """

    async def passed() -> OutboxItem | None:
        nonlocal item
        item = await worker.advance(item)
        return None if item.stage is Stage.INCLUSION else item

    found: OutboxItem = await until(passed, "the end of the transaction")
    return found


@contextmanager
def evm_node(*options: str) -> Iterator[str]:
    """The URL of an Anvil with chain id 31338."""
    port = free_port()
    command = [str(resolve("anvil").path), "--port", str(port), "--chain-id", "31338", "--silent"]
    output = subprocess.DEVNULL
    with running([*command, *options], stdout=output, stderr=output) as node:
        url = f"http://127.0.0.1:{port}"
        until_up(node, lambda: ask(url, "eth_chainId"))
        yield url


@contextmanager
def bitcoind(folder: Path, network: str = "regtest") -> Iterator[tuple[str, Path]]:
    """A node without peers, of the network that bitcoind calls so: its URL and its cookie file."""
    port = free_port()
    command = [
        str(resolve("bitcoind").path),
        f"-chain={network}",
        "-connect=0",
        "-dnsseed=0",
        f"-datadir={folder}",
        f"-rpcport={port}",
        "-listen=0",
        "-printtoconsole=0",
        "-debuglogfile=0",
    ]
    place = {"main": ".", "test": "testnet3"}.get(network, network)
    url, cookie = f"http://127.0.0.1:{port}", folder / place / ".cookie"
    with running(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as node:
        until_up(node, lambda: btc_ask(url, cookie, "getblockcount"))
        yield url, cookie


def btc_ask(url: str, cookie: Path, method: str, *params: Any) -> Any:
    """A blocking call with bitcoind's cookie."""
    token = base64.b64encode(cookie.read_bytes()).decode()
    body = json.dumps({"id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(url, body, {"Authorization": f"Basic {token}"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["result"]
