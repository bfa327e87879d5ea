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
    NotTaken,
    Pending,
    Rejected,
    Stranded,
    Unknown,
    Unreachable,
)
from relayer.stages import (
    PENDING,
    Bounds,
    Effect,
    ItemKey,
    ItemKind,
    OutboxItem,
    Reported,
    Stage,
    decide,
    owed,
    owes,
)
from zrchain_lite.wire.zrsign.receiver.receiver_pb2 import DeliveryStatus

BOUNDS = Bounds(delay_s=lambda failures: min(30.0, 2.0**failures))
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
    st.just(NotTaken("pool is full")),
    st.builds(Rejected, st.just("never"), st.booleans()),
    st.just(Unreachable("dead")),
    st.just(Unknown()),
    st.just(Pending()),
    st.just(Included("0xaa", 5)),
    st.just(Included("0xaa", 5, deep=True)),
    st.just(Included("0xaa", 5, deep=True, reason="reverted")),
    st.just(Stranded("its nonce is used")),
    st.builds(Final, st.just("0xaa"), st.just(5), st.booleans(), st.just("why")),
)
PRECEDING = {
    Stage.BUILDING: Construction.__args__,
    Stage.INCLUSION: News.__args__,
    Stage.FINALITY: (Unknown, Pending, Included, Final, Stranded, Rejected, Unreachable),
    Stage.CONFIRMED: (Unknown, Pending, Included, Final, Stranded, Rejected, Unreachable),
}


@given(st.lists(VIEWS, max_size=40), st.sampled_from(ItemKind))
def test_stages__should_keep_their_invariants_under_any_news(
    told: list[News], kind: ItemKind
) -> None:
    current, now = item(kind), 1.0
    for news in told:
        if not current.stage.ended and not isinstance(news, PRECEDING[current.stage]):
            continue
        before = current
        current = decide(before, news, now, BOUNDS).item
        if before.stage.ended:
            assert current == before
        if current.stage in (Stage.INCLUSION, Stage.FINALITY, Stage.CONFIRMED):
            assert current.signed
            assert current.tx_id
        if current.stage is Stage.FAILED and not before.stage.ended:
            # Nothing but a proof ends a delivery as failed.
            assert isinstance(news, Rejected | Final)
            assert current.reason
        assert current.next_at <= now + 31
        assert bool(current.waits_since) == bool(current.reason and needs_reason(current))
        now += 1


def needs_reason(current: OutboxItem) -> bool:
    return current.stage in (Stage.BUILDING, Stage.INCLUSION, Stage.FINALITY)


def test_built_item__should_be_looked_for_before_it_is_sent() -> None:
    assert after([BUILT])[1] is Effect.CHECK
    assert after([BUILT, Unknown()])[1] is Effect.SUBMIT


def test_accepted_item__should_owe_submitted_and_then_confirmed() -> None:
    sent, _ = after([BUILT, Unknown(), Accepted()])
    assert owed(sent) is Reported.SUBMITTED
    done, _ = after([Pending(), Included("0xaa", 7), Final("0xaa", 7)], sent)
    assert (done.stage, done.height, owed(done)) == (Stage.DONE, 7, Reported.CONFIRMED)


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
    assert replace(dead, outages=0, reason=sent.reason, next_at=sent.next_at) == sent
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
    assert owed(failed) is Reported.FAILED


def test_refusals__should_never_end_in_failure() -> None:
    waiting, _ = after([BUILT, *[NotTaken("underpriced")] * 1000])
    assert (waiting.stage, waiting.reason) == (Stage.INCLUSION, "underpriced")
    done, _ = after([Unknown(), Accepted(), Final("0xaa", 5)], waiting, now=100.0)
    assert done.stage is Stage.DONE


def test_confirmed_item__should_be_submitted_again_when_its_block_is_gone() -> None:
    confirmed, _ = after([BUILT, Included("0xaa", 7, deep=True)])
    assert (confirmed.stage, owed(confirmed)) == (Stage.CONFIRMED, Reported.CONFIRMED)
    assert confirmed.next_at == BOUNDS.watch_s
    confirmed = replace(confirmed, reported=Reported.CONFIRMED)
    back = decide(confirmed, Unknown(), 100.0, BOUNDS)
    assert (back.item.stage, back.effect) == (Stage.INCLUSION, Effect.SUBMIT)
    assert owed(back.item) is Reported.SUBMITTED
    assert back.item.reason.startswith("reorganised")


def test_confirmed_item_that_is_lost__should_first_take_its_confirmation_back() -> None:
    confirmed, _ = after([BUILT, Included("0xaa", 7, deep=True)])
    lost, _ = after([Rejected("nonce_used")], replace(confirmed, reported=Reported.CONFIRMED))
    assert (lost.stage, owed(lost)) == (Stage.FAILED, Reported.SUBMITTED)
    assert owed(replace(lost, reported=Reported.SUBMITTED)) is Reported.FAILED


def test_revert__should_wait_for_finality_with_its_reason() -> None:
    waits, _ = after([BUILT, Included("0xaa", 7, deep=True, reason="reverted: in block 7")])
    assert (waits.stage, waits.reason) == (Stage.FINALITY, "reverted: in block 7")


def test_reason__should_be_noted_once_it_has_lasted_and_again_when_it_is_another() -> None:
    poor = "insufficient funds: balance {}"
    first, _ = after([BUILT, NotTaken(poor.format(1))], now=1000.0)
    assert (first.note, first.waits_since) == ("", 1000.0)
    late = 1000.0 + BOUNDS.note_after_s
    noted, _ = after([NotTaken(poor.format(2))], first, now=late)
    assert noted.note == poor.format(2)
    assert owes(noted)
    again, _ = after([NotTaken(poor.format(3))], noted, now=late + 5)
    assert again.note == noted.note
    other, _ = after([NotTaken("fee too low")], again, now=late + 6)
    assert (other.note, other.waits_since) == ("fee too low", 1000.0)
    done, _ = after([Included("0xaa", 7)], other, now=late + 7)
    assert (done.note, done.waits_since) == ("", 0.0)


def test_stranded_transaction__should_wait_and_a_stranded_answer_be_built_again() -> None:
    taken = Stranded("nonce_used: in a block that is not final yet")
    waits, effect = after([BUILT, taken])
    assert (waits.stage, waits.reason, effect) == (Stage.INCLUSION, taken.reason, Effect.WAIT)
    for refusals in (1, 2, 3):
        again, _ = after([BUILT, *[taken] * refusals], now=1000.0)
        pause = BOUNDS.poll_s + BOUNDS.delay_s(refusals)
        assert (again.refusals, again.next_at) == (refusals, 1000.0 + pause)
    answer, _ = after([BUILT, taken], item(ItemKind.ANSWER))
    assert (answer.stage, answer.tx_ids) == (Stage.BUILDING, ())


def test_item__should_remember_the_height_at_which_it_was_first_looked_for() -> None:
    looked, _ = after([BUILT, Unknown(70), Accepted(), Pending(75), Included("0xaa", 80)])
    assert looked.since == 70
    # The height of a block that has it says nothing of when it was sent.
    assert after([BUILT, Included("0xaa", 80)])[0].since == 0


def test_lost_nonce__should_fail_a_transaction_and_rebuild_an_answer() -> None:
    lost = Rejected("nonce_used", nonce_lost=True)
    assert after([BUILT, lost])[0].stage is Stage.FAILED
    answer, effect = after([BUILT, lost], item(ItemKind.ANSWER))
    assert (answer.stage, answer.tx_ids, effect) == (Stage.BUILDING, (), Effect.CHECK)
    often, effect = after([BUILT, lost] * 9, item(ItemKind.ANSWER))
    assert (often.stage, often.rebuilds, effect) == (Stage.BUILDING, 9, Effect.WAIT)


def test_rebuilding__should_pause_longer_each_time_and_forget_the_block() -> None:
    lost = Rejected("nonce_used", nonce_lost=True)
    for rebuilds in (1, 2, 3):
        news: list[News] = [BUILT, Included("0xaa", 7), lost] * rebuilds
        again, _ = after(news, item(ItemKind.ANSWER), now=1000.0)
        assert again.next_at == 1000.0 + BOUNDS.delay_s(rebuilds - 1)
        assert again.height == 0


def test_refusals__should_be_forgotten_with_the_first_success() -> None:
    refused, _ = after([BUILT, NotTaken("pool is full"), NotTaken("pool is full")])
    assert refused.refusals == 2
    for news in (Accepted(), Included("0xaa", 7)):
        assert after([news], refused)[0].refusals == 0


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
    reported = replace(sent, reported=Reported.SUBMITTED)
    assert owed(reported) is Reported.SUBMITTED
    assert (owes(sent), owes(reported)) == (True, False)
    assert owes(replace(reported, note="pool is full"))


def test_standing__should_be_the_ledgers_own_word() -> None:
    for standing, word in (
        (Reported.NONE, "OPEN"),
        (Reported.SUBMITTED, "SUBMITTED"),
        (Reported.CONFIRMED, "CONFIRMED"),
        (Reported.FAILED, "FAILED"),
    ):
        assert DeliveryStatus.Name(standing.value) == f"DELIVERY_STATUS_{word}"


def test_fresh_item__should_owe_nothing_and_have_had_no_trouble() -> None:
    fresh = item()
    assert owed(fresh) is Reported.NONE
    assert (fresh.refusals, fresh.outages, fresh.rebuilds, fresh.height) == (0, 0, 0, 0)
    assert owed(after([BUILT, Unknown()])[0]) is Reported.NONE


def test_answer_that_another_brought__should_name_that_transaction_or_none() -> None:
    answer, _ = after([BUILT], item(ItemKind.ANSWER))
    for tx_id, tx_ids in (("0xbb", ("0xbb",)), ("", ())):
        done, effect = after([Delivered(tx_id)], answer)
        assert (done.stage, done.tx_ids, effect) == (Stage.DONE, tx_ids, Effect.WAIT)


def test_next_look__should_come_after_a_pause() -> None:
    """What is due at once is due now, and what was just looked at is not."""
    now, poll = 1000.0, BOUNDS.poll_s
    for news, due in (
        (Accepted(), now + poll),
        (Held("later"), now + poll),
        (Pending(), now + poll),
        (Included("0xaa", 5), now + poll),
        (NotTaken("pool is full"), now + poll + BOUNDS.delay_s(1)),
        (Unreachable("dead"), now + BOUNDS.delay_s(1)),
        (Built(b"again", "0xbb"), now),
    ):
        built, _ = after([BUILT], now=now)
        assert decide(built, news, now, BOUNDS).item.next_at == due


def test_transaction_in_a_block__should_count_as_accepted() -> None:
    for news in (Pending(), Included("0xaa", 5), Final("0xaa", 5)):
        seen, _ = after([BUILT, news])
        assert seen.accepted


def test_transaction_that_left_its_block__should_have_no_height() -> None:
    included, _ = after([BUILT, Included("0xaa", 7)])
    assert included.height == 7
    for news in (Unknown(), Pending()):
        back, _ = after([news], included)
        assert (back.stage, back.height) == (Stage.INCLUSION, 0)


def test_unknown_transaction__should_not_be_sent_before_its_time() -> None:
    sent, _ = after([BUILT, Unknown(), Accepted()], now=1000.0)
    early = decide(sent, Unknown(), 1000.0, BOUNDS)
    assert (early.item, early.effect) == (sent, Effect.WAIT)
    assert decide(sent, Unknown(), sent.next_at, BOUNDS).effect is Effect.SUBMIT


def test_pending_item__should_say_what_it_waits_for() -> None:
    waits, _ = after([BUILT, Pending(reason="nonce 3 comes before")])
    assert waits.reason == "nonce 3 comes before"
    assert after([BUILT, Pending()])[0].reason == PENDING


def test_pending_item__should_be_let_alone_for_a_while() -> None:
    """It counts from when it was first seen, or was sent last."""
    start = 1000.0
    for kind, after_s in (
        (ItemKind.TRANSACTION, BOUNDS.resubmit_after_s),
        (ItemKind.ANSWER, BOUNDS.replace_after_s),
    ):
        seen, effect = after([BUILT, Pending()], item(kind), start)
        assert (seen.sent_at, effect) == (start, Effect.WAIT)
        assert decide(seen, Pending(), start + after_s - 0.1, BOUNDS).effect is Effect.WAIT
        late = decide(seen, Pending(), start + after_s, BOUNDS)
        assert late.effect is not Effect.WAIT
        assert decide(late.item, Pending(), start + after_s, BOUNDS).effect is Effect.WAIT


def test_answer__should_be_replaced_only_so_often() -> None:
    current, now, effects = after([BUILT, Pending()], item(ItemKind.ANSWER))[0], 0.0, []
    for number in range(BOUNDS.max_replacements + 1):
        now += BOUNDS.resubmit_after_s
        move = decide(current, Pending(), now, BOUNDS)
        effects.append(move.effect)
        current = decide(move.item, Built(b"again", f"0x{number}"), now, BOUNDS).item
    assert effects == [Effect.REPLACE] * BOUNDS.max_replacements + [Effect.SUBMIT]


def test_variants__should_end_with_the_one_that_landed() -> None:
    both, _ = after([BUILT, Built(b"again", "0xbb")], item(ItemKind.ANSWER))
    for landed, tx_ids in (("0xaa", ("0xbb", "0xaa")), ("0xbb", ("0xaa", "0xbb"))):
        assert after([Included(landed, 5)], both)[0].tx_ids == tx_ids
    # A chain that does not say which.
    assert after([Final("", 5)], both)[0].tx_ids == both.tx_ids


def test_item_that_was_never_built__should_fail_without_a_transaction() -> None:
    failed, _ = after([Rejected("never")])
    assert (failed.stage, failed.tx_ids, failed.tx_id) == (Stage.FAILED, (), "")


def test_clock_that_was_set_back__should_delay_nothing() -> None:
    """A dropped transaction is sent again, and one that waits is replaced in its time."""
    noted = replace(item(), stage=Stage.INCLUSION, accepted=True, next_at=5e3, sent_at=4_999.0)
    noted = replace(noted, waits_since=4_999.0)
    assert decide(noted, Unknown(), 1_400.0, BOUNDS).effect is Effect.SUBMIT
    waits = decide(noted, Pending(), 1_400.0, BOUNDS).item
    assert max(waits.sent_at, waits.waits_since) <= 1_400.0
    assert waits.next_at <= 1_400.0 + BOUNDS.poll_s
