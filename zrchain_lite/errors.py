"""Every error that the ledger answers with, as one tree.

    LedgerError
    ├── Unauthorized        the signer may not do this
    ├── NotFound            nothing stored under that id or address
    ├── InvalidArgument     a field's value is not acceptable
    ├── InsufficientFunds   the payer's balance is too small
    ├── Conflict            the object exists, or its state does not allow the change
    ├── UnknownRequest      no handler for that message or query
    ├── TooMuch             more than a node gives to one request, or to all of a kind
    ├── Unavailable         who makes the blocks does not answer now
    └── TxRejected          the transaction itself: decoding, signature, sequence, fee, gas

A module may subclass these. `codespace` and `code` become the ABCI result; codes 1100 to 1506 are
zrChain's,
codes below 100 are the Cosmos SDK's ("sdk" codespace).
"""

from __future__ import annotations


class LedgerError(Exception):
    """Root of the tree. `code` is never 0."""

    codespace = "zrchain"
    code = 1504

    def __init__(self, message: str, *, code: int | None = None, codespace: str | None = None):
        super().__init__(message)
        if code is not None:
            self.code = code
        if codespace is not None:
            self.codespace = codespace


class Unauthorized(LedgerError, PermissionError):
    """The signer may not do this."""

    codespace, code = "sdk", 4


class NotFound(LedgerError, LookupError):
    """Nothing is stored under that id or address."""

    code = 1503


class InvalidArgument(LedgerError, ValueError):
    """A field's value is not acceptable."""

    code = 1505


class InsufficientFunds(LedgerError):
    """The payer's balance is too small."""

    codespace, code = "sdk", 5


class Conflict(LedgerError):
    """The object exists already, or its state does not allow the change."""

    code = 1508


class UnknownRequest(LedgerError, LookupError):
    """No handler answers that message or query."""

    codespace, code = "sdk", 6


class TooMuch(LedgerError):
    """More than a node gives to one request, or to all of a kind; ask for less, or later."""

    codespace, code = "sdk", 45


class Unavailable(LedgerError):
    """Who makes the blocks does not answer now; nothing is known of what was sent. Try later."""

    codespace, code = "sdk", 39


class TxRejected(LedgerError):
    """The transaction itself is refused: decoding, signature, sequence, fee or gas."""

    codespace, code = "sdk", 2
