"""What parties report about members. The ledger keeps it for all to see and judges nothing."""

from __future__ import annotations

import hashlib

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.module import Context
from zrchain_lite.modules.operators import state
from zrchain_lite.modules.operators.errors import ReportsFull
from zrchain_lite.modules.operators.settings import require_member
from zrchain_lite.wire.zrsign.operators.operators_pb2 import Fault, MsgReportFault

DIGEST_BYTES = 32
MAX_PROTOCOL = 64
MAX_REASON = 500
MAX_EVIDENCE = 32 * 1024
# Of one reporter, so that nobody fills the store.
MAX_REPORTS = 64


def report(ctx: Context, msg: MsgReportFault) -> int:
    """The report's id; the same evidence against the same member is the report that is known.

    Raises InvalidArgument, NotFound for a member that there never was, ReportsFull.
    """
    _require_terms(msg)
    require_member(ctx.store, msg.keyring, msg.culprit)
    reports = state.FAULTS_BY_REPORTER.members(ctx.store, (msg.keyring, msg.creator))
    for fault_id in reports:
        known = state.FAULTS.get(ctx.store, fault_id)
        if known is not None and _is_about(known, msg):
            return fault_id
    if len(reports) >= MAX_REPORTS:
        raise ReportsFull(
            f"{msg.creator} has {len(reports)} reports on keyring {msg.keyring}, as many as are "
            "kept; an administrator can pardon members"
        )
    fault = Fault(
        id=state.FAULT_COUNT.next(ctx.store),
        keyring=msg.keyring,
        culprit=msg.culprit,
        protocol=msg.protocol,
        reason=msg.reason,
        evidence_digest=msg.evidence_digest,
        reporter=msg.creator,
        reporter_index=state.latest_index(ctx.store, msg.keyring, msg.creator),
        height=ctx.height,
    )
    state.put_fault(ctx.store, fault, msg.evidence)
    ctx.emit(
        "operator_fault_reported",
        keyring_addr=msg.keyring,
        fault_id=fault.id,
        culprit=fault.culprit,
        reporter=fault.reporter,
        protocol=fault.protocol,
    )
    return fault.id


def with_evidence(ctx: Context, fault_id: int) -> Fault:
    """A report as queries answer it."""
    fault = state.FAULTS.get(ctx.store, fault_id) or Fault(id=fault_id)
    evidence = state.EVIDENCE.get(ctx.store, fault_id)
    if evidence is not None:
        fault.evidence = evidence.value
    return fault


def _is_about(known: Fault, msg: MsgReportFault) -> bool:
    return (known.culprit, known.evidence_digest) == (msg.culprit, msg.evidence_digest)


def _require_terms(msg: MsgReportFault) -> None:
    if not 1 <= len(msg.protocol.encode()) <= MAX_PROTOCOL:
        raise InvalidArgument(
            f"protocol {msg.protocol[:80]!r} does not have 1 to {MAX_PROTOCOL} bytes"
        )
    reason = len(msg.reason.encode())
    if reason > MAX_REASON:
        raise InvalidArgument(f"a reason has at most {MAX_REASON} bytes, not {reason}")
    if len(msg.evidence_digest) != DIGEST_BYTES:
        raise InvalidArgument(
            f"evidence_digest has {DIGEST_BYTES} bytes, not {len(msg.evidence_digest)}"
        )
    if len(msg.evidence) > MAX_EVIDENCE:
        raise InvalidArgument(
            f"evidence has at most {MAX_EVIDENCE} bytes, not {len(msg.evidence)}; "
            "keep it and report its digest"
        )
    if msg.evidence and hashlib.sha256(msg.evidence).digest() != msg.evidence_digest:
        raise InvalidArgument(
            f"evidence_digest {msg.evidence_digest.hex()} is not the SHA-256 of the evidence"
        )
