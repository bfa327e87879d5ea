"""What is known of any network: its ledger, chains, contracts, and the accounts of who uses it."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict

from zrsign.errors import ManifestError

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from zrchain_lite.client import Account, LedgerClient, TrustSettings


class Part(BaseModel):
    """A part of a network's description: what is not known in it is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ChainEntry(Part):
    """A destination or source chain's node: where it answers, and the cookie that opens it."""

    name: str
    caip2: str
    rpc_url: str
    ws_url: str = ""
    cookie_file: Path | None = None


class ContractEntry(Part):
    """A deployed zrSign contract, and the first block that can hold its events."""

    chain: str
    address: str
    # "direct" or "omni".
    mode: str
    start_block: int = 0


class Ledger(Part):
    """The ledger's node: where each of its interfaces answers."""

    chain_id: str
    grpc: str
    rest: str = ""
    rpc: str = ""
    # A block, as HEIGHT:HASH: what clients trust. Without one the node is believed.
    root: str | None = None
    # The certificates that the node's is verified by, in PEM; without it the system's.
    ca: Path | None = None

    def client(self, account: Account | None = None) -> LedgerClient:
        """A client that verifies what it reads, if the network has a root."""
        from zrchain_lite.client import LedgerClient

        return LedgerClient(self.grpc, account=account, trust=self.trust(), ca=self.ca)

    @abstractmethod
    def trust(self) -> TrustSettings | None:
        """What clients verify from; None where the network has no root."""


class UserAccount(Part):
    """A secp256k1 key: the same key is a ledger account and an EVM account."""

    name: str

    @abstractmethod
    def secret(self) -> bytes:
        """The account's secret key, 32 bytes. Raises ManifestError."""

    def ledger(self) -> Account:
        """The account as a signer of ledger transactions. Raises ManifestError."""
        from zrchain_lite.client import Account

        return Account.from_secret(self.secret())

    def evm(self) -> LocalAccount:
        """The account as a signer of EVM transactions. Raises ManifestError."""
        from eth_account import Account as EvmAccount

        account: LocalAccount = EvmAccount.from_key(self.secret())
        return account

    @property
    @abstractmethod
    def ledger_address(self) -> str:
        """The account's address on the ledger. Raises ManifestError."""

    def known_addresses(self) -> tuple[str, ...]:
        """Both addresses, or those that are known while the key is locked away."""
        return (self.ledger_address, self.owner)

    @property
    @abstractmethod
    def owner(self) -> str:
        """The account's EVM address: as this it owns wallets. Raises ManifestError."""


class Network(Part):
    """A network as commands use it, whoever runs it."""

    ledger: Ledger
    chains: tuple[ChainEntry, ...]
    contracts: tuple[ContractEntry, ...] = ()
    accounts: tuple[UserAccount, ...] = ()

    @property
    def destinations(self) -> tuple[ChainEntry, ...]:
        """The chains that transactions can go to: those of the nodes, and the ledger itself."""
        from zrsign_chains.cosmos import caip2_of

        own = caip2_of(self.ledger.chain_id)
        return (*self.chains, ChainEntry(name="ledger", caip2=own, rpc_url=self.ledger.rpc))

    def chain(self, caip2: str) -> ChainEntry:
        """The destination with this CAIP-2 id or name. Raises ManifestError."""
        for entry in self.destinations:
            if caip2 in (entry.caip2, entry.name):
                return entry
        known = ", ".join(f"{entry.name} ({entry.caip2})" for entry in self.destinations)
        raise ManifestError(f"No chain {caip2!r} in this network.", f"There are: {known}")

    def contract(self, mode: str) -> ContractEntry:
        """The first contract of a mode, "direct" or "omni". Raises ManifestError."""
        for entry in self.contracts:
            if entry.mode == mode:
                return entry
        raise ManifestError(f"No {mode} contract is known in this network.", self.how_to_get_one)

    @property
    def how_to_get_one(self) -> str:
        """What a person does where a contract is missing."""
        return "Deploy one: zrsign deploy"

    def account(self, name: str) -> UserAccount:
        """The account with this name. Raises ManifestError."""
        for entry in self.accounts:
            if entry.name == name:
                return entry
        known = ", ".join(entry.name for entry in self.accounts) or "none"
        raise ManifestError(f"No account {name!r} in this network.", f"There are: {known}")

    def names(self) -> dict[str, str]:
        """The accounts' names by their addresses of both kinds, as far as they are known."""
        return {address: each.name for each in self.accounts for address in each.known_addresses()}

    def resolve(self, owner: str) -> str:
        """The EVM address of an account's name; anything else is returned as it is."""
        return next((each.owner for each in self.accounts if each.name == owner), owner)

    def on_ledger(self, who: str) -> str:
        """The ledger address of an account's name; anything else is returned as it is."""
        return next((each.ledger_address for each in self.accounts if each.name == who), who)

    @property
    def running(self) -> bool:
        """Whether the network answers, as far as this machine can tell."""
        return True

    def require_running(self) -> Self:
        """Itself; raises ManifestError when the network is stopped."""
        return self
