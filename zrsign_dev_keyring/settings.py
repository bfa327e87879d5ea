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


class KeyringSettings(Settings):
    model_config = settings_for("keyring")

    ledger: LedgerAccess
    keyring_address: str = Field(pattern=r"^keyring1[0-9a-z]+$")
    vault_dir: Path
    passphrase_file: Path
    # Looks at the ledger at least this often; new blocks wake it earlier.
    poll_interval_s: float = Field(default=1.0, gt=0, le=60)
    # Answers in one ledger transaction.
    batch: int = Field(default=20, ge=1, le=200)
    # Requests answered at the same time.
    concurrency: int = Field(default=4, ge=1, le=64)
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
