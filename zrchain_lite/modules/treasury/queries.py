"""The treasury's queries, with their REST paths (today's and the older path-style ones)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.module import Context
from zrchain_lite.modules.identity.addresses import (
    normalise_owner,
    require_keyring,
    require_workspace,
)
from zrchain_lite.modules.treasury import state, views, wallets
from zrchain_lite.modules.treasury.keeper import TreasuryKeeper
from zrchain_lite.modules.treasury.responses import (
    key_request_response,
    key_response,
    sign_request_response,
    sign_transaction_response,
)
from zrchain_lite.store.pagination import Merged, Viewed, listed_page
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageResponse
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrsign_chains import LEDGER_WALLETS, WALLET_TYPES, cosmos
from zrsign_chains.errors import ChainError

_PREFIX = re.compile("[a-z]{1,20}")
MAX_PREFIXES = 10
MAX_ADDRESS = 128
# SLIP-44 coin types of keys that contracts asked for, and the wallet of each.
ZRSIGN_WALLETS = {
    str(asked.coin_type): number
    for asked in WALLET_TYPES
    for number, wallet in LEDGER_WALLETS.items()
    if (asked.network, asked.key_algorithm) == (wallet.network, wallet.key_algorithm)
}


class TreasuryQueries:
    """Answers from the last committed state."""

    def __init__(self, keeper: TreasuryKeeper) -> None:
        self._keeper = keeper

    def params(self, ctx: Context, _: wire.QueryParamsRequest) -> wire.QueryParamsResponse:
        """The module's parameters."""
        return wire.QueryParamsResponse(params=self._keeper.params(ctx))

    # Keys

    def keys(self, ctx: Context, request: wire.QueryKeysRequest) -> wire.QueryKeysResponse:
        """`wallet_type` implies a key type; without one every address of a key is listed."""
        workspace = request.workspace_addr and require_workspace(request.workspace_addr)
        if request.wallet_type and request.wallet_type not in wallets.KEY_TYPE_OF:
            return wire.QueryKeysResponse()
        key_type = wallets.KEY_TYPE_OF.get(request.wallet_type, 0)
        keys, pagination = listed_page(
            Viewed(views.KEYS, ctx.views, (workspace, int(key_type))),
            lambda id_: _with_wallets(
                self._keeper.key(ctx, id_), request.wallet_type, request.prefixes
            ),
            request.pagination,
        )
        return wire.QueryKeysResponse(keys=keys, pagination=pagination)

    def key_by_id(
        self, ctx: Context, request: wire.QueryKeyByIDRequest
    ) -> wire.QueryKeyByIDResponse:
        """A key by its id with its wallets' addresses; raises NotFound."""
        key = self._keeper.key(ctx, request.id)
        both = _with_wallets(key, request.wallet_type, request.prefixes)
        return wire.QueryKeyByIDResponse(key=both.key, wallets=both.wallets)

    def key_by_address(
        self, ctx: Context, request: wire.QueryKeyByAddressRequest
    ) -> wire.QueryKeyByAddressResponse:
        """The key with an address, or nothing. A Cosmos address may have any prefix."""
        for key_id in state.KEYS_BY_ADDRESS.ascending(ctx.store, (_indexed(request.address),)):
            key = self._keeper.key(ctx, key_id)
            if (
                request.keyring_addr in ("", key.keyring_addr)
                and request.key_type in (wire.KEY_TYPE_UNSPECIFIED, key.type)
                and _makes(key, request.wallet_type)
            ):
                found = _with_wallets(key, request.wallet_type, request.prefixes)
                return wire.QueryKeyByAddressResponse(response=found)
        return wire.QueryKeyByAddressResponse()

    def zr_sign_keys(
        self, ctx: Context, request: wire.QueryZrSignKeysRequest
    ) -> wire.QueryZrSignKeysResponse:
        """Keys that contracts asked for on behalf of `address`; `walletType` is a coin type."""
        if request.walletType and request.walletType not in ZRSIGN_WALLETS:
            known = ", ".join(ZRSIGN_WALLETS)
            raise InvalidArgument(
                f"walletType {request.walletType[:50]!r} is no coin type; known are {known}"
            )
        coin_types = {
            workspace.address: workspace.alias
            for workspace in self._keeper.identity.workspaces_of(ctx, request.address)
            if workspace.alias in ZRSIGN_WALLETS and request.walletType in ("", workspace.alias)
        }
        groups = [Viewed(views.KEYS, ctx.views, (address, 0)) for address in coin_types]
        selected, pagination = listed_page(
            Merged(tuple(groups)),
            lambda id_: _zr_sign_entry(self._keeper.key(ctx, id_), coin_types),
            request.pagination,
        )
        return wire.QueryZrSignKeysResponse(Keys=selected, pagination=pagination)

    def zenbtc_wallets(
        self, ctx: Context, request: wire.QueryZenbtcWalletsRequest
    ) -> wire.QueryZenbtcWalletsResponse:
        """Nothing: this ledger has no wrapped assets, and so no deposit keys."""
        return wire.QueryZenbtcWalletsResponse(pagination=PageResponse())

    def dct_wallets(
        self, ctx: Context, request: wire.QueryDctWalletsRequest
    ) -> wire.QueryDctWalletsResponse:
        """Nothing, as `zenbtc_wallets`."""
        return wire.QueryDctWalletsResponse(pagination=PageResponse())

    # Requests

    def key_requests(
        self, ctx: Context, request: wire.QueryKeyRequestsRequest
    ) -> wire.QueryKeyRequestsResponse:
        """One page of the key requests that fit every field which is set."""
        workspace = request.workspace_addr and require_workspace(request.workspace_addr)
        keyring = request.keyring_addr and require_keyring(request.keyring_addr)
        requests, pagination = listed_page(
            Viewed(views.KEY_REQUESTS, ctx.views, (workspace, keyring, request.status)),
            lambda id_: key_request_response(self._keeper.key_request(ctx, id_)),
            request.pagination,
        )
        return wire.QueryKeyRequestsResponse(key_requests=requests, pagination=pagination)

    def key_request_by_id(
        self, ctx: Context, request: wire.QueryKeyRequestByIDRequest
    ) -> wire.QueryKeyRequestByIDResponse:
        """A key request by its id; raises NotFound."""
        found = self._keeper.key_request(ctx, request.id)
        return wire.QueryKeyRequestByIDResponse(key_request=key_request_response(found))

    def signature_requests(
        self, ctx: Context, request: wire.QuerySignatureRequestsRequest
    ) -> wire.QuerySignatureRequestsResponse:
        """Parents and children alike; a keyring skips those with `child_req_ids`."""
        keyring = request.keyring_addr and require_keyring(request.keyring_addr)
        requests, pagination = listed_page(
            Viewed(views.SIGN_REQUESTS, ctx.views, (keyring, request.status)),
            lambda id_: sign_request_response(self._keeper.sign_request(ctx, id_)),
            request.pagination,
        )
        return wire.QuerySignatureRequestsResponse(sign_requests=requests, pagination=pagination)

    def signature_request_by_id(
        self, ctx: Context, request: wire.QuerySignatureRequestByIDRequest
    ) -> wire.QuerySignatureRequestByIDResponse:
        """A signature request by its id; raises NotFound."""
        found = self._keeper.sign_request(ctx, request.id)
        return wire.QuerySignatureRequestByIDResponse(sign_request=sign_request_response(found))

    def sign_transaction_requests(
        self, ctx: Context, request: wire.QuerySignTransactionRequestsRequest
    ) -> wire.QuerySignTransactionRequestsResponse:
        """`status` is the signature request's."""
        if request.request_id:
            return self._one_transaction(ctx, request)
        group = (request.key_id, request.wallet_type, request.status)
        requests, pagination = listed_page(
            Viewed(views.SIGN_TRANSACTIONS, ctx.views, group),
            lambda id_: self._both(ctx, id_),
            request.pagination,
        )
        return wire.QuerySignTransactionRequestsResponse(
            sign_transaction_requests=requests, pagination=pagination
        )

    def _one_transaction(
        self, ctx: Context, request: wire.QuerySignTransactionRequestsRequest
    ) -> wire.QuerySignTransactionRequestsResponse:
        answer = wire.QuerySignTransactionRequestsResponse()
        if state.SIGN_TRANSACTIONS.has(ctx.store, request.request_id):
            both = self._both(ctx, request.request_id)
            if _matches(both, request):
                answer.sign_transaction_requests.append(both)
                answer.pagination.total = 1
        return answer

    def sign_transaction_request_by_id(
        self, ctx: Context, request: wire.QuerySignTransactionRequestByIDRequest
    ) -> wire.QuerySignTransactionRequestByIDResponse:
        """A request to sign a transaction with its signature request; raises NotFound."""
        both = self._both(ctx, request.id)
        return wire.QuerySignTransactionRequestByIDResponse(
            sign_transaction_request=both.sign_transaction_requests, sign_request=both.sign_request
        )

    def _both(self, ctx: Context, request_id: int) -> wire.SignTransactionRequestsResponse:
        transaction = self._keeper.sign_transaction_request(ctx, request_id)
        sign_request = self._keeper.sign_request(ctx, transaction.sign_request_id)
        return wire.SignTransactionRequestsResponse(
            sign_transaction_requests=sign_transaction_response(transaction),
            sign_request=sign_request_response(sign_request),
        )


def _matches(
    both: wire.SignTransactionRequestsResponse, request: wire.QuerySignTransactionRequestsRequest
) -> bool:
    transaction = both.sign_transaction_requests
    wallet_type = wire.WalletType.Value(transaction.wallet_type)
    status = wire.SignRequestStatus.Value(both.sign_request.status)
    return (
        (not request.key_id or request.key_id in transaction.key_ids)
        and request.wallet_type in (wire.WALLET_TYPE_UNSPECIFIED, wallet_type)
        and request.status in (wire.SIGN_REQUEST_STATUS_UNSPECIFIED, status)
    )


def _makes(key: wire.Key, wallet_type: wire.WalletType) -> bool:
    return (
        wallet_type == wire.WALLET_TYPE_UNSPECIFIED
        or wallets.KEY_TYPE_OF.get(wallet_type) == key.type
    )


def _with_wallets(
    key: wire.Key, wallet_type: wire.WalletType, prefixes: Iterable[str]
) -> wire.KeyAndWalletResponse:
    names = [name for text in prefixes for name in text.split(",") if name]
    if len(names) > MAX_PREFIXES or not all(_PREFIX.fullmatch(name) for name in names):
        raise InvalidArgument(f"prefixes are at most {MAX_PREFIXES} lower-case words, as in zen")
    return wire.KeyAndWalletResponse(
        key=key_response(key), wallets=wallets.addresses(key, wallet_type, names)
    )


def _zr_sign_entry(key: wire.Key, coin_types: Mapping[str, str]) -> wire.ZrSignKeyEntry:
    coin_type = coin_types[key.workspace_addr]
    (wallet,) = wallets.addresses(key, ZRSIGN_WALLETS[coin_type])
    return wire.ZrSignKeyEntry(
        walletType=coin_type, address=wallet.address, index=key.index, id=key.id
    )


def _indexed(address: str) -> str:
    """The spelling under which a key's address is indexed."""
    address = address[:MAX_ADDRESS]
    if address[:2] == "0x":
        return normalise_owner(address)
    try:
        _, payload = cosmos.decode(address)
    except ChainError:
        return address
    return cosmos.encode("zen", payload) if len(payload) == 20 else address
