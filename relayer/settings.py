"""Settings of the relayer: the ledger, the outbox, one table a destination chain, the composer.

[destinations."eip155:31338"]
rpc_url = "http://127.0.0.1:8546"
finality = 1
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from zrsign_chains import ChainError, chain_for
from zrsign_daemon.database import DatabaseUrl
from zrsign_daemon.jsonrpc import NodeUrl
from zrsign_daemon.settings import LedgerAccess, Part, Settings, settings_for

Finality = Annotated[int, Field(ge=0, le=100_000)] | Literal["confirmed", "safe", "finalized"]
"""Blocks on top of a transaction's block, or a node's own word for a final one."""


class DestinationSettings(Part):
    """One destination chain through one node."""

    rpc_url: NodeUrl
    rpc_cookie_file: Path | None = None
    rpc_timeout_s: float = Field(default=10.0, gt=0)
    # EVM: blocks, "safe" or "finalized". Bitcoin: blocks. Solana: "confirmed" or "finalized".
    # Without it the transaction's own block is enough, on Solana a confirmed one.
    finality: Finality | None = None
    poll_interval_s: float = Field(default=1.0, gt=0)
    # A transaction that waits this long is sent again as it is.
    resubmit_after_s: float = Field(default=60.0, gt=0)


class AnswerSettings(Part):
    """The gas account that carries Direct answers to their contracts."""

    # File with the account's 32-byte secp256k1 secret in hex.
    key_file: Path
    # An answer that waits this long gets a higher fee, up to max_fee_gwei a gas.
    replace_after_s: float = Field(default=45.0, gt=0)
    max_fee_gwei: int = Field(default=500, gt=0)
    max_replacements: int = Field(default=10, ge=0)


class ComposerSettings(Part):
    """Builds the unsigned transactions of simple transactions."""

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
    database_url: DatabaseUrl = "sqlite+aiosqlite:///relayer.sqlite"
    destinations: dict[str, DestinationSettings]
    answers: AnswerSettings | None = None
    composer: ComposerSettings = ComposerSettings()
    poll_interval_s: float = Field(default=1.0, gt=0)
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    max_refusals: int = Field(default=60, ge=1)

    @field_validator("destinations")
    @classmethod
    def _known_chains(
        cls, destinations: dict[str, DestinationSettings]
    ) -> dict[str, DestinationSettings]:
        for chain in destinations:
            try:
                chain_for(chain)
            except ChainError as error:
                raise ValueError(str(error)) from None
        return destinations
