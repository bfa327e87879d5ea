"""Proposals and votes, by stake."""

from zrchain_lite.modules.gov.keeper import GovKeeper
from zrchain_lite.modules.gov.module import GovModule

__all__ = ["GovKeeper", "GovModule"]
