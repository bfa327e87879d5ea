"""Texts with which Bitcoin Core says that its pool or its chain has the transaction."""

from __future__ import annotations

KNOWN = (
    "txn-already-in-mempool",
    "txn-already-known",
    "already in block chain",
    "already in utxo set",
    "txn-same-nonwitness-data-in-mempool",
)
