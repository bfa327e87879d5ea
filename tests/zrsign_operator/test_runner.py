"""How executions begin, go on and end, whatever peers say and in whatever order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest
from structlog.testing import capture_logs

from tests.zrsign_dmpc.ecdsa.parties import identity
from tests.zrsign_operator.echo import EchoRound, Harness, Number, execution, proposal, settled
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.run.execution import Protocol, RoundSpec
from zrsign_dmpc.run.rounds import Abort, Result
from zrsign_dmpc.run.session import Outbound, Session
from zrsign_operator.errors import NotApproved, NotDue, Refused
from zrsign_operator.peers.conduct import Offence
from zrsign_operator.peers.frames import Proposal, Refusal, Said, WorkKind
from zrsign_operator.work.limits import MOST, allowance, patience_s
from zrsign_operator.work.run import MAX_SAID, MAX_SHORT_BYTES
from zrsign_operator.work.tasks import prepare
from zrsign_operator.work.waiting import (
    EARLY_S,
    MAX_EARLY,
    MAX_EARLY_BYTES,
    MAX_EARLY_EXECUTIONS,
    MAX_PARKED,
    PARK_S,
    PARK_SHORTLY_S,
)

if TYPE_CHECKING:
    from zrsign_operator.work.desk import Desk

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


async def test_auxiliary_information__should_be_made_once_at_a_time(harness: Harness) -> None:
    assert harness.runner.propose(proposal(WorkKind.AUX, proposer=1))
    assert not harness.runner.propose(proposal(WorkKind.AUX, proposer=1, name="another"))
    await settled()


@pytest.mark.parametrize(
    ("kind", "count"),
    [(WorkKind.AUX, 0), (WorkKind.KEYGEN, 1), (WorkKind.PRESIGN, 1), (WorkKind.RESHARE, 1)],
)
def test_work_but_signatures__should_be_about_one_key_at_most(kind: WorkKind, count: int) -> None:
    for wrong in {0, 1, 2} - {count}:
        with pytest.raises(Refused, match=f"{kind} is about {count} requests or keys, not {wrong}"):
            prepare(
                cast("Desk", None), replace(proposal(kind), subjects=tuple(range(1, wrong + 1)))
            )


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
    # A restart may make an honest peer speak of so many.
    assert harness.offences == []


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


def test_party__should_have_room_to_accuse_each_and_to_pass_on_what_all_said() -> None:
    rounds = tuple(RoundSpec(broadcast=Number, max_bytes=most) for most in (1000, 5000, 2000))
    run = replace(execution(proposal()), protocol=Protocol("three rounds", rounds, {}))
    assert allowance(run) == 3 * 2 * 5000 + 16 * 2**17


def test_patience__should_follow_the_slowest_in_auxiliary_information_alone() -> None:
    assert [patience_s(WorkKind.AUX, each) for each in (0.0, 20.0, 100.0)] == [45.0, 80.0, 180.0]
    assert [patience_s(WorkKind.PRESIGN, each) for each in (0.0, 100.0)] == [60.0, 60.0]


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
