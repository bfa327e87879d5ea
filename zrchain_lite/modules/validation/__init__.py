"""Stake in zrChain's own words."""

from zrchain_lite.modules.validation.module import ValidationModule

__all__ = ["ValidationModule"]
