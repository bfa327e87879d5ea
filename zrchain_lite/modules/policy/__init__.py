"""Policy: who must approve, and the actions that wait for approval."""

from zrchain_lite.modules.policy.keeper import Outcome, PolicyHooks, PolicyKeeper
from zrchain_lite.modules.policy.module import PolicyModule

__all__ = ["Outcome", "PolicyHooks", "PolicyKeeper", "PolicyModule"]
