"""Policy: who must approve, and the actions that wait for approval."""

from zrchain_lite.modules.policy.keeper import PolicyHooks, PolicyKeeper
from zrchain_lite.modules.policy.module import PolicyModule

__all__ = ["PolicyHooks", "PolicyKeeper", "PolicyModule"]
