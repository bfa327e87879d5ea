"""What a network consists of, written to `network.json` in its state directory: the file that every
command reads.

Secrets are not in it: an account names the file (mode 0600) that holds its key.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import ValidationError

from zrsign.errors import ManifestError
from zrsign.networks.network import (
    ChainEntry,
    ContractEntry,
    Ledger,
    Network,
    Part,
    UserAccount,
)
from zrsign_daemon.errors import SettingsError
from zrsign_daemon.keyfile import read_secret
from zrsign_daemon.validation import faults

if TYPE_CHECKING:
    from zrchain_lite.client import TrustSettings

__all__ = [
    "AccountEntry",
    "ChainEntry",
    "ContractEntry",
    "DaemonEntry",
    "LedgerEntry",
    "Manifest",
    "load",
    "state_root",
]

FILE = "network.json"
LOCAL_TRUST_DAYS = 3_650
"""How long the root of a local network is trusted: its one validator has no stake to take away."""


class LedgerEntry(Ledger):
    """The ledger's node, and where its store lies."""

    rest: str
    rpc: str
    # LMDB directory, readable when the ledger is stopped.
    store: Path

    def trust(self) -> TrustSettings | None:
        """What clients verify from: the first block. Networks of earlier versions have none."""
        from zrchain_lite.client import TrustedRoot, TrustSettings

        if self.root is None:
            return None
        return TrustSettings(TrustedRoot.parse(self.root), period_s=LOCAL_TRUST_DAYS * 86_400)


class DaemonEntry(Part):
    """`health` answers /healthz and /metrics."""

    name: str
    pid: int
    health: str


class AccountEntry(UserAccount):
    """An account whose key lies in a file of the network's."""

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

    @property
    def ledger_address(self) -> str:
        """The account's address on the ledger."""
        return self.address

    @property
    def owner(self) -> str:
        """The account's EVM address."""
        return self.evm_address


class Manifest(Network):
    """`pid` is the process that started the network and stops it."""

    pid: int
    state_dir: Path
    ledger: LedgerEntry
    accounts: tuple[AccountEntry, ...] = ()
    daemons: tuple[DaemonEntry, ...] = ()

    def account(self, name: str) -> AccountEntry:
        """The account with this name. Raises ManifestError."""
        found = super().account(name)
        assert isinstance(found, AccountEntry)  # noqa: S101 - so says the field
        return found

    def require_running(self) -> Self:
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
