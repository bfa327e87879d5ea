"""Kinds of keys: what a contract calls a wallet, what the ledger calls one, how each signs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from zrsign_chains.hashing import keccak256


class KeyAlgorithm(StrEnum):
    """What a key signs with. Bitcoin's differs from plain ECDSA in the form of the answer (DER).

    A taproot key signs BIP-340 under the tweaked output key (BIP-86).
    """

    ECDSA_SECP256K1 = "ECDSA_SECP256K1"
    EDDSA_ED25519 = "EDDSA_ED25519"
    BITCOIN_SECP256K1 = "BITCOIN_SECP256K1"
    TAPROOT_SECP256K1 = "TAPROOT_SECP256K1"


@dataclass(frozen=True)
class WalletType:
    """A wallet as contracts name it: BIP-44 purpose and SLIP-44 coin type, and how its key signs.

    `word` is what people type. `network` is the CAIP-2 id whose addresses such a wallet shows when
    no destination decides.
    """

    purpose: int
    coin_type: int
    name: str
    key_algorithm: KeyAlgorithm
    namespace: str
    word: str
    network: str

    @cached_property
    def id(self) -> bytes:
        """keccak256(abi.encode(uint256 purpose, uint256 coinType)), 32 bytes."""
        return keccak256(self.purpose.to_bytes(32, "big") + self.coin_type.to_bytes(32, "big"))


@dataclass(frozen=True)
class LedgerWallet:
    """A wallet as the ledger's treasury names it: a value of `zrchain.treasury.WalletType`.

    `network` is the CAIP-2 id whose addresses it shows. `metadata` is the full name of the message
    that names the network of a request, empty when the type or the transaction says it.
    """

    number: int
    name: str
    key_algorithm: KeyAlgorithm
    network: str
    metadata: str = ""

    @property
    def namespace(self) -> str:
        """The CAIP-2 namespace of the networks that it is for."""
        return self.network.partition(":")[0]
