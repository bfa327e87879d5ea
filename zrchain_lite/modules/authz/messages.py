"""The authz module's messages. Source: Cosmos SDK 0.50, x/authz."""

from __future__ import annotations

from dataclasses import replace

from google.protobuf.any_pb2 import Any as Packed

from zrchain_lite import gas
from zrchain_lite.errors import InvalidArgument
from zrchain_lite.module import Context, Event
from zrchain_lite.modules.auth.keeper import check_address
from zrchain_lite.modules.authz import authorizations
from zrchain_lite.modules.authz.keeper import AuthzKeeper
from zrchain_lite.tx import MAX_MESSAGES, parse
from zrchain_lite.wire.cosmos.authz.v1beta1 import tx_pb2 as wire
from zrchain_lite.wire.cosmos.authz.v1beta1.authz_pb2 import GrantAuthorization


class AuthzMessages:
    """Handlers of MsgGrant, MsgExec and MsgRevoke."""

    def __init__(self, keeper: AuthzKeeper) -> None:
        self._keeper = keeper

    def grant(self, ctx: Context, msg: wire.MsgGrant) -> wire.MsgGrantResponse:
        """Let another account execute messages of one type in the signer's name."""
        ctx.route(authorizations.message_type(msg.grant.authorization))
        grant = GrantAuthorization(
            granter=msg.granter, grantee=msg.grantee, authorization=msg.grant.authorization
        )
        if msg.grant.HasField("expiration"):
            grant.expiration.CopyFrom(msg.grant.expiration)
        self._keeper.give(ctx, grant)
        return wire.MsgGrantResponse()

    def exec(self, ctx: Context, msg: wire.MsgExec) -> wire.MsgExecResponse:
        """Execute messages in the names of those who must sign them, all of them or none.

        A message of the signer's own needs no grant. One that holds others may be among them, and
        each of those needs its own; an `Any` is nested eight levels deep at most.
        """
        check_address(msg.grantee)
        if not 0 < len(msg.msgs) <= MAX_MESSAGES:
            raise InvalidArgument(f"1 to {MAX_MESSAGES} messages are executed, not {len(msg.msgs)}")
        results = [self._run(ctx, msg.grantee, *each) for each in enumerate(msg.msgs)]
        return wire.MsgExecResponse(results=results)

    def revoke(self, ctx: Context, msg: wire.MsgRevoke) -> wire.MsgRevokeResponse:
        """End a grant that the signer gave."""
        check_address(msg.granter)
        check_address(msg.grantee)
        self._keeper.take_back(ctx, msg.granter, msg.grantee, msg.msg_type_url)
        return wire.MsgRevokeResponse()

    def _run(self, ctx: Context, grantee: str, index: int, packed: Packed) -> bytes:
        ctx.charge(gas.MESSAGE)
        handler = ctx.route(packed.type_url)
        message = parse(handler.message, packed.value, packed.type_url)
        granter = handler.signed_by(message)
        if granter != grantee:
            self._keeper.use(ctx, granter, grantee, handler.type_url, message)
        scope = replace(ctx, events=[])
        response = handler.handle(scope, message)
        place = ("authz_msg_index", str(index))
        ctx.events += [Event(each.type, (*each.attributes, place)) for each in scope.events]
        return response.SerializeToString(deterministic=True)
