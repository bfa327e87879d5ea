"""Child keys without a protocol: non-hardened derivation of a shared key, from public data alone.

The child key is X + s·G, where s follows from the public key, the chain code and the path. Adding s
to every Shamir share adds s to the secret that they share, so each holder derives its share alone.
A step with index i from the key X with chain code c (ser32: four bytes, big-endian):

    secp256k1   I = HMAC-SHA512(c, X ‖ ser32(i)), s = the first 32 bytes, c' = the last 32
                (BIP 32, CKDpub; SLIP-10)
    Ed25519     s = HMAC-SHA512(c, TWEAK_LABEL ‖ X ‖ ser32(i)), little-endian, modulo q
                c' = the first 32 bytes of HMAC-SHA512(c, CHAIN_CODE_LABEL ‖ X ‖ ser32(i))

The Ed25519 formula is this project's: SLIP-10 defines hardened derivation only, which needs the
whole secret, and BIP32-Ed25519 keeps the clamped scalars of RFC 8032, which FROST does not have. A
child's signatures are RFC 8032's, but no seed expands to a child's secret.

A Taproot output key is tweaked after derivation, from the child as the internal key (BIP 86):
`output_share(derive_share(share, path))`.

Whoever knows s and the child's secret knows the parent's. Shares of a child are as secret as those
of the key.

In ECDSA a child is chosen when a presignature is spent: `Order` takes `Derivation.shift`, and the
nonce is re-randomised with it. FROST hashes the public key into the binding factors and the
challenge, so its nonces serve any child until they are used.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from zrsign_dmpc.errors import DmpcError, ParameterError
from zrsign_dmpc.group.curves import ED25519, SECP256K1, Group, Point
from zrsign_dmpc.kept.keys import CHAIN_CODE_BYTES, KeyInfo, KeyShare

HARDENED: Final = 1 << 31
MAX_DEPTH: Final = 255
"""BIP 32 counts depth in one byte."""
TWEAK_LABEL: Final = b"zrsign ed25519 child tweak v1"
CHAIN_CODE_LABEL: Final = b"zrsign ed25519 child chain code v1"


class DerivationError(DmpcError):
    """The key has no such child."""


class HardenedIndex(DerivationError, ValueError):
    """Hardened derivation hashes the secret key, which nobody has."""


class NoSuchChild(DerivationError):
    """This index gives no new key, with probability below 2^-127: take the next (BIP 32)."""


@dataclass(frozen=True)
class Derivation:
    """A child of a public key."""

    path: tuple[int, ...]
    shift: int
    """s modulo q: the child is X + s·G."""
    public_key: Point
    chain_code: bytes


def parse_path(text: str) -> tuple[int, ...]:
    """The indices of a path like `m/0/7`; `m` alone is the key itself.

    Raises:
        HardenedIndex: an index is marked as hardened.
        ParameterError: it is not a path.
    """
    head, *steps = text.split("/")
    if head != "m" or len(text) > 16 * MAX_DEPTH:
        raise ParameterError("a path starts with m, as in m/0/7")
    for step in steps:
        if step[-1:] in ("'", "h", "H"):
            raise HardenedIndex(f"{step} is hardened: use indices below 2^31 without a mark")
        if not (step.isascii() and step.isdigit()):
            raise ParameterError(f"{step!r} is not an index of a path")
    return _checked(tuple(int(step) for step in steps))


def derive(public_key: Point, chain_code: bytes, path: Sequence[int]) -> Derivation:
    """The child at a path of non-hardened indices.

    Raises:
        HardenedIndex, NoSuchChild: there is no such child.
        ParameterError: the chain code or the path is malformed.
    """
    if len(chain_code) != CHAIN_CODE_BYTES:
        raise ParameterError(f"a chain code has {CHAIN_CODE_BYTES} bytes, not {len(chain_code)}")
    derivation = Derivation((), 0, public_key, chain_code)
    for index in _checked(tuple(path)):
        derivation = _child(derivation, index)
    return derivation


def derive_info(info: KeyInfo, path: Sequence[int]) -> KeyInfo:
    """The public side of the child key: another key id, the same holders. Raises as `derive`."""
    derivation = derive(info.public_key, info.chain_code, path)
    point = info.group.base_mul(derivation.shift)
    return replace(
        info,
        public_key=derivation.public_key,
        verification_shares=tuple((i, x + point) for i, x in info.verification_shares),
        chain_code=derivation.chain_code,
    )


def derive_share(share: KeyShare, path: Sequence[int]) -> KeyShare:
    """This party's share of the child key. Raises as `derive`."""
    shift = derive(share.info.public_key, share.info.chain_code, path).shift
    secret = (share.secret + shift) % share.info.group.order
    return KeyShare(derive_info(share.info, path), share.index, secret)


def _child(parent: Derivation, index: int) -> Derivation:
    """One step. Neither the parent nor the key that the path began at is its own child."""
    group = parent.public_key.group
    data = parent.public_key.encode() + index.to_bytes(4, "big")
    tweak, chain_code = _STEPS[group](parent.chain_code, data)
    shift = (parent.shift + tweak) % group.order
    public_key = parent.public_key + group.base_mul(tweak)
    if tweak >= group.order or 0 in (tweak, shift) or public_key.is_identity:
        raise NoSuchChild(f"index {index} gives no key here: take {index + 1}")
    return Derivation((*parent.path, index), shift, public_key, chain_code)


def _bip32(chain_code: bytes, data: bytes) -> tuple[int, bytes]:
    digest = hmac.digest(chain_code, data, hashlib.sha512)
    return int.from_bytes(digest[:32], "big"), digest[32:]


def _ed25519(chain_code: bytes, data: bytes) -> tuple[int, bytes]:
    tweak = hmac.digest(chain_code, TWEAK_LABEL + data, hashlib.sha512)
    following = hmac.digest(chain_code, CHAIN_CODE_LABEL + data, hashlib.sha512)
    return int.from_bytes(tweak, "little") % ED25519.order, following[:32]


_STEPS: Final[Mapping[Group, Callable[[bytes, bytes], tuple[int, bytes]]]] = {
    SECP256K1: _bip32,
    ED25519: _ed25519,
}
"""(chain code, public key ‖ index) ↦ (tweak, the child's chain code)."""


def _checked(path: tuple[int, ...]) -> tuple[int, ...]:
    if len(path) > MAX_DEPTH:
        raise ParameterError(f"a path has at most {MAX_DEPTH} steps, not {len(path)}")
    for index in path:
        if index >= HARDENED:
            raise HardenedIndex(f"{index} is a hardened index: use one below 2^31")
        if index < 0:
            raise ParameterError(f"{index} is not an index: use 0 to 2^31 - 1")
    return path
