"""How executions end: in time, by a refusal, a broken link or a fault; and who hears of it."""

from __future__ import annotations

import pytest

from tests.zrsign_dmpc.ecdsa.parties import identity
from tests.zrsign_operator.echo import EchoRound, Harness, broken, proposal, said, settled
from zrsign_dmpc.errors import DmpcError
from zrsign_dmpc.run.rounds import Abort
from zrsign_dmpc.run.session import Outbound, Session
from zrsign_operator.errors import Refused
from zrsign_operator.peers.conduct import Offence
from zrsign_operator.peers.frames import NOT_WITH, Refusal, Said, WorkKind
from zrsign_operator.work.limits import AUX_PATIENCE_S, HEAVY, SLOWER, TIMEOUTS_S, patience_s


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
