"""A whole secret key and how it signs.

ECDSA over secp256k1: RFC 6979 nonces, low s, by libsecp256k1, which also signs BIP-340 with the
tweaked key of a taproot key (BIP-86), without fresh randomness. Ed25519 (RFC 8032) by libsodium.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from coincurve import PrivateKey
from nacl.signing import SigningKey

from zrsign_chains import taproot
from zrsign_chains.ecdsa import N
from zrsign_chains.wallets import KeyAlgorithm

_NO_RANDOMNESS = bytes(32)


@dataclass(frozen=True)
class SecretKey:
    """`secret` is 32 bytes, a scalar of secp256k1 or an Ed25519 seed. It must never be sent."""

    algorithm: KeyAlgorithm
    secret: bytes = field(repr=False)

    @classmethod
    def generate(cls, algorithm: KeyAlgorithm) -> SecretKey:
        """A new key, from the system's randomness."""
        if algorithm is KeyAlgorithm.EDDSA_ED25519:
            return cls(algorithm, secrets.token_bytes(32))
        return cls(algorithm, (secrets.randbelow(N - 1) + 1).to_bytes(32))

    @property
    def public_key(self) -> bytes:
        """33 bytes compressed (secp256k1; the internal key of taproot) or 32 bytes (Ed25519)."""
        if self.algorithm is KeyAlgorithm.EDDSA_ED25519:
            return bytes(SigningKey(self.secret).verify_key)
        return PrivateKey(self.secret).public_key.format(compressed=True)

    def sign(self, data: bytes) -> bytes:
        """ECDSA and Bitcoin: 65 bytes r||s||recovery id over a 32-byte digest. Taproot: 64 bytes
        over a 32-byte digest. Ed25519: 64 bytes over the raw message."""
        if self.algorithm is KeyAlgorithm.EDDSA_ED25519:
            return SigningKey(self.secret).sign(data).signature
        if self.algorithm is KeyAlgorithm.TAPROOT_SECP256K1:
            return self._output_key().sign_schnorr(data, _NO_RANDOMNESS)
        return PrivateKey(self.secret).sign_recoverable(data, hasher=None)

    def _output_key(self) -> PrivateKey:
        """BIP-341's taproot_tweak_seckey without scripts: the secret of P with even y, plus t."""
        internal = PrivateKey(self.secret)
        point = internal.public_key.format(compressed=True)
        even = internal.to_int() if point[0] == 2 else N - internal.to_int()
        tweak = int.from_bytes(taproot.tweak(point[1:]))
        return PrivateKey.from_int((even + tweak) % N)
