"""Balances, transfers and supply."""

from zrchain_lite.bank.keeper import DENOM, BankKeeper
from zrchain_lite.bank.module import BankModule

__all__ = ["DENOM", "BankKeeper", "BankModule"]
