"""A signature as the ledger stores it: verified, in one form per key type.

ECDSA: 65 bytes r || s || recovery id. Bitcoin: DER without a sighash byte. Ed25519: 64 bytes. The
s of ECDSA is low. Taproot: 64 bytes (BIP-340), which verify under the output key of the stored
internal key.
"""

from __future__ import annotations

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.modules.treasury import wallets
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrsign_chains import ecdsa, taproot
from zrsign_chains import keys as curves
from zrsign_chains.errors import BadSignature

DIGEST_LENGTH = 32
# Of a raw message that Ed25519 signs.
MAX_MESSAGE = 4096


def require_item(key_type: wire.KeyType, item: bytes) -> None:
    """Raises InvalidArgument unless a key of this type signs such data."""
    if key_type == wallets.EDDSA:
        if not 1 <= len(item) <= MAX_MESSAGE:
            raise InvalidArgument(
                f"Ed25519 signs a message of 1 to {MAX_MESSAGE} bytes, not {len(item)}"
            )
    elif len(item) != DIGEST_LENGTH:
        raise InvalidArgument(
            f"{wire.KeyType.Name(key_type)} signs {DIGEST_LENGTH} bytes, not {len(item)}"
        )


def stored_form(key: wire.Key, item: bytes, signature: bytes) -> bytes:
    """Verify the answer to `item`; raises `ChainError` when it is not valid."""
    if key.type == wallets.EDDSA:
        curves.verify_ed25519(key.public_key, item, signature)
        return signature
    if key.type == wallets.BITCOIN:
        ecdsa.verify(key.public_key, item, signature)
        return ecdsa.to_der(signature)
    if key.type == wallets.TAPROOT:
        taproot.verify(key.public_key, item, signature)
        return signature
    if key.type == wallets.ECDSA:
        return ecdsa.with_recovery_id(key.public_key, item, signature)
    raise BadSignature(f"key {key.id} has no known type ({key.type})")
