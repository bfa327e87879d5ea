"""Where to read next: the cursor of one contract's events, as a pure state machine.

A contract numbers its sign requests 0, 1, 2, … (trace ids), so a missing one shows. The cursor
moves past a range only when the range's trace ids continue those before it; otherwise it goes back
to the latest request that was in sequence and reads again. Reading a block twice is harmless,
because an event is stored under (chain, contract, transaction, log index).

    decide   what to do, given the chain's head         -> Scan | Wait | Contradicted
    absorb   what a scan's logs change                  -> Absorbed, perhaps with a Hole
    failed   what a scan that did not succeed changes   -> narrower ranges
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar


@dataclass(frozen=True)
class Block:
    """A place in a chain: a height, and the hash that the chain has there."""

    number: int
    hash: bytes
    """The hash has 32 bytes."""


@dataclass(frozen=True)
class ScanLimits:
    """Bounds of one chain's scans; spans are in blocks."""

    initial_span: int = 500
    max_span: int = 2_000
    # Blocks before the cursor that are read again: a node may answer with no logs for its newest.
    overlap: int = 2
    # An answer with this many logs counts as cut short, because some nodes cut silently.
    log_cap: int = 10_000
    # Polls in a row that may contradict the checkpoint before it is an alarm: one answer of a node
    # behind a load balancer proves nothing.
    patience: int = 8
    # Quick re-scans of one hole before it is an alarm; it is retried slowly after that.
    max_rewinds: int = 5


@dataclass(frozen=True)
class Feed:
    """One contract's position. `next_block` is the first block not yet known to be complete."""

    start_block: int
    next_block: int
    next_trace_id: int
    # Block of the latest sign request in sequence: where a hole is searched from.
    anchor: int
    # The last block scanned, whose hash the chain must go on to confirm.
    checkpoint: Block | None = None
    span: int = 0
    rewinds: int = 0
    contradictions: int = 0

    @classmethod
    def new(cls, start_block: int) -> Feed:
        """The feed of a contract of which nothing was read yet."""
        return cls(start_block, next_block=start_block, next_trace_id=0, anchor=start_block)


@dataclass(frozen=True)
class NodeView:
    """What a node says now. `hashes` has the checkpoints asked for, None for an absent block."""

    tip: Block
    # Number of the newest block that counts as final.
    final: int
    hashes: dict[int, bytes | None]


@dataclass(frozen=True)
class Scan:
    """Read the logs of blocks `first` to `last`, both inclusive."""

    first: int
    last: int


@dataclass(frozen=True)
class Wait:
    """Nothing final is unread."""


@dataclass(frozen=True)
class Contradicted:
    """The chain does not contain the checkpoint."""

    fault: str
    alarm: bool


Step = Scan | Wait | Contradicted


class Sighting(Protocol):
    """A log, as far as the cursor cares. `trace_id` is None for logs that carry none."""

    @property
    def trace_id(self) -> int | None:
        """The sign request's number in its contract."""

    @property
    def block(self) -> Block:
        """The block that the log is in."""


S = TypeVar("S", bound=Sighting)


@dataclass(frozen=True)
class Hole:
    """Trace ids `expected` to `found - 1` are missing before block `block`."""

    expected: int
    found: int
    block: int
    alarm: bool


@dataclass(frozen=True)
class Absorbed(Generic[S]):
    """Store `accepted` and `feed` in one transaction."""

    feed: Feed
    accepted: tuple[S, ...]
    hole: Hole | None = None


def decide(feed: Feed, limits: ScanLimits, view: NodeView) -> tuple[Feed, Step]:
    """The next step, and the feed that remembers how often the chain contradicted it."""
    fault = _contradiction(feed, view)
    if fault is not None:
        feed = replace(feed, contradictions=feed.contradictions + 1)
        return feed, Contradicted(fault, alarm=feed.contradictions >= limits.patience)
    feed = replace(feed, contradictions=0, span=feed.span or limits.initial_span)
    if feed.next_block > view.final:
        return feed, Wait()
    # A narrow span shrinks the overlap too, down to a single block.
    first = max(feed.start_block, feed.next_block - min(limits.overlap, feed.span - 1))
    return feed, Scan(first, min(feed.next_block + feed.span - 1, view.final))


def absorb(
    feed: Feed,
    limits: ScanLimits,
    scan: Scan,
    end: Block,
    sightings: Sequence[S],
    next_trace_id: int | None = None,
) -> Absorbed[S]:
    """Take a scan's logs, in the chain's order.

    `end` is the scan's last block; its hash was read before the logs, so a change between shows.
    `next_trace_id` is the contract's own count at that block, if known: it shows requests missing
    from the end of the answer, before a later one does.

    Logs before a hole are accepted; those after it are left for the re-scan, so that order holds.
    """
    accepted: list[S] = []
    expected, anchor = feed.next_trace_id, feed.anchor
    gap = None if next_trace_id is None else (next_trace_id, scan.last + 1)
    for sighting in sightings:
        trace_id = sighting.trace_id
        if trace_id is not None and trace_id > expected:
            gap = trace_id, sighting.block.number
            break
        if trace_id == expected:
            expected, anchor = expected + 1, sighting.block.number
        accepted.append(sighting)
    rewinds = 0 if expected > feed.next_trace_id else feed.rewinds
    counted = replace(feed, next_trace_id=expected, anchor=anchor, rewinds=rewinds)
    if gap is not None and gap[0] > expected:
        rewound = replace(failed(counted, scan), next_block=anchor, rewinds=rewinds + 1)
        alarm = rewound.rewinds > limits.max_rewinds
        return Absorbed(rewound, tuple(accepted), Hole(expected, gap[0], gap[1], alarm))
    full = scan.last == feed.next_block + feed.span - 1
    span = min(limits.max_span, feed.span * 5 // 4 + 1) if full else feed.span
    passed = replace(counted, next_block=scan.last + 1, checkpoint=end, span=span)
    return Absorbed(passed, tuple(accepted))


def failed(feed: Feed, scan: Scan) -> Feed:
    """Halve the range after an error, a time-out or an answer that looks cut short."""
    return replace(feed, span=max(1, (scan.last - feed.next_block + 1) // 2))


def is_cut_short(limits: ScanLimits, scan: Scan, logs: int) -> bool:
    """A single block cannot be asked for in smaller parts, so its answer is believed."""
    return logs >= limits.log_cap and scan.last > scan.first


def _contradiction(feed: Feed, view: NodeView) -> str | None:
    known = feed.checkpoint
    if known is None:
        return None
    if view.tip.number < known.number:
        return f"the chain ends at block {view.tip.number}, but block {known.number} was read"
    seen = view.hashes.get(known.number)
    if seen != known.hash:
        found = "nothing" if seen is None else f"0x{seen.hex()}"
        return f"block {known.number} was 0x{known.hash.hex()}, the chain now has {found}"
    return None
