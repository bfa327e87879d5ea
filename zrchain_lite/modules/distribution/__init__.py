"""Rewards: how fees are shared among those who stake."""

from zrchain_lite.modules.distribution.keeper import DistributionKeeper
from zrchain_lite.modules.distribution.module import DistributionModule

__all__ = ["DistributionKeeper", "DistributionModule"]
