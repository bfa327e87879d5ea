"""What Prometheus is told of an operator."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Collection, Sequence

from prometheus_client import Counter, Gauge, Histogram

from zrsign_dmpc.run.rounds import Abort
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.peers.frames import Proposal, WorkKind
from zrsign_operator.work.runner import Ended

EXECUTIONS = Counter("zrsign_operator_executions", "Executions by their end.", ["kind", "outcome"])
SECONDS = Histogram(
    "zrsign_operator_execution_seconds",
    "From joining an execution to its result.",
    ["kind"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120),
)
SIGNATURES = Counter("zrsign_operator_signatures", "Signatures that this operator took part in.")
PRESIGNATURES = Gauge("zrsign_operator_presignatures", "Unused presignatures, of all keys.")
LEAST_READY = Gauge(
    "zrsign_operator_presignatures_least", "Unused presignatures of the poorest key."
)
KEYS = Gauge("zrsign_operator_keys", "Keys that this operator holds a share of.")
RUNNING = Gauge("zrsign_operator_running", "Executions under way.", ["kind"])
GUILTY = Gauge("zrsign_operator_guilty", "Operators that were caught and not pardoned.")


class Figures:
    """The figures of one operator's process."""

    def __init__(self) -> None:
        self.signed = 0

    def ended(self, ended: Ended) -> None:
        """Count an execution that ended."""
        failed = isinstance(ended.outcome, Abort)
        EXECUTIONS.labels(ended.proposal.kind, "failed" if failed else "done").inc()
        if failed:
            return
        SECONDS.labels(ended.proposal.kind).observe(ended.seconds)
        if ended.proposal.kind in (WorkKind.ECDSA, WorkKind.FROST):
            count = len(ended.proposal.subjects)
            self.signed += count
            SIGNATURES.inc(count)

    def show(
        self, holdings: Holdings, guilty: Collection[int], running: Sequence[Proposal]
    ) -> None:
        """Levels, as of now."""
        keys = [held for held in holdings.all_keys() if held.suite is None]
        ready = Tally(made.public.key_id for made in holdings.presignatures.values())
        KEYS.set(sum(1 for _ in holdings.all_keys()))
        PRESIGNATURES.set(ready.total())
        LEAST_READY.set(min((ready[held.share.info.key_id] for held in keys), default=0))
        kinds = Tally(proposal.kind for proposal in running)
        for kind in WorkKind:
            RUNNING.labels(kind).set(kinds[kind])
        GUILTY.set(len(guilty))
