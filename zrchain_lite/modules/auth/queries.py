"""The auth module's queries: accounts and parameters."""

from __future__ import annotations

from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import AuthKeeper
from zrchain_lite.store.pagination import page_of_store
from zrchain_lite.tx import pack
from zrchain_lite.wire.cosmos.auth.v1beta1 import query_pb2 as q
from zrchain_lite.wire.cosmos.auth.v1beta1.auth_pb2 import BaseAccount, ModuleAccount


class AuthQueries:
    """Answers from the last committed state."""

    def __init__(self, keeper: AuthKeeper) -> None:
        self._keeper = keeper

    def account(self, ctx: Context, request: q.QueryAccountRequest) -> q.QueryAccountResponse:
        """The account of an address, a module's account with its name; raises NotFound."""
        account = self._keeper.account(ctx, request.address)
        return q.QueryAccountResponse(account=pack(self._typed(account)))

    def accounts(self, ctx: Context, request: q.QueryAccountsRequest) -> q.QueryAccountsResponse:
        """One page of all accounts."""
        pairs, page = page_of_store(
            ctx.store,
            self._keeper.accounts_prefix,
            request.pagination,
            total=lambda: self._keeper.accounts_count(ctx),
        )
        accounts = [pack(self._typed(BaseAccount.FromString(raw))) for _, raw in pairs]
        return q.QueryAccountsResponse(accounts=accounts, pagination=page)

    def account_info(
        self, ctx: Context, request: q.QueryAccountInfoRequest
    ) -> q.QueryAccountInfoResponse:
        """The account of an address without its type; raises NotFound."""
        return q.QueryAccountInfoResponse(info=self._keeper.account(ctx, request.address))

    def params(self, ctx: Context, request: q.QueryParamsRequest) -> q.QueryParamsResponse:
        """The module's parameters."""
        return q.QueryParamsResponse(params=self._keeper.params(ctx))

    def _typed(self, account: BaseAccount) -> BaseAccount | ModuleAccount:
        name = self._keeper.module_accounts.get(account.address)
        return account if name is None else ModuleAccount(base_account=account, name=name)
