"""What is true of a destination chain, without I/O: ids, addresses, transactions, sighashes."""

from zrsign_chains.caip import KNOWN_CHAINS, AccountId, ChainId, chain_by_hash, chain_hash
from zrsign_chains.chain import Chain, Intent, UnsignedTx
from zrsign_chains.errors import (
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
from zrsign_chains.registry import chain_for
from zrsign_chains.wallets import (
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
