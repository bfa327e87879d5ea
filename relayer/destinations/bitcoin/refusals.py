"""The texts of Bitcoin Core's validation and policy, and what each says about the transaction."""

from __future__ import annotations

from relayer.refusals import Meaning, Table

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
