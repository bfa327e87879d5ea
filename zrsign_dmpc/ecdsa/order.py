"""What a presignature is spent on: it meets its key, its digest and its beacon only here.

The nonce point Γ of a presignature is known before its digest. Whoever may choose the digest (or
the child key) after that gets, with the signature that was asked for, one of a digest that nobody
approved: h = h*·r/r* (Groth and Shoup, ePrint 2021/1330). So the nonce is re-randomised when it is
used, by a hash over all that was fixed until then and over a beacon that nobody knew before:

    ρ = H(presignature, child's public key, shift, digest, beacon)
    Γ' = ρ·Γ, r = x(Γ'), k̃' = k̃/ρ, χ̃' = (χ̃ + shift·k̃)/ρ

Then k̃'_i·Γ' = Δ̃_i and χ̃'_i·Γ' = S̃_i + shift·Δ̃_i, so every share is still checked by public values.
"""

# ruff: noqa: N802 - letters are the paper's
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from zrsign_dmpc.ecdsa.errors import UnsignableDigest
from zrsign_dmpc.ecdsa.presign.presignature import Presignature, PublicPresignature
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.group.curves import SECP256K1, Point
from zrsign_dmpc.wire.encoding import Value
from zrsign_dmpc.wire.transcript import Transcript

NAME: Final = "zrsign-cggmp24-rerandomise-v1"
DIGEST_BYTES: Final = 32
BEACON_BYTES: Final = 32
q: Final = SECP256K1.order


def require_digest(digest: bytes) -> None:
    """Raises UnsignableDigest for 0 modulo q, ParameterError for another size than 32 bytes."""
    if len(digest) != DIGEST_BYTES:
        raise ParameterError(f"a digest has {DIGEST_BYTES} bytes, not {len(digest)}")
    if int.from_bytes(digest, "big") % q == 0:
        raise UnsignableDigest("a digest of 0 modulo the group's order signs nothing")


@dataclass(frozen=True)
class Order:
    """One signature: a digest, under a child of the presigned key, by one presignature.

    Raises what `require_digest` raises, and ParameterError: the beacon's size or the shift is
    wrong, the presignature is damaged, or the child has no key.
    """

    presignature: PublicPresignature
    digest: bytes
    """32 bytes: a hash that the engine's caller computed or checked."""
    beacon: bytes
    """32 bytes that nobody knew when the presignature was made and that nobody controlled after
    digest and child were fixed. All signers take them from where they all look, never from one of
    them."""
    shift: int = 0
    """The child is X + shift·G (`Derivation.shift`); 0 for the presigned key X itself."""

    def __post_init__(self) -> None:
        require_digest(self.digest)
        if len(self.beacon) != BEACON_BYTES:
            raise ParameterError(f"a beacon has {BEACON_BYTES} bytes, not {len(self.beacon)}")
        if not 0 <= self.shift < q:
            raise ParameterError("the shift is not reduced modulo the group's order")
        if not self.presignature.is_consistent():
            raise ParameterError("the presignature does not fit its public key")
        if self.public_key.is_identity:
            raise ParameterError("the shift takes the key to the identity")

    @property
    def m(self) -> int:
        """The digest as an integer, big-endian."""
        return int.from_bytes(self.digest, "big")

    @cached_property
    def public_key(self) -> Point:
        """The child's key, which the signature verifies under."""
        return self.presignature.public_key + SECP256K1.base_mul(self.shift)

    @cached_property
    def rho(self) -> int:
        """ρ, uniform in 1 to q - 1."""
        transcript = Transcript(NAME)
        transcript.absorb("presignature", self.presignature.digest)
        transcript.absorb("public key", self.public_key)
        transcript.absorb("shift", self.shift)
        transcript.absorb("digest", self.digest)
        transcript.absorb("beacon", self.beacon)
        return 1 + transcript.challenge_below("rho", q - 1)

    @cached_property
    def Gamma(self) -> Point:
        """Γ' = ρ·Γ, the nonce point of the signature."""
        return self.rho * self.presignature.Gamma

    @cached_property
    def r(self) -> int:
        """The x coordinate of Γ' modulo q."""
        return int.from_bytes(self.Gamma.encode()[1:], "big") % q

    def share(self, presignature: Presignature) -> int:
        """σ_i = k̃'_i·m + r·χ̃'_i. The presignature must have been struck off."""
        k, chi = presignature.k, presignature.chi
        return (k * self.m + self.r * (chi + self.shift * k)) * pow(self.rho, -1, q) % q

    def is_right(self, signer: int, sigma: int) -> bool:
        """0 ≤ σ_i < q and σ_i·Γ' = m·Δ̃_i + r·(S̃_i + shift·Δ̃_i)."""
        place = self.presignature.signers.index(signer)
        points = self.presignature.Delta[place], self.presignature.S[place]
        right = SECP256K1.multi_mul((self.m + self.r * self.shift, self.r), points)
        return 0 <= sigma < q and sigma * self.Gamma == right

    def is_signed_by(self, s: int) -> bool:
        """s·Γ' = m·G + r·X', which is ECDSA's verification; r and s are not zero."""
        right = SECP256K1.base_mul(self.m) + self.r * self.public_key
        return 0 not in (self.r, s) and s * self.Gamma == right

    def value(self) -> Value:
        """All that this object fixes, as the session id hashes it."""
        return self.presignature.digest, self.shift, self.digest, self.beacon
