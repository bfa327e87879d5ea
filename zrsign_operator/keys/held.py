"""A key as an operator holds it: its share, and what was made ahead to sign with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from zrsign_dmpc.frost import (
    BIP340,
    ED25519_SHA512,
    NonceCommitment,
    NoncePool,
    Suite,
    output_share,
)
from zrsign_dmpc.group.derivation import derive, derive_share
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_operator.errors import Refused
from zrsign_operator.keys.folders import KeyFolder
from zrsign_operator.keys.wallets import Wallet
from zrsign_operator.ledger.approval import Scheme
from zrsign_operator.ledger.orders import Target

SUITES: Final[Mapping[Scheme, Suite]] = {Scheme.ED25519: ED25519_SHA512, Scheme.TAPROOT: BIP340}
CHILDREN_KEPT: Final = 256
"""Derived shares of wallets at hand, a root."""
NONCES_AHEAD: Final = 32
"""Published commitments a key and operator."""


@dataclass
class HeldKey:
    """A key of the ledger that this operator holds a share of."""

    folder: KeyFolder
    share: KeyShare
    """The share of the active epoch."""
    serves: Target
    """The order that the active epoch was made for."""
    nonces: NoncePool | None = None
    offered: dict[int, list[NonceCommitment]] = field(default_factory=dict)
    """Commitments that peers published for this epoch, by peer."""
    _children: dict[tuple[int, ...], KeyShare] = field(default_factory=dict, repr=False)
    """Shares of the wallets that signed last, by path; the latest last."""

    @property
    def ledger_key(self) -> int:
        """The key's number on the ledger."""
        return self.folder.ledger_key

    @property
    def public_key(self) -> bytes:
        """The encoded public key; it is the same in every epoch."""
        return self.folder.public_key

    @property
    def suite(self) -> Suite | None:
        """The FROST suite that the key signs with; None: it signs ECDSA."""
        return SUITES.get(self.folder.scheme)

    @cached_property
    def signing(self) -> KeyShare:
        """The share that signs: of the taproot output key, or of the key itself."""
        return output_share(self.share) if self.suite is BIP340 else self.share

    def shift_of(self, keyring: str, wallet: Wallet) -> int:
        """What a wallet's key is this one plus: the factor of the generator. Raises NoSuchChild."""
        info = self.share.info
        return derive(info.public_key, info.chain_code, wallet.path(keyring)).shift

    def child(self, keyring: str, wallet: Wallet) -> KeyShare:
        """The share that signs for a wallet; the wallet's that are busy are kept at hand.

        Raises Refused: the ledger shows another key for it.
        """
        path = wallet.path(keyring)
        known = self._children.pop(path, None)
        if known is None:
            share = derive_share(self.share, path)
            if share.info.public_key.encode() != wallet.public_key:
                raise Refused(f"key {wallet.key_id} is not this child of root {wallet.root}")
            known = output_share(share) if self.suite is BIP340 else share
        self._children[path] = known
        if len(self._children) > CHILDREN_KEPT:
            del self._children[next(iter(self._children))]
        return known
