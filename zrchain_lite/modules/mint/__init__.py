"""New coins."""

from zrchain_lite.modules.mint.module import MintModule

__all__ = ["MintModule"]
