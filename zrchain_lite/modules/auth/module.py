"""The auth module: queries of accounts and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zrchain_lite.genesis import message_from
from zrchain_lite.module import Context, Module, QueryHandler
from zrchain_lite.modules.auth.keeper import DEFAULT_PARAMS, AuthKeeper
from zrchain_lite.store.pagination import page_of_store
from zrchain_lite.tx import pack
from zrchain_lite.wire.cosmos.auth.v1beta1 import query_pb2 as q
from zrchain_lite.wire.cosmos.auth.v1beta1.auth_pb2 import BaseAccount, ModuleAccount, Params

SERVICE = "/cosmos.auth.v1beta1.Query"
REST = "/cosmos/auth/v1beta1"


class AuthModule(Module):
    """Genesis: {"params": {…}}."""

    name = "auth"

    def __init__(self, keeper: AuthKeeper) -> None:
        self._keeper = keeper

    def init_genesis(self, ctx: Context, genesis: Mapping[str, Any]) -> None:
        params = message_from(Params, genesis.get("params", {}), "auth.params")
        merged = Params()
        merged.CopyFrom(DEFAULT_PARAMS)
        merged.MergeFrom(params)
        self._keeper.set_params(ctx, merged)
        for address in sorted(self._keeper.module_accounts):
            self._keeper.ensure(ctx, address)

    def queries(self) -> tuple[QueryHandler, ...]:
        return (
            QueryHandler(
                f"{SERVICE}/Account",
                q.QueryAccountRequest,
                q.QueryAccountResponse,
                self._account,
                (f"{REST}/accounts/{{address}}",),
            ),
            QueryHandler(
                f"{SERVICE}/Accounts",
                q.QueryAccountsRequest,
                q.QueryAccountsResponse,
                self._accounts,
                (f"{REST}/accounts",),
            ),
            QueryHandler(
                f"{SERVICE}/AccountInfo",
                q.QueryAccountInfoRequest,
                q.QueryAccountInfoResponse,
                self._account_info,
                (f"{REST}/account_info/{{address}}",),
            ),
            QueryHandler(
                f"{SERVICE}/Params",
                q.QueryParamsRequest,
                q.QueryParamsResponse,
                self._params,
                (f"{REST}/params",),
            ),
        )

    def _account(self, ctx: Context, request: q.QueryAccountRequest) -> q.QueryAccountResponse:
        account = self._keeper.account(ctx, request.address)
        return q.QueryAccountResponse(account=pack(self._typed(account)))

    def _accounts(self, ctx: Context, request: q.QueryAccountsRequest) -> q.QueryAccountsResponse:
        pairs, page = page_of_store(ctx.store, self._keeper.accounts_prefix, request.pagination)
        accounts = [pack(self._typed(BaseAccount.FromString(raw))) for _, raw in pairs]
        return q.QueryAccountsResponse(accounts=accounts, pagination=page)

    def _account_info(
        self, ctx: Context, request: q.QueryAccountInfoRequest
    ) -> q.QueryAccountInfoResponse:
        return q.QueryAccountInfoResponse(info=self._keeper.account(ctx, request.address))

    def _params(self, ctx: Context, request: q.QueryParamsRequest) -> q.QueryParamsResponse:
        return q.QueryParamsResponse(params=self._keeper.params(ctx))

    def _typed(self, account: BaseAccount) -> BaseAccount | ModuleAccount:
        name = self._keeper.module_accounts.get(account.address)
        return account if name is None else ModuleAccount(base_account=account, name=name)
