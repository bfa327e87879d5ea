"""Named security levels of threshold ECDSA: every size, range and repetition count in one object.

Letters follow CGGMP24 (ePrint 2021/060, revision of 2024-10-21). The ranges are those of the
audited 128-bit parameter set: a challenge is drawn from ±Q with Q = 2^128, and s = 100 bits of
statistical hiding remain above it. A level is hashed into every transcript, so that a proof made
at one level is worth nothing at another.
"""

import sys
from dataclasses import dataclass, fields
from typing import Final

from zrsign_dmpc.ecdsa.errors import InsecureLevelError

MINIMUM_SECURITY_BITS: Final = 112
TRIAL_BITS: Final = 16
"""A modulus with a prime factor below 2^TRIAL_BITS is refused before its proofs are read."""


@dataclass(frozen=True)
class SecurityLevel:
    """Parameters of one security level. Sizes are in bits.

    `ell` bounds secrets (curve scalars), `ell_prime` the masks of multiplicative-to-additive
    sharing, `epsilon` is the slack of range proofs, `challenge` is log2 Q, `statistical` the
    distance of masked values from uniform, `m` the number of binary challenges, `m_root` the
    number of N-th roots in Πmod, and `kappa` the length of openings and identifiers.
    """

    name: str
    security: int
    modulus: int
    ell: int
    ell_prime: int
    epsilon: int
    challenge: int
    statistical: int
    m: int
    m_root: int
    kappa: int = 256

    def __post_init__(self) -> None:
        self._require_consistent()
        if self.security < MINIMUM_SECURITY_BITS and "pytest" not in sys.modules:
            raise InsecureLevelError(
                f"level {self.name} offers {self.security} bits of security; "
                f"use PAILLIER_3072 or PAILLIER_2048 (at least {MINIMUM_SECURITY_BITS})"
            )

    def _require_consistent(self) -> None:
        """Conditions of section 4 and appendix C of the paper, with s and Q explicit."""
        conditions = {
            "epsilon >= 2 + statistical + challenge": (
                self.epsilon >= 2 + self.statistical + self.challenge
            ),
            "ell_prime >= 2 ell + epsilon + statistical": (
                self.ell_prime >= 2 * self.ell + self.epsilon + self.statistical
            ),
            "2 ell + epsilon <= prime": 2 * self.ell + self.epsilon <= self.prime,
            "ell_prime + epsilon + 8 <= modulus": (
                self.ell_prime + self.epsilon + 8 <= self.modulus
            ),
            "2 (ell + epsilon) + 2 <= modulus": 2 * (self.ell + self.epsilon) + 2 <= self.modulus,
            "challenge < ell, modulus even": self.challenge < self.ell and self.modulus % 2 == 0,
            "challenge, m >= security": min(self.challenge, self.m) >= self.security,
            "m_root TRIAL_BITS >= security": self.m_root * TRIAL_BITS >= self.security,
            "m_root <= m": self.m_root <= self.m,
        }
        for condition, holds in conditions.items():
            if not holds:
                raise InsecureLevelError(f"level {self.name} breaks its condition {condition}")

    @property
    def prime(self) -> int:
        """Bits of one prime factor."""
        return self.modulus // 2

    @property
    def q_bound(self) -> int:
        """Q: a challenge e satisfies -Q <= e <= Q."""
        return 1 << self.challenge

    def items(self) -> tuple[str | int, ...]:
        """Every parameter in order, for the transcript."""
        return tuple(getattr(self, field.name) for field in fields(self))


PAILLIER_3072: Final = SecurityLevel(
    name="PAILLIER_3072",
    security=128,
    modulus=3072,
    ell=256,
    ell_prime=848,
    epsilon=230,
    challenge=128,
    statistical=100,
    m=128,
    m_root=9,
)

PAILLIER_2048: Final = SecurityLevel(
    name="PAILLIER_2048",
    security=112,
    modulus=2048,
    ell=256,
    ell_prime=848,
    epsilon=230,
    challenge=128,
    statistical=100,
    m=112,
    m_root=8,
)

LEVELS: Final = {level.name: level for level in (PAILLIER_3072, PAILLIER_2048)}
