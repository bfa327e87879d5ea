"""State of allowances: one for each granter and grantee."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from zrchain_lite.errors import InvalidArgument, NotFound
from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import AuthKeeper, check_address
from zrchain_lite.modules.feegrant import allowances
from zrchain_lite.modules.feegrant.allowances import FeeLimit
from zrchain_lite.store.collections import StoredMap, encode_key
from zrchain_lite.store.expiries import PAGE, Expiries, is_past
from zrchain_lite.store.views import Read, Row, View
from zrchain_lite.wire.cosmos.feegrant.v1beta1.feegrant_pb2 import Grant

ALLOWANCES = StoredMap("feegrant/allowance", Grant)
"""Allowances by grantee, then by granter."""
_expiries = Expiries("feegrant/expiry")


def _granters(read: Read, key: bytes, value: bytes) -> Iterable[Row]:
    yield Grant.FromString(value).granter, key


BY_GRANTER = View("feegrant/granter", ALLOWANCES.prefix, _granters)
"""The keys of the allowances that an account has given."""


class FeegrantKeeper:
    """Gives, uses and takes back allowances."""

    def __init__(self, auth: AuthKeeper) -> None:
        self._auth = auth

    def give(self, ctx: Context, grant: Grant) -> None:
        """Store an allowance; the grantee gets an account. Raises InvalidArgument or FeeLimit."""
        check_address(grant.granter)
        check_address(grant.grantee)
        if grant.granter == grant.grantee:
            raise InvalidArgument("cannot self-grant fee authorization", code=7, codespace="sdk")
        if ALLOWANCES.has(ctx.store, _key(grant.granter, grant.grantee)):
            raise InvalidArgument("fee allowance already exists", code=18, codespace="sdk")
        allowances.check(grant.allowance)
        end = allowances.expiration(grant.allowance)
        if end is not None and is_past(end, ctx.time_ms):
            raise InvalidArgument(
                "expiration is before current block time", code=18, codespace="sdk"
            )
        self._auth.ensure(ctx, grant.grantee)
        ALLOWANCES.set(ctx.store, _key(grant.granter, grant.grantee), grant)
        if end is not None:
            _expiries.add(ctx.store, end, _key(grant.granter, grant.grantee))
        self._tell(ctx, "set_feegrant", grant.granter, grant.grantee)

    def use(
        self,
        ctx: Context,
        granter: str,
        grantee: str,
        fee: Mapping[str, int],
        type_urls: Sequence[str],
    ) -> None:
        """Count a fee that `granter` pays for messages of `grantee`; raises FeeLimit."""
        key = _key(granter, grantee)
        grant = ALLOWANCES.get(ctx.store, key)
        if grant is None:
            raise FeeLimit(f"{granter} does not allow to pay fees for {grantee}", code=5)
        left = allowances.after(ctx, grant.allowance, fee, type_urls)
        self._tell(ctx, "use_feegrant", granter, grantee)
        if left is None:
            self.take_back(ctx, granter, grantee)
        elif left != grant.allowance:
            grant.allowance.CopyFrom(left)
            ALLOWANCES.set(ctx.store, key, grant)

    def take_back(self, ctx: Context, granter: str, grantee: str) -> None:
        """End an allowance; raises NotFound."""
        key = _key(granter, grantee)
        grant = ALLOWANCES.get(ctx.store, key)
        if grant is None:
            raise NotFound(f"{granter} has given {grantee} no allowance", code=38, codespace="sdk")
        end = allowances.expiration(grant.allowance)
        if end is not None:
            _expiries.remove(ctx.store, end, key)
        ALLOWANCES.delete(ctx.store, key)
        self._tell(ctx, "revoke_feegrant", granter, grantee)

    def prune(self, ctx: Context, most: int = PAGE) -> None:
        """Forget at most `most` of the allowances that have expired."""
        for key in _expiries.sweep(ctx.store, ctx.time_ms, most):
            ALLOWANCES.delete(ctx.store, key)

    @staticmethod
    def _tell(ctx: Context, event: str, granter: str, grantee: str) -> None:
        ctx.emit(event, granter=granter, grantee=grantee)


def _key(granter: str, grantee: str) -> bytes:
    return encode_key((grantee, granter))
