"""CometBFT in a ledger's settings: who makes blocks with whom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from zrchain_lite.engine.cometbft import CometBftSettings, StateSync
from zrsign_daemon.settings import Part

Peer = Annotated[str, Field(pattern=r"^[0-9a-f]{40}@[^@,\s]+:[0-9]{1,5}$")]
Address = Annotated[str, Field(pattern=r"^[^\s,/]+:[0-9]{1,5}$")]


class StateSyncTable(Part):
    """Where a node without blocks takes its state from, instead of executing every block."""

    rpc_servers: Annotated[tuple[str, ...], Field(min_length=2)]
    """JSON-RPC of two nodes or more, by whose headers the state is verified."""
    height: Annotated[int, Field(ge=1)]
    """A block that is believed, by a word from somebody who is."""
    hash: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{64}$")]
    """The hash of that block, in hexadecimal."""
    trust_period_s: Annotated[int, Field(ge=60)] = 14 * 24 * 3600
    """How old that block may be, in seconds."""


class CometBftTable(Part):
    """The `[cometbft]` table: how CometBFT makes blocks, where `engine` is "cometbft"."""

    node: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""
    """JSON-RPC of a CometBFT that runs already, as URL; its `proxy_app` is `abci.sock` in `home`.
    Without one, CometBFT is started as a child."""
    p2p: Address = "127.0.0.1:26656"
    """Where it listens for other validators, as host:port."""
    external_address: Address | None = None
    """The address under which the others find it, where that is another."""
    peers: tuple[Peer, ...] = ()
    """The other validators, as id@host:port; `zrsign testnet init` says the ids."""
    block_pause_s: Annotated[float, Field(ge=0, le=60)] = 1.0
    """How long it waits after a block for late votes, in seconds."""
    one_machine: bool = False
    """Whether the validators share an address: for a network on one machine."""
    snapshot_interval: Annotated[int, Field(ge=0)] = 1000
    """A snapshot for the state sync of others is taken every so many blocks; 0 for none."""
    state_sync: StateSyncTable | None = None
    """A state to begin with, where `home` holds no block yet."""

    @model_validator(mode="after")
    def _one_node(self) -> CometBftTable:
        if self.node and (self.peers or self.state_sync):
            raise ValueError("node runs already: its peers and state sync are in its own config")
        return self


def cometbft(
    table: CometBftTable,
    *,
    empty_block_interval_s: float,
    cors_origins: Sequence[str],
    tls: Sequence[str],
) -> CometBftSettings:
    """The node's settings. Raises ToolMissing where CometBFT is to be started and is not there."""
    from zrsign.local.tools import resolve  # Only who starts it needs it.

    sync = table.state_sync
    return CometBftSettings(
        program=None if table.node else Path(resolve("cometbft").path),
        node=table.node,
        p2p=table.p2p,
        external_address=table.external_address or "",
        peers=table.peers,
        block_pause_s=table.block_pause_s,
        empty_block_interval_s=empty_block_interval_s,
        one_machine=table.one_machine,
        state_sync=StateSync(**sync.model_dump()) if sync else None,
        snapshot_interval=table.snapshot_interval,
        cors_origins=tuple(cors_origins),
        tls=tuple(tls),
    )
