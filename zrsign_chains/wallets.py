"""Wallet types: what a contract means by a key for EVM, Bitcoin or Solana."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from zrsign_chains.errors import UnknownWalletType
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
    """A BIP-44 purpose and SLIP-44 coin type, with the key algorithm and the CAIP-2 namespace."""

    purpose: int
    coin_type: int
    name: str
    key_algorithm: KeyAlgorithm
    namespace: str

    @cached_property
    def id(self) -> bytes:
        """keccak256(abi.encode(uint256 purpose, uint256 coinType)), 32 bytes."""
        return keccak256(self.purpose.to_bytes(32, "big") + self.coin_type.to_bytes(32, "big"))


EVM = WalletType(44, 60, "EVM", KeyAlgorithm.ECDSA_SECP256K1, "eip155")
BITCOIN = WalletType(44, 0, "Bitcoin", KeyAlgorithm.BITCOIN_SECP256K1, "bip122")
BITCOIN_TEST = WalletType(44, 1, "Bitcoin test", KeyAlgorithm.BITCOIN_SECP256K1, "bip122")
SOLANA = WalletType(44, 501, "Solana", KeyAlgorithm.EDDSA_ED25519, "solana")

WALLET_TYPES = (EVM, BITCOIN, BITCOIN_TEST, SOLANA)

_BY_ID = {wallet.id: wallet for wallet in WALLET_TYPES}
_BY_COIN = {wallet.coin_type: wallet for wallet in WALLET_TYPES}


def wallet_type_by_id(wallet_type_id: bytes) -> WalletType:
    """The wallet type with this 32-byte id; raises `UnknownWalletType`."""
    try:
        return _BY_ID[bytes(wallet_type_id)]
    except KeyError:
        known = ", ".join(f"{w.name} 0x{w.id.hex()}" for w in WALLET_TYPES)
        raise UnknownWalletType(
            f"no wallet type has the id 0x{bytes(wallet_type_id).hex()}; known are {known}"
        ) from None


def wallet_type_by_coin(coin_type: int) -> WalletType:
    """The wallet type with this SLIP-44 coin type; raises `UnknownWalletType`."""
    try:
        return _BY_COIN[coin_type]
    except KeyError:
        known = ", ".join(f"{w.coin_type} ({w.name})" for w in WALLET_TYPES)
        raise UnknownWalletType(
            f"no wallet type has coin type {coin_type}; known are {known}"
        ) from None
