"""Where to read next: the cursor of one contract's events, as a pure state machine.

A contract numbers its sign requests 0, 1, 2, … (trace ids), so a missing one shows. The cursor
moves past a range only when the range's trace ids continue those before it; otherwise it goes back
to the latest request that was in sequence and reads again. Reading a block twice is harmless,
because an event is stored under (chain, contract, transaction, log index).

A reorganisation below what was read shows at the checkpoint, the last block read. The feed keeps
marks, blocks that it read and where it stood after them, densely at the end and ever more thinly
before; it goes back to the newest one that the chain still has.

    decide     what to do, given the chain's head         -> Scan | Wait | Contradicted
    absorb     what a scan's logs change                  -> Absorbed, perhaps with a Hole
    failed     what a scan that did not succeed changes   -> narrower ranges
    retraced   where to go on after a reorganisation      -> a feed further back, or None
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from zrsign_daemon.events.decode import Block


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
    # Polls in a row that show another block in the checkpoint's place before it is a fork.
    fork_patience: int = 2
    # Quick re-scans of one hole before it is an alarm; it is retried slowly after that.
    max_rewinds: int = 5


# Marks this near to the newest are all kept; before, one for each doubling of the distance.
DENSE_MARKS = 16
# No node takes fewer blocks at once; what refuses this few refuses something else.
LEAST_CAP = 5
# Full ranges in a row after which a range that a node once refused is tried again.
CAP_KEPT_FOR = 200


@dataclass(frozen=True)
class Mark:
    """A block that was read, and where the feed stood after it."""

    block: Block
    next_trace_id: int
    anchor: int


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
    # Blocks that were read, in order; a reorganisation leads back to one of them.
    marks: tuple[Mark, ...] = ()
    # The widest range that the node does not refuse, as far as it is known.
    cap: int | None = None
    # Ranges in a row that were as wide as `cap`.
    at_cap: int = 0

    @classmethod
    def new(cls, start_block: int) -> Feed:
        """The feed of a contract of which nothing was read yet."""
        return cls(start_block, next_block=start_block, next_trace_id=0, anchor=start_block)


@dataclass(frozen=True)
class NodeView:
    """What a node says now. `hashes` has the checkpoints asked for, None for an absent block."""

    tip: int
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
    # Whether it is time to look for the newest mark that the chain still has.
    retrace: bool
    # Whether a person must look, unless such a mark is found.
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
    contradiction = _contradiction(feed, view)
    if contradiction is not None:
        fault, forked = contradiction
        feed = replace(feed, contradictions=feed.contradictions + 1)
        patience = limits.fork_patience if forked else limits.patience
        times = feed.contradictions
        return feed, Contradicted(fault, times >= patience, times >= limits.patience)
    feed = replace(feed, contradictions=0, span=feed.span or limits.initial_span)
    if feed.next_block > view.final:
        return feed, Wait()
    # A narrow span shrinks the overlap too, down to a single block; so does a cap on both.
    room = feed.span if feed.cap is None else min(feed.span, feed.cap)
    first = max(feed.start_block, feed.next_block - min(limits.overlap, room - 1))
    last = min(feed.next_block + feed.span - 1, view.final)
    if feed.cap is not None:
        last = min(last, first + feed.cap - 1)
    return feed, Scan(first, last)


def absorb(
    feed: Feed,
    limits: ScanLimits,
    scan: Scan,
    blocks: Sequence[Block],
    sightings: Sequence[S],
    next_trace_id: int | None = None,
) -> Absorbed[S]:
    """Take a scan's logs, in the chain's order.

    `blocks` are those of the scan whose hashes are known, in order; its last block is the last.
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
    before = [mark for mark in feed.marks if mark.block.number < feed.next_block]
    passed = replace(
        _widened(counted, limits, scan),
        next_block=scan.last + 1,
        checkpoint=blocks[-1],
        marks=thinned((*before, *_marks(feed, blocks, accepted))),
    )
    return Absorbed(passed, tuple(accepted))


def failed(feed: Feed, scan: Scan, *, refused: bool = False) -> Feed:
    """Halve the range after an error, a time-out or an answer that looks cut short.

    A node that `refused` the range because of its width is not asked for as wide a one again.
    """
    cap = max(LEAST_CAP, scan.last - scan.first) if refused else feed.cap
    span = max(1, (scan.last - feed.next_block + 1) // 2)
    return replace(feed, span=span, cap=cap, at_cap=0)


def retraced(feed: Feed, hashes: Mapping[int, bytes | None]) -> Feed | None:
    """The feed as it stood after its newest mark that the chain still has; None without one.

    `hashes` has what the chain shows at each mark's height.
    """
    for place in range(len(feed.marks) - 1, -1, -1):
        mark = feed.marks[place]
        if hashes.get(mark.block.number) == mark.block.hash:
            return replace(
                feed,
                next_block=mark.block.number + 1,
                next_trace_id=mark.next_trace_id,
                anchor=mark.anchor,
                checkpoint=mark.block,
                marks=feed.marks[: place + 1],
                contradictions=0,
                rewinds=0,
            )
    return None


def thinned(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """The newest marks, and the oldest one at each doubling of the distance from them."""
    newest, kept, taken = marks[-1].block.number, [], set()
    for mark in marks:
        distance = newest - mark.block.number
        bucket = distance.bit_length()
        if distance < DENSE_MARKS or bucket not in taken:
            kept.append(mark)
            taken.add(bucket)
    return tuple(kept)


def is_cut_short(limits: ScanLimits, scan: Scan, logs: int) -> bool:
    """A single block cannot be asked for in smaller parts, so its answer is believed."""
    return logs >= limits.log_cap and scan.last > scan.first


def _widened(feed: Feed, limits: ScanLimits, scan: Scan) -> Feed:
    """The span after a range that was answered in full."""
    width = scan.last - scan.first + 1
    if feed.cap is not None and width >= feed.cap:
        if feed.at_cap + 1 < CAP_KEPT_FOR:
            return replace(feed, at_cap=feed.at_cap + 1)
        feed = replace(feed, cap=None, at_cap=0)
    if scan.last != feed.next_block + feed.span - 1:
        return feed
    return replace(feed, span=min(limits.max_span, feed.span * 5 // 4 + 1))


def _marks(feed: Feed, blocks: Sequence[Block], accepted: Sequence[Sighting]) -> list[Mark]:
    """Where the feed stood after each of the blocks that it had not read before."""
    marks, place = [], 0
    expected, anchor = feed.next_trace_id, feed.anchor
    for block in blocks:
        while place < len(accepted) and accepted[place].block.number <= block.number:
            if accepted[place].trace_id == expected:
                expected, anchor = expected + 1, accepted[place].block.number
            place += 1
        if block.number >= feed.next_block:
            marks.append(Mark(block, expected, anchor))
    return marks


def _contradiction(feed: Feed, view: NodeView) -> tuple[str, bool] | None:
    """What speaks against the checkpoint, None if nothing, and whether it is another block."""
    known = feed.checkpoint
    if known is None:
        return None
    if view.tip < known.number:
        return f"the chain ends at block {view.tip}, but block {known.number} was read", False
    seen = view.hashes.get(known.number)
    if seen != known.hash:
        found = "nothing" if seen is None else f"0x{seen.hex()}"
        fault = f"block {known.number} was 0x{known.hash.hex()}, the chain now has {found}"
        return fault, seen is not None
    return None
