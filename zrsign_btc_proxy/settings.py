"""Settings of the proxy: the ledger, the reservations' database, one table a Bitcoin network.

[networks."bip122:0f9188f13cb7b2c71f2a335e3a4fc328"]
rpc_url = "http://127.0.0.1:18443"
rpc_cookie_file = "regtest/.cookie"
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from zrsign_chains import ChainError, chain_for
from zrsign_daemon.database import DatabaseUrl
from zrsign_daemon.jsonrpc import NodeUrl
from zrsign_daemon.settings import LedgerAccess, Part, Settings, settings_for


class NetworkSettings(Part):
    """One Bitcoin network through one bitcoind."""

    rpc_url: NodeUrl
    """The JSON-RPC of bitcoind."""
    rpc_cookie_file: Path | None = None
    """File with bitcoind's RPC cookie, in place of a user and password in `rpc_url`."""
    rpc_timeout_s: float = Field(default=30.0, gt=0)
    """Longest time for one answer of the node, in seconds."""
    wallet: str = "zrsign-btc-proxy"
    """Name of the watch-only wallet in bitcoind; one proxy, one wallet."""
    min_confirmations: int = Field(default=1, ge=0)
    """Blocks that a coin must be in, its own counted, before it is spent."""
    confirm_target: int = Field(default=6, ge=1, le=1008)
    """Blocks within which a transaction should confirm, for the node's fee estimate."""
    fallback_fee_rate: float | None = Field(default=None, gt=0)
    """Fee rate where the node has no estimate, in sat/vB; without it 2 on regtest, else none."""
    max_fee_rate: float = Field(default=500.0, gt=0)
    """Highest fee rate, in sat/vB."""
    rescan_from: int = Field(default=0, ge=0)
    """Unix time in seconds from which the coins of a newly watched key are searched; 0: all."""


class ProxySettings(Settings):
    """Settings of the Bitcoin proxy."""

    model_config = settings_for("btc_proxy")

    ledger: LedgerAccess
    """The ledger, and the account of a registered composer on it."""
    database_url: DatabaseUrl = "sqlite+aiosqlite:///btc_proxy.sqlite"
    """SQLAlchemy URL of the database of reserved coins."""
    lease_s: float = Field(default=60.0, gt=0)
    """Time after which another process takes over from one that is gone, in seconds.

    For several proxies on one PostgreSQL.
    """
    networks: dict[str, NetworkSettings]
    """The Bitcoin networks by CAIP-2 id, one table each."""
    grace_s: float = Field(default=600.0, ge=0)
    """How long a payment that cannot be made waits before it is rejected, in seconds."""
    replace_after_s: float = Field(default=1800.0, ge=0)
    """Time after which a payment that waits gets a higher fee, if others pay more, in seconds."""
    poll_interval_s: float = Field(default=1.0, gt=0)
    """Longest time between two looks at the ledger, in seconds; new blocks wake it earlier."""
    discover_interval_s: float = Field(default=5.0, gt=0)
    """Time between two looks for new Bitcoin keys on the ledger, in seconds."""
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Loopback port of /healthz and /metrics; 0 takes a free one, without it nothing is served."""

    @field_validator("networks")
    @classmethod
    def _bitcoin(cls, networks: dict[str, NetworkSettings]) -> dict[str, NetworkSettings]:
        for chain in networks:
            if not chain.startswith("bip122:"):
                raise ValueError(f"{chain} is no Bitcoin network; its id starts with bip122:")
            try:
                chain_for(chain)
            except ChainError as error:
                raise ValueError(str(error)) from None
        return networks
