"""The ledger as the proxy uses it: keys to watch, payments to compose, transactions under way."""

from __future__ import annotations

from collections.abc import AsyncIterator

from zrchain_lite.client import LedgerClient
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_btc_proxy.settings import REGTEST

RECEIVER = "/zrsign.receiver.Query/"
NAMESPACE = "bip122"
MAX_REASON = 240
PAGE = 100
WALLET_TYPES = {
    "bip122:000000000019d6689c085ae165831e93": treasury.WALLET_TYPE_BTC_MAINNET,
    REGTEST: treasury.WALLET_TYPE_BTC_REGNET,
}
# Statuses in which a request's transaction may still land.
UNDER_WAY = (
    receiver.REQUEST_STATUS_APPROVING,
    receiver.REQUEST_STATUS_SIGNING,
    receiver.REQUEST_STATUS_AUTHORISING,
    receiver.REQUEST_STATUS_DELIVERING,
)
ENDED = (
    receiver.REQUEST_STATUS_ANSWERED,
    receiver.REQUEST_STATUS_CONFIRMED,
    receiver.REQUEST_STATUS_REJECTED,
)


class Ledger:
    """Queries and messages over one client, which has an account."""

    def __init__(self, client: LedgerClient):
        self._client = client
        self._address = client.account.address

    async def keys(self, chain: str, known: int) -> list[bytes]:
        """Public keys of the ledger's Bitcoin keys after the first `known`; at most 100."""
        query = treasury.QueryKeysRequest(
            wallet_type=WALLET_TYPES.get(chain, treasury.WALLET_TYPE_BTC_TESTNET)
        )
        query.pagination.offset, query.pagination.limit = known, PAGE
        answer = await self._client.query(
            "/zrchain.treasury.Query/Keys", query, treasury.QueryKeysResponse
        )
        return [one.key.public_key for one in answer.keys]

    async def composable(self) -> AsyncIterator[receiver.Composable]:
        query = receiver.QueryComposableRequest(namespace=NAMESPACE)
        async for one in self._client.page(
            RECEIVER + "Composable", query, receiver.QueryComposableResponse
        ):
            yield one

    async def under_way(self, chain: str) -> AsyncIterator[receiver.Request]:
        """Requests whose transaction on `chain` may still land, whoever composed it."""
        for status in UNDER_WAY:
            query = receiver.QueryRequestsRequest(status=status)
            async for request in self._client.page(
                RECEIVER + "Requests", query, receiver.QueryRequestsResponse
            ):
                if request.destination == chain and request.unsigned_transaction:
                    yield request

    async def ended(self, request_id: int) -> bool:
        return (await self._request(request_id)).status in ENDED

    async def waits_since(self, request_id: int) -> float:
        """Unix seconds of the request's last step."""
        return (await self._request(request_id)).steps[-1].time_ms / 1000

    async def propose(self, request_id: int, unsigned_transaction: bytes) -> None:
        await self._client.broadcast(
            receiver.MsgProposeTransaction(
                composer=self._address,
                request_id=request_id,
                unsigned_transaction=unsigned_transaction,
            )
        )

    async def reject(self, request_id: int, reason: str) -> None:
        await self._client.broadcast(
            receiver.MsgRejectComposition(
                composer=self._address, request_id=request_id, reason=reason[:MAX_REASON]
            )
        )

    def new_blocks(self) -> AsyncIterator[int]:
        return self._client.new_blocks()

    async def close(self) -> None:
        await self._client.close()

    async def _request(self, request_id: int) -> receiver.Request:
        answer = await self._client.query(
            RECEIVER + "Request",
            receiver.QueryRequestRequest(id=request_id),
            receiver.QueryRequestResponse,
        )
        return answer.request
