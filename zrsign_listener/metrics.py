"""What the listener counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

BLOCK = Gauge("zrsign_listener_block", "Newest block read.", ["chain", "contract"])
TIP = Gauge("zrsign_listener_tip", "Newest block of the chain.", ["chain"])
EVENTS = Counter("zrsign_listener_events", "Request events stored.", ["chain", "contract"])
MALFORMED = Counter(
    "zrsign_listener_malformed_logs", "Logs that are no event.", ["chain", "contract"]
)
RPC_ERRORS = Counter("zrsign_listener_rpc_errors", "Failed polls and scans.", ["chain"])
HOLES = Counter(
    "zrsign_listener_trace_holes", "Scans that missed a trace id.", ["chain", "contract"]
)
ALARM = Gauge("zrsign_listener_alarm", "1 while a person must look.", ["chain", "contract"])
REPORTED = Counter("zrsign_listener_reported", "Events that the ledger took.", ["chain"])
REPORT_ERRORS = Counter("zrsign_listener_report_errors", "Reports that failed.")
BACKLOG = Gauge("zrsign_listener_backlog", "Events stored but not yet on the ledger.")
