"""Takes observers' reports, gives each source event its receipt (a request id), and starts a
request once its content is agreed. What a contract asked for and cannot have is a REJECTED request,
never an error of the report.
"""

from __future__ import annotations

from zrchain_lite.errors import InvalidArgument, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrchain_lite.wire.zrsign.receiver import state_pb2 as kept
from zrsign_receiver.errors import Reason, Rejection
from zrsign_receiver.journey import Journey
from zrsign_receiver.reports import intake
from zrsign_receiver.reports.intake import ContentHash, Counted, Reports, Vote, VoteOutcome
from zrsign_receiver.requests.keys import Keys
from zrsign_receiver.requests.links import OwnerLinks
from zrsign_receiver.requests.signing import Signing
from zrsign_receiver.state import ReceiverState, source_key

OBSERVING_BLOCKS = 100_000
"""How long a request waits for as many observers as must agree, in blocks."""
# What a sign request asks for says the event itself.
_KINDS = {"key": pb.REQUEST_KIND_KEY, "link": pb.REQUEST_KIND_LINK}


class Reporting:
    """Handles MsgReportEvents: counts votes and starts requests."""

    def __init__(
        self,
        state: ReceiverState,
        journey: Journey,
        keys: Keys,
        signing: Signing,
        links: OwnerLinks,
    ) -> None:
        self._state = state
        self._journey = journey
        self._keys = keys
        self._signing = signing
        self._links = links

    def report(self, ctx: Context, msg: pb.MsgReportEvents) -> pb.MsgReportEventsResponse:
        """Count an observer's votes, all of the report or none.

        Raises Unauthorized (not an observer, inactive source), NotFound (unknown source) or
        InvalidArgument (not the shape of a log).
        """
        if msg.observer not in self._state.params(ctx.store).observers:
            raise Unauthorized(f"{msg.observer} is not a registered observer")
        if not 1 <= len(msg.events) <= intake.MAX_EVENTS_PER_REPORT:
            raise InvalidArgument(
                f"{len(msg.events)} events: a report has 1 to {intake.MAX_EVENTS_PER_REPORT}"
            )
        ids = [self._report(ctx, msg.observer, intake.canonical(event)) for event in msg.events]
        return pb.MsgReportEventsResponse(request_ids=ids)

    def _report(self, ctx: Context, observer: str, event: pb.SourceEvent) -> int:
        source = self._state.source(ctx.store, event.id.chain, event.id.contract)
        if not source.active:
            raise Unauthorized(f"source {source.contract} on {source.chain} is not active")
        params = self._state.params(ctx.store)
        key = source_key(event.id)
        observation = self._state.observations.get(ctx.store, key) or kept.Observation()
        content = intake.content_hash(event)
        before = _reports(observation)
        counted = intake.decide(
            before,
            observer,
            content,
            observers=params.observers,
            threshold=params.observer_threshold,
        )
        if not observation.request_id:
            observation.request_id = self._open(ctx, event.id, observer)
        if counted.reports != before:
            _keep(observation, counted)
            self._state.observations.set(ctx.store, key, observation)
        if counted.outcome in (VoteOutcome.CONFLICT, VoteOutcome.CORRECTED):
            ctx.emit("zrsign_conflict", request_id=observation.request_id, observer=observer)
        if counted.outcome is VoteOutcome.ACCEPTED:
            self._accept(ctx, observation.request_id, event, content, source.mode)
        return observation.request_id

    def _open(self, ctx: Context, source: pb.SourceId, observer: str) -> int:
        request = pb.Request(id=self._state.request_ids.next(ctx.store))
        request.event.id.CopyFrom(source)
        self._journey.advance(
            ctx, request, pb.REQUEST_STATUS_OBSERVED, "observed", f"by {observer}"
        )
        self._state.observing.add(ctx.store, ctx.height + OBSERVING_BLOCKS, request.id)
        return request.id

    def sweep(self, ctx: Context) -> None:
        """End what stayed below the threshold. A report that comes later opens a request anew."""
        self._state.observing.sweep(ctx, self._agree_no_longer)

    def _agree_no_longer(self, ctx: Context, request_id: int) -> None:
        request = self._state.request(ctx.store, request_id)
        if request.status == pb.REQUEST_STATUS_OBSERVED:
            self._state.observations.delete(ctx.store, source_key(request.event.id))
            why = f"too few observers reported the same within {OBSERVING_BLOCKS} blocks"
            self._journey.reject(ctx, request, Rejection(Reason.NOT_AGREED, why))

    def _accept(
        self,
        ctx: Context,
        request_id: int,
        event: pb.SourceEvent,
        content: ContentHash,
        mode: pb.Mode,
    ) -> None:
        request = self._state.request(ctx.store, request_id)
        self._state.keep_content(ctx.store, content, event)
        request.event.CopyFrom(event)
        request.content_hash = content
        request.mode = mode
        ask = event.WhichOneof("ask")
        request.kind = _KINDS.get(ask or "", event.sign.kind)
        detail = f"log {event.id.log_index} of 0x{event.id.tx_hash.hex()} on {event.id.chain}"
        self._journey.note(ctx, request, "accepted", detail)
        try:
            match ask:
                case "key":
                    self._keys.start(ctx, request)
                case "link":
                    self._links.start(ctx, request)
                case _:
                    self._take_trace(ctx, request)
                    self._signing.start(ctx, request)
        except Rejection as rejection:
            self._journey.reject(ctx, request, rejection)

    def _take_trace(self, ctx: Context, request: pb.Request) -> None:
        """A contract gives each trace id once; a second event with it cannot be what it seems."""
        source = request.event.id
        trace = (source.chain, source.contract, request.event.sign.trace_id)
        holder = self._state.traces.get(ctx.store, trace)
        if holder is not None:
            number = int.from_bytes(request.event.sign.trace_id, "big")
            raise Rejection(
                Reason.TRACE_ID_TAKEN,
                f"trace {number} of {source.contract} is request {holder.value}",
            )
        self._state.traces.set(ctx.store, trace, kept.Id(value=request.id))


def _reports(observation: kept.Observation) -> Reports:
    votes = tuple(Vote(v.observer, ContentHash(v.content_hash)) for v in observation.votes)
    accepted = ContentHash(observation.accepted) if observation.accepted else None
    return Reports(votes, accepted)


def _keep(observation: kept.Observation, counted: Counted) -> None:
    del observation.votes[:]
    for vote in counted.reports.votes:
        observation.votes.add(observer=vote.observer, content_hash=vote.content)
    observation.accepted = counted.reports.accepted or b""
