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
MISSED = Counter(
    "zrsign_listener_missed_logs",
    "Logs that eth_getLogs left out and the receipts show.",
    ["chain", "contract"],
)
UNPROVEN = Counter(
    "zrsign_listener_unproven_blocks",
    "Blocks read without a proof that no event was missed.",
    ["chain", "contract"],
)
ROLLBACKS = Counter(
    "zrsign_listener_rollbacks", "Reorganisations below what was read.", ["chain", "contract"]
)
ORPHANED = Gauge(
    "zrsign_listener_orphaned",
    "Events that the ledger has and the chain has no more.",
    ["chain", "contract"],
)
ALARM = Gauge("zrsign_listener_alarm", "1 while a person must look.", ["chain", "contract"])
REPORTED = Counter("zrsign_listener_reported", "Events that the ledger took.", ["chain"])
REPORT_ERRORS = Counter("zrsign_listener_report_errors", "Reports that failed.")
BACKLOG = Gauge("zrsign_listener_backlog", "Events stored but not yet on the ledger.")
