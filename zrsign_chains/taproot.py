"""Taproot keys without scripts (BIP-86): the output key, and signatures of the key path (BIP-341).

A key is known by its internal key P. Signatures are BIP-340 ones of the output key Q = P + t G with
t = H_TapTweak(x(P)). BIP-340 takes keys with even y, so P and -P are one wallet.
"""

from __future__ import annotations

from coincurve import PublicKeyXOnly

from zrsign_chains import ecdsa
from zrsign_chains.errors import BadSignature, MalformedKey
from zrsign_chains.hashing import tagged_hash

SIGNATURE_LENGTH = 64
DIGEST_LENGTH = 32


def tweak(internal_key: bytes) -> bytes:
    """Return t of a 32-byte x-only internal key: 32 bytes, big-endian."""
    return tagged_hash("TapTweak", internal_key)


def output_key(internal_key: bytes) -> bytes:
    """Return x(Q), 32 bytes, of a 32-byte x-only internal key; raises `MalformedKey`."""
    try:
        key = PublicKeyXOnly(internal_key)
        key.tweak_add(tweak(internal_key))
    except ValueError:
        raise MalformedKey(f"{internal_key.hex()} is not an x-only key of secp256k1") from None
    return key.format()


def verify(public_key: bytes, digest: bytes, signature: bytes) -> None:
    """Raise `BadSignature` unless these 64 bytes sign the digest under Q of a compressed P.

    `public_key` is P, 33 bytes; raises `MalformedKey` when it is no point.
    """
    ecdsa.load_public_key(public_key)
    if len(digest) != DIGEST_LENGTH:
        raise BadSignature(f"a taproot key signs a 32-byte digest, not {len(digest)} bytes")
    if len(signature) != SIGNATURE_LENGTH:
        raise BadSignature(f"a BIP-340 signature has 64 bytes, not {len(signature)}")
    if not PublicKeyXOnly(output_key(public_key[1:])).verify(signature, digest):
        raise BadSignature(
            f"the signature does not verify under the taproot output key of {public_key.hex()}"
        )
