"""Why a transaction cannot be composed now. What can never be is a `ChainError`.

ComposingError
├── NotYet            nothing is wrong that time cannot mend (a rescan, an earlier transaction)
└── Uncomposable      it cannot be built as things are (funds, fees, a revert)
"""

from __future__ import annotations


class ComposingError(Exception):
    """The root of what keeps a simple transaction from being composed."""


class NotYet(ComposingError):
    """It waits, however long that takes; the message says for what."""


class Uncomposable(ComposingError):
    """It waits for the grace period and is rejected then; the message has the figures."""
