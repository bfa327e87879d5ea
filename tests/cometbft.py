"""CometBFT's own program, built once where it is not there, and nodes of it in a folder."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from tests.processes import run, running
from tests.waiting import wait_until
from zrchain_lite.genesis import Genesis
from zrsign.local.tools import ResolvedTool, install, resolve

ROOT = Path(__file__).parents[1]
APPLICATION = ROOT / "tests" / "zrchain_lite" / "abci_process.py"


@cache
def cometbft() -> ResolvedTool:
    """The program that the tools' resolver finds; the first call on a machine builds it."""
    install(print, ["cometbft"])
    return resolve("cometbft")


@dataclass
class Node:
    """One validator: its CometBFT and its application, each a process."""

    folder: Path
    rpc_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.rpc_port}"

    @contextmanager
    def application(self, *fault: object) -> Iterator[subprocess.Popen[str]]:
        """The application, ready for its CometBFT."""
        command = [sys.executable, APPLICATION, self.folder, *fault]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        with running(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process

    @contextmanager
    def consensus(self) -> Iterator[subprocess.Popen[bytes]]:
        """CometBFT over the application that runs."""
        with (self.folder / "cometbft.log").open("ab") as log:
            command = [cometbft().path, "start", "--home", self.folder, "--log_level", "error"]
            with running(command, stdout=log, stderr=log) as process:
                yield process

    @contextmanager
    def validator(self) -> Iterator[None]:
        """Both processes."""
        with self.application(), self.consensus():
            yield

    def ask(self, path: str) -> Any:
        """The result of a call of CometBFT's JSON-RPC, None while there is no answer."""
        try:
            return httpx.get(f"{self.url}/{path}", timeout=20).json().get("result")
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
            self.height,
        )

    def log(self) -> str:
        """What CometBFT said of errors."""
        return (self.folder / "cometbft.log").read_text()


def network(folder: Path, first: Genesis, count: int) -> list[Node]:
    """The folders of `count` validators of one chain, on free ports of loopback."""
    command = [cometbft().path, "testnet", "--v", count, "--o", folder]
    run([*command, "--starting-ip-address", "127.0.0.1"])
    nodes = [Node(folder / f"node{each}", free_port()) for each in range(count)]
    p2p = [free_port() for _ in nodes]
    shown = [run([cometbft().path, "show-node-id", "--home", node.folder]) for node in nodes]
    ids = [each.stdout.strip() for each in shown]
    peers = ",".join(f"{id_}@127.0.0.1:{port}" for id_, port in zip(ids, p2p, strict=True))
    for node, port in zip(nodes, p2p, strict=True):
        config = node.folder / "config" / "config.toml"
        text = config.read_text()
        for key, value in {
            "proxy_app": f'"unix://{node.folder}/abci.sock"',
            "persistent_peers": f'"{peers}"',
            "timeout_commit": '"100ms"',
            "allow_duplicate_ip": "true",
            "addr_book_strict": "false",
            "pprof_laddr": '""',
        }.items():
            text = re.sub(rf"(?m)^{key} = .*$", f"{key} = {value}", text)
        text = re.sub(r"(?m)^laddr = .*26656.*$", f'laddr = "tcp://127.0.0.1:{port}"', text)
        rpc = f'laddr = "tcp://127.0.0.1:{node.rpc_port}"'
        text = re.sub(r"(?m)^laddr = .*26657.*$", rpc, text)
        config.write_text(text)
        file = node.folder / "config" / "genesis.json"
        genesis = json.loads(file.read_text())
        genesis |= {"chain_id": first.chain_id, "genesis_time": "2026-01-01T00:00:00Z"}
        genesis["app_state"] = first.app_state
        file.write_text(json.dumps(genesis))
    return nodes


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
