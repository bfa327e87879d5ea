"""The threshold operators of a local network: their keys, their group, their settings."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from dmpc.operator.tls import make_identity
from zrsign.network import configs
from zrsign.network.manifest import AccountEntry, Manifest
from zrsign.network.ports import HOST, Ports

LEVEL = "PAILLIER_2048"
"""112 bits: for local networks."""
MAX_OPERATORS = 16


@dataclass(frozen=True)
class Committee:
    """t of n operators hold every key."""

    threshold: int
    operators: int

    @classmethod
    def parse(cls, text: str) -> Committee:
        """From "6-of-8". Raises ValueError."""
        threshold, found, operators = text.partition("-of-")
        if not found or not threshold.isdigit() or not operators.isdigit():
            raise ValueError(f"{text!r} is no committee; write it as 6-of-8")
        committee = cls(int(threshold), int(operators))
        if not 2 <= committee.threshold <= committee.operators <= MAX_OPERATORS:
            raise ValueError(f"{text}: take 2 ≤ t ≤ n ≤ {MAX_OPERATORS}")
        return committee

    def __str__(self) -> str:
        return f"{self.threshold}-of-{self.operators}"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"operator-{i}" for i in range(1, self.operators + 1))


def provision(
    manifest: Manifest, committee: Committee, keyring: str, ports: Ports
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Make everybody's keys and the group file; the settings of each operator, by name."""
    home = manifest.state_dir / "operators"
    home.mkdir(mode=0o700)
    root = home / "simulated-enclave-root"
    _write(root, secrets.token_bytes(32))
    entries, settings = [], []
    for place, name in enumerate(committee.names):
        account = manifest.account(name)
        endpoint = f"{HOST}:{ports.operator_links[place]}"
        entries.append(_member(home / name, place + 1, account, endpoint))
        settings.append((name, _settings(manifest, home, name, account, keyring, endpoint)))
    group = {"threshold": committee.threshold, "level": LEVEL, "members": entries}
    configs.write(home, "group", group)
    yield from settings


def _member(folder: Path, index: int, account: AccountEntry, endpoint: str) -> dict[str, Any]:
    folder.mkdir(mode=0o700)
    identity, tls = secrets.token_bytes(32), make_identity()
    _write(folder / "identity", identity)
    _write(folder / "tls.key", tls.key)
    _write(folder / "tls.pem", tls.certificate)
    return {
        "index": index,
        "party": account.address,
        "identity": bytes(SigningKey(identity).verify_key).hex(),
        "certificate": base64.b64encode(tls.der).decode(),
        "endpoint": endpoint,
    }


def _settings(
    manifest: Manifest, home: Path, name: str, account: AccountEntry, keyring: str, endpoint: str
) -> dict[str, Any]:
    folder = home / name
    return {
        "keyring_address": keyring,
        "identity_file": str(folder / "identity"),
        "tls_key_file": str(folder / "tls.key"),
        "tls_certificate_file": str(folder / "tls.pem"),
        "listen": endpoint,
        "state_dir": str(folder / "state"),
        "anchor_dir": str(folder / "anchors"),
        "enclave_root_file": str(home / "simulated-enclave-root"),
        "group_file": str(home / "group.json"),
        "ledger": {"grpc": manifest.ledger.grpc, "key_file": str(account.secret_file)},
    }


def _write(path: Path, data: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(data)


def parties(manifest: Manifest, names: Sequence[str]) -> list[str]:
    """The operators' accounts."""
    return [manifest.account(name).address for name in names]
