"""A CometBFT node of ours: its folder, written from our settings, and its process.

Source: CometBFT 0.38 docs/core/configuration.md. What `config.toml` does not name has CometBFT's
own default.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import re
import secrets
import sys
from collections import deque
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from zrchain_lite.engine.cometbft.rpc import Endpoint
from zrchain_lite.engine.validator_key import (
    ValidatorKey,
    private_json,
    public_json,
    write_private,
)
from zrchain_lite.errors import LedgerError
from zrchain_lite.genesis import Genesis
from zrchain_lite.light import hashes
from zrsign_daemon.program import DIE_WITH_PARENT, program

_log = logging.getLogger(__name__)
MAX_SOCKET_PATH = 107
"""The longest path of a Unix socket, in bytes (Linux sun_path)."""
STOP_GRACE_S = 8.0
MAX_LINE_BYTES = 64 * 1024
KEPT_LINES = 20
_FAILURE = "CONSENSUS FAILURE"
"""CometBFT stays alive after that, and takes no part any more."""
_FAULT = re.compile(r'err="?((?:[^"\\]|\\.)*)')


class NodeFailed(LedgerError):
    """The node cannot be started, has ended, or takes no part any more."""


@dataclass(frozen=True)
class StateSync:
    """Where a node without blocks takes the state from, instead of executing every block."""

    rpc_servers: tuple[str, ...]
    height: int
    hash: str
    trust_period_s: int = 14 * 24 * 3600


@dataclass(frozen=True)
class CometBftSettings:
    """How CometBFT runs, and with whom. Addresses are `host:port`, peers `id@host:port`."""

    program: Path | None = None
    """CometBFT's program, of which a child is started; None where a node runs already."""
    node: str = ""
    """The URL of the JSON-RPC of a node that runs already."""
    p2p: str = "127.0.0.1:26656"
    external_address: str = ""
    peers: tuple[str, ...] = ()
    block_pause_s: float = 1.0
    empty_block_interval_s: float = 5.0
    one_machine: bool = False
    """Whether the peers may have one address, and one that is of no use on the internet."""
    state_sync: StateSync | None = None
    snapshot_interval: int = 0
    """A snapshot for others' state sync is taken every so many blocks; 0 for none."""
    max_mempool_txs: int = 5_000
    cors_origins: tuple[str, ...] = ()
    tls: tuple[str, ...] = ()
    """The files of the certificate of JSON-RPC and of its key; empty without TLS."""


class CometBftNode:
    """CometBFT in `home`/cometbft, whose JSON-RPC strangers find at `rpc` (host:port)."""

    def __init__(self, home: Path, rpc: str, settings: CometBftSettings) -> None:
        """Raises NodeFailed where the folder's name is too long for the sockets in it."""
        self.home = home.resolve()
        self._rpc = rpc
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self._last: deque[str] = deque(maxlen=KEPT_LINES)
        self.abci_socket = self.home / "abci.sock"
        self._rpc_socket = self.home / "rpc.sock"
        if len(str(self.abci_socket)) > MAX_SOCKET_PATH:
            raise NodeFailed(f"{self.home} is too long for the path of a socket; name a shorter")

    @property
    def endpoint(self) -> Endpoint:
        """Where the node's JSON-RPC answers us."""
        if self._settings.program is None:
            return Endpoint(self._settings.node)
        if not self._settings.tls:
            return Endpoint("http://localhost", self._rpc_socket)
        host, _, port = self._rpc.rpartition(":")
        reached = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104
        return Endpoint(f"https://{reached}:{port}", certificate=Path(self._settings.tls[0]))

    def prepare(self, genesis: Genesis, height: int) -> None:
        """Write the folder for a store whose last block is `height`; raises NodeFailed.

        Keys and genesis are written once, the configuration at each start.
        """
        if self._settings.program is None:
            return
        folder = self.home / "cometbft"
        blocks = folder / "data" / "blockstore.db"
        if height and not blocks.exists():
            raise NodeFailed(
                f"{self.home} holds blocks that were not made by CometBFT: write an export "
                "(zrsign ledger export) and begin a new chain from it"
            )
        make_keys(folder)
        file = folder / "config" / "genesis.json"
        if not file.exists():
            file.write_text(json.dumps(comet_genesis(genesis, folder), indent=1) + "\n")
        (folder / "config" / "config.toml").write_text(self._config())

    def _config(self) -> str:
        told = self._settings
        # A relative path would be one of CometBFT's own folder.
        certificate, key = [str(Path(file).resolve()) for file in told.tls] or ("", "")
        tables: dict[str, dict[str, Any]] = {
            "": {
                "proxy_app": f"unix://{self.abci_socket}",
                "moniker": f"zrchain-lite at {told.external_address or told.p2p}",
                "log_level": "error",
            },
            "rpc": {
                "laddr": ",".join(self._listened()),
                "cors_allowed_origins": list(told.cors_origins),
                "max_body_bytes": 4_000_000,
                "pprof_laddr": "",
                "tls_cert_file": certificate,
                "tls_key_file": key,
            },
            "p2p": {
                "laddr": f"tcp://{told.p2p}",
                "external_address": told.external_address,
                "persistent_peers": ",".join(told.peers),
                "addr_book_strict": not told.one_machine,
                "allow_duplicate_ip": told.one_machine,
            },
            "mempool": {"size": told.max_mempool_txs},
            "statesync": _state_sync(told.state_sync),
            "consensus": {
                "timeout_commit": _duration(told.block_pause_s),
                "create_empty_blocks_interval": _duration(told.empty_block_interval_s),
            },
        }
        head = "# Written at each start from the ledger's settings; changes here are lost.\n"
        return head + "".join(_table(name, values) for name, values in tables.items())

    def _listened(self) -> list[str]:
        """Where JSON-RPC listens: with TLS not on the socket too, which would speak it as well."""
        own = [] if self._settings.tls else [f"unix://{self._rpc_socket}"]
        return [f"tcp://{self._rpc}", *own]

    async def start(self) -> None:
        """Start CometBFT as a child that does not outlive us; raises NodeFailed."""
        if self._settings.program is None:
            return
        self._rpc_socket.unlink(missing_ok=True)
        command = [self._settings.program, "start", "--home", self.home / "cometbft"]
        try:
            self._process = await asyncio.create_subprocess_exec(
                *DIE_WITH_PARENT,
                *map(str, command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                limit=MAX_LINE_BYTES,
                process_group=0,
            )
        except OSError as error:
            raise NodeFailed(f"cannot start CometBFT: {error}") from None

    async def watch(self) -> None:
        """Pass on what the node says; returns when it ends. Raises NodeFailed when it gives up."""
        if self._process is None or self._process.stdout is None:
            await asyncio.Event().wait()
            return
        while line := await _line(self._process.stdout):
            _log.error("cometbft: %s", line)
            self._last.append(line)
            if _FAILURE in line:
                found = _FAULT.search(line)
                raise NodeFailed(f"CometBFT gave up: {found[1] if found else line}")
        code = await self._process.wait()
        said = "\n".join(self._last)
        raise NodeFailed(f"CometBFT has ended with code {code}. Its last lines:\n{said}")

    async def snapshot(self, height: int, time_ms: int) -> None:
        """Take a snapshot of the state after a block, in a process of its own."""
        module = "zrchain_lite.engine.cometbft.snapshots"
        command = program(module, self.home, str(height), str(time_ms))
        process = await asyncio.create_subprocess_exec(
            *DIE_WITH_PARENT,
            *command,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=asyncio.subprocess.DEVNULL,
        )
        try:
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def stop(self) -> None:
        """End the child in order, by force when that takes too long."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_GRACE_S)
        except TimeoutError:
            process.kill()
            await process.wait()


def make_keys(folder: Path) -> tuple[ValidatorKey, str]:
    """The node's keys in a CometBFT folder, new where there are none; and its id among peers.

    Raises NodeFailed where the record of what the validator signed is lost.
    """
    config, data = folder / "config", folder / "data"
    for each in (folder, config, data):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    signed = data / "priv_validator_state.json"
    if not signed.exists():
        if (data / "blockstore.db").exists():
            raise NodeFailed(
                f"{signed} is lost, so that this validator might sign a height twice: put it back, "
                "or begin with an empty folder and a new key"
            )
        write_private(signed, {"height": "0", "round": 0, "step": 0})
    node_key = config / "node_key.json"
    if not node_key.exists():
        made = SigningKey(secrets.token_bytes(32))
        write_private(node_key, {"priv_key": private_json(made)})
    return ValidatorKey.kept(config), _node_id(node_key)


def comet_genesis(genesis: Genesis, folder: Path) -> dict[str, Any]:
    """Our genesis in CometBFT's words; without validators, the folder's key is the one."""
    validators = [each.model_dump(mode="json") for each in genesis.validators]
    if not validators:
        validators = [{"pub_key": public_json(make_keys(folder)[0].public), "power": 1}]
    return {
        "genesis_time": f"{genesis.genesis_time.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        "chain_id": genesis.chain_id,
        "initial_height": str(genesis.initial_height),
        "validators": [{**each, "power": str(each["power"])} for each in validators],
        "app_hash": "",
        "app_state": genesis.app_state,
    }


def _node_id(path: Path) -> str:
    try:
        private = json.loads(path.read_text())["priv_key"]["value"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NodeFailed(f"cannot use the node's key {path}: {error}") from None
    return hashes.address(base64.b64decode(private)[32:]).hex()


def _state_sync(told: StateSync | None) -> dict[str, Any]:
    if told is None:
        return {"enable": False}
    return {
        "enable": True,
        "rpc_servers": ",".join(told.rpc_servers),
        "trust_height": told.height,
        "trust_hash": told.hash,
        "trust_period": f"{told.trust_period_s}s",
        "discovery_time": "5s",
    }


def _duration(seconds: float) -> str:
    """Go's notation."""
    return f"{round(seconds * 1000)}ms"


def _table(name: str, values: dict[str, Any]) -> str:
    """A table of TOML, whose values are JSON too."""
    head = f"\n[{name}]\n" if name else ""
    return head + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())


async def _line(stream: asyncio.StreamReader) -> str:
    """The next line with something in it; empty at the end. A longer one is cut into pieces."""
    while True:
        try:
            raw = await stream.readuntil()
        except asyncio.LimitOverrunError as error:
            raw = await stream.read(error.consumed)
        except asyncio.IncompleteReadError as error:
            raw = error.partial
            if not raw:
                return ""
        if text := raw.decode(errors="replace").strip():
            return text
