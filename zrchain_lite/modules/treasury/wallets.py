"""Which key type a wallet type needs, and the addresses of a key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrsign_chains import LEDGER_WALLETS, LedgerWallet, chain_by_ledger, chain_for, cosmos
from zrsign_chains.wallets import KeyAlgorithm

KEY_TYPES = {
    algorithm: cast("wire.KeyType", wire.KeyType.Value(f"KEY_TYPE_{algorithm}"))
    for algorithm in KeyAlgorithm
}
ALGORITHMS = {key_type: algorithm for algorithm, key_type in KEY_TYPES.items()}

ECDSA = wire.KEY_TYPE_ECDSA_SECP256K1
EDDSA = wire.KEY_TYPE_EDDSA_ED25519
BITCOIN = wire.KEY_TYPE_BITCOIN_SECP256K1
TAPROOT = wire.KEY_TYPE_TAPROOT_SECP256K1

KEY_TYPE_WORDS = {
    "ecdsa": ECDSA,
    "ed25519": EDDSA,
    "eddsa": EDDSA,
    "bitcoin": BITCOIN,
    "btc": BITCOIN,
    "taproot": TAPROOT,
}
# In the order in which addresses are listed.
KEY_TYPE_OF = {number: KEY_TYPES[wallet.key_algorithm] for number, wallet in LEDGER_WALLETS.items()}


OWN_KEY = " own_key"
"""What follows a key type's word to ask for a key that is no child of a root."""


def wants_own_key(word: str) -> bool:
    """Whether a NewKeyRequest's word asks for a key generation of its own."""
    return word.endswith(OWN_KEY)


def key_type_of_word(word: str) -> wire.KeyType:
    """The key type that a NewKeyRequest names, with or without `OWN_KEY`."""
    word = word.removesuffix(OWN_KEY)
    if word not in KEY_TYPE_WORDS:
        known = ", ".join(KEY_TYPE_WORDS)
        raise InvalidArgument(f"unknown key type {word[:50]!r}; known are {known}")
    return KEY_TYPE_WORDS[word]


def require_wallet(wallet_type: wire.WalletType, key_type: wire.KeyType) -> None:
    """Raises InvalidArgument unless a key of this type makes such a wallet."""
    if wallet_type not in KEY_TYPE_OF:
        raise InvalidArgument(f"wallet type {wallet_type} is not one that signs transactions")
    if KEY_TYPE_OF[wallet_type] != key_type:
        raise InvalidArgument(
            f"{wire.WalletType.Name(wallet_type)} needs a "
            f"{wire.KeyType.Name(KEY_TYPE_OF[wallet_type])} key, not "
            f"{wire.KeyType.Name(key_type)}"
        )


def addresses(
    key: wire.Key,
    wallet_type: int = wire.WALLET_TYPE_UNSPECIFIED,
    prefixes: Iterable[str] = (),
) -> list[wire.WalletResponse]:
    """Addresses of the wallet type, of all that fit the key when unspecified.

    NATIVE gives one a prefix (`zen` without any).
    """
    return [
        wire.WalletResponse(address=address, type=wallet.name)
        for number, wallet in LEDGER_WALLETS.items()
        if KEY_TYPE_OF[number] == key.type and wallet_type in (wire.WALLET_TYPE_UNSPECIFIED, number)
        for address in _derive(wallet, key.public_key, list(prefixes) or ["zen"])
    ]


def _derive(wallet: LedgerWallet, public_key: bytes, prefixes: list[str]) -> list[str]:
    if wallet.number == wire.WALLET_TYPE_NATIVE:
        return [cosmos.account_address(public_key, prefix) for prefix in prefixes]
    shown = chain_by_ledger(wallet.number, chain_for(wallet.network).ledger_metadata)
    return [shown.address(public_key)]
