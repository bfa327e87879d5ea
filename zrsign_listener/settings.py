"""Settings of the listener, from `--config FILE` and ZRSIGN_LISTENER_* variables.

database_url = "sqlite+aiosqlite:///.zrsign/listener.db"

[ledger]
grpc = "127.0.0.1:9090"
key_file = ".zrsign/keys/observer"

[[chains]]
caip2 = "eip155:31337"
rpc_url = "http://127.0.0.1:8545"
ws_url = "ws://127.0.0.1:8545"
finality = 0
contracts = [{ address = "0x…", mode = "omni", start_block = 3 }]
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from zrsign_daemon.database import DatabaseUrl
from zrsign_daemon.events.contracts import ContractAddress, EvmChainId
from zrsign_daemon.events.finality import DEFAULT_FINALITY, Finality
from zrsign_daemon.jsonrpc import NodeUrl
from zrsign_daemon.settings import LedgerAccess, Part, Settings, settings_for
from zrsign_listener.plan import ScanLimits


class ContractSettings(Part):
    """One zrSign contract that is listened to."""

    address: ContractAddress
    """Address of the contract (EIP-55)."""
    mode: Literal["direct", "omni"]
    """Name of the contract's kind in logs; the ledger decides by its own registration."""
    start_block: int = Field(default=0, ge=0)
    """The block that deployed the contract; its events are read from there."""


class ChainSettings(Part):
    """One EVM chain with the contracts on it."""

    caip2: EvmChainId
    """CAIP-2 id of the chain; the node must answer with the same chain id."""
    rpc_url: NodeUrl
    """The node's JSON-RPC."""
    other_rpc_urls: tuple[NodeUrl, ...] = Field(default=(), max_length=15)
    """Further nodes of the chain: one is asked when another fails, or so many as `quorum` says."""
    quorum: int = Field(default=1, ge=1, le=16)
    """Nodes that must agree on every hash and log; with 1 the first that answers is believed."""
    completeness: Literal["proven", "counted"] = "proven"
    """"proven": a block's header and receipts show that no event of it is missing, at a call a
    block; "counted": trace ids and two looks, for chains whose headers hold no true logsBloom."""
    ws_url: str | None = Field(default=None, pattern=r"^wss?://")
    """The node's WebSocket, which wakes the poll; without it events wait for `poll_interval_s`."""
    finality: Finality = DEFAULT_FINALITY
    """When a block is final: blocks on top of it, or the node's own word for it."""
    poll_interval_s: float = Field(default=2.0, gt=0, le=3600)
    """Longest time between two looks at the chain, in seconds."""
    rpc_timeout_s: float = Field(default=10.0, gt=0, le=300)
    """Longest time for one answer of the node, in seconds."""
    max_block_range: int = Field(default=2_000, ge=1, le=1_000_000)
    """Blocks in one request for logs at most; the range shrinks when a node refuses it."""
    rescan_blocks: int = Field(default=2, ge=0, le=10_000)
    """Blocks that are read again with each range where they are `counted`, not proven."""
    max_logs_per_answer: int = Field(default=10_000, ge=2)
    """Logs in one answer from which on it counts as cut off, and half the range is asked for."""
    contracts: tuple[ContractSettings, ...] = Field(min_length=1)
    """The contracts on this chain, one table each."""

    @model_validator(mode="after")
    def _entries_differ(self) -> ChainSettings:
        _distinct([contract.address for contract in self.contracts], "contract")
        _distinct([self.rpc_url, *self.other_rpc_urls], "node")
        if self.quorum > 1 + len(self.other_rpc_urls):
            raise ValueError(f"a quorum of {self.quorum} needs as many nodes: other_rpc_urls")
        return self

    @property
    def limits(self) -> ScanLimits:
        """The bounds of scans, as `plan` takes them."""
        return ScanLimits(
            initial_span=min(500, self.max_block_range),
            max_span=self.max_block_range,
            overlap=0 if self.completeness == "proven" else self.rescan_blocks,
            log_cap=self.max_logs_per_answer,
        )


class ListenerSettings(Settings):
    """Settings of the listener."""

    model_config = settings_for("listener")

    database_url: DatabaseUrl = "sqlite+aiosqlite:///listener.db"
    """SQLAlchemy URL of the database of cursors and events that are not reported yet."""
    lease_s: float = Field(default=60.0, gt=0)
    """Time after which another process takes over from one that is gone, in seconds.

    For several listeners on one PostgreSQL: one reads, the others stand by.
    """
    ledger: LedgerAccess
    """The ledger, and the account of a registered observer on it."""
    chains: tuple[ChainSettings, ...] = Field(min_length=1)
    """The EVM chains, one table each."""
    report_batch: int = Field(default=50, ge=1, le=256)
    """Events in one ledger transaction at most."""
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Loopback port of /healthz and /metrics; 0 takes a free one, without it nothing is served."""

    @model_validator(mode="after")
    def _chains_differ(self) -> ListenerSettings:
        _distinct([chain.caip2 for chain in self.chains], "chain")
        return self


def _distinct(names: list[str], what: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the {what} {name} is listed twice")
