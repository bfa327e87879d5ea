"""What is true of a destination chain, without I/O: ids, addresses, transactions, sighashes."""

from chains.caip import KNOWN_CHAINS, AccountId, ChainId, chain_by_hash, chain_hash
from chains.chain import Chain, Intent, UnsignedTx
from chains.errors import (
    BadSignature,
    ChainError,
    FeeAboveCap,
    InsufficientFunds,
    IntentMismatch,
    MalformedAddress,
    MalformedKey,
    MalformedPayload,
    MalformedTransaction,
    UnknownChain,
    UnknownWalletType,
    WrongNetwork,
)
from chains.registry import chain_for
from chains.wallets import (
    WALLET_TYPES,
    KeyAlgorithm,
    WalletType,
    wallet_type_by_coin,
    wallet_type_by_id,
)

__all__ = [
    "KNOWN_CHAINS",
    "WALLET_TYPES",
    "AccountId",
    "BadSignature",
    "Chain",
    "ChainError",
    "ChainId",
    "FeeAboveCap",
    "InsufficientFunds",
    "Intent",
    "IntentMismatch",
    "KeyAlgorithm",
    "MalformedAddress",
    "MalformedKey",
    "MalformedPayload",
    "MalformedTransaction",
    "UnknownChain",
    "UnknownWalletType",
    "UnsignedTx",
    "WalletType",
    "WrongNetwork",
    "chain_by_hash",
    "chain_for",
    "chain_hash",
    "wallet_type_by_coin",
    "wallet_type_by_id",
]
