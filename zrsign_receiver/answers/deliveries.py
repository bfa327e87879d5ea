"""What relayers carry: signed transactions to their destination, Direct answers to their source
contract.

A delivery moves forward: OPEN, SUBMITTED (again with another id when a fee was bumped), then
CONFIRMED or FAILED. Until it ends, `detail` says what it waits for. A confirmation goes back to
SUBMITTED by one report only, which says that the chain was reorganised; FAILED is final, because
relayers report it when the bytes can never land. A report of what is known already changes
nothing, so several relayers may carry the same delivery. When every delivery of a request is final,
the request is CONFIRMED, or REJECTED as `delivery_failed` if one failed.
"""

from __future__ import annotations

from zrchain_lite import networks
from zrchain_lite.errors import Conflict, InvalidArgument, NotFound, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains import UnknownChain
from zrsign_receiver.errors import Reason, Rejection
from zrsign_receiver.journey import MAX_DETAIL_CHARS, Journey
from zrsign_receiver.state import SINGLETON, ReceiverState

MAX_TX_ID_CHARS = 128
REORGANISED = "reorganised"
"""First word of the `detail` that takes a confirmation back."""

_FINAL = frozenset((pb.DELIVERY_STATUS_CONFIRMED, pb.DELIVERY_STATUS_FAILED))
_REPORTABLE = frozenset((pb.DELIVERY_STATUS_OPEN, pb.DELIVERY_STATUS_SUBMITTED, *_FINAL))
_BROADCASTABLE = frozenset((pb.REQUEST_KIND_TX, pb.REQUEST_KIND_SIMPLE_TX))
_NOUN = {pb.DELIVERY_KIND_TRANSACTION: "transaction", pb.DELIVERY_KIND_ANSWER: "answer"}
_VERB = {
    pb.DELIVERY_STATUS_OPEN: "waits",
    pb.DELIVERY_STATUS_SUBMITTED: "submitted",
    pb.DELIVERY_STATUS_CONFIRMED: "confirmed",
    pb.DELIVERY_STATUS_FAILED: "failed",
}


def progress(delivery: pb.Delivery, report: pb.MsgReportDelivery) -> pb.Delivery | None:
    """The delivery after a report, None when the report says nothing new. Raises Conflict when it
    contradicts the end.
    """
    if delivery.status in _FINAL and not takes_back(delivery, report):
        if report.status in _FINAL and report.status != delivery.status:
            ended, wanted = map(pb.DeliveryStatus.Name, (delivery.status, report.status))
            raise Conflict(
                f"the delivery to {delivery.chain} ended as {ended} in "
                f"{delivery.tx_id or 'no transaction'}; it cannot become {wanted}"
            )
        return None
    if report.status < delivery.status and not takes_back(delivery, report):
        return None
    same_transaction = report.tx_id in ("", delivery.tx_id)
    same_detail = report.detail[:MAX_DETAIL_CHARS] == delivery.detail
    if report.status == delivery.status and same_transaction and same_detail:
        return None
    return pb.Delivery(
        kind=delivery.kind,
        chain=delivery.chain,
        status=report.status,
        tx_id=report.tx_id or delivery.tx_id,
        detail=report.detail[:MAX_DETAIL_CHARS],
        relayer=report.relayer,
    )


def takes_back(delivery: pb.Delivery, report: pb.MsgReportDelivery) -> bool:
    """Whether a report says that what was confirmed left its block."""
    return (
        delivery.status == pb.DELIVERY_STATUS_CONFIRMED
        and report.status == pb.DELIVERY_STATUS_SUBMITTED
        and report.tx_id in ("", delivery.tx_id)
        and report.detail.startswith(REORGANISED)
    )


class Deliveries:
    """Opens deliveries and takes relayers' reports."""

    def __init__(self, state: ReceiverState, journey: Journey) -> None:
        self._state = state
        self._journey = journey

    def open(self, ctx: Context, request: pb.Request) -> None:
        """Open what must travel now that all is signed, or end the request as ANSWERED."""
        if request.mode == pb.MODE_DIRECT:
            self._add(request, pb.DELIVERY_KIND_ANSWER, request.event.id.chain)
        if request.kind in _BROADCASTABLE and request.event.sign.broadcast:
            delivery = self._add(request, pb.DELIVERY_KIND_TRANSACTION, request.destination)
            self._put_outgoing(
                ctx,
                pb.Outgoing(
                    sign_transaction_request_id=request.sign_transaction_request_id,
                    request_id=request.id,
                    chain=request.destination,
                    delivery=delivery,
                ),
            )
        if not request.deliveries:
            self._journey.advance(ctx, request, pb.REQUEST_STATUS_ANSWERED, "answered")
            return
        detail = ", ".join(f"{_NOUN[d.kind]} to {d.chain}" for d in request.deliveries)
        self._journey.advance(ctx, request, pb.REQUEST_STATUS_DELIVERING, "delivering", detail)

    def carries(self, request: pb.Request) -> bool:
        """Whether the request's transaction is on its way, and no end of it is reported."""
        return any(
            delivery.kind == pb.DELIVERY_KIND_TRANSACTION and delivery.status not in _FINAL
            for delivery in request.deliveries
        )

    def replace(self, ctx: Context, request: pb.Request, replacement: pb.Replacement) -> None:
        """Relayers carry the replacement too: whichever lands, the delivery is confirmed."""
        outgoing = self._outgoing(ctx, request.sign_transaction_request_id)
        outgoing.replacements.add(
            sign_transaction_request_id=replacement.sign_transaction_request_id
        )
        self._put_outgoing(ctx, outgoing)

    def open_standalone(
        self,
        ctx: Context,
        asked: treasury.SignTransactionRequest,
        sign_request: treasury.SignRequest,
    ) -> None:
        """A transaction that was requested on the ledger itself is signed; relayers carry it unless
        told not to, and to the configured destinations only: what nobody carries would stay on
        their list for ever.
        """
        chain = _destination(asked, sign_request)
        if asked.no_broadcast or chain not in self._state.params(ctx.store).destinations:
            return
        outgoing = pb.Outgoing(
            sign_transaction_request_id=asked.id,
            chain=chain,
            delivery=pb.Delivery(
                kind=pb.DELIVERY_KIND_TRANSACTION, chain=chain, status=pb.DELIVERY_STATUS_OPEN
            ),
        )
        self._put_outgoing(ctx, outgoing)

    def report(self, ctx: Context, msg: pb.MsgReportDelivery) -> None:
        """Take a report; raises Unauthorized, InvalidArgument, NotFound or Conflict."""
        self._check(ctx, msg)
        request_id = msg.request_id
        if msg.sign_transaction_request_id:
            outgoing = self._outgoing(ctx, msg.sign_transaction_request_id)
            request_id = outgoing.request_id
            if not request_id:
                self._progress_outgoing(ctx, outgoing, msg)
                return
        self._progress_request(ctx, self._state.request(ctx.store, request_id), msg)

    def _check(self, ctx: Context, msg: pb.MsgReportDelivery) -> None:
        if msg.relayer not in self._state.params(ctx.store).relayers:
            raise Unauthorized(f"{msg.relayer} is not a registered relayer")
        if bool(msg.request_id) == bool(msg.sign_transaction_request_id):
            raise InvalidArgument("name either request_id or sign_transaction_request_id")
        if msg.status not in _REPORTABLE:
            raise InvalidArgument(
                f"delivery status {msg.status} is none of open, submitted, confirmed, failed"
            )
        if msg.status == pb.DELIVERY_STATUS_SUBMITTED and not msg.tx_id:
            raise InvalidArgument("a submitted delivery has a tx_id")
        explained = (pb.DELIVERY_STATUS_OPEN, pb.DELIVERY_STATUS_FAILED)
        if msg.status in explained and not msg.detail:
            raise InvalidArgument("a delivery that failed or is not sent yet says why in detail")
        if len(msg.tx_id) > MAX_TX_ID_CHARS:
            raise InvalidArgument(
                f"tx_id has {len(msg.tx_id)} characters: at most {MAX_TX_ID_CHARS}"
            )

    def _progress_request(
        self, ctx: Context, request: pb.Request, msg: pb.MsgReportDelivery
    ) -> None:
        kind = msg.kind or pb.DELIVERY_KIND_TRANSACTION
        position = next((i for i, d in enumerate(request.deliveries) if d.kind == kind), None)
        if position is None:
            raise NotFound(f"request {request.id} has no {_NOUN.get(kind, 'such')} to deliver")
        before = pb.Delivery()
        before.CopyFrom(request.deliveries[position])
        after = progress(before, msg)
        if after is None:
            return
        request.deliveries[position].CopyFrom(after)
        if kind == pb.DELIVERY_KIND_TRANSACTION:
            outgoing = self._outgoing(ctx, request.sign_transaction_request_id)
            _require_all_failed(outgoing, msg)
            outgoing.delivery.CopyFrom(after)
            self._put_outgoing(ctx, outgoing)
        if (before.status, before.tx_id) == (after.status, after.tx_id):
            # Why it waits is told again and again, and is no step of its own.
            self._state.save(ctx.store, request)
            return
        verb = REORGANISED if takes_back(before, msg) else _VERB[after.status]
        detail = " ".join(filter(None, (after.tx_id, after.detail)))
        self._conclude(ctx, request, f"{_NOUN[kind]}_{verb}", detail)

    def _conclude(self, ctx: Context, request: pb.Request, step: str, detail: str) -> None:
        if any(delivery.status not in _FINAL for delivery in request.deliveries):
            request.reject_reason = ""
            self._journey.advance(ctx, request, pb.REQUEST_STATUS_DELIVERING, step, detail)
            return
        failed = [d for d in request.deliveries if d.status == pb.DELIVERY_STATUS_FAILED]
        if not failed:
            self._journey.advance(ctx, request, pb.REQUEST_STATUS_CONFIRMED, step, detail)
            return
        self._journey.note(ctx, request, step, detail)
        reasons = "; ".join(f"{_NOUN[d.kind]} to {d.chain}: {d.detail}" for d in failed)
        self._journey.reject(ctx, request, Rejection(Reason.DELIVERY_FAILED, reasons))

    def _progress_outgoing(
        self, ctx: Context, outgoing: pb.Outgoing, msg: pb.MsgReportDelivery
    ) -> None:
        if msg.kind not in (pb.DELIVERY_KIND_UNSPECIFIED, pb.DELIVERY_KIND_TRANSACTION):
            raise NotFound(
                f"sign-transaction request {outgoing.sign_transaction_request_id} "
                "has no answer to deliver"
            )
        after = progress(outgoing.delivery, msg)
        if after is None:
            return
        outgoing.delivery.CopyFrom(after)
        self._put_outgoing(ctx, outgoing)
        ctx.emit(
            "zrsign_delivery",
            sign_transaction_request_id=outgoing.sign_transaction_request_id,
            status=pb.DeliveryStatus.Name(after.status),
            tx_id=after.tx_id,
        )

    def _outgoing(self, ctx: Context, sign_transaction_request_id: int) -> pb.Outgoing:
        found = self._state.outgoing.get(ctx.store, sign_transaction_request_id)
        if found is None:
            raise NotFound(
                f"sign-transaction request {sign_transaction_request_id} has nothing to deliver"
            )
        return found

    def _put_outgoing(self, ctx: Context, outgoing: pb.Outgoing) -> None:
        id_ = outgoing.sign_transaction_request_id
        self._state.outgoing.set(ctx.store, id_, outgoing)
        if outgoing.delivery.status in _FINAL:
            self._state.open_outgoing.remove(ctx.store, SINGLETON, id_)
        else:
            self._state.open_outgoing.add(ctx.store, SINGLETON, id_)

    @staticmethod
    def _add(request: pb.Request, kind: pb.DeliveryKind, chain: str) -> pb.Delivery:
        return request.deliveries.add(kind=kind, chain=chain, status=pb.DELIVERY_STATUS_OPEN)


def _require_all_failed(outgoing: pb.Outgoing, msg: pb.MsgReportDelivery) -> None:
    """Raises Conflict where a transaction may land of which the relayer did not know."""
    signed = 1 + len(outgoing.replacements)
    if msg.status == pb.DELIVERY_STATUS_FAILED and max(msg.transactions, 1) < signed:
        raise Conflict(
            f"{signed} transactions were signed, and {max(msg.transactions, 1)} cannot land"
        )


def _destination(
    asked: treasury.SignTransactionRequest, sign_request: treasury.SignRequest
) -> str | None:
    """The CAIP-2 id of the transaction's network, None where no chain is served for its wallet."""
    try:
        return networks.chain_of(
            asked.wallet_type, sign_request.metadata, asked.unsigned_transaction
        ).caip2
    except UnknownChain:
        return None
