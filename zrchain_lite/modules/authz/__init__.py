"""Grants: what one account lets another do in its name."""

from zrchain_lite.modules.authz.module import AuthzModule

__all__ = ["AuthzModule"]
