"""Settings of the relayer: the ledger, the outbox, one table a destination chain, the composer.

[destinations."eip155:31338"]
rpc_url = "http://127.0.0.1:8546"
confirmations = 1
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from zrsign_chains import ChainError, chain_for
from zrsign_daemon.database import DatabaseUrl
from zrsign_daemon.jsonrpc import NodeUrl
from zrsign_daemon.settings import LedgerAccess, Part, Settings, settings_for


class Target(Part):
    """One destination chain."""

    rpc_url: NodeUrl
    rpc_cookie_file: Path | None = None
    timeout_s: float = Field(default=10.0, gt=0)
    # EVM and Bitcoin: blocks from inclusion, that block counted.
    confirmations: int = Field(default=1, ge=1)
    # Solana.
    commitment: Literal["confirmed", "finalized"] = "confirmed"
    poll_s: float = Field(default=1.0, gt=0)
    # A transaction that waits this long is sent again as it is.
    resubmit_after_s: float = Field(default=60.0, gt=0)


class Answers(Part):
    """The gas account that carries Direct answers to their contracts."""

    # File with the account's 32-byte secp256k1 secret in hex.
    key_file: Path
    # An answer that waits this long gets a higher fee, up to max_fee_gwei a gas.
    replace_after_s: float = Field(default=45.0, gt=0)
    max_fee_gwei: int = Field(default=500, gt=0)
    max_replacements: int = Field(default=10, ge=0)


class Composer(Part):
    """Builds the unsigned transactions of simple transactions on EVM and Solana chains."""

    enabled: bool = True
    # How long a transaction that cannot be built now may wait for funds before it is rejected.
    grace_s: float = Field(default=600.0, ge=0)
    gas_margin_percent: int = Field(default=20, ge=0, le=400)
    max_gas: int = Field(default=15_000_000, gt=21_000)
    # Durable nonce accounts: wallet address to nonce account, both base58.
    nonce_accounts: dict[str, str] = Field(default_factory=dict)


class RelayerSettings(Settings):
    model_config = settings_for("relayer")

    ledger: LedgerAccess
    outbox_url: DatabaseUrl = "sqlite+aiosqlite:///relayer.sqlite"
    destinations: dict[str, Target]
    answers: Answers | None = None
    composer: Composer = Composer()
    poll_s: float = Field(default=1.0, gt=0)
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    max_refusals: int = Field(default=60, ge=1)

    @field_validator("destinations")
    @classmethod
    def _known_chains(cls, destinations: dict[str, Target]) -> dict[str, Target]:
        for chain in destinations:
            try:
                chain_for(chain)
            except ChainError as error:
                raise ValueError(str(error)) from None
        return destinations
