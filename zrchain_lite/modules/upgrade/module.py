"""The upgrade module: before the block of a plan that this version does not know, the node stops.

Every validator stops before the same block, and goes on with a version that has the plan's name in
`PLANS`: it changes the state as the plan says, in that block, and once. Source: Cosmos SDK 0.50,
x/upgrade.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from zrchain_lite import binding
from zrchain_lite.errors import InvalidArgument, LedgerError, Unauthorized
from zrchain_lite.module import Context, Module, MsgHandler, QueryHandler
from zrchain_lite.modules.bank.keeper import BankKeeper
from zrchain_lite.store.collections import StoredMap
from zrchain_lite.wire.cosmos.upgrade.v1beta1 import query_pb2 as q
from zrchain_lite.wire.cosmos.upgrade.v1beta1 import tx_pb2 as wire
from zrchain_lite.wire.cosmos.upgrade.v1beta1.upgrade_pb2 import Plan

MAX_NAME, MAX_INFO = 64, 10_000
_CURRENT: Final = StoredMap("upgrade/plan", Plan)
_APPLIED: Final = StoredMap("upgrade/applied", Plan)

Plans = Mapping[str, Callable[[Context], None]]
"""What the plans change in the state, by name."""
PLANS: Final[Plans] = {}
"""The plans that this version carries out."""


class UpgradeNeeded(LedgerError):
    """The next block belongs to another version. Nothing of it was executed."""


class UpgradeMessages:
    """Handlers of MsgSoftwareUpgrade and MsgCancelUpgrade."""

    def __init__(self, governance: str) -> None:
        self._governance = governance

    def software_upgrade(
        self, ctx: Context, msg: wire.MsgSoftwareUpgrade
    ) -> wire.MsgSoftwareUpgradeResponse:
        """Plan an upgrade in the place of one that is planned already; governance may."""
        self._require_governance(msg.authority)
        plan = msg.plan
        if not 1 <= len(plan.name) <= MAX_NAME or len(plan.info) > MAX_INFO:
            raise InvalidArgument(
                f"a plan has a name of 1 to {MAX_NAME} characters, and at most {MAX_INFO} of info"
            )
        if plan.height <= ctx.height:
            raise InvalidArgument(f"block {plan.height} is not after this one, {ctx.height}")
        if _APPLIED.has(ctx.store, plan.name):
            raise InvalidArgument(f"the upgrade {plan.name!r} was applied already")
        _CURRENT.set(ctx.store, b"", plan)
        return wire.MsgSoftwareUpgradeResponse()

    def cancel_upgrade(
        self, ctx: Context, msg: wire.MsgCancelUpgrade
    ) -> wire.MsgCancelUpgradeResponse:
        """Forget what is planned; governance may."""
        self._require_governance(msg.authority)
        _CURRENT.delete(ctx.store, b"")
        return wire.MsgCancelUpgradeResponse()

    def _require_governance(self, authority: str) -> None:
        if authority != self._governance:
            raise Unauthorized(f"only governance ({self._governance}) plans upgrades")


class UpgradeQueries:
    """Answers from the last committed state."""

    def __init__(self, governance: str) -> None:
        self._governance = governance

    def current_plan(
        self, ctx: Context, request: q.QueryCurrentPlanRequest
    ) -> q.QueryCurrentPlanResponse:
        """What is planned, if anything is."""
        return q.QueryCurrentPlanResponse(plan=_CURRENT.get(ctx.store, b""))

    def applied_plan(
        self, ctx: Context, request: q.QueryAppliedPlanRequest
    ) -> q.QueryAppliedPlanResponse:
        """The height at which a plan was applied; 0: it was not."""
        found = _APPLIED.get(ctx.store, request.name[:MAX_NAME])
        return q.QueryAppliedPlanResponse(height=found.height if found else 0)

    def authority(self, ctx: Context, request: q.QueryAuthorityRequest) -> q.QueryAuthorityResponse:
        """Who plans upgrades."""
        return q.QueryAuthorityResponse(address=self._governance)


class UpgradeModule(Module):
    """Stops, or upgrades the state, before anything else of a block. It has no genesis."""

    name = "upgrade"

    def __init__(self, bank: BankKeeper, plans: Plans = PLANS) -> None:
        governance = bank.module_address("gov")
        self._plans = plans
        self._messages, self._queries = UpgradeMessages(governance), UpgradeQueries(governance)

    def begin_block(self, ctx: Context) -> None:
        """Carry out the plan of this height. Raises UpgradeNeeded for one that is not known."""
        plan = _CURRENT.get(ctx.store, b"")
        if plan is None or ctx.height < plan.height:
            return
        change = self._plans.get(plan.name)
        if change is None:
            raise UpgradeNeeded(
                f"block {ctx.height} needs the version with the upgrade {plan.name!r}, as "
                f"governance has planned. Start that version. {plan.info}".rstrip()
            )
        change(ctx)
        _CURRENT.delete(ctx.store, b"")
        _APPLIED.set(ctx.store, plan.name, Plan(name=plan.name, height=ctx.height))

    def messages(self) -> tuple[MsgHandler, ...]:
        return binding.messages(wire.DESCRIPTOR, self._messages)

    def queries(self) -> tuple[QueryHandler, ...]:
        return binding.queries(q.DESCRIPTOR, self._queries)
