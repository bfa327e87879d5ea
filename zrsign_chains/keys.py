"""Public keys and signatures by algorithm: is the key a point, does the signature verify."""

from __future__ import annotations

from zrsign_chains import ecdsa, taproot
from zrsign_chains.errors import BadSignature, MalformedKey
from zrsign_chains.wallets import KeyAlgorithm


def validate_public_key(algorithm: KeyAlgorithm, public_key: bytes) -> None:
    """Raise `MalformedKey` unless the key is a point of its curve in its one encoding.

    secp256k1: 33 bytes, compressed; of a taproot key, its internal key. Ed25519: 32 bytes,
    canonical, in the prime-order group.
    """
    if algorithm is KeyAlgorithm.EDDSA_ED25519:
        _validate_ed25519(public_key)
    else:
        ecdsa.load_public_key(public_key)


def verify_signature(
    algorithm: KeyAlgorithm, public_key: bytes, message: bytes, signature: bytes
) -> None:
    """Raise `BadSignature` unless the signature verifies; `MalformedKey` for a bad key.

    ECDSA: 64 or 65 bytes over a 32-byte digest, low s. Bitcoin: the same, or DER without a sighash
    byte. Taproot: 64 bytes (BIP-340) over a 32-byte digest, under the output key. Ed25519: 64 bytes
    (RFC 8032) over the raw message.
    """
    if algorithm is KeyAlgorithm.EDDSA_ED25519:
        verify_ed25519(public_key, message, signature)
    elif algorithm is KeyAlgorithm.BITCOIN_SECP256K1:
        ecdsa.verify_any_form(public_key, message, signature)
    elif algorithm is KeyAlgorithm.TAPROOT_SECP256K1:
        taproot.verify(public_key, message, signature)
    else:
        ecdsa.verify(public_key, message, signature)


def verify_ed25519(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Verify an Ed25519 signature with libsodium (no small-order or non-canonical points)."""
    from nacl.exceptions import BadSignatureError
    from nacl.signing import VerifyKey

    if len(signature) != 64:
        raise BadSignature(f"an Ed25519 signature has 64 bytes, not {len(signature)}")
    _validate_ed25519(public_key)
    try:
        VerifyKey(public_key).verify(message, signature)
    except BadSignatureError:
        raise BadSignature(f"the signature does not verify under {public_key.hex()}") from None


def _validate_ed25519(public_key: bytes) -> None:
    from nacl.bindings import crypto_core_ed25519_is_valid_point

    if len(public_key) != 32:
        raise MalformedKey(f"an Ed25519 public key has 32 bytes, not {len(public_key)}")
    if not crypto_core_ed25519_is_valid_point(public_key):
        raise MalformedKey(f"{public_key.hex()} is not a point of the Ed25519 prime-order group")
