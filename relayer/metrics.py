"""What the relayer counts."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

STAGES = Counter(
    "zrsign_relayer_stages_total", "Items that entered a stage", ["chain", "kind", "stage"]
)
OUTAGES = Counter(
    "zrsign_relayer_outages_total", "Questions that a node left unanswered", ["chain"]
)
FAULTS = Counter(
    "zrsign_relayer_faults_total", "Looks at an item that failed unforeseen", ["chain"]
)
REPORTS = Counter(
    "zrsign_relayer_reports_total", "Delivery reports to the ledger", ["status", "outcome"]
)
COMPOSITIONS = Counter(
    "zrsign_relayer_compositions_total", "Simple transactions looked at", ["namespace", "outcome"]
)
OPEN = Gauge("zrsign_relayer_open_items", "Items that are not ended", ["chain", "stage"])
OVERDUE = Gauge(
    "zrsign_relayer_overdue_items", "Items that wait longer than alarm_after_s", ["chain"]
)
UNSERVED = Gauge("zrsign_relayer_unserved_items", "Outgoing items whose chain is not configured")
