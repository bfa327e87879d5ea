"""Errors of the relayer.

RelayerError
├── Unbuildable       what the ledger handed over makes no valid signed transaction
└── NotDeliverable    an answer that its contract will never take

NotYet (zrsign_daemon.composing) is nothing that time cannot mend: a paused contract, dear gas.
└── TooDear           the answer needs more gas than its contract pays for
"""

from __future__ import annotations

from zrsign_daemon.composing import NotYet


class RelayerError(Exception):
    """The root of all errors of this package."""


class Unbuildable(RelayerError, ValueError):
    """The message names the request and says what does not belong together."""


class NotDeliverable(RelayerError):
    """The message starts with a code word for the ledger's report."""


class TooDear(NotYet):
    """The message has both gas figures."""
