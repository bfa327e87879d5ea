"""What a chain without stake answers about stake, rewards, votes and inflation."""

from zrchain_lite.modules.staking.module import StakingModule

__all__ = ["StakingModule"]
