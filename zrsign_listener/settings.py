"""Settings of the listener, from `--config FILE` and ZRSIGN_LISTENER_* variables.

database_url = "sqlite+aiosqlite:///.zrsign/listener.db"

[ledger]
grpc = "127.0.0.1:9090"
key_file = ".zrsign/keys/observer"

[[chains]]
caip2 = "eip155:31337"
rpc_url = "http://127.0.0.1:8545"
ws_url = "ws://127.0.0.1:8545"
finality_depth = 0
contracts = [{ address = "0x…", mode = "omni", start_block = 3 }]
"""

from __future__ import annotations

from typing import Annotated, Literal

from eth_utils.address import is_address, to_checksum_address
from pydantic import AfterValidator, Field, model_validator

from zrsign_daemon.database import DatabaseUrl
from zrsign_daemon.jsonrpc import NodeUrl
from zrsign_daemon.settings import LedgerAccess, Part, Settings, settings_for
from zrsign_listener.plan import Policy


def _checksum(address: str) -> str:
    if not is_address(address):
        raise ValueError(f"{address!r} is not an EVM address (or its EIP-55 checksum is wrong)")
    return to_checksum_address(address)


class ContractSettings(Part):
    address: Annotated[str, AfterValidator(_checksum)]
    # Direct answers go back to the contract, Omni answers stay on the ledger. The ledger decides by
    # its own registration; here it names the contract in logs.
    mode: Literal["direct", "omni"]
    # The block that deployed the contract: trace ids are read from 0.
    start_block: int = Field(default=0, ge=0)


class ChainSettings(Part):
    caip2: str = Field(pattern=r"^eip155:[1-9][0-9]{0,31}$")
    rpc_url: NodeUrl
    # Only wakes the poll up early; without it events wait for the poll interval.
    ws_url: str | None = Field(default=None, pattern=r"^wss?://")
    # Blocks on top of a final block, or the node's own "finalized" or "safe".
    finality_depth: Annotated[int, Field(ge=0, le=100_000)] | Literal["finalized", "safe"] = (
        "finalized"
    )
    poll_interval_s: float = Field(default=2.0, gt=0, le=3600)
    rpc_timeout_s: float = Field(default=10.0, gt=0, le=300)
    max_block_range: int = Field(default=2_000, ge=1, le=1_000_000)
    rescan_blocks: int = Field(default=2, ge=0, le=10_000)
    max_logs_per_answer: int = Field(default=10_000, ge=2)
    contracts: tuple[ContractSettings, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _contracts_differ(self) -> ChainSettings:
        _distinct([contract.address for contract in self.contracts], "contract")
        return self

    @property
    def policy(self) -> Policy:
        return Policy(
            initial_span=min(500, self.max_block_range),
            max_span=self.max_block_range,
            overlap=self.rescan_blocks,
            log_cap=self.max_logs_per_answer,
        )


class ListenerSettings(Settings):
    model_config = settings_for("listener")

    database_url: DatabaseUrl = "sqlite+aiosqlite:///listener.db"
    ledger: LedgerAccess
    chains: tuple[ChainSettings, ...] = Field(min_length=1)
    # Events in one ledger transaction.
    report_batch: int = Field(default=50, ge=1, le=256)
    metrics_port: int | None = Field(default=None, ge=0, le=65535)

    @model_validator(mode="after")
    def _chains_differ(self) -> ListenerSettings:
        _distinct([chain.caip2 for chain in self.chains], "chain")
        return self


def _distinct(names: list[str], what: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the {what} {name} is listed twice")
