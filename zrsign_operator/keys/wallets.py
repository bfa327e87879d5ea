"""Wallets: children of root keys, which every operator derives from what the ledger says.

Nothing of a wallet is stored here. Its path below the root is a hash of all that names it, so no
two wallets of one root meet, on this ledger or on one that begins anew with the same operators:

    h = SHA-256(LABEL ‖ keyring ‖ workspace ‖ key type ‖ key id ‖ index)
    path = the eight big-endian 32-bit words of h, each without its highest bit

Texts are UTF-8 after their length in two bytes; numbers have eight; all big-endian. 248 bits of the
hash are used, so two wallets with one path are a collision of that many bits.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from zrsign_dmpc.group.curves import ED25519, SECP256K1
from zrsign_dmpc.group.derivation import HARDENED, Derivation, derive
from zrsign_operator.ledger.approval import Scheme, scheme_of

LABEL: Final = b"zrsign wallet path v1"
GROUPS: Final = {Scheme.ECDSA: SECP256K1, Scheme.ED25519: ED25519, Scheme.TAPROOT: SECP256K1}
"""The group that keys of each scheme are of."""


@dataclass(frozen=True)
class Root:
    """A root of the keyring, or the place of one that is to be made."""

    id: int
    """The ledger's number of it, above the id of every key."""
    key_type: str
    number: int
    """1, 2, 3 … among those of the key type."""
    public_key: bytes = b""
    """The active one, else the one that most members hold; empty: nobody holds any."""
    chain_code: bytes = b""
    holders: int = 0
    """How many members say that they hold this."""
    active: bool = False

    @property
    def scheme(self) -> Scheme:
        """How its children sign. Raises NotApproved."""
        return scheme_of(self.key_type)

    def child(self, keyring: str, wallet: Wallet) -> Derivation:
        """A wallet's key. Raises NoSuchChild (probability below 2^-124), EncodingError."""
        public_key = GROUPS[self.scheme].decode(self.public_key)
        return derive(public_key, self.chain_code, wallet.path(keyring))


@dataclass(frozen=True)
class Wallet:
    """A key of the ledger, or one that is asked for."""

    key_id: int
    key_type: str
    workspace: str = ""
    index: int = 0
    root: int = 0
    """The id of the root that it is a child of; 0: it has a key generation of its own."""
    public_key: bytes = b""
    """Empty while it is asked for."""

    @property
    def holder(self) -> int:
        """The id under which operators hold the shares that sign for it."""
        return self.root or self.key_id

    def path(self, keyring: str) -> tuple[int, ...]:
        """Where it is below its root."""
        texts = (each.encode() for each in (keyring, self.workspace, self.key_type))
        named = b"".join(struct.pack(">H", len(text)) + text for text in texts)
        numbers = struct.pack(">QQ", self.key_id, self.index)
        digest = hashlib.sha256(LABEL + named + numbers).digest()
        return tuple(word % HARDENED for word in struct.unpack(">8L", digest))


def is_child(wallet: Wallet, roots: Iterable[Root], keyring: str) -> bool:
    """Whether a wallet's public key is the one that an active root gives it."""
    scheme = scheme_of(wallet.key_type)
    return any(
        root.child(keyring, wallet).public_key.encode() == wallet.public_key
        for root in roots
        if root.active and root.scheme is scheme
    )
