"""The ledger as the relayer uses it: what to carry, and what to report."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from relayer.stages import ItemKind, OutboxItem, Reported, owed
from zrchain_lite.client import LedgerClient
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver

RECEIVER = "/zrsign.receiver.Query/"
ENDED = (receiver.DELIVERY_STATUS_CONFIRMED, receiver.DELIVERY_STATUS_FAILED)
MAX_DETAIL = 240
MAX_CONFIRMED = 100
REORGANISED = "reorganised"
KINDS = {
    ItemKind.TRANSACTION: receiver.DELIVERY_KIND_TRANSACTION,
    ItemKind.ANSWER: receiver.DELIVERY_KIND_ANSWER,
}


class DeliveryLedger:
    """Queries and messages over one client, whose account is a registered relayer's."""

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

    async def confirmed(self, since: float) -> list[receiver.Request]:
        """The newest requests that are delivered, or may be in part, since `since` (Unix s).

        The `MAX_CONFIRMED` newest are looked at of each.
        """
        found = []
        for status in (receiver.REQUEST_STATUS_DELIVERING, receiver.REQUEST_STATUS_CONFIRMED):
            query = receiver.QueryRequestsRequest(status=status)
            query.pagination.limit, query.pagination.reverse = MAX_CONFIRMED, True
            page = await self._client.query(
                RECEIVER + "Requests", query, receiver.QueryRequestsResponse
            )
            found += [one for one in page.requests if one.steps[-1].time_ms >= since * 1000]
        return found

    async def outgoing_of(self, sign_transaction_request_id: int) -> receiver.Outgoing:
        """A signed transaction, whose delivery may have ended. Raises ObjectNotFound."""
        query = receiver.QueryOutgoingRequest(
            sign_transaction_request_id=sign_transaction_request_id
        )
        answer = await self._client.query(
            RECEIVER + "Outgoing", query, receiver.QueryOutgoingResponse
        )
        return answer.outgoing[0]

    async def answers(self) -> AsyncIterator[receiver.Request]:
        """Direct requests whose answer is authorised and not yet on its contract."""
        query = receiver.QueryRequestsRequest(status=receiver.REQUEST_STATUS_DELIVERING)
        async for request in self._client.page(
            RECEIVER + "Requests", query, receiver.QueryRequestsResponse
        ):
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

    async def report(self, items: Sequence[OutboxItem]) -> None:
        """Tell where items stand, all in one transaction."""
        await self._client.broadcast(*(report_of(item, self._address) for item in items))


def report_of(item: OutboxItem, relayer: str) -> receiver.MsgReportDelivery:
    """The message that tells the ledger what is owed about an item."""
    standing = owed(item)
    detail = item.note
    if standing is Reported.FAILED:
        detail = item.reason or "unknown reason"
    elif standing is not Reported.CONFIRMED and item.reported is Reported.CONFIRMED:
        # The ledger takes a confirmation back for this word only.
        detail = f"{REORGANISED}: it left its block"
    report = receiver.MsgReportDelivery(
        relayer=relayer,
        kind=KINDS[item.kind],
        status=receiver.DeliveryStatus.Name(standing.value),
        tx_id=item.tx_id,
        detail=detail[:MAX_DETAIL],
    )
    if item.kind is ItemKind.ANSWER:
        report.request_id = receiver.Request.FromString(item.content).id
    else:
        outgoing = receiver.Outgoing.FromString(item.content)
        report.sign_transaction_request_id = outgoing.sign_transaction_request_id
        report.transactions = 1 + len(outgoing.replacements)
    return report
