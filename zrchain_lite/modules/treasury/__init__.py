"""Treasury: keys, the requests that make and use them, and the answers of keyrings."""

from zrchain_lite.modules.treasury.keeper import TreasuryKeeper
from zrchain_lite.modules.treasury.module import TreasuryModule
from zrchain_lite.modules.treasury.requests import TreasuryHooks

__all__ = ["TreasuryHooks", "TreasuryKeeper", "TreasuryModule"]
