"""Errors of the relayer.

RelayerError
├── Unbuildable       what the ledger handed over makes no valid signed transaction
├── NotDeliverable    an answer that its contract will never take
├── NotYet            nothing is wrong that time cannot mend (paused contract, earlier key pending)
│   └── TooDear       the answer needs more gas than its contract pays for
└── Uncomposable      a simple transaction cannot be built as things are (funds, fees, a revert)
"""

from __future__ import annotations


class RelayerError(Exception):
    pass


class Unbuildable(RelayerError, ValueError):
    pass


class NotDeliverable(RelayerError):
    pass


class NotYet(RelayerError):
    pass


class TooDear(NotYet):
    pass


class Uncomposable(RelayerError):
    pass
