"""What nodes mean by their error texts, as tables: one line a text, first match wins.

Nodes have no common error codes for a transaction that they do not take, so the text decides.
Texts of geth, anvil, Nethermind, Erigon and Besu; of Bitcoin Core's validation and policy;
of Solana's preflight. A text that no line knows is treated as passing (RETRY), counted and logged.
"""

from __future__ import annotations

from enum import StrEnum


class Meaning(StrEnum):
    # The node or the chain has this very transaction.
    KNOWN = "known"
    # The account's nonce is used: by this transaction, or by another.
    NONCE_USED = "nonce_used"
    # The same bytes may be taken later.
    RETRY = "retry"
    # These bytes can never be taken.
    NEVER = "never"


Table = tuple[tuple[str, Meaning], ...]

EVM: Table = (
    ("already known", Meaning.KNOWN),
    ("already imported", Meaning.KNOWN),
    ("alreadyknown", Meaning.KNOWN),
    ("already_exists", Meaning.KNOWN),
    ("known transaction", Meaning.KNOWN),
    ("nonce too low", Meaning.NONCE_USED),
    ("oldnonce", Meaning.NONCE_USED),
    ("nonce is too low", Meaning.NONCE_USED),
    ("replacement transaction underpriced", Meaning.RETRY),
    ("could not replace", Meaning.RETRY),
    ("underpriced", Meaning.RETRY),
    ("max fee per gas less than block base fee", Meaning.RETRY),
    ("fee cap less than block base fee", Meaning.RETRY),
    ("feetoolow", Meaning.RETRY),
    ("txpool is full", Meaning.RETRY),
    ("nonce too high", Meaning.RETRY),
    ("nonce too far", Meaning.RETRY),
    ("rate limit", Meaning.RETRY),
    ("too many requests", Meaning.RETRY),
    ("insufficient funds", Meaning.NEVER),
    ("insufficient balance", Meaning.NEVER),
    ("upfront cost exceeds", Meaning.NEVER),
    ("intrinsic gas too", Meaning.NEVER),
    ("gas floor more than", Meaning.NEVER),
    ("exceeds block gas limit", Meaning.NEVER),
    ("gas limit reached", Meaning.NEVER),
    ("gas required exceeds", Meaning.NEVER),
    ("max priority fee per gas higher", Meaning.NEVER),
    ("exceeds the configured cap", Meaning.NEVER),
    ("invalid sender", Meaning.NEVER),
    ("invalid chain id", Meaning.NEVER),
    ("invalid signature", Meaning.NEVER),
    ("only replay-protected", Meaning.NEVER),
    ("transaction type not supported", Meaning.NEVER),
    ("oversized data", Meaning.NEVER),
    ("max initcode size", Meaning.NEVER),
    ("nonce has max value", Meaning.NEVER),
    ("sender not an eoa", Meaning.NEVER),
    ("rlp:", Meaning.NEVER),
    ("failed to decode", Meaning.NEVER),
)

BITCOIN: Table = (
    ("txn-already-in-mempool", Meaning.KNOWN),
    ("txn-already-known", Meaning.KNOWN),
    ("already in block chain", Meaning.KNOWN),
    ("already in utxo set", Meaning.KNOWN),
    ("txn-same-nonwitness-data-in-mempool", Meaning.KNOWN),
    ("txn-mempool-conflict", Meaning.RETRY),
    ("insufficient fee", Meaning.RETRY),
    ("mempool min fee not met", Meaning.RETRY),
    ("mempool full", Meaning.RETRY),
    ("too-long-mempool-chain", Meaning.RETRY),
    ("too many potential replacements", Meaning.RETRY),
    ("replacement-adds-unconfirmed", Meaning.RETRY),
    ("non-final", Meaning.RETRY),
    ("non-bip68-final", Meaning.RETRY),
    ("premature-spend-of-coinbase", Meaning.RETRY),
    ("min relay fee not met", Meaning.NEVER),
    ("fee exceeds maximum", Meaning.NEVER),
    ("max-fee-exceeded", Meaning.NEVER),
    ("bad-txns-", Meaning.NEVER),
    ("bad-witness", Meaning.NEVER),
    ("script-verify-flag", Meaning.NEVER),
    ("dust", Meaning.NEVER),
    ("scriptpubkey", Meaning.NEVER),
    ("scriptsig-", Meaning.NEVER),
    ("tx-size", Meaning.NEVER),
    ("tx-version", Meaning.NEVER),
    ("version", Meaning.NEVER),
    ("tx decode failed", Meaning.NEVER),
    ("unspendable output exceeds", Meaning.NEVER),
)

SOLANA: Table = (
    ("already been processed", Meaning.KNOWN),
    ("alreadyprocessed", Meaning.KNOWN),
    # Proven by status, at finality; a lagging node says the same of a fresh blockhash.
    ("blockhash not found", Meaning.RETRY),
    ("node is behind", Meaning.RETRY),
    ("node is unhealthy", Meaning.RETRY),
    ("rate limit", Meaning.RETRY),
    ("account in use", Meaning.RETRY),
    ("insufficient funds", Meaning.NEVER),
    ("no record of a prior credit", Meaning.NEVER),
    ("insufficient lamports", Meaning.NEVER),
    ("error processing instruction", Meaning.NEVER),
    ("custom program error", Meaning.NEVER),
    ("signature verification fail", Meaning.NEVER),
    ("failed to sanitize", Meaning.NEVER),
    ("too large", Meaning.NEVER),
    ("failed to deserialize", Meaning.NEVER),
    ("invalid account", Meaning.NEVER),
    ("program that does not exist", Meaning.NEVER),
)


def meaning(table: Table, text: str) -> Meaning:
    """What a node's error text says about the transaction."""
    lowered = text.lower()
    return next((sense for part, sense in table if part in lowered), Meaning.RETRY)
