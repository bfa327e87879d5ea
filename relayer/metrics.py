"""What the relayer counts."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

STAGES = Counter("relayer_stages_total", "Items that entered a stage", ["chain", "kind", "stage"])
OUTAGES = Counter("relayer_outages_total", "Questions that a node left unanswered", ["chain"])
FAULTS = Counter("relayer_faults_total", "Looks at an item that failed unforeseen", ["chain"])
REPORTS = Counter("relayer_reports_total", "Delivery reports to the ledger", ["status", "outcome"])
COMPOSITIONS = Counter(
    "relayer_compositions_total", "Simple transactions looked at", ["namespace", "outcome"]
)
OPEN = Gauge("relayer_open_items", "Items that are not ended", ["chain", "stage"])
OVERDUE = Gauge("relayer_overdue_items", "Items that wait longer than alarm_after_s", ["chain"])
UNSERVED = Gauge("relayer_unserved_items", "Outgoing items whose chain is not configured")
