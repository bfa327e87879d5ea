"""Settings of an operator, from `--config FILE` and ZRSIGN_OPERATOR_* variables.

keyring_address = "keyring1…"
identity_file = "operator/identity"          # 32 bytes, made on the first start
tls_key_file = "operator/tls.key"            # PEM
tls_certificate_file = "operator/tls.pem"
listen = "127.0.0.1:9301"
state_dir = "operator/state"
anchor_dir = "operator/anchors"              # where backups of state_dir do not reach
enclave_root_file = "enclave-root"           # simulated enclaves only

[attestation]
accept = ["simulated"]                       # which enclaves of peers are believed

[ledger]
grpc = "127.0.0.1:9090"
key_file = "operator/account.key"
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from zrsign_daemon.settings import LedgerAccess, Settings, settings_for
from zrsign_operator.enclave.settings import Attestation


class OperatorSettings(Settings):
    model_config = settings_for("operator")

    ledger: LedgerAccess
    keyring_address: str = Field(pattern=r"^keyring1[0-9a-z]+$")
    identity_file: Path
    tls_key_file: Path
    tls_certificate_file: Path
    listen: str = Field(pattern=r"^[^\s:]+:\d{1,5}$")
    state_dir: Path
    anchor_dir: Path
    enclave_root_file: Path
    attestation: Attestation = Attestation()
    # Presignatures kept ready for each ECDSA key.
    presignatures: int = Field(default=2, ge=0, le=1000)
    # Looks at the ledger at least this often; new blocks wake it earlier.
    poll_interval_s: float = Field(default=1.0, gt=0, le=60)
    threads: int = Field(default=2, ge=1, le=64)
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
