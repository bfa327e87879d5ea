"""Real attestation documents, valid and not: tests/vectors/attestation."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.conftest import VECTORS
from zrsign_operator.enclave import nitro
from zrsign_operator.enclave.dcap import Collateral
from zrsign_operator.enclave.sev_snp import Endorsement

FOLDER = VECTORS / "attestation"
INTEL_NOW = datetime(2025, 6, 25, tzinfo=UTC).timestamp()
"""When the samples' collateral was current."""
AMD_NOW = datetime(2025, 1, 1, tzinfo=UTC).timestamp()


def sample(name: str) -> bytes:
    content = (FOLDER / name).read_bytes()
    return bytes.fromhex(content.decode()) if name.endswith(".hex") else content


def collateral(kind: str) -> Collateral:
    return Collateral.parse(sample(f"{kind}_quote_collateral.json").decode())


def endorsement(leaf: str = "vcek_milan.der", issuers: str = "cert_chain_milan.pem") -> Endorsement:
    return Endorsement.parse(sample(leaf), sample(issuers))


def nitro_time(document: bytes) -> float:
    """When the document says it was made."""
    return nitro.parse_payload(nitro.split(document)[1]).timestamp_ms / 1000


def flipped(document: bytes, at: int, bit: int = 0) -> bytes:
    changed = bytearray(document)
    changed[at] ^= 1 << bit
    return bytes(changed)
