"""Validators and those who stake with them."""

from zrchain_lite.modules.staking.keeper import StakingKeeper
from zrchain_lite.modules.staking.module import StakingModule

__all__ = ["StakingKeeper", "StakingModule"]
