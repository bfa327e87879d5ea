"""Rules that hold for every transaction and block: sizes, gas, the minimum gas price."""

from zrchain_lite.modules.consensus.keeper import ConsensusKeeper
from zrchain_lite.modules.consensus.module import ConsensusModule

__all__ = ["ConsensusKeeper", "ConsensusModule"]
