"""The stage machine: every sequence of news, and the road that each kind of news takes."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from relayer.news import (
    Accepted,
    Built,
    Construction,
    Delivered,
    Final,
    Held,
    Included,
    News,
    Pending,
    Refused,
    Rejected,
    Unknown,
    Unreachable,
)
from relayer.stages import (
    Bounds,
    Effect,
    ItemKey,
    ItemKind,
    OutboxItem,
    Stage,
    Standing,
    decide,
    owed,
)

BOUNDS = Bounds(delay_s=lambda failures: min(30.0, 2.0**failures), max_refusals=4, max_rebuilds=2)
BUILT = Built(b"signed", "0xaa")


def item(kind: ItemKind = ItemKind.TRANSACTION) -> OutboxItem:
    return OutboxItem(key=ItemKey("str/1"), kind=kind, chain="eip155:31338", content=b"")


def after(
    told: list[News], start: OutboxItem | None = None, now: float = 0.0
) -> tuple[OutboxItem, Effect]:
    current, effect = start or item(), Effect.WAIT
    for news in told:
        current, effect = (done := decide(current, news, now, BOUNDS)).item, done.effect
    return current, effect


VIEWS: st.SearchStrategy[News] = st.one_of(
    st.just(BUILT),
    st.just(Held("later")),
    st.builds(Delivered, st.sampled_from(["", "0xaa", "0xbb"])),
    st.builds(Accepted, st.booleans()),
    st.just(Refused("pool is full")),
    st.builds(Rejected, st.just("never"), st.booleans()),
    st.just(Unreachable("dead")),
    st.just(Unknown()),
    st.just(Pending()),
    st.just(Included("0xaa", 5)),
    st.builds(Final, st.just("0xaa"), st.just(5), st.booleans(), st.just("why")),
)
PRECEDING = {
    Stage.BUILDING: Construction.__args__,
    Stage.INCLUSION: News.__args__,
    Stage.FINALITY: (Unknown, Pending, Included, Final, Rejected, Unreachable),
}


@given(st.lists(VIEWS, max_size=40), st.sampled_from(ItemKind))
def test_stages__should_keep_their_invariants_under_any_news(
    told: list[News], kind: ItemKind
) -> None:
    current, now = item(kind), 0.0
    for news in told:
        if not current.stage.ended and not isinstance(news, PRECEDING[current.stage]):
            continue
        before = current
        current = decide(before, news, now, BOUNDS).item
        if before.stage.ended:
            assert current == before
        if current.stage in (Stage.INCLUSION, Stage.FINALITY):
            assert current.signed
            assert current.tx_id
        if current.stage is Stage.FAILED:
            assert current.reason
        assert current.refusals <= BOUNDS.max_refusals
        assert current.rebuilds <= BOUNDS.max_rebuilds
        assert current.next_at <= now + 31
        now += 1


def test_built_item__should_be_looked_for_before_it_is_sent() -> None:
    assert after([BUILT])[1] is Effect.CHECK
    assert after([BUILT, Unknown()])[1] is Effect.SUBMIT


def test_accepted_item__should_owe_submitted_and_then_confirmed() -> None:
    sent, _ = after([BUILT, Unknown(), Accepted()])
    assert owed(sent) is Standing.SUBMITTED
    done, _ = after([Pending(), Included("0xaa", 7), Final("0xaa", 7)], sent)
    assert (done.stage, done.height, owed(done)) == (Stage.DONE, 7, Standing.CONFIRMED)


def test_known_transaction__should_count_as_accepted() -> None:
    sent, effect = after([BUILT, Unknown(), Accepted(known=True)])
    assert sent.accepted
    assert effect is Effect.CHECK


def test_reorganised_transaction__should_go_back_to_inclusion_and_be_sent_again() -> None:
    included, _ = after([BUILT, Unknown(), Accepted(), Included("0xaa", 7)])
    assert included.stage is Stage.FINALITY
    back = decide(included, Unknown(), 100.0, BOUNDS)
    assert back.item.stage is Stage.INCLUSION
    assert back.effect is Effect.SUBMIT


def test_dead_node__should_change_nothing_but_the_counters() -> None:
    sent, _ = after([BUILT, Unknown(), Accepted()])
    dead, effect = after([Unreachable("connection refused")] * 50, sent)
    assert replace(dead, outages=0, reason="", next_at=sent.next_at) == sent
    assert (dead.outages, effect) == (50, Effect.WAIT)


def test_held_answer__should_be_looked_at_ever_more_rarely() -> None:
    """Answers that wait for something must not take the node from those that do not."""
    once, _ = after([Held("paused")], item(ItemKind.ANSWER))
    often, effect = after([Held("paused")] * 9, once)
    assert (often.stage, often.reason, effect) == (Stage.BUILDING, "paused", Effect.WAIT)
    assert often.next_at - once.next_at >= BOUNDS.delay_s(10) - BOUNDS.delay_s(1) > 0
    built, _ = after([BUILT], often)
    assert (built.stage, built.outages) == (Stage.INCLUSION, 0)


def test_reverted_transaction__should_fail_with_its_reason() -> None:
    failed, _ = after([BUILT, Final("0xaa", 7, ok=False, reason="reverted: in block 7")])
    assert (failed.stage, failed.reason) == (Stage.FAILED, "reverted: in block 7")
    assert owed(failed) is Standing.FAILED


def test_refusals__should_end_in_failure_after_the_configured_number() -> None:
    failed, _ = after([BUILT, *[Refused("underpriced")] * BOUNDS.max_refusals])
    assert failed.stage is Stage.FAILED
    assert "underpriced" in failed.reason


def test_lost_nonce__should_fail_a_transaction_and_rebuild_an_answer() -> None:
    lost = Rejected("nonce_used", nonce_lost=True)
    assert after([BUILT, lost])[0].stage is Stage.FAILED
    answer, effect = after([BUILT, lost], item(ItemKind.ANSWER))
    assert (answer.stage, answer.tx_ids, effect) == (Stage.BUILDING, (), Effect.CHECK)
    spent, _ = after([BUILT, lost] * 3, item(ItemKind.ANSWER))
    assert spent.stage is Stage.FAILED


def test_long_pending_answer__should_be_replaced_and_its_landed_variant_kept() -> None:
    pending, _ = after([BUILT, Unknown(), Accepted(), Pending()], item(ItemKind.ANSWER))
    late = decide(pending, Pending(), BOUNDS.replace_after_s, BOUNDS)
    assert late.effect is Effect.REPLACE
    bumped = decide(late.item, Built(b"again", "0xbb"), 50.0, BOUNDS)
    assert (bumped.effect, bumped.item.tx_ids) == (Effect.SUBMIT, ("0xaa", "0xbb"))
    landed, _ = after([Final("0xaa", 9)], bumped.item)
    assert landed.tx_id == "0xaa"


def test_long_pending_transaction__should_be_sent_again_as_it_is() -> None:
    pending, _ = after([BUILT, Unknown(), Accepted(), Pending()])
    late = decide(pending, Pending(), BOUNDS.resubmit_after_s, BOUNDS)
    assert (late.effect, late.item.signed) == (Effect.SUBMIT, pending.signed)


def test_reported_item__should_owe_nothing() -> None:
    sent, _ = after([BUILT, Unknown(), Accepted()])
    assert owed(replace(sent, reported=Standing.SUBMITTED)) is Standing.SUBMITTED
