"""CometBFT's own program, built once where it is not there, and validators of it in a folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from tests.processes import running
from tests.waiting import wait_until
from zrchain_lite.engine.cometbft.node import make_keys
from zrchain_lite.genesis import Genesis
from zrsign.local import testnet
from zrsign.local.network.ports import free_port
from zrsign.local.testnet import Host
from zrsign.local.tools import ResolvedTool, install, resolve

ROOT = Path(__file__).parents[1]
PROCESS = ROOT / "tests" / "zrchain_lite" / "validator_process.py"


@cache
def cometbft() -> ResolvedTool:
    """The program that the tools' resolver finds; the first call on a machine builds it."""
    install(print, ["cometbft"])
    return resolve("cometbft")


@dataclass
class Node:
    """One validator: the ledger, whose child is CometBFT."""

    folder: Path
    host: Host

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.host.rpc}"

    @property
    def grpc(self) -> str:
        return f"127.0.0.1:{self.host.grpc}"

    @contextmanager
    def validator(
        self, *fault: object, env: Mapping[str, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """The validator's process, which may have a fault. Its doors are inside unless `env` says
        otherwise.
        """
        with (self.folder / "ledger.log").open("ab") as log:
            command = [sys.executable, PROCESS, self.folder / testnet.SETTINGS, *fault]
            ours = {"PYTHONPATH": str(ROOT), "DOORS": "inside"}
            environment = {**os.environ, **ours, **(env or {})}
            with running(
                command, env=environment, cwd=self.folder, stdout=log, stderr=log
            ) as process:
                yield process

    def ask(self, path: str) -> Any:
        """The result of a call of CometBFT's JSON-RPC, None while there is no answer."""
        try:
            return httpx.get(f"{self.url}/{path}", timeout=20).json().get("result")
        except (httpx.TransportError, ValueError):
            return None

    def rest(self, path: str) -> Any:
        """What the ledger's own REST answers, None while there is no answer."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.host.rest}{path}", timeout=20).json()
        except (httpx.TransportError, ValueError):
            return None

    def height(self) -> int:
        """The last block's height, 0 while there is no answer."""
        status = self.ask("status")
        return int(status["sync_info"]["latest_block_height"]) if status else 0

    def reach(self, height: int) -> int:
        """Wait for a height; returns the one that is there."""
        return wait_until(
            lambda: self.height() if self.height() >= height else None,
            f"block {height}",
            lambda: (self.height(), self.log()[-500:]),
        )

    def log(self) -> str:
        """What the ledger and CometBFT said."""
        file = self.folder / "ledger.log"
        return file.read_text() if file.exists() else ""

    def calls(self) -> list[str]:
        """What CometBFT has asked of the application."""
        return (self.folder / "calls.log").read_text().splitlines()


def twin(node: Node) -> Node:
    """Another machine that has a validator's key: whoever restored it from a backup, say."""
    folder = node.folder.with_name(node.folder.name + "-twin")
    shutil.copytree(node.folder, folder)
    (folder / "home" / "cometbft" / "config" / "node_key.json").unlink()
    make_keys(folder / "home" / "cometbft")
    host = Host(p2p=free_port(), grpc=free_port(), rest=free_port(), rpc=free_port())
    file = folder / testnet.SETTINGS
    settings = json.loads(file.read_text())
    settings |= {name: f"127.0.0.1:{getattr(host, name)}" for name in ("grpc", "rest", "rpc")}
    settings["cometbft"]["p2p"] = f"127.0.0.1:{host.p2p}"
    file.write_text(json.dumps(settings))
    return Node(folder, host)


def network(
    folder: Path,
    first: Genesis,
    count: int,
    comet: Mapping[str, Any] | None = None,
    *,
    stake_rock: int = 0,
    **settings: Any,
) -> list[Node]:
    """The folders of `count` validators of one chain, on free ports of loopback.

    `comet` and `settings` stand above what is usual here; with `stake_rock` all have that stake.
    """
    cometbft()
    hosts = [
        Host(p2p=free_port(), grpc=free_port(), rest=free_port(), rpc=free_port())
        for _ in range(count)
    ]
    local = {"block_pause_s": 0.1, "one_machine": True, **(comet or {})}
    given = {"empty_block_interval_s": 0.2, **settings}
    made = testnet.write(folder, first, hosts, given, local, stake_rock=stake_rock)
    return [Node(each.folder, each.host) for each in made]
