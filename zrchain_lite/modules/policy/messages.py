"""The policy module's messages."""

from __future__ import annotations

from google.protobuf import any_pb2
from google.protobuf.message import DecodeError

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.module import Context
from zrchain_lite.modules.identity.authority import Authority
from zrchain_lite.modules.policy import state
from zrchain_lite.modules.policy.deadlines import require_blocks
from zrchain_lite.modules.policy.keeper import PolicyKeeper
from zrchain_lite.wire.zrchain.policy import policy_pb2 as wire

MAX_NAME = 255
MAX_TYPE_URL = 512


class PolicyMessages:
    """Handlers of NewPolicy, ApproveAction, RevokeAction and UpdateParams."""

    def __init__(self, keeper: PolicyKeeper, authority: Authority) -> None:
        self._keeper = keeper
        self._authority = authority

    def new_policy(self, ctx: Context, msg: wire.MsgNewPolicy) -> wire.MsgNewPolicyResponse:
        """Store a policy, whose id the answer names."""
        if len(msg.name) > MAX_NAME:
            raise InvalidArgument(
                f"a policy's name has at most {MAX_NAME} characters, not {len(msg.name)}"
            )
        policy = unpack_boolparser(msg.policy)
        stored = self._keeper.create_policy(ctx, msg.creator, msg.name, policy, msg.btl)
        return wire.MsgNewPolicyResponse(id=stored.id)

    def approve_action(
        self, ctx: Context, msg: wire.MsgApproveAction
    ) -> wire.MsgApproveActionResponse:
        """Count the signer's approval, and execute the action if it was the last one needed."""
        if msg.additional_signatures:
            raise InvalidArgument("passkey signatures are not supported yet; leave them out")
        action = self._keeper.action(ctx, msg.action_id)
        if len(msg.action_type) > MAX_TYPE_URL or msg.action_type not in ("", action.msg.type_url):
            raise InvalidArgument(
                f"action {msg.action_id} is a {action.msg.type_url}, "
                f"not a {msg.action_type[:MAX_TYPE_URL]!r}"
            )
        action = self._keeper.approve(ctx, msg.action_id, msg.creator)
        return wire.MsgApproveActionResponse(status=wire.ActionStatus.Name(action.status))

    def revoke_action(
        self, ctx: Context, msg: wire.MsgRevokeAction
    ) -> wire.MsgRevokeActionResponse:
        """End an action that the signer began."""
        self._keeper.revoke(ctx, msg.action_id, msg.creator)
        return wire.MsgRevokeActionResponse()

    def update_params(
        self, ctx: Context, msg: wire.MsgUpdateParams
    ) -> wire.MsgUpdateParamsResponse:
        """Replace the module's parameters; only its authority may."""
        self._authority.require(ctx, msg.authority)
        state.PARAMS.set(ctx.store, b"", checked_params(msg.params))
        return wire.MsgUpdateParamsResponse()


def unpack_boolparser(packed: any_pb2.Any) -> wire.BoolparserPolicy:
    """The policy inside an `Any`; raises InvalidArgument for other kinds and bad bytes."""
    policy = wire.BoolparserPolicy()
    try:
        known = packed.Unpack(policy)
    except DecodeError as error:
        raise InvalidArgument(f"the policy does not decode: {error}") from None
    if not known:
        raise InvalidArgument(
            f"{packed.type_url[:MAX_TYPE_URL]!r} is no kind of policy; "
            "use /zrchain.policy.BoolparserPolicy"
        )
    return policy


def checked_params(params: wire.Params) -> wire.Params:
    """The parameters; raises InvalidArgument when actions could not wait so long."""
    require_blocks(params.minimum_btl, "minimum_btl")
    require_blocks(params.default_btl, "default_btl")
    if params.default_btl < max(params.minimum_btl, 1):
        raise InvalidArgument(
            f"default_btl {params.default_btl} is below 1 or minimum_btl {params.minimum_btl}"
        )
    return params
