"""The feegrant module's messages. Source: Cosmos SDK 0.50, x/feegrant."""

from __future__ import annotations

from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import check_address
from zrchain_lite.modules.feegrant.keeper import FeegrantKeeper
from zrchain_lite.wire.cosmos.feegrant.v1beta1 import tx_pb2 as wire
from zrchain_lite.wire.cosmos.feegrant.v1beta1.feegrant_pb2 import Grant

PRUNED = 75
"""How many expired allowances one message removes at most, as in the Cosmos SDK."""


class FeegrantMessages:
    """Handlers of MsgGrantAllowance, MsgRevokeAllowance and MsgPruneAllowances."""

    def __init__(self, keeper: FeegrantKeeper) -> None:
        self._keeper = keeper

    def grant_allowance(
        self, ctx: Context, msg: wire.MsgGrantAllowance
    ) -> wire.MsgGrantAllowanceResponse:
        """Pay another account's fees, within an allowance."""
        self._keeper.give(
            ctx, Grant(granter=msg.granter, grantee=msg.grantee, allowance=msg.allowance)
        )
        return wire.MsgGrantAllowanceResponse()

    def revoke_allowance(
        self, ctx: Context, msg: wire.MsgRevokeAllowance
    ) -> wire.MsgRevokeAllowanceResponse:
        """End an allowance that the signer gave."""
        check_address(msg.granter)
        check_address(msg.grantee)
        self._keeper.take_back(ctx, msg.granter, msg.grantee)
        return wire.MsgRevokeAllowanceResponse()

    def prune_allowances(
        self, ctx: Context, msg: wire.MsgPruneAllowances
    ) -> wire.MsgPruneAllowancesResponse:
        """Forget some of the allowances that have expired, whose ever they were."""
        self._keeper.prune(ctx, PRUNED)
        return wire.MsgPruneAllowancesResponse()
