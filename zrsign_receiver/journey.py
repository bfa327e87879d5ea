"""A request's statuses and steps: every change of status leaves a step with height and block time,
so that its whole road can be shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from zrchain_lite.module import Context
from zrchain_lite.store.kv import Overlay
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_receiver.errors import Rejection
from zrsign_receiver.state import ReceiverState

MAX_DETAIL_CHARS = 512

FINAL = frozenset(
    (pb.REQUEST_STATUS_ANSWERED, pb.REQUEST_STATUS_CONFIRMED, pb.REQUEST_STATUS_REJECTED)
)


class Journey:
    """Moves requests on and stores them."""

    def __init__(self, state: ReceiverState) -> None:
        self._state = state

    def advance(
        self,
        ctx: Context,
        request: pb.Request,
        status: pb.RequestStatus,
        step: str,
        detail: str = "",
    ) -> None:
        """Set the status, note the step, store, and emit `zrsign_request`."""
        request.status = status
        self.note(ctx, request, step, detail)

    def note(self, ctx: Context, request: pb.Request, step: str, detail: str = "") -> None:
        """A step that leaves the status as it is."""
        taken = pb.Step(
            name=step,
            height=ctx.height,
            time_ms=ctx.time_ms,
            detail=detail[:MAX_DETAIL_CHARS],
        )
        self._state.add_step(ctx.store, request, taken)
        self._state.save(ctx.store, request)
        ctx.emit(
            "zrsign_request",
            request_id=request.id,
            status=pb.RequestStatus.Name(request.status),
            step=step,
        )

    def reject(self, ctx: Context, request: pb.Request, rejection: Rejection) -> None:
        """End the request; nothing asks for it any more."""
        reason = str(rejection)
        request.reject_reason = reason[:MAX_DETAIL_CHARS]
        self.advance(ctx, request, pb.REQUEST_STATUS_REJECTED, "rejected", reason)


@contextmanager
def savepoint(ctx: Context) -> Iterator[Context]:
    """A context whose writes and events are kept only if nothing is raised inside."""
    overlay = Overlay(ctx.store)
    inner = replace(ctx, store=overlay, events=[])
    yield inner
    overlay.commit()
    ctx.events.extend(inner.events)
