"""The one table of chains: which networks there are, their wallets, and the class that serves them.

A new kind of chain is a file with a subclass of `Chain`, and one `Family` here.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from types import MappingProxyType

from zrsign_chains.caip import ChainId, chain_hash
from zrsign_chains.chain import Chain
from zrsign_chains.errors import LibraryMissing, UnknownChain, UnknownWalletType
from zrsign_chains.wallets import KeyAlgorithm, LedgerWallet, WalletType

BITCOIN_MAINNET = "bip122:000000000019d6689c085ae165831e93"
BITCOIN_TESTNET3 = "bip122:000000000933ea01ad0ee984209779ba"
BITCOIN_TESTNET4 = "bip122:00000000da84f2bafbbc53dee25a72ae"
BITCOIN_SIGNET = "bip122:00000008819873e925422c1ff0f99f7c"
BITCOIN_REGTEST = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328"
SOLANA_MAINNET = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"
SOLANA_DEVNET = "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1"
SOLANA_TESTNET = "solana:4uhcVJyU9pJkvQyS88uRDiswHXSCkY3z"
SOLANA_LOCALNET = "solana:localnet"
SOLANA_REGNET = "solana:HK8b7Skns2TX3FvXQxm2mPQbY2nVY8GD"
COSMOS_LOCAL = "cosmos:zrsign-local"

_ECDSA = KeyAlgorithm.ECDSA_SECP256K1
_EDDSA = KeyAlgorithm.EDDSA_ED25519
_BTC = KeyAlgorithm.BITCOIN_SECP256K1
_P2TR = KeyAlgorithm.TAPROOT_SECP256K1

EVM = WalletType(44, 60, "EVM", _ECDSA, "eip155", "evm", "eip155:1")
BITCOIN = WalletType(44, 0, "Bitcoin", _BTC, "bip122", "btc", BITCOIN_MAINNET)
BITCOIN_TEST = WalletType(44, 1, "Bitcoin test", _BTC, "bip122", "btc-test", BITCOIN_TESTNET3)
SOLANA = WalletType(44, 501, "Solana", _EDDSA, "solana", "sol", SOLANA_MAINNET)
COSMOS = WalletType(44, 118, "Cosmos", _ECDSA, "cosmos", "cosmos", COSMOS_LOCAL)


@dataclass(frozen=True)
class Family:
    """The networks of one CAIP-2 namespace: `networks` maps those that people know to a name.

    `home` is the module and class of their chains, imported on first use, because each brings its
    chain's library; `extra` is the extra of our package with that library, where the core has none.
    Each network is one wallet's: that of a wallet that names it as its own, else the last one's.
    """

    home: str
    wallets: tuple[WalletType, ...]
    ledger_wallets: tuple[LedgerWallet, ...]
    networks: Mapping[str, str]
    extra: str = ""


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "eip155": Family(
            home="zrsign_chains.evm:EvmChain",
            wallets=(EVM,),
            ledger_wallets=(
                LedgerWallet(
                    2, "WALLET_TYPE_EVM", _ECDSA, EVM.network, "zrchain.treasury.MetadataEthereum"
                ),
            ),
            networks={
                "eip155:1": "Ethereum",
                "eip155:10": "OP Mainnet",
                "eip155:56": "BNB Smart Chain",
                "eip155:97": "BNB Smart Chain testnet",
                "eip155:137": "Polygon",
                "eip155:8453": "Base",
                "eip155:31337": "Anvil",
                "eip155:31338": "Anvil (second)",
                "eip155:42161": "Arbitrum One",
                "eip155:43113": "Avalanche Fuji",
                "eip155:43114": "Avalanche",
                "eip155:80002": "Polygon Amoy",
                "eip155:84532": "Base Sepolia",
                "eip155:421614": "Arbitrum Sepolia",
                "eip155:560048": "Hoodi",
                "eip155:11155111": "Sepolia",
                "eip155:11155420": "OP Sepolia",
                "eip155:168587773": "Blast Sepolia",
            },
        ),
        "bip122": Family(
            home="zrsign_chains.bitcoin:BitcoinChain",
            extra="bitcoin",
            wallets=(BITCOIN, BITCOIN_TEST),
            ledger_wallets=(
                LedgerWallet(3, "WALLET_TYPE_BTC_TESTNET", _BTC, BITCOIN_TESTNET3),
                LedgerWallet(4, "WALLET_TYPE_BTC_MAINNET", _BTC, BITCOIN_MAINNET),
                LedgerWallet(5, "WALLET_TYPE_BTC_REGNET", _BTC, BITCOIN_REGTEST),
                LedgerWallet(101, "WALLET_TYPE_BTC_TAPROOT_TESTNET", _P2TR, BITCOIN_TESTNET3),
                LedgerWallet(102, "WALLET_TYPE_BTC_TAPROOT_MAINNET", _P2TR, BITCOIN_MAINNET),
                LedgerWallet(103, "WALLET_TYPE_BTC_TAPROOT_REGNET", _P2TR, BITCOIN_REGTEST),
                LedgerWallet(104, "WALLET_TYPE_BTC_SIGNET", _BTC, BITCOIN_SIGNET),
                LedgerWallet(105, "WALLET_TYPE_BTC_TESTNET4", _BTC, BITCOIN_TESTNET4),
                LedgerWallet(106, "WALLET_TYPE_BTC_TAPROOT_SIGNET", _P2TR, BITCOIN_SIGNET),
                LedgerWallet(107, "WALLET_TYPE_BTC_TAPROOT_TESTNET4", _P2TR, BITCOIN_TESTNET4),
            ),
            networks={
                BITCOIN_MAINNET: "Bitcoin",
                BITCOIN_TESTNET3: "Bitcoin testnet3",
                BITCOIN_TESTNET4: "Bitcoin testnet4",
                BITCOIN_SIGNET: "Bitcoin signet",
                BITCOIN_REGTEST: "Bitcoin regtest",
            },
        ),
        "solana": Family(
            home="zrsign_chains.solana:SolanaChain",
            extra="solana",
            wallets=(SOLANA,),
            ledger_wallets=(
                LedgerWallet(
                    6,
                    "WALLET_TYPE_SOLANA",
                    _EDDSA,
                    SOLANA.network,
                    "zrchain.treasury.MetadataSolana",
                ),
            ),
            networks={
                SOLANA_MAINNET: "Solana",
                SOLANA_DEVNET: "Solana devnet",
                SOLANA_TESTNET: "Solana testnet",
                SOLANA_LOCALNET: "Solana localnet",
                SOLANA_REGNET: "Solana regnet",
            },
        ),
        "cosmos": Family(
            home="zrsign_chains.cosmos:CosmosChain",
            wallets=(COSMOS,),
            ledger_wallets=(LedgerWallet(1, "WALLET_TYPE_NATIVE", _ECDSA, COSMOS.network),),
            networks={
                COSMOS_LOCAL: "zrSign ledger (local)",
                "cosmos:cosmoshub-4": "Cosmos Hub",
                "cosmos:osmosis-1": "Osmosis",
            },
        ),
    }
)
"""CAIP-2 namespace to its family."""

KNOWN_CHAINS: Mapping[str, str] = MappingProxyType(
    {caip2: name for family in FAMILIES.values() for caip2, name in family.networks.items()}
)
"""CAIP-2 id to a name that people know."""

WALLET_TYPES = tuple(wallet for family in FAMILIES.values() for wallet in family.wallets)
"""Every wallet that a contract can ask for."""

LEDGER_WALLETS: Mapping[int, LedgerWallet] = MappingProxyType(
    dict(
        sorted(
            (wallet.number, wallet)
            for family in FAMILIES.values()
            for wallet in family.ledger_wallets
        )
    )
)
"""Every wallet that the ledger signs transactions for, by its number, in the order of numbers."""

_BY_ID = {wallet.id: wallet for wallet in WALLET_TYPES}
_BY_COIN = {wallet.coin_type: wallet for wallet in WALLET_TYPES}


@lru_cache(maxsize=1024)
def chain_for(caip2: str) -> Chain:
    """Return the chain of a CAIP-2 id.

    Raises `UnknownChain`, which suggests the closest known id, or `LibraryMissing`.
    """
    return _class_for(ChainId.parse(caip2).namespace, caip2)(caip2)


def chain_by_ledger(wallet: int, metadata: Mapping[str, object], payload: bytes = b"") -> Chain:
    """Return the chain that a transaction on the ledger is for, as its wallet type sees it.

    `wallet` is the number of the ledger's wallet type, `metadata` the fields of the message that
    `LedgerWallet.metadata` names, `payload` the unsigned transaction. Raises `UnknownWalletType`
    or `UnknownChain`.
    """
    try:
        known = LEDGER_WALLETS[wallet]
    except KeyError:
        listed = ", ".join(f"{each.number} ({each.name})" for each in LEDGER_WALLETS.values())
        raise UnknownWalletType(
            f"wallet type {wallet} is not one that signs transactions; known are {listed}"
        ) from None
    return _class_for(known.namespace, known.name).of_ledger(known, metadata, payload)


def wallet_type_by_id(wallet_type_id: bytes) -> WalletType:
    """Return the wallet type with this 32-byte id; raises `UnknownWalletType`."""
    try:
        return _BY_ID[bytes(wallet_type_id)]
    except KeyError:
        known = ", ".join(f"{w.name} 0x{w.id.hex()}" for w in WALLET_TYPES)
        raise UnknownWalletType(
            f"no wallet type has the id 0x{bytes(wallet_type_id).hex()}; known are {known}"
        ) from None


def wallet_type_by_coin(coin_type: int) -> WalletType:
    """Return the wallet type with this SLIP-44 coin type; raises `UnknownWalletType`."""
    try:
        return _BY_COIN[coin_type]
    except KeyError:
        known = ", ".join(f"{w.coin_type} ({w.name})" for w in WALLET_TYPES)
        raise UnknownWalletType(
            f"no wallet type has coin type {coin_type}; known are {known}"
        ) from None


def networks_of(wallet: WalletType) -> tuple[str, ...]:
    """Return the known CAIP-2 ids that a wallet of this type signs for."""
    networks = FAMILIES[wallet.namespace].networks
    return tuple(caip2 for caip2 in networks if wallet_of(caip2) == wallet)


def wallet_of(caip2: str) -> WalletType:
    """Return what contracts call a wallet that signs for a network of a known namespace."""
    wallets = FAMILIES[caip2.partition(":")[0]].wallets
    return next((each for each in wallets if each.network == caip2), wallets[-1])


@lru_cache(maxsize=1)
def _chains_by_hash() -> dict[bytes, str]:
    return {chain_hash(caip2): caip2 for caip2 in KNOWN_CHAINS}


def chain_by_hash(digest: bytes) -> str:
    """Return the known CAIP-2 id with this `chain_hash`; raises `UnknownChain`."""
    try:
        return _chains_by_hash()[bytes(digest)]
    except KeyError:
        raise UnknownChain(
            f"no known chain has the id 0x{bytes(digest).hex()}; it is keccak256 of a CAIP-2 text"
        ) from None


def _class_for(namespace: str, asked: str) -> type[Chain]:
    family = FAMILIES.get(namespace)
    if family is None:
        raise UnknownChain(
            f"no chain serves the namespace {namespace!r} of {asked!r}; "
            f"served are {', '.join(FAMILIES)}{_suggest(asked)}"
        )
    module, _, name = family.home.partition(":")
    try:
        found: type[Chain] = getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        if not family.extra:
            raise
        raise LibraryMissing(
            f"{asked} needs {error.name}: pip install 'zrsign[{family.extra}]'", name=error.name
        ) from None
    return found


def _suggest(caip2: str) -> str:
    close = difflib.get_close_matches(caip2, KNOWN_CHAINS, n=1)
    return f"; did you mean {close[0]} ({KNOWN_CHAINS[close[0]]})?" if close else ""
