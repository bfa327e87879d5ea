"""Errors of the relayer.

RelayerError
└── Unbuildable       what the ledger handed over makes no valid signed transaction

NotYet (zrsign_daemon.composing) is nothing that time cannot mend: a paused contract, dear gas.
"""

from __future__ import annotations


class RelayerError(Exception):
    """The root of all errors of this package."""


class Unbuildable(RelayerError, ValueError):
    """The message names the request and says what does not belong together."""
