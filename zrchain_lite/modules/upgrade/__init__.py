"""Upgrades of the software at a height that governance sets."""

from zrchain_lite.modules.upgrade.module import UpgradeModule, UpgradeNeeded

__all__ = ["UpgradeModule", "UpgradeNeeded"]
