"""The operators module: messages, queries and genesis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zrchain_lite import binding
from zrchain_lite.genesis import message_from
from zrchain_lite.module import Context, Module, MsgHandler, QueryHandler
from zrchain_lite.modules.identity.keeper import IdentityKeeper
from zrchain_lite.modules.operators import groups, roots, settings
from zrchain_lite.modules.operators.messages import OperatorsMessages
from zrchain_lite.modules.operators.queries import OperatorsQueries
from zrchain_lite.modules.treasury.keeper import TreasuryKeeper
from zrchain_lite.wire.zrsign.operators import operators_pb2
from zrchain_lite.wire.zrsign.operators.operators_pb2 import MsgSetGroup, MsgSetMeasurements


class OperatorsModule(Module):
    """Genesis: `groups` (JSON of MsgSetGroup) and `measurements` (JSON of MsgSetMeasurements), of
    keyrings that the identity module's part names; a creator is not looked at.
    """

    name = "operators"

    def __init__(self, identity: IdentityKeeper, treasury: TreasuryKeeper) -> None:
        self._identity = identity
        self._messages = OperatorsMessages(identity, treasury)
        self._queries = OperatorsQueries(identity, treasury)
        treasury.key_requests.created.append(roots.stamp)

    def messages(self) -> tuple[MsgHandler, ...]:
        return binding.messages(operators_pb2.DESCRIPTOR, self._messages)

    def queries(self) -> tuple[QueryHandler, ...]:
        return binding.queries(operators_pb2.DESCRIPTOR, self._queries)

    def init_genesis(self, ctx: Context, genesis: Mapping[str, Any]) -> None:
        for item in genesis.get("groups", ()):
            group = message_from(MsgSetGroup, item, "operators.groups")
            groups.set_group(ctx, self._identity.keyring(ctx, group.keyring), group)
        for item in genesis.get("measurements", ()):
            allowed = message_from(MsgSetMeasurements, item, "operators.measurements")
            keyring = self._identity.keyring(ctx, allowed.keyring)
            settings.set_measurements(ctx, keyring.address, allowed.measurements)
