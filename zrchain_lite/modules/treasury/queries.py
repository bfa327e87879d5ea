"""The treasury's queries, with their REST paths (today's and the older path-style ones)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.module import Context
from zrchain_lite.modules.identity.addresses import (
    normalise_owner,
    require_keyring,
    require_workspace,
)
from zrchain_lite.modules.treasury import state, wallets
from zrchain_lite.modules.treasury.keeper import TreasuryKeeper
from zrchain_lite.modules.treasury.responses import (
    key_request_response,
    key_response,
    sign_request_response,
    sign_transaction_response,
)
from zrchain_lite.store.collections import Index
from zrchain_lite.store.kv import KVStore
from zrchain_lite.store.pagination import loaded, page
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageResponse
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrsign_chains import WALLET_TYPES, chain_for, cosmos
from zrsign_chains.errors import ChainError

_STATUSES = (1, 2, 3, 4)
_PREFIX = re.compile("[a-z]{1,20}")
MAX_PREFIXES = 10
MAX_ADDRESS = 128
# SLIP-44 coin types of keys that contracts asked for, and the wallet of each.
ZRSIGN_WALLETS = {
    str(each.coin_type): chain_for(each.network).ledger_wallet.number for each in WALLET_TYPES
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
        ids: Sequence[int] = range(1, state.KEY_REQUEST_COUNT.current(ctx.store) + 1)
        if request.workspace_addr:
            group = (require_workspace(request.workspace_addr),)
            ids = state.KEYS_BY_WORKSPACE.members(ctx.store, group)
        found = (
            (position, _with_wallets(key, request.wallet_type, request.prefixes))
            for position, key in loaded(
                ids, lambda id_: state.KEYS.get(ctx.store, id_), request.pagination
            )
            if key is not None and _makes(key, request.wallet_type)
        )
        keys, pagination = page(found, request.pagination)
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
        for key_id in state.KEYS_BY_ADDRESS.members(ctx.store, (_indexed(request.address),)):
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
        entries: list[wire.ZrSignKeyEntry] = []
        for workspace in self._keeper.identity.workspaces_of(ctx, request.address):
            coin_type = workspace.alias
            if coin_type in ZRSIGN_WALLETS and request.walletType in ("", coin_type):
                keys = self._keeper.keys_in(ctx, workspace.address)
                entries.extend(_zr_sign_entry(key, coin_type) for key in keys)
        entries.sort(key=lambda entry: entry.id, reverse=request.pagination.reverse)
        found = ((entry.id.to_bytes(8, "big"), entry) for entry in entries)
        selected, pagination = page(found, request.pagination)
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
        found = (
            (position, key_request_response(item))
            for position, item in loaded(
                _key_request_ids(ctx.store, request),
                lambda id_: self._keeper.key_request(ctx, id_),
                request.pagination,
            )
            if request.workspace_addr in ("", item.workspace_addr)
            and request.keyring_addr in ("", item.keyring_addr)
            and request.status in (0, item.status)
        )
        requests, pagination = page(found, request.pagination)
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
        found = (
            (position, sign_request_response(item))
            for position, item in loaded(
                _sign_request_ids(ctx.store, request),
                lambda id_: self._keeper.sign_request(ctx, id_),
                request.pagination,
            )
            if request.status in (0, item.status)
        )
        requests, pagination = page(found, request.pagination)
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
        found = (
            (position, both)
            for position, both in loaded(
                _sign_transaction_ids(ctx.store, request),
                lambda id_: self._both(ctx, id_),
                request.pagination,
            )
            if _matches(both, request)
        )
        requests, pagination = page(found, request.pagination)
        return wire.QuerySignTransactionRequestsResponse(
            sign_transaction_requests=requests, pagination=pagination
        )

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


def _key_request_ids(store: KVStore, request: wire.QueryKeyRequestsRequest) -> Sequence[int]:
    """Candidates from the narrowest index."""
    if request.keyring_addr and request.status:
        require_keyring(request.keyring_addr)
        return _by_status(store, state.KEY_REQUESTS_BY_STATUS, request.keyring_addr, request.status)
    if request.workspace_addr:
        group = (require_workspace(request.workspace_addr),)
        return state.KEY_REQUESTS_BY_WORKSPACE.members(store, group)
    if request.keyring_addr:
        keyring = require_keyring(request.keyring_addr)
        return _by_status(store, state.KEY_REQUESTS_BY_STATUS, keyring, 0)
    return range(1, state.KEY_REQUEST_COUNT.current(store) + 1)


def _sign_request_ids(store: KVStore, request: wire.QuerySignatureRequestsRequest) -> Sequence[int]:
    if request.keyring_addr:
        keyring = require_keyring(request.keyring_addr)
        return _by_status(store, state.SIGN_REQUESTS_BY_STATUS, keyring, request.status)
    return range(1, state.SIGN_REQUEST_COUNT.current(store) + 1)


def _sign_transaction_ids(
    store: KVStore, request: wire.QuerySignTransactionRequestsRequest
) -> Sequence[int]:
    if request.request_id:
        known = state.SIGN_TRANSACTIONS.has(store, request.request_id)
        return [request.request_id] if known else []
    if request.key_id:
        return state.SIGN_TRANSACTIONS_BY_KEY.members(store, (request.key_id,))
    if request.wallet_type:
        if request.wallet_type not in wallets.KEY_TYPE_OF:
            return []
        return _by_status(
            store, state.SIGN_TRANSACTIONS_BY_STATUS, request.wallet_type, request.status
        )
    return range(1, state.SIGN_TRANSACTION_COUNT.current(store) + 1)


def _by_status(store: KVStore, index: Index, group: str | int, status: int) -> list[int]:
    statuses = [each for each in _STATUSES if status in (0, each)]
    return sorted(id_ for each in statuses for id_ in index.members(store, (group, each)))


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


def _zr_sign_entry(key: wire.Key, coin_type: str) -> wire.ZrSignKeyEntry:
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
