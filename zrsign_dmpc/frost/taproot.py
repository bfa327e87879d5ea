"""Taproot output keys (BIP 341) of a shared key: a tweak that everybody applies alone.

The internal key P is taken with even y; the output key is Q = P + t·G with
t = H_TapTweak(x(P) ‖ root). Adding t to every Shamir share adds t to the secret that they share.
"""

from __future__ import annotations

from dataclasses import replace

from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.frost.suites import has_odd_y, tagged_hash, x_only
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_dmpc.kept.keys import KeyInfo, KeyShare


def tweak_of(info: KeyInfo, merkle_root: bytes = b"") -> int:
    """t for the script tree with this root; the empty root is BIP 86's key without scripts.

    Raises:
        ParameterError: the key is not of secp256k1, the root is not 0 or 32 bytes, or t ≥ q.
    """
    if info.group is not SECP256K1 or len(merkle_root) not in (0, 32):
        raise ParameterError("a taproot tweak takes a secp256k1 key and a root of 0 or 32 bytes")
    digest = tagged_hash("TapTweak", x_only(info.public_key) + merkle_root)
    tweak = int.from_bytes(digest, "big")
    if tweak >= SECP256K1.order:
        raise ParameterError("the tweak is not a scalar: use another internal key")
    return tweak


def output_info(info: KeyInfo, merkle_root: bytes = b"") -> KeyInfo:
    """The public side of the output key."""
    shift = SECP256K1.base_mul(tweak_of(info, merkle_root))
    sign = _sign(info)
    return replace(
        info,
        public_key=info.public_key * sign + shift,
        verification_shares=tuple((i, x * sign + shift) for i, x in info.verification_shares),
    )


def output_share(share: KeyShare, merkle_root: bytes = b"") -> KeyShare:
    """This party's share of the output key."""
    tweak = tweak_of(share.info, merkle_root)
    secret = (share.secret * _sign(share.info) + tweak) % SECP256K1.order
    return KeyShare(output_info(share.info, merkle_root), share.index, secret)


def _sign(info: KeyInfo) -> int:
    return -1 if has_odd_y(info.public_key) else 1
