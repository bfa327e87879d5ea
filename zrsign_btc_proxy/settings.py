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
    rpc_cookie_file: Path | None = None
    rpc_timeout_s: float = Field(default=30.0, gt=0)
    # Name of the watch-only wallet; one proxy, one wallet.
    wallet: str = "zrsign-btc-proxy"
    # Depth at which a coin may be spent.
    min_confirmations: int = Field(default=1, ge=0)
    # Blocks in which a transaction should confirm, for estimatesmartfee.
    confirm_target: int = Field(default=6, ge=1, le=1008)
    # Rate (sat/vB) where the node has no estimate; on regtest 2, elsewhere none: then it waits.
    fallback_fee_rate: float | None = Field(default=None, gt=0)
    max_fee_rate: float = Field(default=500.0, gt=0)
    # Unix time from which a newly watched key's coins are searched; 0 searches the whole chain.
    rescan_from: int = Field(default=0, ge=0)


class ProxySettings(Settings):
    model_config = settings_for("btc_proxy")

    ledger: LedgerAccess
    database_url: DatabaseUrl = "sqlite+aiosqlite:///btc_proxy.sqlite"
    networks: dict[str, NetworkSettings]
    # How long a payment that cannot be made may wait for funds before it is rejected.
    grace_s: float = Field(default=600.0, ge=0)
    poll_interval_s: float = Field(default=1.0, gt=0)
    # How often the ledger is asked for new Bitcoin keys.
    discover_interval_s: float = Field(default=5.0, gt=0)
    metrics_port: int | None = Field(default=None, ge=0, le=65535)

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
