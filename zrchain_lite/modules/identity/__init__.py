"""Identity: workspaces (who owns keys) and keyrings (who answers requests)."""

from zrchain_lite.modules.identity.keeper import IdentityKeeper, KeyringInactive
from zrchain_lite.modules.identity.module import IdentityModule

__all__ = ["IdentityKeeper", "IdentityModule", "KeyringInactive"]
