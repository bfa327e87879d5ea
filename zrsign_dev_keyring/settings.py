"""Settings of the local keyring, from `--config FILE` and ZRSIGN_KEYRING_* variables.

keyring_address = "keyring1…"
vault_dir = ".zrsign/vault"
passphrase_file = ".zrsign/keys/passphrase"

[ledger]
grpc = "127.0.0.1:9090"
key_file = ".zrsign/keys/party"
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from zrsign_daemon.settings import LedgerAccess, Settings, settings_for


class DevKeyringSettings(Settings):
    """Settings of the development keyring."""

    model_config = settings_for("keyring")

    ledger: LedgerAccess
    """The ledger, and the account of the keyring's party on it."""
    keyring_address: str = Field(pattern=r"^keyring1[0-9a-z]+$")
    """The keyring on the ledger whose requests are answered."""
    vault_dir: Path
    """Directory of the sealed keys."""
    passphrase_file: Path
    """File with the passphrase that opens the vault."""
    poll_interval_s: float = Field(default=1.0, gt=0, le=60)
    """Longest time between two looks at the ledger, in seconds; new blocks wake it earlier."""
    batch: int = Field(default=20, ge=1, le=200)
    """Answers in one ledger transaction at most."""
    concurrency: int = Field(default=4, ge=1, le=64)
    """Requests that are answered at the same time."""
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Loopback port of /healthz and /metrics; 0 takes a free one, without it nothing is served."""
