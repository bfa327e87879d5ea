"""Which key type a wallet type needs, which network it means, and the addresses of a key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from google.protobuf import any_pb2
from google.protobuf.message import DecodeError, Message

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrsign_chains import chain_for, cosmos
from zrsign_chains.bitcoin import BitcoinChain
from zrsign_chains.wallets import KeyAlgorithm

M = TypeVar("M", bound=Message)

ECDSA = wire.KEY_TYPE_ECDSA_SECP256K1
EDDSA = wire.KEY_TYPE_EDDSA_ED25519
BITCOIN = wire.KEY_TYPE_BITCOIN_SECP256K1
TAPROOT = wire.KEY_TYPE_TAPROOT_SECP256K1

ALGORITHMS = {
    ECDSA: KeyAlgorithm.ECDSA_SECP256K1,
    EDDSA: KeyAlgorithm.EDDSA_ED25519,
    BITCOIN: KeyAlgorithm.BITCOIN_SECP256K1,
    TAPROOT: KeyAlgorithm.TAPROOT_SECP256K1,
}
KEY_TYPE_WORDS = {
    "ecdsa": ECDSA,
    "ed25519": EDDSA,
    "eddsa": EDDSA,
    "bitcoin": BITCOIN,
    "btc": BITCOIN,
    "taproot": TAPROOT,
}
# In the order in which addresses are listed.
KEY_TYPE_OF = {
    wire.WALLET_TYPE_NATIVE: ECDSA,
    wire.WALLET_TYPE_EVM: ECDSA,
    wire.WALLET_TYPE_BTC_TESTNET: BITCOIN,
    wire.WALLET_TYPE_BTC_MAINNET: BITCOIN,
    wire.WALLET_TYPE_BTC_REGNET: BITCOIN,
    wire.WALLET_TYPE_SOLANA: EDDSA,
    wire.WALLET_TYPE_BTC_TAPROOT_TESTNET: TAPROOT,
    wire.WALLET_TYPE_BTC_TAPROOT_MAINNET: TAPROOT,
    wire.WALLET_TYPE_BTC_TAPROOT_REGNET: TAPROOT,
}
_MAINNET = "bip122:000000000019d6689c085ae165831e93"
_TESTNET3 = "bip122:000000000933ea01ad0ee984209779ba"
_REGTEST = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328"
_BITCOIN_NETWORKS = {
    wire.WALLET_TYPE_BTC_MAINNET: _MAINNET,
    wire.WALLET_TYPE_BTC_TESTNET: _TESTNET3,
    wire.WALLET_TYPE_BTC_REGNET: _REGTEST,
    wire.WALLET_TYPE_BTC_TAPROOT_MAINNET: _MAINNET,
    wire.WALLET_TYPE_BTC_TAPROOT_TESTNET: _TESTNET3,
    wire.WALLET_TYPE_BTC_TAPROOT_REGNET: _REGTEST,
}
_SOLANA_NETWORKS = {
    wire.MAINNET: "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp",
    wire.DEVNET: "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1",
    wire.TESTNET: "solana:4uhcVJyU9pJkvQyS88uRDiswHXSCkY3z",
    wire.REGNET: "solana:localnet",
}
# EVM and Solana addresses are the same on every network.
_ANY_EVM = "eip155:1"
_ANY_SOLANA = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"


def key_type_of_word(word: str) -> wire.KeyType:
    """The key type that a NewKeyRequest names."""
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


def is_taproot(wallet_type: wire.WalletType) -> bool:
    """Whether the wallet's coins are P2TR outputs, spent by the key path."""
    return KEY_TYPE_OF.get(wallet_type) == TAPROOT


def network(wallet_type: wire.WalletType, metadata: any_pb2.Any | None) -> str:
    """CAIP-2 id of the network that a transaction is for; raises InvalidArgument."""
    if wallet_type in _BITCOIN_NETWORKS:
        return _BITCOIN_NETWORKS[wallet_type]
    if wallet_type == wire.WALLET_TYPE_EVM:
        ethereum = _unpack(metadata, wire.MetadataEthereum())
        if not ethereum.chain_id:
            raise InvalidArgument("MetadataEthereum has no chain_id")
        return f"eip155:{ethereum.chain_id}"
    if wallet_type == wire.WALLET_TYPE_SOLANA:
        solana = _unpack(metadata, wire.MetadataSolana())
        if solana.network not in _SOLANA_NETWORKS:
            raise InvalidArgument(f"MetadataSolana names no known network ({solana.network})")
        return _SOLANA_NETWORKS[solana.network]
    raise InvalidArgument(f"{wire.WalletType.Name(wallet_type)} names no network")


def addresses(
    key: wire.Key,
    wallet_type: wire.WalletType = wire.WALLET_TYPE_UNSPECIFIED,
    prefixes: Iterable[str] = (),
) -> list[wire.WalletResponse]:
    """Addresses of the wallet type, of all that fit the key when unspecified.

    NATIVE gives one a prefix (`zen` without any).
    """
    wallets: list[wire.WalletResponse] = []
    for candidate, key_type in KEY_TYPE_OF.items():
        if key_type != key.type or wallet_type not in (wire.WALLET_TYPE_UNSPECIFIED, candidate):
            continue
        name = wire.WalletType.Name(candidate)
        derived = _derive(candidate, key.public_key, list(prefixes) or ["zen"])
        wallets.extend(wire.WalletResponse(address=each, type=name) for each in derived)
    return wallets


def _derive(wallet_type: wire.WalletType, public_key: bytes, prefixes: list[str]) -> list[str]:
    if wallet_type == wire.WALLET_TYPE_NATIVE:
        return [cosmos.account_address(public_key, prefix) for prefix in prefixes]
    if wallet_type == wire.WALLET_TYPE_EVM:
        return [chain_for(_ANY_EVM).address(public_key)]
    if wallet_type == wire.WALLET_TYPE_SOLANA:
        return [chain_for(_ANY_SOLANA).address(public_key)]
    chain = BitcoinChain(_BITCOIN_NETWORKS[wallet_type], taproot=is_taproot(wallet_type))
    return [chain.address(public_key)]


def _unpack(packed: any_pb2.Any | None, message: M) -> M:
    name = message.DESCRIPTOR.full_name
    try:
        if packed is None or not packed.Unpack(message):
            raise InvalidArgument(f"this wallet type needs metadata of type /{name}")
    except DecodeError as error:
        raise InvalidArgument(f"the metadata does not decode as /{name}: {error}") from None
    return message
