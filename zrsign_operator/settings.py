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
from typing import Annotated

from pydantic import AfterValidator, Field

from zrsign_daemon.settings import LedgerAccess, Settings, settings_for
from zrsign_operator.enclave.settings import Attestation
from zrsign_operator.sources.settings import SourceChain


def _distinct(chains: tuple[SourceChain, ...]) -> tuple[SourceChain, ...]:
    names = [chain.caip2 for chain in chains]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the chain {name} is listed twice")
    return chains


class OperatorSettings(Settings):
    """Settings of one operator of a threshold keyring."""

    model_config = settings_for("operator")

    ledger: LedgerAccess
    """The ledger, and the account of this operator, a party of the keyring."""
    keyring_address: str = Field(pattern=r"^keyring1[0-9a-z]+$")
    """The keyring on the ledger that the operator belongs to."""
    keyring_admins: tuple[str, ...] = ()
    """Accounts whose signature an order needs, beside the ledger's word; without any, those that
    administer the keyring when the operator starts for the first time."""
    identity_file: Path
    """File with the Ed25519 identity seed, 32 bytes; made on the first start."""
    tls_key_file: Path
    """The TLS key of the links to peers, PEM; made on the first start."""
    tls_certificate_file: Path
    """The self-signed certificate of that key, PEM; made with it."""
    listen: str = Field(pattern=r"^[^\s:]+:\d{1,5}$")
    """Where peers are listened to, as host:port; its card may name another endpoint."""
    state_dir: Path
    """Directory of sealed shares, presignatures and journals."""
    anchor_dir: Path
    """Directory of what no backup may restore; keep it on another disk than `state_dir`."""
    enclave_root_file: Path
    """File with the root key of simulated enclaves; all operators of a network hold the same."""
    attestation: Attestation = Attestation()
    """Which enclaves of peers are believed."""
    chains: Annotated[tuple[SourceChain, ...], AfterValidator(_distinct)] = ()
    """EVM chains on which the operator sees for itself what contracts ask, one table each. With
    any, it signs nothing that it does not find there; without, the ledger is believed."""
    max_network_fee: dict[str, Annotated[int, Field(gt=0)]] = Field(default_factory=dict)
    """The most that a composed transaction may pay as network fee, in the chain's smallest unit, by
    CAIP-2 namespace; for `chains` alone. One that is not named has the default of its chain."""
    presignatures: int = Field(default=8, ge=0, le=1000)
    """Presignatures that are kept ready for each ECDSA root, or key of its own."""
    poll_interval_s: float = Field(default=1.0, gt=0, le=60)
    """Longest time between two looks at the ledger, in seconds; new blocks wake it earlier."""
    prime_stock: Path | None = None
    """Directory of safe primes that an earlier run of a local network left; refused elsewhere."""
    threads: int = Field(default=2, ge=1, le=64)
    """Threads for long steps that a request waits for, and as many for those in the background."""
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Loopback port of /healthz, /status and /metrics; 0 takes a free one, none opens none."""
