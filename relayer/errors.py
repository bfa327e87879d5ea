"""Errors of the relayer.

RelayerError
├── Unbuildable       what the ledger handed over makes no valid signed transaction
├── NotDeliverable    an answer that its contract will never take
├── NotYet            nothing is wrong that time cannot mend (paused contract, earlier key pending)
├── Uncomposable      no transaction can be built for a simple transaction as things are now
└── OutboxUnusable    the outbox's database cannot be opened or is of another version
"""

from __future__ import annotations

from daemon.errors import DaemonError


class RelayerError(Exception):
    pass


class Unbuildable(RelayerError, ValueError):
    pass


class NotDeliverable(RelayerError):
    pass


class NotYet(RelayerError):
    pass


class Uncomposable(RelayerError):
    """`for_good` when waiting cannot help (a bad recipient)."""

    def __init__(self, message: str, *, for_good: bool = False):
        super().__init__(message)
        self.for_good = for_good


class OutboxUnusable(RelayerError, DaemonError):
    pass
