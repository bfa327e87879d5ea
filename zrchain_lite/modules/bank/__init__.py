"""Balances, transfers and supply."""

from zrchain_lite.modules.bank.keeper import DENOM, BankKeeper
from zrchain_lite.modules.bank.module import BankModule

__all__ = ["DENOM", "BankKeeper", "BankModule"]
