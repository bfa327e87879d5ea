"""Errors of the relayer.

RelayerError
├── Unbuildable       what the ledger handed over makes no valid signed transaction
├── ClaimLost         another process works on the item by now
└── NonceTaken        another process gave the nonce to another item

NotYet (zrsign_daemon.composing) is nothing that time cannot mend: a paused contract, dear gas.
"""

from __future__ import annotations


class RelayerError(Exception):
    """The root of all errors of this package."""


class Unbuildable(RelayerError, ValueError):
    """The message names the request and says what does not belong together."""


class ClaimLost(RelayerError):
    """What this process found out about the item is not kept; the other finds it out too."""


class NonceTaken(RelayerError):
    """The item takes another nonce at its next look."""
