"""What this room raises.

    ReceiverError
    └── Rejection    a request from a contract cannot be served: it is stored as REJECTED

A `Rejection` carries a machine-readable code; the stored reason is `<code>: <explanation>`.
"""

from __future__ import annotations


class ReceiverError(Exception):
    """Root of this room's own errors. What a signer did wrong is a `LedgerError` instead."""


class Rejection(ReceiverError):
    """`code_word` is the machine-readable prefix, for example `invalid_hash_length`."""

    def __init__(self, code_word: str, explanation: str):
        super().__init__(f"{code_word}: {explanation}")
        self.code_word = code_word
