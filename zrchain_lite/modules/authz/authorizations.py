"""The kinds of grants, and whether a message is within one.

Source: Cosmos SDK 0.50, x/authz and x/bank.
"""

from __future__ import annotations

from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import Message

from zrchain_lite.errors import InsufficientFunds, InvalidArgument, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import check_address
from zrchain_lite.modules.bank.keeper import as_coins, minus, parse_coins
from zrchain_lite.tx import opened, pack
from zrchain_lite.wire.cosmos.authz.v1beta1.authz_pb2 import GenericAuthorization
from zrchain_lite.wire.cosmos.bank.v1beta1.authz_pb2 import SendAuthorization
from zrchain_lite.wire.cosmos.bank.v1beta1.tx_pb2 import MsgSend

KINDS: dict[str, type[Message]] = {
    "/" + kind.DESCRIPTOR.full_name: kind for kind in (GenericAuthorization, SendAuthorization)
}
SEND = "/" + MsgSend.DESCRIPTOR.full_name
MAX_ALLOWED = 128
"""Recipients that one grant may list."""
LOOK = 10
"""Gas for comparing with one entry of a list, as in the Cosmos SDK."""


def unpacked(packed: Packed) -> GenericAuthorization | SendAuthorization:
    """The authorisation inside an `Any`; raises InvalidArgument or TxRejected."""
    kind = opened(packed, KINDS, "authorization")
    assert isinstance(kind, (GenericAuthorization, SendAuthorization))  # noqa: S101 - one of KINDS
    return kind


def message_type(packed: Packed) -> str:
    """The type URL of the messages that an authorisation is for, once it is checked.

    Raises InvalidArgument or TxRejected.
    """
    authorization = unpacked(packed)
    if isinstance(authorization, GenericAuthorization):
        return authorization.msg
    parse_coins(authorization.spend_limit)
    allowed = list(authorization.allow_list)
    if len(allowed) > MAX_ALLOWED:
        raise InvalidArgument(f"a grant lists at most {MAX_ALLOWED} recipients, not {len(allowed)}")
    if len(set(allowed)) != len(allowed):
        raise InvalidArgument("allow_list names a recipient twice", code=36, codespace="sdk")
    for address in allowed:
        check_address(address)
    return SEND


def after(ctx: Context, packed: Packed, message: Message) -> Packed | None:
    """What is left of an authorisation once `message` has been executed, None for nothing.

    Raises Unauthorized, InsufficientFunds or InvalidArgument when it does not cover the message.
    """
    authorization = unpacked(packed)
    if isinstance(authorization, GenericAuthorization):
        return packed
    if not isinstance(message, MsgSend):
        raise InvalidArgument(f"a SendAuthorization is for {SEND}", code=29, codespace="sdk")
    left = minus(parse_coins(authorization.spend_limit), parse_coins(message.amount))
    if left is None:
        raise InsufficientFunds("requested amount is more than spend limit")
    ctx.charge(LOOK * len(authorization.allow_list))
    if authorization.allow_list and message.to_address not in authorization.allow_list:
        raise Unauthorized(f"cannot send to {message.to_address}: the grant does not list it")
    if not left:
        return None
    return pack(SendAuthorization(spend_limit=as_coins(left), allow_list=authorization.allow_list))
