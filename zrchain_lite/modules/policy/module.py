"""The policy module: messages, queries, genesis, and the sweep of expired actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zrchain_lite import binding
from zrchain_lite.genesis import message_from
from zrchain_lite.module import Context, Module, MsgHandler, QueryHandler
from zrchain_lite.modules.identity.authority import Authority
from zrchain_lite.modules.policy import state, views
from zrchain_lite.modules.policy.keeper import PolicyKeeper
from zrchain_lite.modules.policy.messages import PolicyMessages, checked_params, unpack_boolparser
from zrchain_lite.modules.policy.queries import PolicyQueries
from zrchain_lite.store.views import View
from zrchain_lite.wire.zrchain.policy import policy_pb2
from zrchain_lite.wire.zrchain.policy.policy_pb2 import Params, Policy


class PolicyModule(Module):
    """Genesis: `params`, `authority`, and `policies` (JSON of Policy; ids by their order)."""

    name = "policy"

    def __init__(self, keeper: PolicyKeeper) -> None:
        self.keeper = keeper
        self._authority = Authority(self.name)
        self._messages = PolicyMessages(keeper, self._authority)
        self._queries = PolicyQueries(keeper)

    def messages(self) -> tuple[MsgHandler, ...]:
        return binding.messages(policy_pb2.DESCRIPTOR, self._messages)

    def queries(self) -> tuple[QueryHandler, ...]:
        return binding.queries(policy_pb2.DESCRIPTOR, self._queries)

    def views(self) -> tuple[View, ...]:
        return views.ALL

    def init_genesis(self, ctx: Context, genesis: Mapping[str, Any]) -> None:
        self._authority.init(ctx, genesis)
        if "params" in genesis:
            params = message_from(Params, genesis["params"], "policy.params")
            state.PARAMS.set(ctx.store, b"", checked_params(params))
        for item in genesis.get("policies", ()):
            policy = message_from(Policy, item, "policy.policies")
            boolparser = unpack_boolparser(policy.policy)
            self.keeper.create_policy(ctx, policy.creator, policy.name, boolparser, policy.btl)

    def begin_block(self, ctx: Context) -> None:
        self.keeper.sweep(ctx)
