"""Texts with which geth, anvil, Nethermind, Erigon and Besu say that they have the transaction."""

from __future__ import annotations

KNOWN = (
    "already known",
    "already imported",
    "alreadyknown",
    "already_exists",
    "known transaction",
)
