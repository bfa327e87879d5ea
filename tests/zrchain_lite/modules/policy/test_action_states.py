"""Any sequence of submissions, approvals, revocations and blocks keeps an action's life cycle."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from tests.zrchain_lite.modules.treasury.world import World
from zrchain_lite.errors import LedgerError
from zrchain_lite.module import Context
from zrchain_lite.modules.policy import state
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.policy import policy_pb2 as wire
from zrchain_lite.wire.zrchain.policy.policy_pb2 import Action

PENDING, COMPLETED, REVOKED, TIMEOUT = 1, 2, 3, 4
WHO = st.integers(0, 3)


class ActionLife(RuleBasedStateMachine):
    """Two of three participants make a child; the fourth account owns, but takes no part."""

    actions = Bundle("actions")

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.world.policy.hooks.append(self)
        self.people = [self.world.account() for _ in range(4)]
        names = [person.address for person in self.people[:3]]
        two = self.world.new_policy(self.people[0], f"{' + '.join(names)} > 1", names, btl=10)
        self.workspace = self.world.workspace(*self.people, admin_policy_id=two)
        self.seen: dict[int, int] = {}
        self.final: dict[int, int] = {}

    def action_approved(self, ctx: Context, action: Action, participant: str) -> None:
        assert action.id not in self.final, "nobody approves what has ended"

    def action_completed(self, ctx: Context, action: Action) -> None:
        self._end(action)

    def action_ended(self, ctx: Context, action: Action) -> None:
        self._end(action)

    def _end(self, action: Action) -> None:
        assert action.id not in self.final, "an action ends once"
        self.final[action.id] = action.status

    @rule(target=actions, who=WHO)
    def submit(self, who: int) -> int:
        self.world.do(
            identity.MsgNewChildWorkspace(
                creator=self.people[who].address, parent_workspace_addr=self.workspace
            )
        )
        return state.ACTION_COUNT.current(self.world.store)

    @rule(action_id=actions, who=WHO)
    def approve(self, action_id: int, who: int) -> None:
        before = self.world.policy.action(self.world.ctx(), action_id)
        message = wire.MsgApproveAction(creator=self.people[who].address, action_id=action_id)
        allowed = before.status == PENDING and who != 3
        try:
            self.world.do(message)
        except LedgerError:
            assert not allowed
        else:
            assert allowed

    @rule(action_id=actions, who=WHO)
    def revoke(self, action_id: int, who: int) -> None:
        with suppress(LedgerError):
            self.world.do(
                wire.MsgRevokeAction(creator=self.people[who].address, action_id=action_id)
            )

    @rule(blocks=st.integers(1, 6))
    def advance(self, blocks: int) -> None:
        self.world.advance(blocks)

    @invariant()
    def only_pending_actions_change(self) -> None:
        for action in state.ACTIONS.values(self.world.store):
            before = self.seen.get(action.id, PENDING)
            assert before in (PENDING, action.status)
            self.seen[action.id] = action.status

    @invariant()
    def approvals_decide(self) -> None:
        for action in state.ACTIONS.values(self.world.store):
            assert len(set(action.approvers)) == len(action.approvers)
            assert (action.status == COMPLETED) == (len(action.approvers) >= 2)
            if action.status == PENDING:
                assert self.world.height <= action.btl
            if action.status == TIMEOUT:
                assert self.world.height > action.btl

    @invariant()
    def every_end_is_told_and_executed_once(self) -> None:
        stored = {a.id: a.status for a in state.ACTIONS.values(self.world.store)}
        ended = {id_: status for id_, status in stored.items() if status != PENDING}
        assert self.final == ended
        parent = self.world.identity.workspace(self.world.ctx(), self.workspace)
        completed = [status for status in ended.values() if status == COMPLETED]
        assert len(parent.child_workspaces) == len(completed)

    @invariant()
    def indexes_agree(self) -> None:
        store = self.world.store
        pending = [each.id for each in state.ACTIONS.values(store) if each.status == PENDING]
        waiting = sorted(state.DEADLINES.overdue(store, 2**63))
        assert waiting == pending


TestActionLife = ActionLife.TestCase
TestActionLife.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
