"""Allowances: what one account pays of the fees of another."""

from zrchain_lite.modules.feegrant.keeper import FeegrantKeeper
from zrchain_lite.modules.feegrant.module import FeegrantModule

__all__ = ["FeegrantKeeper", "FeegrantModule"]
