"""The cursor: every event once, in order, none lost, whatever a node does."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zrsign_listener.logs import block
from zrsign_daemon.events.decode import Block
from zrsign_listener import plan
from zrsign_listener.plan import (
    Contradicted,
    Feed,
    Mark,
    NodeView,
    Scan,
    ScanLimits,
    Wait,
)

LIMITS = ScanLimits(initial_span=10, max_span=40, overlap=2, log_cap=50, patience=3, max_rewinds=2)


@dataclass(frozen=True)
class Seen:
    """A sighting; `order` is its place on the chain."""

    order: int
    trace_id: int | None
    block: Block


def view(tip: int, final: int | None = None, **forks: int) -> NodeView:
    hashes = {n: block(n, forks.get(f"b{n}", 0)).hash for n in range(tip + 1)}
    return NodeView(tip, tip if final is None else final, dict(hashes))


def scanned(feed: Feed, last: int) -> Feed:
    return replace(feed, next_block=last + 1, checkpoint=block(last), span=10)


def mark(number: int, fork: int = 0) -> Mark:
    return Mark(block(number, fork), number // 2, number)


def test_new_feed__should_know_nothing_of_its_contract() -> None:
    assert Feed.new(100) == Feed(
        start_block=100,
        next_block=100,
        next_trace_id=0,
        anchor=100,
        checkpoint=None,
        span=0,
        rewinds=0,
        contradictions=0,
        marks=(),
        cap=None,
        at_cap=0,
    )
    assert plan.decide(Feed.new(0), LIMITS, view(100))[1] == Scan(0, LIMITS.initial_span - 1)


def test_new_feed__should_wait_for_its_start_block() -> None:
    feed, step = plan.decide(Feed.new(100), LIMITS, view(99))
    assert isinstance(step, Wait)
    _, step = plan.decide(feed, LIMITS, view(100))
    assert step == Scan(100, 100)


def test_scan__should_stop_at_the_final_block() -> None:
    _, step = plan.decide(Feed.new(0), LIMITS, view(30, final=4))
    assert step == Scan(0, 4)


def test_scan__should_read_the_overlap_again() -> None:
    _, step = plan.decide(scanned(Feed.new(0), 20), LIMITS, view(100))
    assert step == Scan(19, 30)


def test_nothing_new__should_wait() -> None:
    _, step = plan.decide(scanned(Feed.new(0), 20), LIMITS, view(20))
    assert isinstance(step, Wait)


def test_failures__should_narrow_to_one_block_and_success_widen_again() -> None:
    feed, step = plan.decide(scanned(Feed.new(0), 20), LIMITS, view(100))
    for _ in range(10):
        assert isinstance(step, Scan)
        feed, step = plan.decide(plan.failed(feed, step), LIMITS, view(100))
    assert step == Scan(21, 21)
    widths = []
    while isinstance(step, Scan):
        widths.append(step.last - feed.next_block + 1)
        feed = plan.absorb(feed, LIMITS, step, [block(step.last)], ()).feed
        feed, step = plan.decide(feed, LIMITS, view(1000))
    assert widths[:4] == [1, 2, 3, 4]
    assert max(widths) == LIMITS.max_span


def test_range__should_halve_after_a_failure_and_grow_by_a_quarter_when_it_was_full() -> None:
    feed = scanned(Feed.new(0), 20)
    assert [plan.failed(feed, Scan(19, last)).span for last in (21, 22, 23, 30)] == [1, 1, 1, 5]
    wide = replace(feed, span=20)
    assert plan.absorb(wide, LIMITS, Scan(19, 40), [block(40)], ()).feed.span == 26
    assert plan.absorb(wide, LIMITS, Scan(19, 39), [block(39)], ()).feed.span == 20


def test_contradiction__should_say_what_the_chain_has_in_the_blocks_place() -> None:
    feed, limits = scanned(Feed.new(0), 20), LIMITS
    _, other = plan.decide(feed, limits, view(30, b20=1))
    shown = view(30)
    hashes = {number: each for number, each in shown.hashes.items() if number != 20}
    _, none = plan.decide(feed, limits, replace(shown, hashes=hashes))
    assert isinstance(other, Contradicted)
    assert isinstance(none, Contradicted)
    was = f"block 20 was 0x{block(20).hash.hex()}, the chain now has "
    assert (other.fault, none.fault) == (f"{was}0x{block(20, 1).hash.hex()}", f"{was}nothing")


def test_changed_checkpoint__should_alarm_only_after_patience() -> None:
    feed = scanned(Feed.new(0), 20)
    steps = []
    for _ in range(4):
        feed, step = plan.decide(feed, LIMITS, view(30, b20=1))
        assert isinstance(step, Contradicted)
        steps.append(step)
    assert [step.alarm for step in steps] == [False, False, True, True]
    assert "block 20" in steps[0].fault
    feed, step = plan.decide(feed, LIMITS, view(30))
    assert isinstance(step, Scan)
    assert feed.contradictions == 0


def test_chain_shorter_than_the_cursor__should_contradict() -> None:
    _, step = plan.decide(scanned(Feed.new(0), 20), LIMITS, view(3))
    assert isinstance(step, Contradicted)
    assert "ends at block 3" in step.fault


def test_hole__should_rewind_to_the_last_request_in_sequence() -> None:
    feed = scanned(Feed.new(0), 20)
    sightings = [
        Seen(0, 0, block(22)),
        Seen(1, None, block(23)),
        Seen(2, 2, block(25)),
        Seen(3, None, block(26)),
    ]
    absorbed = plan.absorb(feed, LIMITS, Scan(19, 30), [block(30)], sightings)
    assert absorbed.accepted == tuple(sightings[:2])
    assert absorbed.hole == plan.Hole(expected=1, found=2, block=25, alarm=False)
    assert absorbed.feed.next_block == 22
    assert absorbed.feed.next_trace_id == 1
    assert absorbed.feed.checkpoint == feed.checkpoint


def test_contracts_own_count__should_show_requests_missing_at_the_end() -> None:
    feed, scan = scanned(Feed.new(0), 20), Scan(19, 30)
    first = Seen(0, 0, block(22))
    absorbed = plan.absorb(feed, LIMITS, scan, [block(30)], [first], next_trace_id=3)
    assert absorbed.hole == plan.Hole(expected=1, found=3, block=31, alarm=False)
    assert absorbed.accepted == (first,)
    assert absorbed.feed.next_block == 22
    # A node that lags behind its own logs proves nothing.
    assert plan.absorb(feed, LIMITS, scan, [block(30)], [first], next_trace_id=0).hole is None


def test_hole_that_stays__should_alarm_after_the_allowed_rewinds() -> None:
    feed = scanned(Feed.new(0), 20)
    alarms: list[bool] = []
    while len(alarms) < 4:
        feed, step = plan.decide(feed, LIMITS, view(30))
        assert isinstance(step, Scan)
        missing = [Seen(0, 1, block(25))] if step.last >= 25 >= step.first else []
        absorbed = plan.absorb(feed, LIMITS, step, [block(step.last)], missing)
        feed = absorbed.feed
        if absorbed.hole is not None:
            alarms.append(absorbed.hole.alarm)
    assert alarms == [False, False, True, True]


def test_hole_that_fills__should_be_given_all_its_rewinds_again() -> None:
    feed = replace(scanned(Feed.new(0), 20), rewinds=2)
    scan, progress = Scan(19, 30), Seen(0, 0, block(25))
    assert plan.absorb(feed, LIMITS, scan, [block(30)], [progress]).feed.rewinds == 0
    # What shows nothing of the missing request leaves the count as it is.
    silent = [Seen(0, None, block(25))]
    assert plan.absorb(feed, LIMITS, scan, [block(30)], silent).feed.rewinds == 2
    further = plan.absorb(feed, LIMITS, scan, [block(30)], [progress, Seen(1, 2, block(26))])
    assert (further.feed.rewinds, further.hole) == (1, plan.Hole(1, 2, 26, alarm=False))


def test_limits__should_be_careful_unless_told_otherwise() -> None:
    assert ScanLimits() == ScanLimits(
        initial_span=500,
        max_span=2_000,
        overlap=2,
        log_cap=10_000,
        patience=8,
        fork_patience=2,
        max_rewinds=5,
    )


def width(scan: Scan) -> int:
    return scan.last - scan.first + 1


def test_refused_width__should_not_be_asked_for_again_for_a_long_time() -> None:
    """A node that takes ten blocks: the cap is found, kept for 200 full ranges, and tried again."""
    feed, far, refused, taken = Feed.new(0), view(0), 0, 0
    far = replace(far, tip=10_000, final=10_000)
    hashes: dict[int, bytes | None] = {n: block(n).hash for n in range(10_001)}
    far = replace(far, hashes=hashes)
    since = 0
    for _ in range(400):
        feed, step = plan.decide(feed, LIMITS, far)
        assert isinstance(step, Scan)
        if width(step) > 10:
            refused, since = refused + 1, taken
            feed = plan.failed(feed, step, refused=True)
            continue
        taken += 1
        feed = plan.absorb(feed, LIMITS, step, [block(step.last)], ()).feed
        if taken - since == 150:
            assert (feed.cap, width(step)) == (10, 10)
    assert refused <= 12
    assert feed.next_block > 2_500


def test_cap__should_end_with_the_200th_full_range_in_a_row() -> None:
    feed = replace(scanned(Feed.new(0), 20), cap=10, at_cap=198)

    def after(scan: Scan, feed: Feed) -> tuple[int | None, int, int]:
        feed = plan.absorb(feed, LIMITS, scan, [block(scan.last)], ()).feed
        return feed.cap, feed.at_cap, feed.span

    assert after(Scan(21, 29), feed) == (10, 198, 10)
    assert after(Scan(19, 28), feed) == (10, 199, 10)
    last = replace(feed, at_cap=199)
    assert after(Scan(21, 30), last) == (None, 0, 13)
    assert after(Scan(19, 28), last) == (None, 0, 10)
    # One that is refused in between is not in a row with those before.
    assert plan.failed(last, Scan(19, 28)).at_cap == 0
    assert after(Scan(21, 30), replace(feed, cap=None, at_cap=0)) == (None, 0, 13)


def test_refusal_of_a_few_blocks__should_not_be_taken_for_a_cap() -> None:
    feed = scanned(Feed.new(0), 20)
    assert plan.failed(feed, Scan(21, 22), refused=True).cap == 5
    assert plan.failed(feed, Scan(21, 30), refused=True).cap == 9
    assert plan.failed(feed, Scan(21, 30)).cap is None


def test_cap__should_bound_the_overlap_too_and_leave_a_block_to_read() -> None:
    feed = replace(scanned(Feed.new(0), 20), cap=5)
    assert plan.decide(feed, LIMITS, view(100))[1] == Scan(19, 23)
    wide = replace(LIMITS, overlap=9)
    assert plan.decide(feed, wide, view(100))[1] == Scan(17, 21)


def test_fork__should_be_followed_sooner_than_a_node_that_lags() -> None:
    steps = []
    for seen in (view(30, b20=1), view(3)):
        feed = scanned(Feed.new(0), 20)
        for _ in range(3):
            feed, step = plan.decide(feed, LIMITS, seen)
            assert isinstance(step, Contradicted)
            steps.append((step.retrace, step.alarm))
    fork, lag = steps[:3], steps[3:]
    assert fork == [(False, False), (True, False), (True, True)]
    assert lag == [(False, False), (False, False), (True, True)]


def test_marks__should_say_where_the_feed_stood_after_each_block() -> None:
    feed = scanned(Feed.new(0), 20)
    sightings = [
        Seen(0, 0, block(22)),
        Seen(1, None, block(22)),
        Seen(2, 1, block(24)),
        Seen(3, 2, block(24)),
    ]
    blocks = [block(number) for number in range(19, 26)]
    feed = plan.absorb(feed, LIMITS, Scan(19, 25), blocks, sightings).feed
    assert [(m.block.number, m.next_trace_id, m.anchor) for m in feed.marks] == [
        (21, 0, 0),
        (22, 1, 22),
        (23, 1, 22),
        (24, 3, 24),
        (25, 3, 24),
    ]
    assert feed.checkpoint == block(25)


def test_marks_after_a_rewind__should_take_the_place_of_those_before() -> None:
    feed = scanned(Feed.new(0), 20)
    blocks = [block(number) for number in range(21, 26)]
    feed = plan.absorb(feed, LIMITS, Scan(21, 25), blocks, ()).feed
    again = replace(feed, next_block=23)
    late = [Seen(0, 0, block(24))]
    marks = plan.absorb(again, LIMITS, Scan(23, 25), blocks[2:], late).feed.marks
    assert [(m.block.number, m.next_trace_id) for m in marks] == [
        (21, 0),
        (22, 0),
        (23, 0),
        (24, 1),
        (25, 1),
    ]


def test_feed__should_go_back_to_its_newest_mark_on_the_chain() -> None:
    marks = tuple(map(mark, (10, 20, 30, 40)))
    feed = replace(scanned(Feed.new(0), 40), marks=marks, contradictions=3, rewinds=2)
    hashes = {each.block.number: each.block.hash for each in marks}
    for place, newest in reversed(list(enumerate(marks))):
        number = newest.block.number
        assert plan.retraced(feed, hashes) == replace(
            feed,
            next_block=number + 1,
            next_trace_id=number // 2,
            anchor=number,
            checkpoint=newest.block,
            marks=marks[: place + 1],
            contradictions=0,
            rewinds=0,
        )
        # Now the chain has another block there.
        hashes[number] = block(number, 1).hash
    assert plan.retraced(feed, hashes) is None
    assert plan.retraced(feed, dict.fromkeys(hashes)) is None


def test_marks__should_be_dense_at_the_end_and_one_a_doubling_before() -> None:
    kept = plan.thinned([mark(number) for number in range(101)])
    assert kept == tuple(map(mark, (0, 37, 69, *range(85, 101))))


@given(st.lists(st.integers(1, 400), min_size=1, max_size=200))
def test_marks__should_be_few_and_never_far_behind_a_fork(steps: list[int]) -> None:
    marks: tuple[Mark, ...] = (mark(0),)
    number = 0
    for step in steps:
        number += step
        marks = plan.thinned((*marks, mark(number)))
        numbers = [each.block.number for each in marks]
        assert numbers == sorted(set(numbers))
        assert numbers[-1] == number
        assert numbers[0] == 0
    assert len(marks) <= plan.DENSE_MARKS + number.bit_length()


def test_full_answer__should_count_as_cut_short_unless_it_is_one_block() -> None:
    assert plan.is_cut_short(LIMITS, Scan(1, 2), LIMITS.log_cap)
    assert not plan.is_cut_short(LIMITS, Scan(1, 2), LIMITS.log_cap - 1)
    assert not plan.is_cut_short(LIMITS, Scan(2, 2), LIMITS.log_cap)


@st.composite
def chains(draw: st.DrawFn) -> list[Seen]:
    """Blocks 0 to 99 with sign requests (numbered) and key requests (not), the last one a sign
    request."""
    numbers = sorted(draw(st.lists(st.integers(5, 99), min_size=1, max_size=25)))
    signs = draw(st.lists(st.booleans(), min_size=len(numbers), max_size=len(numbers)))
    seen, trace_id = [], 0
    for order, (number, sign) in enumerate(zip(numbers, [*signs[:-1], True], strict=True)):
        seen.append(Seen(order, trace_id if sign else None, block(number)))
        trace_id += sign
    return seen


@settings(max_examples=60)
@given(chains(), st.data())
def test_flaky_node__should_cost_no_request_and_no_order(
    chain: list[Seen], data: st.DataObject
) -> None:
    """Answers fail, leave sign requests out, and lag; later the node is sound, a block further."""
    feed, tip = Feed.new(5), 5
    stored: list[Seen] = []
    for turn in range(400):
        flaky = turn < 20
        tip = data.draw(st.integers(max(0, tip - 3), min(99, tip + 20))) if flaky else 100
        known = {} if feed.checkpoint is None else {feed.checkpoint.number: feed.checkpoint.hash}
        feed, step = plan.decide(feed, LIMITS, NodeView(tip, tip, dict(known)))
        if isinstance(step, Wait) and not flaky:
            break
        if not isinstance(step, Scan):
            continue
        if flaky and data.draw(st.integers(0, 3)) == 0:
            feed = plan.failed(feed, step)
            continue
        answer = [s for s in chain if step.first <= s.block.number <= step.last]
        if flaky and answer:
            lost = data.draw(st.sampled_from(answer))
            answer = [s for s in answer if s is not lost or s.trace_id is None]
        so_far = [s for s in chain if s.trace_id is not None and s.block.number <= step.last]
        count = data.draw(st.sampled_from([None, len(so_far)])) if flaky else len(so_far)
        absorbed = plan.absorb(feed, LIMITS, step, [block(step.last)], answer, count)
        stored += [s for s in absorbed.accepted if s not in stored]
        feed = absorbed.feed
    assert feed.next_block == 101
    assert sorted(stored, key=lambda s: s.order) == chain
    trace_ids = [s.trace_id for s in stored if s.trace_id is not None]
    assert trace_ids == list(range(len(trace_ids)))
