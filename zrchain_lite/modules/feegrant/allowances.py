"""The kinds of allowances, and what is left of one once a fee is paid from it.

Source: Cosmos SDK 0.50, x/feegrant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from zrchain_lite.errors import InvalidArgument, LedgerError
from zrchain_lite.module import Context
from zrchain_lite.modules.bank.keeper import as_coins, minus, parse_coins
from zrchain_lite.store.expiries import is_past
from zrchain_lite.tx import opened, pack
from zrchain_lite.wire.cosmos.feegrant.v1beta1.feegrant_pb2 import (
    AllowedMsgAllowance,
    BasicAllowance,
    PeriodicAllowance,
)

Allowance = BasicAllowance | PeriodicAllowance | AllowedMsgAllowance
KINDS: dict[str, type[Message]] = {
    "/" + kind.DESCRIPTOR.full_name: kind
    for kind in (BasicAllowance, PeriodicAllowance, AllowedMsgAllowance)
}
MAX_ALLOWED = 128
"""Types of messages that one allowance may list."""
MAX_TYPE_URL = 512
MAX_PERIOD_S = 100 * 365 * 24 * 3600
LOOK = 10
"""Gas for comparing a message's type with one of a list, as in the Cosmos SDK."""


class FeeLimit(LedgerError):
    """No allowance covers the fee; the codes are those of the Cosmos SDK's module."""

    codespace, code = "feegrant", 2


def unpacked(packed: Packed) -> Allowance:
    """The allowance inside an `Any`; raises InvalidArgument or TxRejected."""
    kind = opened(packed, KINDS, "allowance")
    assert isinstance(kind, Allowance)  # noqa: S101 - one of KINDS
    return kind


def expiration(packed: Packed) -> Timestamp | None:
    """When an allowance ends, None for never."""
    allowance = unpacked(packed)
    if isinstance(allowance, AllowedMsgAllowance):
        return expiration(allowance.allowance)
    basic = allowance.basic if isinstance(allowance, PeriodicAllowance) else allowance
    return basic.expiration if basic.HasField("expiration") else None


def check(packed: Packed) -> None:
    """Raises InvalidArgument for an allowance that cannot be given."""
    allowance = unpacked(packed)
    if isinstance(allowance, AllowedMsgAllowance):
        _check_allowed(allowance.allowed_messages)
        check(allowance.allowance)
        return
    basic = allowance.basic if isinstance(allowance, PeriodicAllowance) else allowance
    limit = parse_coins(basic.spend_limit) if basic.spend_limit else None
    if isinstance(allowance, PeriodicAllowance):
        each = parse_coins(allowance.period_spend_limit)
        if allowance.period_can_spend:
            parse_coins(allowance.period_can_spend)
        if limit is not None and not each.keys() <= limit.keys():
            raise InvalidArgument("period_spend_limit has coins that the whole limit has not")
        if not 0 < _seconds(allowance.period) <= MAX_PERIOD_S:
            raise FeeLimit(f"a period is above 0 and at most {MAX_PERIOD_S} seconds", code=4)


def _check_allowed(urls: Sequence[str]) -> None:
    if not 0 < len(urls) <= MAX_ALLOWED:
        raise FeeLimit(f"1 to {MAX_ALLOWED} messages are allowed, not {len(urls)}", code=6)
    if any(len(url) > MAX_TYPE_URL for url in urls):
        raise InvalidArgument(f"a type URL has at most {MAX_TYPE_URL} characters")


def after(
    ctx: Context, packed: Packed, fee: Mapping[str, int], type_urls: Sequence[str]
) -> Packed | None:
    """What is left of an allowance from which `fee` is paid for messages of these types.

    None where nothing is left; raises FeeLimit where the allowance does not cover it.
    """
    allowance = unpacked(packed)
    if isinstance(allowance, AllowedMsgAllowance):
        ctx.charge(LOOK * len(allowance.allowed_messages) * len(type_urls))
        refused = sorted(set(type_urls) - set(allowance.allowed_messages))
        if refused:
            raise FeeLimit(f"{refused[0]} is not among the allowed messages", code=7)
        left = after(ctx, allowance.allowance, fee, type_urls)
        if left is None:
            return None
        allowance.allowance.CopyFrom(left)
        return pack(allowance)
    basic = allowance.basic if isinstance(allowance, PeriodicAllowance) else allowance
    if basic.HasField("expiration") and is_past(basic.expiration, ctx.time_ms):
        raise FeeLimit("the fee allowance has expired", code=3)
    if isinstance(allowance, PeriodicAllowance):
        _begin_period(allowance, ctx.time_ms)
        allowance_left = _spent(allowance.period_can_spend, fee, "the period's")
        _replace(allowance.period_can_spend, allowance_left)
    if basic.spend_limit:
        _replace(basic.spend_limit, _spent(basic.spend_limit, fee, "the whole"))
        if not basic.spend_limit:
            return None
    return pack(allowance)


def _spent(limit: Sequence[object], fee: Mapping[str, int], whose: str) -> dict[str, int]:
    left = minus(parse_coins(limit) if limit else {}, fee)  # type: ignore[arg-type]
    if left is None:
        raise FeeLimit(f"the fee is above {whose} limit of the allowance")
    return left


def _begin_period(allowance: PeriodicAllowance, time_ms: int) -> None:
    """Where the period is over, may the limit be spent again, or what is left of the whole."""
    if _milliseconds(allowance.period_reset) > time_ms:
        return
    each = parse_coins(allowance.period_spend_limit)
    whole = allowance.basic.spend_limit
    short = bool(whole) and minus(parse_coins(whole), each) is None
    _replace(allowance.period_can_spend, parse_coins(whole) if short else each)
    period_ms = int(_seconds(allowance.period) * 1000)
    following = _milliseconds(allowance.period_reset) + period_ms
    allowance.period_reset.FromMilliseconds(
        following if following >= time_ms else time_ms + period_ms
    )


def _replace(coins: object, amounts: Mapping[str, int]) -> None:
    del coins[:]  # type: ignore[attr-defined]
    coins.extend(as_coins(amounts))  # type: ignore[attr-defined]


def _seconds(period: Duration) -> float:
    return period.seconds + period.nanos / 1e9


def _milliseconds(moment: Timestamp) -> int:
    return moment.seconds * 1000 + moment.nanos // 1_000_000
