"""Settings of the relayer: the ledger, the outbox, one table a destination chain, the composer.

[destinations."eip155:31338"]
rpc_url = "http://127.0.0.1:8546"
finality = 1
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from zrsign_chains import ChainError, chain_for
from zrsign_daemon.database import DatabaseUrl
from zrsign_daemon.jsonrpc import NodeUrl
from zrsign_daemon.settings import LedgerAccess, Part, Settings, settings_for

Finality = Annotated[int, Field(ge=0, le=100_000)] | Literal["confirmed", "safe", "finalized"]
"""Blocks on top of a transaction's block, or a node's own word for a final one."""


class DestinationSettings(Part):
    """One destination chain through one node."""

    rpc_url: NodeUrl
    """The node's JSON-RPC, or on a Cosmos chain its CometBFT RPC."""
    other_rpc_urls: tuple[NodeUrl, ...] = Field(default=(), max_length=15)
    """Further nodes of the chain: all are sent to, and one is asked when another fails."""
    quorum: int = Field(default=1, ge=1, le=16)
    """How many nodes have to agree on where a transaction stands."""
    rpc_cookie_file: Path | None = None
    """File with bitcoind's RPC cookie, in place of a user and password in `rpc_url`."""
    rpc_timeout_s: float = Field(default=10.0, gt=0)
    """Longest time for one answer of the node, in seconds."""
    finality: Finality | None = None
    """When a transaction is reported as confirmed.

    EVM: blocks on top of its own, "safe" or "finalized". Bitcoin: blocks. Solana: "confirmed" or
    "finalized". Cosmos: 0 or "finalized", for a block there is final. Without it the transaction's
    own block is enough, on Solana a confirmed one.
    """
    settled: Finality | None = None
    """When nothing of a transaction can change any more; written like `finality`.

    Until then a confirmed one is watched, and none is called failed. Without it the chain's own:
    EVM "finalized" (where a node knows none, 64 blocks), Bitcoin 5 blocks on top, Solana
    "finalized", Cosmos the block.
    """
    poll_interval_s: float = Field(default=1.0, gt=0)
    """Longest time between two looks at the chain while something waits, in seconds."""
    resubmit_after_s: float = Field(default=60.0, gt=0)
    """Time after which a transaction that waits is sent again as it is, in seconds."""

    @model_validator(mode="after")
    def _enough_nodes(self) -> Self:
        if self.quorum > 1 + len(self.other_rpc_urls):
            raise ValueError(f"a quorum of {self.quorum} needs as many nodes: other_rpc_urls")
        return self


class AnswerSettings(Part):
    """The gas account that carries Direct answers to their contracts."""

    key_file: Path
    """File with the account's secp256k1 secret: 32 bytes in hexadecimal."""
    replace_after_s: float = Field(default=45.0, gt=0)
    """Time after which an answer that waits is sent again with a higher fee, in seconds."""
    max_fee_gwei: int = Field(default=500, gt=0)
    """Highest fee for one gas, in gwei."""
    max_replacements: int = Field(default=10, ge=0)
    """How often the fee of one answer is raised."""


class ComposerSettings(Part):
    """Builds the unsigned transactions of simple transactions."""

    enabled: bool = True
    """Whether this relayer composes."""
    grace_s: float = Field(default=600.0, ge=0)
    """How long a transaction that cannot be built now waits before it is rejected, in seconds."""
    replace_after_s: float = Field(default=120.0, ge=0)
    """Time after which a transaction that waits gets a higher fee, if others pay more, in seconds.

    EVM only; Bitcoin's is the proxy's.
    """
    gas_margin_percent: int = Field(default=20, ge=0, le=400)
    """How much more gas than the node's estimate a transaction gets, in percent."""
    max_gas: int = Field(default=15_000_000, gt=21_000)
    """Most gas that a transaction gets; above it the transaction is rejected."""
    nonce_accounts: dict[str, str] = Field(default_factory=dict)
    """Durable nonce accounts on Solana: wallet address to nonce account, both base58."""
    nonce_payer_key_file: Path | None = None
    """File with the secret of a Solana account: 32 bytes in hexadecimal, Ed25519.

    It pays 1,447,680 lamports for the nonce account of each wallet whose payment expired while it
    waited for approvals.
    """


class RelayerSettings(Settings):
    """Settings of the relayer."""

    model_config = settings_for("relayer")

    ledger: LedgerAccess
    """The ledger, and the account of a registered relayer and composer on it."""
    database_url: DatabaseUrl = "sqlite+aiosqlite:///relayer.sqlite"
    """SQLAlchemy URL of the outbox's database."""
    lease_s: float = Field(default=60.0, gt=0)
    """Time after which another process takes over what one that is gone worked on, in seconds.

    For several relayers on one PostgreSQL.
    """
    destinations: dict[str, DestinationSettings]
    """The destination chains by CAIP-2 id, one table each."""
    answers: AnswerSettings | None = None
    """The gas account; without it no Direct answer is carried."""
    composer: ComposerSettings = ComposerSettings()
    """How simple transactions are composed."""
    poll_interval_s: float = Field(default=1.0, gt=0)
    """Longest time between two looks at a ledger that does not tell new blocks, in seconds."""
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Loopback port of /healthz and /metrics; 0 takes a free one, without it nothing is served."""
    alarm_after_s: float = Field(default=900.0, gt=0)
    """Time after which a delivery that waits is counted as overdue and named in the log once."""

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
