"""Policy: who must approve, and the actions that wait for approval."""

from zrchain_lite.policy.keeper import Outcome, PolicyHooks, PolicyKeeper
from zrchain_lite.policy.module import PolicyModule

__all__ = ["Outcome", "PolicyHooks", "PolicyKeeper", "PolicyModule"]
