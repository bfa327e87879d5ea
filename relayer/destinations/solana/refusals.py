"""The texts of Solana's preflight, and what each says about the transaction."""

from __future__ import annotations

from relayer.refusals import Meaning, Table

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
