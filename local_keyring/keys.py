"""A whole secret key and how it signs.

ECDSA over secp256k1: RFC 6979 nonces, low s, by libsecp256k1. Ed25519 (RFC 8032) by libsodium.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from coincurve import PrivateKey
from nacl.signing import SigningKey

from chains.ecdsa import N
from chains.wallets import KeyAlgorithm


@dataclass(frozen=True)
class SecretKey:
    """`secret` is 32 bytes, a scalar of secp256k1 or an Ed25519 seed. It must never be sent."""

    algorithm: KeyAlgorithm
    secret: bytes = field(repr=False)

    @classmethod
    def generate(cls, algorithm: KeyAlgorithm) -> SecretKey:
        if algorithm is KeyAlgorithm.EDDSA_ED25519:
            return cls(algorithm, secrets.token_bytes(32))
        return cls(algorithm, (secrets.randbelow(N - 1) + 1).to_bytes(32))

    @property
    def public_key(self) -> bytes:
        """33 bytes compressed (secp256k1) or 32 bytes (Ed25519)."""
        if self.algorithm is KeyAlgorithm.EDDSA_ED25519:
            return bytes(SigningKey(self.secret).verify_key)
        return PrivateKey(self.secret).public_key.format(compressed=True)

    def sign(self, data: bytes) -> bytes:
        """ECDSA and Bitcoin: 65 bytes r||s||recovery id over a 32-byte digest. Ed25519: 64 bytes
        over the raw message."""
        if self.algorithm is KeyAlgorithm.EDDSA_ED25519:
            return SigningKey(self.secret).sign(data).signature
        return PrivateKey(self.secret).sign_recoverable(data, hasher=None)
