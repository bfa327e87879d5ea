"""The ledger as the relayer uses it: what to carry, what to compose, and what to report."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from relayer.stages import Item, Kind, Report, owed
from zrchain_lite.client import LedgerClient
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_chains import chain_for, simple_tx

RECEIVER = "/zrsign.receiver.Query/"
ENDED = (receiver.DELIVERY_STATUS_CONFIRMED, receiver.DELIVERY_STATUS_FAILED)
# Statuses in which a request's transaction may still reach its chain.
UNDER_WAY = (
    receiver.REQUEST_STATUS_APPROVING,
    receiver.REQUEST_STATUS_SIGNING,
    receiver.REQUEST_STATUS_AUTHORISING,
    receiver.REQUEST_STATUS_DELIVERING,
)
MAX_DETAIL = 240
NO_CAP = 2**63
KINDS = {
    Kind.TRANSACTION: receiver.DELIVERY_KIND_TRANSACTION,
    Kind.ANSWER: receiver.DELIVERY_KIND_ANSWER,
}


class Ledger:
    """Queries and messages of the receiver module over one client, which has an account."""

    def __init__(self, client: LedgerClient):
        self._client = client
        self._address = client.account.address

    async def outgoing(self) -> AsyncIterator[receiver.Outgoing]:
        """Signed transactions whose delivery is open."""
        query = receiver.QueryOutgoingRequest()
        async for one in self._client.page(
            RECEIVER + "Outgoing", query, receiver.QueryOutgoingResponse
        ):
            if one.delivery.status not in ENDED:
                yield one

    async def answers(self) -> AsyncIterator[receiver.Request]:
        """Direct requests whose answer is authorised and not yet on its contract."""
        async for request in self._requests(status=receiver.REQUEST_STATUS_DELIVERING):
            if any(
                delivery.kind == receiver.DELIVERY_KIND_ANSWER and delivery.status not in ENDED
                for delivery in request.deliveries
            ):
                yield request

    async def no_broadcast(self, sign_transaction_request_id: int) -> bool:
        """What the treasury says of a request, whatever list it is on."""
        answer = await self._client.query(
            "/zrchain.treasury.Query/SignTransactionRequestByID",
            treasury.QuerySignTransactionRequestByIDRequest(id=sign_transaction_request_id),
            treasury.QuerySignTransactionRequestByIDResponse,
        )
        return answer.sign_transaction_request.no_broadcast

    async def composable(self, namespace: str) -> AsyncIterator[receiver.Composable]:
        query = receiver.QueryComposableRequest(namespace=namespace)
        async for one in self._client.page(
            RECEIVER + "Composable", query, receiver.QueryComposableResponse
        ):
            yield one

    async def waits_since(self, request_id: int) -> float:
        """Unix seconds of the request's last step."""
        answer = await self._client.query(
            RECEIVER + "Request",
            receiver.QueryRequestRequest(id=request_id),
            receiver.QueryRequestResponse,
        )
        return answer.request.steps[-1].time_ms / 1000

    async def under_way(self, request: receiver.Request) -> list[bytes]:
        """Unsigned transactions of the same key for the same chain that may still land."""
        found = []
        for status in UNDER_WAY:
            async for other in self._requests(owner=request.owner_id, status=status):
                same = (other.key_id, other.destination) == (request.key_id, request.destination)
                if same and other.id != request.id and other.unsigned_transaction:
                    found.append(other.unsigned_transaction)
        return found

    async def approving(self, chain: str) -> list[receiver.Composable]:
        """Simple transactions for `chain` that are composed and wait for approvals."""
        found = []
        async for request in self._requests(status=receiver.REQUEST_STATUS_APPROVING):
            simple = request.kind == receiver.REQUEST_KIND_SIMPLE_TX
            if simple and request.destination == chain and request.action_id:
                found.append(await self._composed(request))
        return found

    async def propose(
        self, request_id: int, unsigned_transaction: bytes, *, supersedes_action_id: int = 0
    ) -> None:
        """`supersedes_action_id` names the action that waits with a transaction gone stale."""
        await self._client.broadcast(
            receiver.MsgProposeTransaction(
                composer=self._address,
                request_id=request_id,
                unsigned_transaction=unsigned_transaction,
                supersedes_action_id=supersedes_action_id,
            )
        )

    async def reject(self, request_id: int, reason: str) -> None:
        await self._client.broadcast(
            receiver.MsgRejectComposition(
                composer=self._address, request_id=request_id, reason=reason[:MAX_DETAIL]
            )
        )

    async def report(self, items: Sequence[Item]) -> None:
        """Tell where items stand, all in one transaction."""
        await self._client.broadcast(*(report_of(item, self._address) for item in items))

    def new_blocks(self) -> AsyncIterator[int]:
        return self._client.new_blocks()

    async def close(self) -> None:
        await self._client.close()

    async def _composed(self, request: receiver.Request) -> receiver.Composable:
        """What a composer was told of a request, read again."""
        asked = simple_tx.decode(request.event.sign.payload)
        wallets = await self._client.query(
            RECEIVER + "Wallets",
            receiver.QueryWalletsRequest(owner=request.owner_id),
            receiver.QueryWalletsResponse,
        )
        wallet = next(one for one in wallets.wallets if one.key_id == request.key_id)
        params = await self._client.query(
            RECEIVER + "Params", receiver.QueryParamsRequest(), receiver.QueryParamsResponse
        )
        caps = params.params.max_network_fee
        return receiver.Composable(
            request=request,
            public_key=wallet.public_key,
            **{"from": chain_for(request.destination).address(wallet.public_key)},
            to=asked.to,
            value=str(asked.value),
            data=asked.data,
            # Without a cap of its own the ledger has a default; it checks what is proposed.
            max_network_fee=caps.get(request.destination.partition(":")[0]) or str(NO_CAP),
        )

    async def _requests(
        self, *, status: receiver.RequestStatus, owner: str = ""
    ) -> AsyncIterator[receiver.Request]:
        query = receiver.QueryRequestsRequest(owner=owner, status=status)
        async for request in self._client.page(
            RECEIVER + "Requests", query, receiver.QueryRequestsResponse
        ):
            yield request


def report_of(item: Item, relayer: str) -> receiver.MsgReportDelivery:
    """The message that tells the ledger what is owed about an item."""
    standing = owed(item)
    report = receiver.MsgReportDelivery(
        relayer=relayer,
        kind=KINDS[item.kind],
        status=receiver.DeliveryStatus.Name(standing.value),
        tx_id=item.tx_id,
        detail=(item.reason or "unknown reason")[:MAX_DETAIL] if standing is Report.FAILED else "",
    )
    if item.kind is Kind.ANSWER:
        report.request_id = receiver.Request.FromString(item.content).id
    else:
        outgoing = receiver.Outgoing.FromString(item.content)
        report.sign_transaction_request_id = outgoing.sign_transaction_request_id
    return report
