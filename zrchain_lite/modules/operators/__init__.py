"""Operators: the groups that hold a keyring's keys, and what the operators report of themselves.

The ledger says what should be; the operators make it so. Nothing here starts anything.

    groups.py      who the holders are; one index is one operator for ever
    settings.py    refreshes, admitted measurements, pardons
    faults.py      what parties report about members
    epochs.py      which epoch of a key each party has committed
    roots.py       keys whose children are wallets, and when they may be used
    work.py        everything that a keyring has to do, in one answer
"""

from zrchain_lite.modules.operators.module import OperatorsModule

__all__ = ["OperatorsModule"]
