"""ECDSA over secp256k1: the forms a signature comes in, low-s, recovery, verification.

A signature is 64 bytes r||s, 65 bytes r||s||v, or DER (BIP-66). A high s is refused (EIP-2,
BIP-146).
"""

from __future__ import annotations

from coincurve import PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from zrsign_chains.errors import BadSignature, MalformedKey

N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Order of the secp256k1 group."""


def load_public_key(public_key: bytes) -> PublicKey:
    """Read a 33-byte compressed point; any other encoding, or none, raises `MalformedKey`."""
    if len(public_key) != 33 or public_key[0] not in (2, 3):
        raise MalformedKey(
            f"a secp256k1 public key is 33 bytes and starts with 02 or 03, not {public_key.hex()!r}"
        )
    try:
        return PublicKey(public_key)
    except ValueError:
        raise MalformedKey(f"{public_key.hex()} is not a point of secp256k1") from None


def check_low_s(r: int, s: int) -> None:
    """Raise `BadSignature` unless 0 < r < n and 0 < s <= n/2."""
    if not (0 < r < N and 0 < s < N):
        raise BadSignature("r and s must lie between 1 and n-1")
    if s > N // 2:
        raise BadSignature("s is above n/2; send the low-s form (n - s)")


def split(signature: bytes) -> tuple[int, int]:
    """Return (r, s) of r||s or r||s||v; the trailing v is not looked at."""
    if len(signature) not in (64, 65):
        raise BadSignature(f"an r||s signature has 64 or 65 bytes, not {len(signature)}")
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")


def to_der(signature: bytes) -> bytes:
    """Encode r||s(||v) as DER, without a sighash byte."""
    return encode_dss_signature(*split(signature))


def from_der(der: bytes) -> bytes:
    """Read strict DER (BIP-66, no sighash byte) as 64-byte r||s; raises `BadSignature`."""
    try:
        r, s = decode_dss_signature(der)
    except ValueError:
        raise BadSignature(f"not a DER signature: {der.hex()}") from None
    if not (0 < r < N and 0 < s < N):
        raise BadSignature(f"r and s of a DER signature lie between 1 and n-1: {der.hex()}")
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def verify(public_key: bytes, digest: bytes, signature: bytes) -> None:
    """Verify r||s(||v) over a 32-byte digest; raises `BadSignature` or `MalformedKey`."""
    if len(digest) != 32:
        raise BadSignature(f"ECDSA signs a 32-byte digest, not {len(digest)} bytes")
    check_low_s(*split(signature))
    if not load_public_key(public_key).verify(to_der(signature), digest, hasher=None):
        raise BadSignature(f"the signature does not verify under {public_key.hex()}")


def verify_any_form(public_key: bytes, digest: bytes, signature: bytes) -> bytes:
    """Verify r||s, r||s||v or DER, and return r||s.

    A 64 or 65-byte text may be either form, so each reading is tried.
    """
    if signature[:1] == b"\x30" and len(signature) >= 2 and signature[1] == len(signature) - 2:
        try:
            raw = from_der(signature)
            verify(public_key, digest, raw)
        except BadSignature:
            if len(signature) not in (64, 65):
                raise
        else:
            return raw
    verify(public_key, digest, signature)
    return signature[:64]


def recover(digest: bytes, signature: bytes) -> bytes:
    """Return the 33-byte public key behind r||s||v; v is 0, 1, 27 or 28. Raises `BadSignature`."""
    if len(signature) != 65 or signature[64] not in (0, 1, 27, 28):
        raise BadSignature("recovery needs 65 bytes r||s||v with v 0, 1, 27 or 28")
    if len(digest) != 32:
        raise BadSignature(f"ECDSA signs a 32-byte digest, not {len(digest)} bytes")
    check_low_s(*split(signature))
    recid = signature[64] % 27
    try:
        key = PublicKey.from_signature_and_message(
            signature[:64] + bytes([recid]), digest, hasher=None
        )
    except ValueError:
        raise BadSignature("no public key recovers from the signature") from None
    return key.format(compressed=True)


def with_recovery_id(public_key: bytes, digest: bytes, signature: bytes) -> bytes:
    """Verify r||s(||v) and return r||s||recid; a given v is replaced by the true recovery id.

    Recovering the same key is verifying (SEC 1, section 4.1.6). Recovery ids 2 and 3, for an R with
    x at or above n, do not occur.
    """
    load_public_key(public_key)
    check_low_s(*split(signature))
    for recid in (0, 1):
        candidate = signature[:64] + bytes([recid])
        try:
            if recover(digest, candidate) == public_key:
                return candidate
        except BadSignature:
            continue
    raise BadSignature(f"the signature does not verify under {public_key.hex()}")
