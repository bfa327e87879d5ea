"""The identity module: messages, queries and genesis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zrchain_lite import binding
from zrchain_lite.genesis import message_from
from zrchain_lite.module import Context, Module, MsgHandler, QueryHandler
from zrchain_lite.modules.identity import state
from zrchain_lite.modules.identity.authority import Authority
from zrchain_lite.modules.identity.keeper import IdentityKeeper
from zrchain_lite.modules.identity.keyring_messages import KeyringMessages, checked_params
from zrchain_lite.modules.identity.peers import Policies
from zrchain_lite.modules.identity.queries import IdentityQueries
from zrchain_lite.modules.identity.workspace_messages import WorkspaceMessages
from zrchain_lite.wire.zrchain.identity import identity_pb2 as wire


class IdentityModule(Module):
    """Genesis: `params`, `authority`, `workspaces` and `keyrings` (JSON of their messages).

    A workspace or keyring without an address gets the next one.
    """

    name = "identity"

    def __init__(self, keeper: IdentityKeeper, policy: Policies) -> None:
        self.keeper = keeper
        self._authority = Authority(self.name)
        self._workspaces = WorkspaceMessages(keeper, policy)
        self._keyrings = KeyringMessages(keeper, self._authority)
        self._queries = IdentityQueries(keeper)

    def messages(self) -> tuple[MsgHandler, ...]:
        return binding.messages(wire.DESCRIPTOR, self._workspaces, self._keyrings)

    def queries(self) -> tuple[QueryHandler, ...]:
        return binding.queries(wire.DESCRIPTOR, self._queries)

    def init_genesis(self, ctx: Context, genesis: Mapping[str, Any]) -> None:
        self._authority.init(ctx, genesis)
        if "params" in genesis:
            params = message_from(wire.Params, genesis["params"], "identity.params")
            state.PARAMS.set(ctx.store, b"", checked_params(params))
        for item in genesis.get("workspaces", ()):
            self.keeper.import_workspace(
                ctx, message_from(wire.Workspace, item, "identity.workspaces")
            )
        for item in genesis.get("keyrings", ()):
            self.keeper.import_keyring(ctx, message_from(wire.Keyring, item, "identity.keyrings"))
