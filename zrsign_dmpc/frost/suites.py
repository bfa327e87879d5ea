"""The ciphersuites of FROST: RFC 9591 §6.1 (Ed25519), §6.5 (secp256k1), and BIP 340 on secp256k1.

A suite is a group, five domain-separated hashes, and what a finished signature looks like. The
BIP 340 suite follows the secp256k1 suite with its own context string; its challenge is the tagged
hash of BIP 340 over x-only points, so keys and nonces are taken with even y (`SigningPackage`).
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from typing import ClassVar, Final

from coincurve import PublicKeyXOnly
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from zrsign_dmpc.errors import EncodingError, ParameterError
from zrsign_dmpc.group.curves import ED25519, SECP256K1, Group, Point


class Suite(ABC):
    """One ciphersuite. H1 and H3 give scalars, H4 and H5 digests (RFC 9591 §6)."""

    name: ClassVar[str]
    group: ClassVar[Group]
    even_y: ClassVar[bool] = False
    """Whether keys and nonces are x-only, and negated when their y is odd."""
    _context: ClassVar[bytes]

    @abstractmethod
    def h1(self, message: bytes) -> int:
        """H1: the scalar of a binding factor's input."""

    @abstractmethod
    def challenge(self, commitment: Point, public_key: Point, message: bytes) -> int:
        """H2: c = H(R, PK, message) mod q, as verifiers compute it."""

    @abstractmethod
    def h3(self, message: bytes) -> int:
        """H3: the scalar of a nonce's input."""

    @abstractmethod
    def h4(self, message: bytes) -> bytes:
        """H4: the digest of a message, 32 or 64 bytes."""

    @abstractmethod
    def h5(self, message: bytes) -> bytes:
        """H5: the digest of a list of commitments, 32 or 64 bytes."""

    @abstractmethod
    def encode_signature(self, commitment: Point, z: int) -> bytes:
        """(R, z) as verifiers expect it."""

    @abstractmethod
    def verify(self, public_key: Point, message: bytes, signature: bytes) -> bool:
        """Whether an ordinary verifier accepts; it knows nothing of thresholds."""


class Ed25519Sha512(Suite):
    """FROST(Ed25519, SHA-512): signatures are those of RFC 8032."""

    name = "FROST-ED25519-SHA512-v1"
    group = ED25519
    _context = name.encode()

    def _digest(self, tag: bytes, message: bytes) -> bytes:
        return hashlib.sha512(self._context + tag + message).digest()

    def h1(self, message: bytes) -> int:
        return int.from_bytes(self._digest(b"rho", message), "little") % self.group.order

    def challenge(self, commitment: Point, public_key: Point, message: bytes) -> int:
        data = commitment.encode() + public_key.encode() + message
        return int.from_bytes(hashlib.sha512(data).digest(), "little") % self.group.order

    def h3(self, message: bytes) -> int:
        return int.from_bytes(self._digest(b"nonce", message), "little") % self.group.order

    def h4(self, message: bytes) -> bytes:
        return self._digest(b"msg", message)

    def h5(self, message: bytes) -> bytes:
        return self._digest(b"com", message)

    def encode_signature(self, commitment: Point, z: int) -> bytes:
        return commitment.encode() + self.group.encode_scalar(z)

    def verify(self, public_key: Point, message: bytes, signature: bytes) -> bool:
        if len(signature) != 64:
            return False
        try:
            VerifyKey(public_key.encode()).verify(message, signature)
        except BadSignatureError:
            return False
        return True


class Secp256k1Sha256(Suite):
    """FROST(secp256k1, SHA-256): 65-byte signatures, R compressed and z big-endian."""

    name = "FROST-secp256k1-SHA256-v1"
    group = SECP256K1
    _context = name.encode()

    def _scalar(self, tag: bytes, message: bytes) -> int:
        uniform = expand_message_xmd(message, self._context + tag, 48)
        return int.from_bytes(uniform, "big") % self.group.order

    def h1(self, message: bytes) -> int:
        return self._scalar(b"rho", message)

    def challenge(self, commitment: Point, public_key: Point, message: bytes) -> int:
        return self._scalar(b"chal", commitment.encode() + public_key.encode() + message)

    def h3(self, message: bytes) -> int:
        return self._scalar(b"nonce", message)

    def h4(self, message: bytes) -> bytes:
        return hashlib.sha256(self._context + b"msg" + message).digest()

    def h5(self, message: bytes) -> bytes:
        return hashlib.sha256(self._context + b"com" + message).digest()

    def encode_signature(self, commitment: Point, z: int) -> bytes:
        return commitment.encode() + self.group.encode_scalar(z)

    def verify(self, public_key: Point, message: bytes, signature: bytes) -> bool:
        try:
            commitment = self.group.decode(signature[:33])
            z = self.group.decode_scalar(signature[33:])
        except EncodingError:
            return False
        c = self.challenge(commitment, public_key, message)
        return self.group.base_mul(z) == commitment + c * public_key


class Bip340(Secp256k1Sha256):
    """FROST(secp256k1, SHA-256) whose signatures are those of BIP 340: 64 bytes, x(R) and z."""

    name = "FROST-secp256k1-SHA256-TR-v1"
    even_y = True
    _context = name.encode()

    def challenge(self, commitment: Point, public_key: Point, message: bytes) -> int:
        data = x_only(commitment) + x_only(public_key) + message
        digest = tagged_hash("BIP0340/challenge", data)
        return int.from_bytes(digest, "big") % self.group.order

    def encode_signature(self, commitment: Point, z: int) -> bytes:
        return x_only(commitment) + self.group.encode_scalar(z)

    def verify(self, public_key: Point, message: bytes, signature: bytes) -> bool:
        if len(signature) != 64:
            return False
        return bool(PublicKeyXOnly(x_only(public_key)).verify(signature, message))


def x_only(point: Point) -> bytes:
    """The x coordinate of a secp256k1 point: 32 bytes, big-endian."""
    return point.encode()[1:]


def has_odd_y(point: Point) -> bool:
    """Whether y of a secp256k1 point is odd."""
    return point.encode()[0] == 3


def tagged_hash(tag: str, data: bytes) -> bytes:
    """BIP 340's SHA256(SHA256(tag) ‖ SHA256(tag) ‖ data)."""
    prefix = hashlib.sha256(tag.encode()).digest()
    return hashlib.sha256(prefix + prefix + data).digest()


def expand_message_xmd(message: bytes, dst: bytes, length: int) -> bytes:
    """RFC 9380 §5.3.1 with SHA-256: `length` uniform bytes, at most 255 · 32."""
    suffix = dst + bytes((len(dst),))
    b0 = hashlib.sha256(bytes(64) + message + length.to_bytes(2, "big") + b"\0" + suffix).digest()
    block, out = bytes(32), b""
    for counter in range(1, -(-length // 32) + 1):
        mixed = bytes(x ^ y for x, y in zip(b0, block, strict=True)) if counter > 1 else b0
        block = hashlib.sha256(mixed + bytes((counter,)) + suffix).digest()
        out += block
    return out[:length]


ED25519_SHA512: Final = Ed25519Sha512()
SECP256K1_SHA256: Final = Secp256k1Sha256()
BIP340: Final = Bip340()
SUITES: Final[tuple[Suite, ...]] = (ED25519_SHA512, SECP256K1_SHA256, BIP340)


def suite_by_name(name: str) -> Suite:
    """The suite with this name. Raises ParameterError."""
    for suite in SUITES:
        if suite.name == name:
            return suite
    raise ParameterError(f"unknown suite {name!r}: use one of {[suite.name for suite in SUITES]}")
