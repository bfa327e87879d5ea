"""Executions whose steps run in threads, one after the other: what comes meanwhile waits."""

from __future__ import annotations

import asyncio

import pytest

from tests.zrsign_operator.echo import Harness, broken, proposal, settled
from tests.zrsign_operator.test_lanes import Thread, settle
from zrsign_dmpc.kept.single_use import AlreadyConsumed
from zrsign_dmpc.run.rounds import Abort
from zrsign_operator.peers.frames import Refusal, Said, WorkKind
from zrsign_operator.work.limits import HEAVY, TIMEOUTS_S


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
