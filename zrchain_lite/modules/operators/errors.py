"""What the operators module refuses beyond the ledger's own errors.

Conflict
├── IndexTaken       an index or an identity already means another operator
├── ReportsFull      the reporter's reports about members are as many as are kept
├── EpochRegressed   the party has committed a later epoch, or another one under that number
└── RootTaken        another key is active as this root
"""

from __future__ import annotations

from zrchain_lite.errors import Conflict


class IndexTaken(Conflict):
    """An index or an identity already means another operator."""

    code = 1509


class ReportsFull(Conflict):
    """The reporter's reports about members are as many as are kept."""

    code = 1510


class EpochRegressed(Conflict):
    """The party has committed a later epoch, or another one under that number."""

    code = 1511


class RootTaken(Conflict):
    """Another key is active as this root: whoever holds this one erases it."""

    code = 1512
