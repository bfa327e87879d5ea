"""What every verifier of attestation documents answers, whatever the hardware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Attested:
    """What a genuine document says of its enclave. Production mode is already checked."""

    kind: str
    """Kind of enclave in the ledger's words: "simulated", "nitro", "sgx", "tdx" or "sev-snp"."""
    measurement: bytes
    """Digest of the code that runs; each verifier's module says over what."""
    report_data: bytes
    """What the enclave bound the document to; 64 bytes, except that Nitro's may be any length."""
    issued_at: float | None = None
    """Unix time in seconds, for the one kind that says it (Nitro)."""
    details: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What a person may want to know: platform, TCB status, the parts of the measurement in hex."""
    valid_until: float | None = None
    """Unix time in seconds at which the first thing that the proof rests on ends.

    That is a certificate, a revocation list or the vendor's collateral.
    """


class Verifier(Protocol):
    """Checks documents of one kind. It reads no clock and asks nobody."""

    @property
    def kind(self) -> str:
        """Kind of enclave whose documents this verifier judges."""

    def verify(self, document: bytes, now: float) -> Attested:
        """What the document proves at Unix time `now`, in seconds. Raises BadQuote only."""
