"""The identity module: messages, queries and genesis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.genesis import message_from
from zrchain_lite.module import Context, Module, MsgHandler, QueryHandler
from zrchain_lite.modules.identity import state
from zrchain_lite.modules.identity.authority import Authority
from zrchain_lite.modules.identity.keeper import IdentityKeeper
from zrchain_lite.modules.identity.keyring_messages import MAX_FEE, KeyringMessages
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
        self._keyrings = KeyringMessages(keeper)
        self._queries = IdentityQueries(keeper)

    def messages(self) -> tuple[MsgHandler, ...]:
        update_params = MsgHandler(wire.MsgUpdateParams, self.update_params, signer="authority")
        return (*self._workspaces.handlers(), *self._keyrings.handlers(), update_params)

    def queries(self) -> tuple[QueryHandler, ...]:
        return self._queries.handlers()

    def update_params(
        self, ctx: Context, msg: wire.MsgUpdateParams
    ) -> wire.MsgUpdateParamsResponse:
        self._authority.require(ctx, msg.authority)
        self._set_params(ctx, msg.params)
        return wire.MsgUpdateParamsResponse()

    def init_genesis(self, ctx: Context, genesis: Mapping[str, Any]) -> None:
        self._authority.init(ctx, genesis)
        if "params" in genesis:
            self._set_params(ctx, message_from(wire.Params, genesis["params"], "identity.params"))
        for item in genesis.get("workspaces", ()):
            self.keeper.import_workspace(
                ctx, message_from(wire.Workspace, item, "identity.workspaces")
            )
        for item in genesis.get("keyrings", ()):
            self.keeper.import_keyring(ctx, message_from(wire.Keyring, item, "identity.keyrings"))

    def _set_params(self, ctx: Context, params: wire.Params) -> None:
        if params.keyring_creation_fee > MAX_FEE:
            raise InvalidArgument(f"keyring_creation_fee is at most {MAX_FEE} urock")
        state.PARAMS.set(ctx.store, b"", params)
