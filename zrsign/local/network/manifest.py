"""What a network consists of, written to `network.json` in its state directory: the file that every
command reads.

Secrets are not in it: an account names the file (mode 0600) that holds its key.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from zrsign.errors import ManifestError
from zrsign_daemon.errors import SettingsError
from zrsign_daemon.keyfile import read_secret
from zrsign_daemon.validation import faults

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from zrchain_lite.client import Account, LedgerClient, TrustSettings

FILE = "network.json"
LOCAL_TRUST_DAYS = 3_650
"""How long the root of a local network is trusted: its one validator has no stake to take away."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ChainEntry(_Part):
    """A destination or source chain's node: where it answers, and the cookie that opens it."""

    name: str
    caip2: str
    rpc_url: str
    ws_url: str = ""
    cookie_file: Path | None = None


class LedgerEntry(_Part):
    """The ledger's node: where each of its interfaces answers, and where its store lies."""

    chain_id: str
    grpc: str
    rest: str
    rpc: str
    # The first block, as HEIGHT:HASH: what clients trust. Networks of earlier versions have none.
    root: str | None = None
    # LMDB directory, readable when the ledger is stopped.
    store: Path

    def client(self, account: Account | None = None) -> LedgerClient:
        """A client that verifies what it reads, if the network has a root."""
        from zrchain_lite.client import LedgerClient

        return LedgerClient(self.grpc, account=account, trust=self.trust())

    def trust(self) -> TrustSettings | None:
        """What clients verify from; None where the network has no root."""
        from zrchain_lite.client import TrustedRoot, TrustSettings

        if self.root is None:
            return None
        return TrustSettings(TrustedRoot.parse(self.root), period_s=LOCAL_TRUST_DAYS * 86_400)


class ContractEntry(_Part):
    """A deployed zrSign contract, and the first block that can hold its events."""

    chain: str
    address: str
    # "direct" or "omni".
    mode: str
    start_block: int


class DaemonEntry(_Part):
    """`health` answers /healthz and /metrics."""

    name: str
    pid: int
    health: str


class AccountEntry(_Part):
    """A secp256k1 key: the same key is a ledger account and an EVM account."""

    name: str
    address: str
    evm_address: str
    secret_file: Path
    # Calls contracts or approves; the others are the daemons'.
    for_people: bool = False

    def secret(self) -> bytes:
        """The account's secret key, 32 bytes. Raises ManifestError."""
        try:
            return read_secret(self.secret_file)
        except SettingsError as error:
            raise ManifestError(
                f"No key of {self.name}: {error}", "Or start a new network: zrsign up"
            ) from None

    def ledger(self) -> Account:
        """The account as a signer of ledger transactions. Raises ManifestError."""
        from zrchain_lite.client import Account

        return Account.from_secret(self.secret())

    def evm(self) -> LocalAccount:
        """The account as a signer of EVM transactions. Raises ManifestError."""
        from eth_account import Account as EvmAccount

        account: LocalAccount = EvmAccount.from_key(self.secret())
        return account


class Manifest(_Part):
    """`pid` is the process that started the network and stops it."""

    pid: int
    state_dir: Path
    ledger: LedgerEntry
    chains: tuple[ChainEntry, ...]
    contracts: tuple[ContractEntry, ...] = ()
    accounts: tuple[AccountEntry, ...] = ()
    daemons: tuple[DaemonEntry, ...] = ()

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
        raise ManifestError(f"No {mode} contract is deployed.", "Deploy one: zrsign deploy")

    def account(self, name: str) -> AccountEntry:
        """The account with this name. Raises ManifestError."""
        for entry in self.accounts:
            if entry.name == name:
                return entry
        known = ", ".join(entry.name for entry in self.accounts)
        raise ManifestError(f"No account {name!r} in this network.", f"There are: {known}")

    def names(self) -> dict[str, str]:
        """The accounts' names by their addresses, of both kinds."""
        return {
            address: each.name
            for each in self.accounts
            for address in (each.address, each.evm_address)
        }

    def resolve(self, owner: str) -> str:
        """The EVM address of an account's name; anything else is returned as it is."""
        return next((each.evm_address for each in self.accounts if each.name == owner), owner)

    def require_running(self) -> Manifest:
        """Itself; raises ManifestError when the network is stopped."""
        if not self.running:
            raise ManifestError(
                f"The network in {self.state_dir} is stopped.", "Start it: zrsign up"
            )
        return self

    @property
    def running(self) -> bool:
        """Whether the process that started the network is still there."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    def save(self) -> None:
        """Replace the file at once, so that a reader never sees half of it."""
        path = self.state_dir / FILE
        draft = path.with_suffix(".draft")
        draft.write_text(self.model_dump_json(indent=2) + "\n")
        draft.replace(path)


def state_root() -> Path:
    """`ZRSIGN_STATE`, else `.zrsign` in the working directory."""
    return Path(os.environ.get("ZRSIGN_STATE", ".zrsign")).absolute()


def load(state_dir: Path | None = None) -> Manifest:
    """The manifest in `state_dir`.

    Without one there or no `state_dir`, that of the running network below, else the last one's.
    """
    root = state_dir or state_root()
    found = sorted(root.glob(f"*/{FILE}"), key=lambda path: path.stat().st_mtime, reverse=True)
    if state_dir is not None and (not found or (state_dir / FILE).exists()):
        return _read(state_dir / FILE)
    if not found:
        raise ManifestError(
            f"No network was started here: {state_root()} holds none.",
            "Start one: zrsign up (or name its directory with --state)",
        )
    manifests = [_read(path) for path in found]
    return next((each for each in manifests if each.running), manifests[0])


def _read(path: Path) -> Manifest:
    try:
        return Manifest.model_validate_json(path.read_text())
    except OSError as error:
        raise ManifestError(
            f"Cannot read {path}: {error.strerror}", "Start a network: zrsign up"
        ) from None
    except ValidationError as error:
        raise ManifestError(
            f"{path} is damaged: {faults(error)}",
            "Remove the directory and start again: zrsign up",
        ) from None
