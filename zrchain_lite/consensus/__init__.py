"""Rules that hold for every transaction and block: sizes, gas, the minimum gas price."""

from zrchain_lite.consensus.keeper import ConsensusKeeper
from zrchain_lite.consensus.module import ConsensusModule

__all__ = ["ConsensusKeeper", "ConsensusModule"]
