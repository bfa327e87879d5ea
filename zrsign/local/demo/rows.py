"""The demo's result: one row a flow."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class FlowStatus(StrEnum):
    """How far a flow is."""

    WAITING = "waiting"
    RUNNING = "running"
    # The destination's own node says so.
    CONFIRMED = "confirmed"
    # The ledger refused, as the flow expects, and the destination's node shows nothing.
    REJECTED = "rejected"
    FAILED = "failed"


@dataclass
class Row:
    """One flow. `expected` is what it must end as; `detail` is for a person only."""

    name: str
    mode: str
    chain: str
    expected: FlowStatus = FlowStatus.CONFIRMED
    trace_id: str = ""
    ledger_request: int = 0
    destination_tx: str = ""
    status: FlowStatus = FlowStatus.WAITING
    seconds: float = 0.0
    detail: str = ""

    @property
    def good(self) -> bool:
        """Whether the flow ended as it should."""
        return self.status is self.expected

    @property
    def finished(self) -> bool:
        """Whether the flow ended, well or badly."""
        return self.status not in (FlowStatus.WAITING, FlowStatus.RUNNING)

    def as_json(self) -> dict[str, Any]:
        """The row as the demo's JSON file lists it; times are in seconds."""
        shown = asdict(self)
        del shown["expected"], shown["detail"]
        return {**shown, "status": str(self.status), "seconds": round(self.seconds, 2)}
