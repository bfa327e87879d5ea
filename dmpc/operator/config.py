"""Settings of an operator, from `--config FILE` and ZRSIGN_OPERATOR_* variables.

keyring_address = "keyring1…"
identity_file = "operator/identity"          # 32 bytes, made on the first start
tls_key_file = "operator/tls.key"            # PEM
tls_certificate_file = "operator/tls.pem"
listen = "127.0.0.1:9301"
state_dir = "operator/state"
anchor_dir = "operator/anchors"              # where backups of state_dir do not reach
enclave_root_file = "enclave-root"           # simulated enclaves only
group_file = "group.json"

[ledger]
grpc = "127.0.0.1:9090"
key_file = "operator/account.key"
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from daemon.errors import SettingsError
from daemon.settings import LedgerAccess, Part, Settings, settings_for
from dmpc.operator import members
from dmpc.operator.errors import OperatorError


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
    group_file: Path
    # Presignatures kept ready for each ECDSA key.
    presignatures: int = Field(default=2, ge=0, le=1000)
    # Looks at the ledger at least this often; new blocks wake it earlier.
    poll_interval_s: float = Field(default=1.0, gt=0, le=60)
    threads: int = Field(default=2, ge=1, le=64)
    metrics_port: int | None = Field(default=None, ge=0, le=65535)


class MemberEntry(Part):
    """One operator in a group file."""

    index: int = Field(ge=1, le=0xFFFF)
    # Its account on the ledger, a party of the keyring.
    party: str
    # Ed25519, hexadecimal.
    identity: str = Field(pattern=r"^[0-9a-f]{64}$")
    # DER, base64.
    certificate: str
    endpoint: str = Field(pattern=r"^[^\s:]+:\d{1,5}$")


class GroupFile(Part):
    """The operators of a keyring: what all of them must agree on."""

    threshold: int = Field(ge=2, le=32)
    level: str
    members: tuple[MemberEntry, ...] = Field(min_length=2, max_length=32)

    @model_validator(mode="after")
    def _threshold_exists(self) -> Self:
        if self.threshold > len(self.members):
            raise ValueError(f"no threshold {self.threshold} of {len(self.members)} exists")
        return self


def read_group(path: Path, keyring: str) -> members.Settings:
    """Raises SettingsError."""
    try:
        entry = GroupFile.model_validate(_json(path))
        group = members.Group(
            1,
            entry.threshold,
            members.level_named(entry.level),
            tuple(_member(each) for each in sorted(entry.members, key=lambda each: each.index)),
        )
        settings = members.Settings(keyring, (group,))
        settings.parties(group.indices)
    except (ValidationError, ValueError, OperatorError) as error:
        raise SettingsError(f"{path}: {error}. Correct the file and start again.") from None
    return settings


def _member(entry: MemberEntry) -> members.Member:
    return members.Member(
        entry.index,
        entry.party,
        bytes.fromhex(entry.identity),
        base64.b64decode(entry.certificate, validate=True),
        entry.endpoint,
    )


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except OSError as error:
        raise SettingsError(f"Cannot read the group file {path}: {error.strerror}.") from None
