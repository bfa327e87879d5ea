"""State of grants: one for each granter, grantee and type of message."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.message import Message

from zrchain_lite.errors import LedgerError, NotFound, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import AuthKeeper, check_address
from zrchain_lite.modules.authz import authorizations
from zrchain_lite.store.collections import StoredMap, encode_key
from zrchain_lite.store.expiries import Expiries, is_past
from zrchain_lite.store.views import Read, Row, View
from zrchain_lite.wire.cosmos.authz.v1beta1.authz_pb2 import GrantAuthorization

GRANTS = StoredMap("authz/grant", GrantAuthorization)
_expiries = Expiries("authz/expiry")


def _grantees(read: Read, key: bytes, value: bytes) -> Iterable[Row]:
    yield GrantAuthorization.FromString(value).grantee, key


BY_GRANTEE = View("authz/grantee", GRANTS.prefix, _grantees)
"""The keys of the grants that an account has been given."""


class AuthzError(LedgerError):
    """A grant that cannot be made; the codes are those of the Cosmos SDK's module."""

    codespace, code = "authz", 3


class AuthzKeeper:
    """Gives, uses and takes back grants."""

    def __init__(self, auth: AuthKeeper) -> None:
        self._auth = auth

    def give(self, ctx: Context, grant: GrantAuthorization) -> None:
        """Store a grant in place of an older one for the same messages.

        Raises AuthzError or InvalidArgument for what no grant may be. The grantee gets an account.
        """
        check_address(grant.granter)
        check_address(grant.grantee)
        if grant.granter == grant.grantee:
            raise AuthzError("grantee and granter are the same", code=7)
        type_url = authorizations.message_type(grant.authorization)
        if grant.HasField("expiration") and is_past(grant.expiration, ctx.time_ms + 1):
            raise AuthzError("expiration must be after the current block time")
        self._auth.ensure(ctx, grant.grantee)
        self._forget_expiry(ctx, _key(grant.granter, grant.grantee, type_url))
        self._store(ctx, type_url, grant)

    def use(
        self, ctx: Context, granter: str, grantee: str, type_url: str, message: Message
    ) -> None:
        """Count a message that `grantee` executes in the granter's name.

        Raises Unauthorized, AuthzError or InsufficientFunds where no grant covers it.
        """
        grant = GRANTS.get(ctx.store, (granter, grantee, type_url))
        if grant is None:
            raise Unauthorized(
                f"{granter} has not granted {type_url} to {grantee}", code=2, codespace="authz"
            )
        if grant.HasField("expiration") and is_past(grant.expiration, ctx.time_ms):
            raise AuthzError(f"{granter}'s grant of {type_url} has expired", code=6)
        left = authorizations.after(ctx, grant.authorization, message)
        if left is None:
            self.take_back(ctx, granter, grantee, type_url)
        elif left != grant.authorization:
            grant.authorization.CopyFrom(left)
            GRANTS.set(ctx.store, (granter, grantee, type_url), grant)

    def take_back(self, ctx: Context, granter: str, grantee: str, type_url: str) -> None:
        """End a grant; raises NotFound."""
        key = _key(granter, grantee, type_url)
        if not self._forget_expiry(ctx, key):
            raise NotFound(
                f"{granter} has not granted {type_url[:200]!r} to {grantee}",
                code=38,
                codespace="sdk",
            )
        GRANTS.delete(ctx.store, key)
        ctx.emit(
            "cosmos.authz.v1beta1.EventRevoke",
            msg_type_url=f'"{type_url}"',
            granter=f'"{granter}"',
            grantee=f'"{grantee}"',
        )

    def prune(self, ctx: Context) -> None:
        """Forget a page of the grants that have expired."""
        for key in _expiries.sweep(ctx.store, ctx.time_ms):
            GRANTS.delete(ctx.store, key)

    def _store(self, ctx: Context, type_url: str, grant: GrantAuthorization) -> None:
        key = _key(grant.granter, grant.grantee, type_url)
        GRANTS.set(ctx.store, key, grant)
        if grant.HasField("expiration"):
            _expiries.add(ctx.store, grant.expiration, key)
        ctx.emit(
            "cosmos.authz.v1beta1.EventGrant",
            msg_type_url=f'"{type_url}"',
            granter=f'"{grant.granter}"',
            grantee=f'"{grant.grantee}"',
        )

    def _forget_expiry(self, ctx: Context, key: bytes) -> bool:
        """Whether there is a grant under a key, of whose end nothing is known afterwards."""
        grant = GRANTS.get(ctx.store, key)
        if grant is not None and grant.HasField("expiration"):
            _expiries.remove(ctx.store, grant.expiration, key)
        return grant is not None


def _key(granter: str, grantee: str, type_url: str) -> bytes:
    return encode_key((granter, grantee, type_url))
