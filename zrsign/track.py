"""One request's whole road as plain data: what happened, when, and how long each step took."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as wire
from zrsign.sdk.answers import status_name
from zrsign.sdk.waiting import Waiting

# Facts of which 0 is a value like any other; elsewhere it means "none".
COUNTED_FROM_ZERO = ("trace_id", "coin_type", "index")


@dataclass(frozen=True)
class RoadStep:
    """A step of a request. `after_s` counts from the first step, in block time."""

    name: str
    detail: str
    height: int
    time: datetime
    after_s: float


@dataclass(frozen=True)
class Road:
    """What `zrsign track` shows."""

    request: wire.Request
    steps: tuple[RoadStep, ...]
    waiting: Waiting | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """Names and values, without those that this kind of request does not have."""
        request, event = self.request, self.request.event
        facts = {
            "request": request.id,
            "kind": _name(wire.RequestKind.Name(request.kind), "REQUEST_KIND_"),
            "mode": _name(wire.Mode.Name(request.mode), "MODE_"),
            "status": status_name(request),
            "reject_reason": request.reject_reason,
            "owner": request.owner_id,
            "workspace": request.workspace_addr,
            "source": f"{event.id.chain} {event.id.contract}",
            "source_tx": f"0x{event.id.tx_hash.hex()}:{event.id.log_index}",
            "trace_id": _trace_id(event),
            "account": event.link.account,
            "coin_type": None if event.HasField("link") else request.coin_type,
            "index": _index(event),
            "destination": request.destination,
            "policy_action": request.action_id,
            "key_request": request.key_request_id,
            "key": request.key_id,
            "sign_request": request.sign_request_id,
            "sign_transaction_request": request.sign_transaction_request_id,
            "authority_sign_request": request.authority_sign_request_id,
            "wallet": request.wallet,
            "signatures": ["0x" + each.hex() for each in request.signatures],
            "deliveries": [_delivery(each) for each in request.deliveries],
        }
        return {
            name: value
            for name, value in facts.items()
            if (name in COUNTED_FROM_ZERO and value is not None) or value not in (0, "", None, [])
        }

    def as_json(self) -> dict[str, Any]:
        """The road as `zrsign track --json` prints it; times are seconds since the first step."""
        steps = [
            {
                "name": step.name,
                "detail": step.detail,
                "height": step.height,
                "time": step.time.isoformat(),
                "after_s": round(step.after_s, 3),
            }
            for step in self.steps
        ]
        waits = {} if self.waiting is None else {"waits_for": self.waiting.as_json()}
        return {**self.facts, **waits, "steps": steps}


def road(request: wire.Request, waiting: Waiting | None = None) -> Road:
    """The road of a request, from the ledger's record of its steps, and what it waits for."""
    start_ms = request.steps[0].time_ms if request.steps else 0
    return Road(
        request,
        tuple(
            RoadStep(
                name=step.name,
                detail=step.detail,
                height=step.height,
                time=datetime.fromtimestamp(step.time_ms / 1000, UTC),
                after_s=(step.time_ms - start_ms) / 1000,
            )
            for step in request.steps
        ),
        waiting,
    )


def _name(enum_name: str, prefix: str) -> str:
    return enum_name.removeprefix(prefix).lower()


def _index(event: wire.SourceEvent) -> int | None:
    """None for a link, which concerns every wallet."""
    if event.HasField("link"):
        return None
    return event.sign.wallet_index if event.HasField("sign") else event.key.wallet_index


def _trace_id(event: wire.SourceEvent) -> int | None:
    return int.from_bytes(event.sign.trace_id, "big") if event.HasField("sign") else None


def _delivery(delivery: wire.Delivery) -> str:
    kind = _name(wire.DeliveryKind.Name(delivery.kind), "DELIVERY_KIND_")
    status = _name(wire.DeliveryStatus.Name(delivery.status), "DELIVERY_STATUS_")
    parts = (f"{kind} to {delivery.chain}: {status}", delivery.tx_id, delivery.detail)
    return " ".join(part for part in parts if part)
