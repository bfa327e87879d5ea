"""Validators that do not sign, or sign twice."""

from zrchain_lite.modules.slashing.keeper import SlashingKeeper
from zrchain_lite.modules.slashing.module import SlashingModule

__all__ = ["SlashingKeeper", "SlashingModule"]
