"""The receiver's messages: who sends them, and which part of the receiver does what they ask."""

from __future__ import annotations

from dataclasses import dataclass

from zrchain_lite.module import Context
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_receiver.administration import Administration
from zrsign_receiver.answers.deliveries import Deliveries
from zrsign_receiver.reports.reporting import Reporting
from zrsign_receiver.requests.composition import Composition
from zrsign_receiver.requests.replacements import Replacements


@dataclass(frozen=True)
class ReceiverMessages:
    """Handlers of the receiver's messages."""

    _reporting: Reporting
    _composition: Composition
    _replacements: Replacements
    _deliveries: Deliveries
    _administration: Administration

    def report_events(self, ctx: Context, msg: pb.MsgReportEvents) -> pb.MsgReportEventsResponse:
        """Take an observer's report of final events of zrSign contracts."""
        return self._reporting.report(ctx, msg)

    def propose_transaction(
        self, ctx: Context, msg: pb.MsgProposeTransaction
    ) -> pb.MsgProposeTransactionResponse:
        """Take a composer's unsigned transaction for a simple one, or in place of a stuck one."""
        if msg.replaces_sign_transaction_request_id:
            return self._replacements.propose(ctx, msg)
        return self._composition.propose(ctx, msg)

    def reject_composition(
        self, ctx: Context, msg: pb.MsgRejectComposition
    ) -> pb.MsgRejectCompositionResponse:
        """End a simple transaction that a composer cannot build."""
        self._composition.reject(ctx, msg)
        return pb.MsgRejectCompositionResponse()

    def report_delivery(
        self, ctx: Context, msg: pb.MsgReportDelivery
    ) -> pb.MsgReportDeliveryResponse:
        """Note how far a relayer has carried a transaction or an answer."""
        self._deliveries.report(ctx, msg)
        return pb.MsgReportDeliveryResponse()

    def register_source(
        self, ctx: Context, msg: pb.MsgRegisterSource
    ) -> pb.MsgRegisterSourceResponse:
        """Admit a zrSign contract that may ask, or change one that is admitted."""
        return self._administration.register_source(ctx, msg)

    def update_params(self, ctx: Context, msg: pb.MsgUpdateParams) -> pb.MsgUpdateParamsResponse:
        """Replace the receiver's parameters."""
        return self._administration.update_params(ctx, msg)
