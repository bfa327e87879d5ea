"""Accounts: addresses, public keys, sequence numbers, and the accounts that modules hold."""

from zrchain_lite.modules.auth.keeper import FEE_COLLECTOR, AuthKeeper
from zrchain_lite.modules.auth.module import AuthModule

__all__ = ["FEE_COLLECTOR", "AuthKeeper", "AuthModule"]
