"""The threshold operators of a local network: their keys, their cards, their settings."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from zrsign.administration import MemberCard
from zrsign.local.network.manifest import AccountEntry, Manifest
from zrsign.local.network.ports import HOST, Ports
from zrsign.local.network.settings_files import ledger_access
from zrsign_daemon.program import program
from zrsign_operator.enclave import simulated
from zrsign_operator.peers.tls import make_identity

LEVEL = "PAILLIER_2048"
"""112 bits: for local networks."""
PRIME_BITS, PRIMES = 1024, 4
"""Bits of a prime at that level, and how many an operator's auxiliary information takes."""
MAX_OPERATORS = 16
PREFIX = "operator-"


@dataclass(frozen=True)
class Committee:
    """t of n operators hold every key."""

    threshold: int
    operators: int
    roots: int = 1
    """Root keys for each way to sign; 0: every key has a key generation of its own."""
    absent: int = 0
    """Operators that may be away when a key is made."""

    @classmethod
    def parse(cls, text: str) -> Committee:
        """The committee of a text such as "6-of-8". Raises ValueError."""
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
        """The names of the operators' daemons, from index 1."""
        return tuple(f"{PREFIX}{i}" for i in range(1, self.operators + 1))


@dataclass(frozen=True)
class Provision:
    """One operator of a local network."""

    name: str
    card: MemberCard
    settings: dict[str, Any]


def provision(
    manifest: Manifest, names: Sequence[str], keyring: str, ports: Ports
) -> list[Provision]:
    """Make the keys of these operators, who have accounts already; index and ports by the name."""
    home = manifest.state_dir / "operators"
    home.mkdir(mode=0o700, exist_ok=True)
    root = home / "simulated-enclave-root"
    if not root.exists():
        _write(root, secrets.token_bytes(32))
    return [_provision(manifest, home, name, keyring, ports) for name in names]


def _provision(manifest: Manifest, home: Path, name: str, keyring: str, ports: Ports) -> Provision:
    index = int(name.removeprefix(PREFIX))
    account = manifest.account(name)
    endpoint = f"{HOST}:{ports.operator_links[index - 1]}"
    card = _card(home / name, index, account, endpoint)
    return Provision(name, card, _settings(manifest, home, name, keyring, endpoint))


def _card(folder: Path, index: int, account: AccountEntry, endpoint: str) -> MemberCard:
    folder.mkdir(mode=0o700)
    identity, tls = secrets.token_bytes(32), make_identity()
    _write(folder / "identity", identity)
    _write(folder / "tls.key", tls.key)
    _write(folder / "tls.pem", tls.certificate)
    card = MemberCard(
        index=index,
        party=account.address,
        identity=bytes(SigningKey(identity).verify_key).hex(),
        certificate=tls.der.hex(),
        endpoint=endpoint,
    )
    _write(folder / "card.json", card.model_dump_json(indent=2).encode())
    return card


def cards(manifest: Manifest, names: Sequence[str]) -> list[MemberCard]:
    """The public parts of operators that were provisioned, in the order of their names."""
    home = manifest.state_dir / "operators"
    return [MemberCard.model_validate_json((home / n / "card.json").read_bytes()) for n in names]


def prime_stock(state_dir: Path) -> Path:
    """Where safe primes are kept for the next run; beside the directory, which a start removes."""
    return state_dir.with_name(f"{state_dir.name}.primes")


def prime_keeper(state_dir: Path, operators: int) -> list[str]:
    """The command that keeps enough of them for so many operators."""
    keep = (str(PRIME_BITS), str(PRIMES * operators), "--keep", prime_stock(state_dir))
    return program("zrsign_operator.work.primes", *keep)


def measurement() -> tuple[str, bytes]:
    """The measurement of the code that is installed here, as (kind of enclave, 32 bytes)."""
    return simulated.KIND, simulated.measure(Path(simulated.__file__).parents[2])


def _settings(
    manifest: Manifest, home: Path, name: str, keyring: str, endpoint: str
) -> dict[str, Any]:
    folder = home / name
    return {
        "keyring_address": keyring,
        "keyring_admins": [manifest.account("authority").address],
        "identity_file": str(folder / "identity"),
        "tls_key_file": str(folder / "tls.key"),
        "tls_certificate_file": str(folder / "tls.pem"),
        "listen": endpoint,
        "state_dir": str(folder / "state"),
        "anchor_dir": str(folder / "anchors"),
        # They share this machine's processors.
        "threads": 1,
        "enclave_root_file": str(home / "simulated-enclave-root"),
        "prime_stock": str(prime_stock(manifest.state_dir)),
        "ledger": ledger_access(manifest, name),
    }


def _write(path: Path, data: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(data)
