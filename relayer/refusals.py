"""What nodes mean by their error texts, as tables: one line a text, first match wins.

Nodes have no common error codes for a transaction that they do not take, so the text decides. Each
destination has its own table. A text that no line knows is treated as passing (RETRY), counted and
logged.
"""

from __future__ import annotations

from enum import StrEnum


class Meaning(StrEnum):
    """What a refusal says about the transaction."""

    # The node or the chain has this very transaction.
    KNOWN = "known"
    # The account's nonce is used: by this transaction, or by another.
    NONCE_USED = "nonce_used"
    # The same bytes may be taken later.
    RETRY = "retry"
    # These bytes can never be taken.
    NEVER = "never"


Table = tuple[tuple[str, Meaning], ...]


def meaning(table: Table, text: str) -> Meaning:
    """What a node's error text says about the transaction."""
    lowered = text.lower()
    return next((sense for part, sense in table if part in lowered), Meaning.RETRY)
