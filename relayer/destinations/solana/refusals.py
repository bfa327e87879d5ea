"""Texts with which a Solana node says that its bank has executed the transaction."""

from __future__ import annotations

KNOWN = ("already been processed", "alreadyprocessed")
