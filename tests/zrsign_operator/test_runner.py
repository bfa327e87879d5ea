"""How executions begin, go on and end, whatever peers say and in whatever order."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from tests.zrsign_dmpc.ecdsa.parties import identity
from tests.zrsign_operator.echo import (
    EchoRound,
    Harness,
    broken,
    execution,
    proposal,
    said,
    settled,
)
from tests.zrsign_operator.test_lanes import Thread, settle
from zrsign_dmpc.errors import DmpcError, ParameterError
from zrsign_dmpc.kept.single_use import AlreadyConsumed
from zrsign_dmpc.run.rounds import Abort, Result
from zrsign_dmpc.run.session import Outbound, Session
from zrsign_operator.errors import NotApproved, NotDue, Refused
from zrsign_operator.peers.conduct import Offence
from zrsign_operator.peers.frames import NOT_WITH, Proposal, Refusal, Said, WorkKind
from zrsign_operator.work.limits import (
    AUX_PATIENCE_S,
    HEAVY,
    MOST,
    SLOWER,
    TIMEOUTS_S,
    allowance,
    patience_s,
)
from zrsign_operator.work.run import MAX_SAID, MAX_SHORT_BYTES
from zrsign_operator.work.waiting import (
    EARLY_S,
    MAX_EARLY,
    MAX_EARLY_BYTES,
    MAX_EARLY_EXECUTIONS,
    MAX_PARKED,
    PARK_S,
    PARK_SHORTLY_S,
)


@pytest.fixture
def harness() -> Harness:
    return Harness()


# Joining


def test_proposal__should_go_to_the_others_ahead_of_the_first_message(harness: Harness) -> None:
    mine = proposal(proposer=1)
    assert harness.runner.propose(mine)
    assert [(to, type(frame)) for to, frame in harness.sent] == [
        (2, Proposal),
        (3, Proposal),
        (2, Said),
        (3, Said),
    ]
    assert harness.runner.running() == [mine]
    assert harness.runner.is_running(WorkKind.FROST, 7)
    assert not harness.runner.is_running(WorkKind.ECDSA, 7)
    assert not harness.runner.is_running(WorkKind.FROST, 8)


def test_execution__should_end_with_its_result_when_all_have_spoken(harness: Harness) -> None:
    theirs = proposal()
    harness.runner.invited(theirs)
    assert [to for to, _ in harness.told(Said)] == [2, 3]
    harness.hear(theirs, 2)
    assert harness.kept == []
    harness.clock.now += 2.5
    harness.hear(theirs, 3)
    assert harness.kept == [6]
    (ended,) = harness.ended
    assert (ended.proposal, ended.outcome, ended.seconds) == (theirs, Result(6), 2.5)
    assert ended.execution.sid == execution(theirs).sid
    assert harness.runner.running() == []


def test_own_proposal__should_go_to_nobody_when_its_operator_may_not_join(
    harness: Harness,
) -> None:
    for error in (Refused("not now"), NotApproved("never"), ParameterError("misfit")):
        harness.why = error
        assert not harness.runner.propose(proposal(proposer=1))
    assert (harness.sent, harness.ended, harness.runner.running()) == ([], [], [])


def test_own_proposal_that_its_operator_may_not_join__should_be_in_its_log() -> None:
    with capture_logs() as lines:
        harness = Harness()
        harness.why = Refused("not now")
        harness.runner.propose(proposal(proposer=1))
    (line,) = lines
    assert (line["event"], line["subjects"], line["why"]) == ("not_proposed", (7,), "not now")


@pytest.mark.parametrize("error", [NotApproved("never"), ParameterError("misfit"), OSError("disk")])
def test_invitation__should_be_refused_at_once_for_what_time_does_not_mend(
    harness: Harness, error: Exception
) -> None:
    harness.why = error
    theirs = proposal()
    harness.runner.invited(theirs)
    assert harness.told(Refusal) == [(2, Refusal(theirs.execution_id, str(error)))]
    # It is over: neither a repetition nor a message brings it back.
    harness.why = None
    harness.runner.invited(theirs)
    harness.hear(theirs, 2, 3)
    harness.clock.now += EARLY_S + 1
    harness.runner.tick()
    assert (harness.sent, harness.kept) == ([], [])


def test_reason__should_be_told_in_few_words(harness: Harness) -> None:
    harness.why = ParameterError("x" * 1000)
    theirs = proposal()
    harness.runner.invited(theirs)
    assert harness.told(Refusal) == [(2, Refusal(theirs.execution_id, "x" * 300))]
    harness.why = None
    called_off = proposal(name="called off")
    harness.runner.invited(called_off)
    harness.runner.refusal(3, Refusal(called_off.execution_id, "y" * 300))
    ((_, told),) = harness.told(Refusal)
    assert told.reason == "party 3: " + "y" * 291


def test_invitation__should_wait_for_this_operator_to_catch_up(harness: Harness) -> None:
    harness.why = Refused("not open here")
    theirs = proposal()
    harness.runner.invited(theirs)
    harness.hear(theirs, 3, 2)
    assert harness.sent == []
    harness.clock.now += PARK_SHORTLY_S - 0.1
    harness.runner.retry_parked()
    assert harness.sent == []
    harness.why = None
    harness.runner.retry_parked()
    assert harness.kept == [6]


@pytest.mark.parametrize("kind", WorkKind)
def test_invitation__should_wait_only_so_long(harness: Harness, kind: WorkKind) -> None:
    harness.why = Refused("not open here")
    theirs = proposal(kind)
    harness.runner.invited(theirs)
    harness.clock.now += PARK_S.get(kind, PARK_SHORTLY_S) - 0.1
    harness.runner.tick()
    assert harness.sent == []
    harness.clock.now += 0.1
    harness.runner.tick()
    assert harness.told(Refusal) == [(2, Refusal(theirs.execution_id, "not open here"))]


def test_invitation_that_nothing_makes_due__should_be_held_against_its_proposer(
    harness: Harness,
) -> None:
    """Not before it had time to become due; what this operator lacks is nobody's fault."""
    for why, offences in ((Refused("not here"), []), (NotDue("not due"), [(2, Offence.UNDUE)])):
        harness.why = why
        harness.runner.invited(proposal(name=str(why)))
        assert harness.offences == []
        harness.clock.now += PARK_SHORTLY_S
        harness.runner.tick()
        assert harness.offences == offences


def test_waiting_invitation__should_not_win_time_by_being_repeated(harness: Harness) -> None:
    harness.clock.now = 0.0
    harness.why = Refused("not open here")
    theirs = proposal()
    for _ in range(5):
        harness.runner.invited(theirs)
        harness.clock.now += PARK_SHORTLY_S / 4
        harness.runner.tick()
    assert harness.told(Refusal) == [(2, Refusal(theirs.execution_id, "not open here"))]


def test_waiting_invitations__should_be_few_of_one_peer(harness: Harness) -> None:
    harness.why = Refused("not open here")
    for number in range(MAX_PARKED + 3):
        harness.runner.invited(proposal(name=str(number)))
    assert [to for to, _ in harness.told(Refusal)] == [2, 2, 2]
    harness.runner.invited(proposal(proposer=3))
    assert harness.sent == []


def test_repeated_invitation__should_change_nothing(harness: Harness) -> None:
    theirs = proposal()
    harness.runner.invited(theirs)
    before = list(harness.sent)
    harness.runner.invited(theirs)
    harness.hear(theirs, 2, 3)
    harness.runner.invited(theirs)
    assert harness.sent == before
    assert harness.kept == [6]


@pytest.mark.parametrize("kind", WorkKind)
async def test_operator__should_run_only_so_many_at_once(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, kind: WorkKind
) -> None:
    monkeypatch.setitem(MOST, kind, 3)
    for number in range(3):
        assert harness.runner.propose(proposal(kind, proposer=1, name=str(number)))
    assert not harness.runner.propose(proposal(kind, proposer=1, name="one more"))
    theirs = proposal(kind)
    harness.runner.invited(theirs)
    harness.clock.now += 1000
    harness.runner.retry_parked()
    reason = f"busy: 3 of {kind} run here"
    assert harness.told(Refusal) == [(2, Refusal(theirs.execution_id, reason))]
    # Of another kind there is room.
    other = WorkKind.ECDSA if kind is WorkKind.FROST else WorkKind.FROST
    assert harness.runner.propose(proposal(other, proposer=1, name="another"))
    await settled()


# Messages


def test_messages__should_be_taken_twice_and_in_any_order(harness: Harness) -> None:
    theirs = proposal()
    harness.hear(theirs, 3, 3)
    harness.runner.invited(theirs)
    harness.hear(theirs, 3, 2, 2)
    assert harness.kept == [6]
    harness.hear(theirs, 2, 3)
    assert (harness.kept, len(harness.ended)) == ([6], 1)


def test_early_messages__should_wait_for_their_invitation(harness: Harness) -> None:
    theirs = proposal()
    harness.hear(theirs, 2, 3)
    harness.clock.now += EARLY_S
    harness.runner.tick()
    assert harness.sent == []
    harness.runner.invited(theirs)
    assert harness.kept == [6]


def test_who_speaks_of_an_unknown_execution__should_be_told_after_a_while(
    harness: Harness,
) -> None:
    """A restart forgot it, or the invitation was lost: they need not wait."""
    theirs = proposal()
    harness.hear(theirs, 3, 3)
    harness.clock.now += EARLY_S + 0.1
    harness.runner.tick()
    assert harness.told(Refusal) == [
        (3, Refusal(theirs.execution_id, "I know of no such execution"))
    ]
    harness.runner.tick()
    assert harness.sent == []


def test_early_messages__should_stay_as_long_as_their_invitation_waits(harness: Harness) -> None:
    harness.why = Refused("the presignature is not here")
    theirs = proposal(WorkKind.ECDSA)
    harness.runner.invited(theirs)
    harness.hear(theirs, 2, 3)
    harness.clock.now += EARLY_S + 1
    harness.runner.tick()
    harness.why = None
    harness.runner.tick()
    assert (harness.kept, harness.told(Refusal)) == ([6], [])


def test_early_messages__should_be_few_of_one_peer(harness: Harness) -> None:
    """Whoever floods pushes out nobody's but its own."""
    theirs = proposal()
    junk = Said(theirs.execution_id, b"junk")
    for _ in range(MAX_EARLY):
        harness.runner.said(2, junk)
    harness.hear(theirs, 2, 3)
    harness.runner.invited(theirs)
    assert harness.kept == []
    harness.hear(theirs, 2)
    assert harness.kept == [6]


def test_peer__should_not_push_out_what_others_say_early(harness: Harness) -> None:
    for number in range(MAX_EARLY_EXECUTIONS + 10):
        harness.runner.said(2, Said(number.to_bytes(32, "big"), b"junk"))
    theirs = proposal(proposer=3)
    harness.hear(theirs, 3)
    harness.runner.invited(theirs)
    harness.hear(theirs, 2)
    assert harness.kept == [6]
    harness.clock.now += EARLY_S + 1
    harness.runner.tick()
    assert len(harness.told(Refusal)) == MAX_EARLY_EXECUTIONS


def test_early_messages__should_take_only_so_much_memory(harness: Harness) -> None:
    theirs, long = proposal(), bytes(1 << 20)
    for number in range(MAX_EARLY_BYTES >> 20):
        harness.runner.said(2, Said(number.to_bytes(32, "big"), long))
    assert harness.offences == []
    harness.runner.said(2, Said(bytes([9]) * 32, b"x"))
    assert harness.offences == [(2, Offence.FLOOD)]
    # Others may still speak early.
    harness.hear(theirs, 3)
    assert harness.offences == [(2, Offence.FLOOD)]


def test_member__should_not_say_more_than_a_short_execution_has_room_for(harness: Harness) -> None:
    theirs = proposal()
    harness.runner.invited(theirs)
    harness.runner.said(2, Said(theirs.execution_id, bytes(MAX_SHORT_BYTES)))
    assert harness.offences == []
    harness.runner.said(2, Said(theirs.execution_id, bytes(MAX_SHORT_BYTES + 1)))
    assert harness.offences == [(2, Offence.FLOOD)]
    for _ in range(MAX_SAID):
        harness.hear(theirs, 3)
    assert (3, Offence.FLOOD) not in harness.offences
    harness.hear(theirs, 3)
    assert harness.offences[-1] == (3, Offence.FLOOD)


async def test_long_execution__should_have_room_for_long_messages(harness: Harness) -> None:
    theirs = proposal(WorkKind.PRESIGN)
    harness.runner.invited(theirs)
    harness.runner.said(2, Said(theirs.execution_id, bytes(MAX_SHORT_BYTES + 1)))
    await settled()
    assert harness.offences == []


async def test_member__should_not_say_more_than_a_long_execution_has_room_for(
    harness: Harness,
) -> None:
    """The attack: accusations of 16 MiB, each of which is read, hashed and thrown away."""
    theirs = proposal(WorkKind.KEYGEN)
    harness.runner.invited(theirs)
    await settled()
    most = allowance(execution(theirs))
    for _ in range(4):
        harness.runner.said(2, Said(theirs.execution_id, bytes(most // 4)))
    await settled()
    assert harness.offences == []
    steps = harness.runner.steps
    harness.runner.said(2, Said(theirs.execution_id, bytes(4)))
    await settled()
    assert harness.offences == [(2, Offence.FLOOD)]
    assert harness.runner.steps == steps


@pytest.mark.parametrize("kind", WorkKind)
async def test_message_that_breaks_a_check__should_be_its_senders_fault(
    harness: Harness, kind: WorkKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise ValueError("Exceeds the limit (4300 digits) for integer string conversion")

    theirs, other = proposal(kind), proposal(kind, name="another")
    harness.runner.invited(theirs)
    await settled()
    with monkeypatch.context() as patch, capture_logs() as lines:
        patch.setattr(Session, "receive", breaks)
        harness.hear(theirs, 3)
        await settled()
    assert [line for line in lines if line["event"] == "step_broke"] == lines[:1]
    assert (lines[0]["peer"], lines[0]["kind"]) == (3, kind)
    assert harness.offences == [(3, Offence.BROKE)]
    told = Refusal(theirs.execution_id, "a message broke a step")
    assert harness.told(Refusal) == [(2, told)]
    assert [each.outcome for each in harness.ended] == [
        Abort("a message of party 3 broke a step", (3,))
    ]
    harness.runner.invited(other)
    await settled()
    harness.hear(other, 2, 3)
    await settled()
    assert harness.kept == [6]


def test_proposal_that_breaks_its_check__should_be_its_senders_fault() -> None:
    with capture_logs() as lines:
        harness = Harness()
        harness.why = OverflowError("int too big to convert")
        harness.runner.invited(proposal())
    assert harness.offences == [(2, Offence.BROKE)]
    assert [(line["event"], line["peer"]) for line in lines] == [("proposal_broke", 2)]
    # It is over: what breaks a check once is not checked again.
    harness.runner.invited(proposal())
    assert harness.offences == [(2, Offence.BROKE)]
    with pytest.raises(OverflowError):
        harness.runner.propose(proposal(proposer=1))


async def test_message_for_one_party__should_go_to_nobody_else(harness: Harness) -> None:
    class Whispering(Session[int]):
        def start(self) -> list[Outbound]:
            return [Outbound(3, b"for 3 alone"), Outbound(None, b"for everybody")]

    harness.session = lambda run: Whispering(run, 1, identity(1), EchoRound(1))
    theirs = proposal()
    harness.runner.invited(theirs)
    assert [(to, frame.data) for to, frame in harness.told(Said)] == [
        (3, b"for 3 alone"),
        (2, b"for everybody"),
        (3, b"for everybody"),
    ]


def test_late_message__should_be_dropped(harness: Harness) -> None:
    theirs = proposal()
    harness.runner.invited(theirs)
    harness.hear(theirs, 2, 3)
    harness.told(Said)
    harness.hear(theirs, 3)
    harness.clock.now += EARLY_S + 1
    harness.runner.tick()
    assert harness.sent == []


# Ends


@pytest.mark.parametrize("kind", WorkKind)
async def test_silence__should_end_an_execution_in_time(harness: Harness, kind: WorkKind) -> None:
    theirs = proposal(kind)
    harness.runner.invited(theirs)
    harness.hear(theirs, 2)
    await settled()
    harness.clock.now += patience_s(kind, 0.0)
    harness.runner.tick()
    assert harness.ended == []
    harness.clock.now += 0.1
    harness.runner.tick()
    (ended,) = harness.ended
    assert ended.outcome == Abort("silent parties", (3,))
    assert harness.kept == []


@pytest.mark.parametrize("slowest", [5.0, 20.0, 100.0])
async def test_auxiliary_information__should_wait_by_how_long_the_others_took(
    harness: Harness, slowest: float
) -> None:
    """The attack: a member says nothing, and the group waits for it for three minutes each time."""
    theirs = proposal(WorkKind.AUX)
    harness.runner.invited(theirs)
    await settled()
    harness.clock.now += slowest
    harness.hear(theirs, 2)
    await settled()
    wait = {5.0: AUX_PATIENCE_S, 20.0: SLOWER * 20.0, 100.0: TIMEOUTS_S[WorkKind.AUX]}[slowest]
    harness.clock.now += wait
    harness.runner.tick()
    assert harness.ended == []
    harness.clock.now += 0.1
    harness.runner.tick()
    assert [each.outcome for each in harness.ended] == [Abort("silent parties", (3,))]


@pytest.mark.parametrize("kind", sorted(HEAVY))
async def test_long_execution__should_have_its_time_again_when_it_moves(
    harness: Harness, kind: WorkKind
) -> None:
    theirs = proposal(kind)
    harness.runner.invited(theirs)
    await settled()
    harness.clock.now += TIMEOUTS_S[kind]
    harness.hear(theirs, 2)
    await settled()
    harness.clock.now += TIMEOUTS_S[kind]
    harness.runner.tick()
    assert harness.ended == []
    # What was said before moves nothing.
    harness.hear(theirs, 2)
    await settled()
    harness.clock.now += 0.1
    harness.runner.tick()
    assert [each.outcome for each in harness.ended] == [Abort("silent parties", (3,))]


@pytest.mark.parametrize("kind", WorkKind)
async def test_steps__should_be_counted(harness: Harness, kind: WorkKind) -> None:
    theirs = proposal(kind)
    harness.runner.invited(theirs)
    await settled()
    assert harness.runner.steps == 1
    harness.hear(theirs, 2, 3)
    await settled()
    assert harness.runner.steps == 3


async def test_liar__should_be_convicted_before_everybody(harness: Harness) -> None:
    theirs = proposal()
    harness.runner.invited(theirs)
    harness.told(Said)
    harness.hear(theirs, 2)
    harness.runner.said(3, said(3, theirs, value=-3))
    (ended,) = harness.ended
    assert isinstance(ended.outcome, Abort)
    assert ended.outcome.culprits == (3,)
    assert all(each.proves_fault(ended.execution) for each in ended.outcome.evidence)
    # The others hear the accusation.
    assert [to for to, _ in harness.told(Said)] == [2, 3]
    assert harness.kept == []


def test_refusal__should_be_passed_on_by_the_proposer(harness: Harness) -> None:
    mine = proposal(proposer=1)
    harness.runner.propose(mine)
    harness.runner.refusal(3, Refusal(mine.execution_id, "not now"))
    told = Refusal(mine.execution_id, "party 3: not now")
    assert harness.told(Refusal) == [(2, told)]
    assert harness.refused == [(3, Refusal(mine.execution_id, "not now"))]
    assert [each.outcome for each in harness.ended] == [Abort("party 3 refused: not now", ())]
    # The others' refusals find nothing any more.
    harness.runner.refusal(2, Refusal(mine.execution_id, "not now either"))
    assert (len(harness.refused), len(harness.ended)) == (1, 1)


def test_refusal_that_another_member_hears__should_go_to_the_proposer(harness: Harness) -> None:
    theirs = proposal()
    harness.runner.invited(theirs)
    harness.runner.refusal(3, Refusal(theirs.execution_id, "I know of no such execution"))
    told = Refusal(theirs.execution_id, "party 3: I know of no such execution")
    assert harness.told(Refusal) == [(2, told)]
    assert harness.refused == []
    assert harness.reasons == ["called off: I know of no such execution"]


def test_member_that_calls_off__should_answer_for_it_unless_it_names_bad_company(
    harness: Harness,
) -> None:
    """Its own executions, an operator's proposer hears of by `refused`."""
    for why in (NOT_WITH, f"party 3: {NOT_WITH}"):
        theirs = proposal(name=why)
        harness.runner.invited(theirs)
        harness.runner.refusal(2, Refusal(theirs.execution_id, why))
    mine = proposal(proposer=1)
    harness.runner.propose(mine)
    harness.runner.refusal(3, Refusal(mine.execution_id, "not now"))
    assert harness.offences == []
    theirs = proposal()
    harness.runner.invited(theirs)
    harness.runner.refusal(3, Refusal(theirs.execution_id, "not now"))
    assert harness.offences == [(3, Offence.CALLED_OFF)]


@pytest.mark.parametrize("kind", WorkKind)
async def test_last_word__should_be_passed_on_where_too_few_would_hold_the_result(
    harness: Harness, kind: WorkKind
) -> None:
    """Nobody can say it to some only: they would keep what others do not have."""
    theirs = proposal(kind)
    harness.runner.invited(theirs)
    await settled()
    harness.told(Said)
    harness.hear(theirs, 2, 3)
    await settled()
    others_have_said = {said(by, theirs).data for by in (2, 3)}
    passed_on = harness.told(Said)
    assert harness.kept == [6]
    if kind in (WorkKind.AUX, WorkKind.KEYGEN, WorkKind.PRESIGN):
        for to in (2, 3):
            assert {frame.data for peer, frame in passed_on if peer == to} == others_have_said
    else:
        assert passed_on == []


def test_proposer__should_be_able_to_call_off(harness: Harness) -> None:
    theirs = proposal()
    harness.runner.invited(theirs)
    harness.runner.refusal(2, Refusal(theirs.execution_id, "party 3: not now"))
    assert harness.told(Refusal) == []
    assert [each.outcome for each in harness.ended] == [Abort("called off: party 3: not now", ())]


def test_stranger__should_not_be_able_to_call_off(harness: Harness) -> None:
    theirs = proposal()
    harness.runner.invited(theirs)
    harness.runner.refusal(9, Refusal(theirs.execution_id, "stop it"))
    harness.hear(theirs, 2, 3)
    assert harness.kept == [6]
    harness.why = Refused("not open here")
    waiting = proposal(name="waiting")
    harness.runner.invited(waiting)
    harness.runner.refusal(9, Refusal(waiting.execution_id, "stop it"))
    harness.why = None
    harness.runner.retry_parked()
    assert harness.runner.running() == [waiting]


def test_waiting_invitation__should_be_called_off_as_well(harness: Harness) -> None:
    harness.why = Refused("not open here")
    theirs = proposal()
    harness.runner.invited(theirs)
    harness.runner.refusal(3, Refusal(theirs.execution_id, "not now"))
    harness.why = None
    harness.runner.retry_parked()
    assert (harness.runner.running(), harness.sent) == ([], [])


@pytest.mark.parametrize(("proposer", "others"), [(1, [3]), (3, [3])])
def test_broken_link__should_end_what_its_peer_takes_part_in(
    harness: Harness, proposer: int, others: list[int]
) -> None:
    theirs = proposal(proposer=proposer)
    if proposer == 1:
        harness.runner.propose(theirs)
    else:
        harness.runner.invited(theirs)
    harness.runner.lost(9)
    assert harness.ended == []
    harness.runner.lost(2)
    why = "the link to party 2 broke"
    assert harness.told(Refusal) == [(to, Refusal(theirs.execution_id, why)) for to in others]
    assert [each.outcome for each in harness.ended] == [Abort(why, (2,))]


def test_lost_proposer__should_be_told_nothing(harness: Harness) -> None:
    harness.runner.invited(proposal())
    harness.runner.lost(2)
    assert harness.told(Refusal) == []
    assert [each.outcome for each in harness.ended] == [Abort("the link to party 2 broke", (2,))]


async def test_silent_peer__should_end_what_somebody_waits_for(harness: Harness) -> None:
    urgent, background = proposal(WorkKind.FROST), proposal(WorkKind.PRESIGN, name="ahead")
    for each in (urgent, background):
        harness.runner.invited(each)
    await settled()
    harness.runner.silent(9)
    assert harness.ended == []
    harness.runner.silent(3)
    assert [each.outcome for each in harness.ended] == [Abort("party 3 fell silent", (3,))]
    assert harness.runner.running() == [background]


async def test_silent_peer__should_not_end_what_takes_long_to_begin_again(
    harness: Harness,
) -> None:
    costly = [proposal(kind) for kind in (WorkKind.AUX, WorkKind.PRESIGN, WorkKind.RESHARE)]
    for each in costly:
        harness.runner.invited(each)
    await settled()
    harness.needed = costly
    harness.runner.silent(3)
    assert harness.runner.running() == costly


@pytest.mark.parametrize("kind", [WorkKind.FROST, WorkKind.PRESIGN])
@pytest.mark.parametrize("error", [OSError("disk"), DmpcError("misfit")])
async def test_step_that_fails__should_be_called_off(
    harness: Harness, kind: WorkKind, error: Exception
) -> None:
    """Nobody waits for who cannot go on."""
    harness.session = broken(error)
    mine = proposal(kind, proposer=1)
    harness.runner.propose(mine)
    await settled()
    (why,) = harness.reasons
    assert why == f"cannot go on: {error}"
    assert harness.told(Refusal) == [(to, Refusal(mine.execution_id, why)) for to in (2, 3)]


@pytest.mark.parametrize("kind", [WorkKind.FROST, WorkKind.PRESIGN])
async def test_message_that_breaks_a_step__should_not_break_the_operator(
    harness: Harness, kind: WorkKind
) -> None:
    class Fragile(Session[int]):
        def receive(self, data: bytes) -> list[Outbound]:
            raise DmpcError("a check is not verifiable")

    harness.session = lambda run: Fragile(run, 1, identity(1), EchoRound(1))
    theirs = proposal(kind)
    harness.runner.invited(theirs)
    harness.hear(theirs, 3)
    await settled()
    assert harness.reasons == ["cannot go on: a check is not verifiable"]


@pytest.mark.parametrize("kind", [WorkKind.FROST, WorkKind.PRESIGN])
@pytest.mark.parametrize("error", [OSError("disk"), DmpcError("decided"), Refused("gone")])
async def test_result_that_cannot_be_kept__should_be_a_failure(
    harness: Harness, kind: WorkKind, error: Exception
) -> None:
    def finish(_: int) -> None:
        raise error

    harness.finish = finish
    theirs = proposal(kind)
    harness.runner.invited(theirs)
    harness.hear(theirs, 2, 3)
    await settled()
    assert [each.outcome for each in harness.ended] == [Abort(f"cannot be kept: {error}", ())]
    assert harness.runner.running() == []


def test_invitations_that_waited__should_be_able_to_end_at_once(harness: Harness) -> None:
    """An end makes the operator look around, and so at what waits, while it does just that."""
    harness.after = harness.runner.tick
    harness.why = Refused("not open here")
    waiting = [proposal(name=name) for name in ("one", "two", "three")]
    for each in waiting:
        harness.runner.invited(each)
        harness.hear(each, 2, 3)
    harness.why = None
    harness.runner.retry_parked()
    assert harness.kept == [6, 6, 6]
    assert [each.proposal for each in harness.ended] == waiting


# Steps in threads


@pytest.mark.parametrize("kind", WorkKind)
async def test_long_work__should_be_claimed_before_its_first_message(
    harness: Harness, kind: WorkKind
) -> None:
    mine = proposal(kind, proposer=1)
    harness.runner.propose(mine)
    assert harness.claimed == ([mine.execution_id] if kind in HEAVY else [])
    assert (harness.told(Said) == []) == (kind in HEAVY)
    await settled()
    harness.hear(mine, 2, 3)
    await settled()
    assert harness.kept == [6]


async def test_execution_that_was_joined_before__should_be_refused(harness: Harness) -> None:
    harness.claimed_before = AlreadyConsumed("execution was used before: take another")
    theirs = proposal(WorkKind.KEYGEN)
    harness.runner.invited(theirs)
    why = "execution was used before: take another"
    assert harness.told(Refusal) == [(2, Refusal(theirs.execution_id, why))]


async def test_messages_during_a_step__should_wait_for_its_end(harness: Harness) -> None:
    theirs = proposal(WorkKind.KEYGEN)
    harness.runner.invited(theirs)
    harness.hear(theirs, 2, 3)
    assert (harness.kept, harness.sent) == ([], [])
    await settled()
    assert harness.kept == [6]


async def test_steps_of_one_execution__should_run_one_after_the_other() -> None:
    """A session is for one thread at a time, however many are free."""
    thread = Thread()
    harness = Harness(urgent=thread, width=2)
    theirs = proposal(WorkKind.KEYGEN)
    harness.runner.invited(theirs)
    await settle()
    harness.hear(theirs, 2, 3)
    for _ in range(3):
        await settle()
        assert len(thread.given) == 1
        await thread.work()
    assert harness.kept == [6]


async def test_link_that_breaks_during_a_step__should_end_it_after_the_step(
    harness: Harness,
) -> None:
    theirs = proposal(WorkKind.KEYGEN)
    harness.runner.invited(theirs)
    harness.runner.lost(3)
    harness.clock.now += TIMEOUTS_S[WorkKind.KEYGEN] + 1
    harness.runner.tick()
    assert harness.ended == []
    await settled()
    assert [each.outcome for each in harness.ended] == [Abort("the link to party 3 broke", (3,))]


async def test_execution_called_off_during_a_step__should_end_once(harness: Harness) -> None:
    """The step fails as well, after its execution has ended."""
    harness.session = broken(OSError("disk"))
    theirs = proposal(WorkKind.KEYGEN)
    harness.runner.invited(theirs)
    harness.runner.refusal(2, Refusal(theirs.execution_id, "not now"))
    await settled()
    assert harness.reasons == ["called off: not now"]


async def test_execution_that_fails_after_a_link_broke__should_be_called_off_once(
    harness: Harness,
) -> None:
    harness.session = broken(OSError("disk"))
    mine = proposal(WorkKind.KEYGEN, proposer=1)
    harness.runner.propose(mine)
    harness.runner.lost(3)
    await settled()
    assert harness.reasons == ["cannot go on: disk"]
    told = Refusal(mine.execution_id, "cannot go on: disk")
    assert harness.told(Refusal) == [(2, told), (3, told)]


async def test_new_key__should_go_before_what_waits_longer() -> None:
    thread = Thread()
    harness = Harness(urgent=thread)
    kinds = (WorkKind.RESHARE, WorkKind.PRESIGN, WorkKind.KEYGEN)
    begun = [proposal(kind, name=kind) for kind in kinds]
    harness.needed = begun
    for each in begun:
        harness.runner.invited(each)
        harness.clock.now += 1
    await settle()
    for _ in begun:
        await thread.work()
    ids = [each.execution_id for each in begun]
    spoke = [ids.index(frame.execution_id) for to, frame in harness.told(Said) if to == 2]
    # One was under way already.
    assert spoke == [0, 2, 1]


async def test_steps_that_are_done__should_be_forgotten(harness: Harness) -> None:
    theirs = proposal(WorkKind.KEYGEN)
    harness.runner.invited(theirs)
    harness.hear(theirs, 2, 3)
    await settled()
    assert harness.kept == [6]
    assert not harness.runner._tasks


async def test_end__should_leave_no_step_behind() -> None:
    """A thread may be busy for longer than anybody wants to wait."""
    harness = Harness(urgent=Thread())
    harness.runner.invited(proposal(WorkKind.KEYGEN))
    await settle()
    async with asyncio.timeout(60):
        await harness.runner.stop()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_end__should_wait_for_steps_in_threads(harness: Harness) -> None:
    theirs = proposal(WorkKind.KEYGEN)
    harness.runner.invited(theirs)
    harness.hear(theirs, 2, 3)
    await harness.runner.stop()
    assert (harness.runner.running(), harness.ended, harness.kept) == ([], [], [])
