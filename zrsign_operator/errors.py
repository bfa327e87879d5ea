"""Errors of an operator.

OperatorError
├── NotAMember        the ledger's groups do not name this operator
├── StoreUnusable     what lies on the disk cannot be used: old, damaged, in use, or unreadable
├── SealBroken        a sealed record was altered, moved, or belongs to other code
├── Refused           this operator does not take part in what a peer proposes
│   └── NotDue        it is not the proposer's to make, or need not be done
├── NotOrdered        no administrator that this operator knows has signed what the ledger shows
├── NotSeen           a contract's event is not on its chain, or not final yet
└── NotApproved       what is to be signed does not follow from what the ledger and chains show
"""

from __future__ import annotations

from zrsign_daemon.errors import DaemonError


class OperatorError(DaemonError):
    """Root of the operator's errors."""


class NotAMember(OperatorError):
    """The ledger's groups do not name this operator."""


class StoreUnusable(OperatorError):
    """What lies on the disk cannot be used: old, damaged, in use, or unreadable."""


class SealBroken(OperatorError):
    """A sealed record was altered, moved, or belongs to other code."""


class Refused(OperatorError):
    """The proposer is told why."""


class NotDue(Refused):
    """A proposal that is not the proposer's to make, or of what need not be done."""


class NotOrdered(OperatorError):
    """No administrator that this operator knows has signed what the ledger shows."""


class NotSeen(OperatorError):
    """A contract's event is not on its chain, or not final yet, as this operator's node has it."""


class NotApproved(OperatorError):
    """What is to be signed does not follow from what the ledger and the chains show."""
