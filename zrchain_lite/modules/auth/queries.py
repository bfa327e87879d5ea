"""The auth module's queries: accounts and parameters."""

from __future__ import annotations

from google.protobuf.any_pb2 import Any

from zrchain_lite.errors import InvalidArgument, NotFound
from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import AuthKeeper, check_address, module_address
from zrchain_lite.store.pagination import page_of_store
from zrchain_lite.tx import pack
from zrchain_lite.wire.cosmos.auth.v1beta1 import query_pb2 as q
from zrchain_lite.wire.cosmos.auth.v1beta1.auth_pb2 import BaseAccount, ModuleAccount
from zrsign_chains import cosmos

ADDRESS_BYTES = 20


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

    def module_accounts(
        self, ctx: Context, request: q.QueryModuleAccountsRequest
    ) -> q.QueryModuleAccountsResponse:
        """Every module's account, in the order of the names."""
        names = sorted(self._keeper.module_accounts.values())
        return q.QueryModuleAccountsResponse(accounts=[self._module(ctx, name) for name in names])

    def module_account_by_name(
        self, ctx: Context, request: q.QueryModuleAccountByNameRequest
    ) -> q.QueryModuleAccountByNameResponse:
        """A module's account by its name; raises NotFound."""
        if request.name not in self._keeper.module_accounts.values():
            raise NotFound(f"no module account {request.name[:80]!r}")
        return q.QueryModuleAccountByNameResponse(account=self._module(ctx, request.name))

    def bech32_prefix(self, ctx: Context, request: q.Bech32PrefixRequest) -> q.Bech32PrefixResponse:
        """The letters with which every account's address begins."""
        return q.Bech32PrefixResponse(bech32_prefix=cosmos.ACCOUNT_PREFIX)

    def address_bytes_to_string(
        self, ctx: Context, request: q.AddressBytesToStringRequest
    ) -> q.AddressBytesToStringResponse:
        """The text of an address of 20 bytes; raises InvalidArgument for other lengths."""
        if len(request.address_bytes) != ADDRESS_BYTES:
            raise InvalidArgument(
                f"an address has {ADDRESS_BYTES} bytes, not {len(request.address_bytes)}"
            )
        text = cosmos.encode(cosmos.ACCOUNT_PREFIX, request.address_bytes)
        return q.AddressBytesToStringResponse(address_string=text)

    def address_string_to_bytes(
        self, ctx: Context, request: q.AddressStringToBytesRequest
    ) -> q.AddressStringToBytesResponse:
        """The 20 bytes of an account's address; raises InvalidArgument."""
        check_address(request.address_string)
        _, payload = cosmos.decode(request.address_string)
        return q.AddressStringToBytesResponse(address_bytes=payload)

    def _module(self, ctx: Context, name: str) -> Any:
        return pack(self._typed(self._keeper.account(ctx, module_address(name))))

    def _typed(self, account: BaseAccount) -> BaseAccount | ModuleAccount:
        name = self._keeper.module_accounts.get(account.address)
        return account if name is None else ModuleAccount(base_account=account, name=name)
