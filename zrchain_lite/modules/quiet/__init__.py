"""What a chain without votes and inflation answers about them."""

from zrchain_lite.modules.quiet.module import QuietModule

__all__ = ["QuietModule"]
