"""Changes of one key that some operators joined and others did not."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.zrsign_dmpc.ecdsa.parties import identity
from tests.zrsign_operator.test_crash import (
    ALL,
    DEALERS,
    INCARNATION,
    LEDGER_KEY,
    Disk,
    World,
    opened,
)
from zrsign_dmpc.kept.epoch_keeper import _read_message
from zrsign_dmpc.kept.epochs import Choice, EpochStatement, IllegalStep
from zrsign_dmpc.kept.key_records import StoredKeyInfo
from zrsign_operator.keys.changes import DECLINE_S, DECLINES_AT_ONCE
from zrsign_operator.ledger.orders import Move, ReshareDetails, Target
from zrsign_operator.peers import frames
from zrsign_operator.peers.frames import EpochNews, Proposal, WorkKind


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Three operators who hold a key."""
    with opened(tmp_path, Disk(monkeypatch)) as world:
        for each in world.operators.values():
            each.adopt()
        yield world


def move(world: World, name: str, proposer: int = 1, incarnation: bytes = INCARNATION) -> Move:
    """A resharing to the same group; two of different names are different changes."""
    info = StoredKeyInfo.of(world.operators[1].share.info)
    details = ReshareDetails(Target(1, 1), info, DEALERS)
    nonce, incarnations = sha256(name.encode()).digest(), (incarnation,) * len(ALL)
    proposal = Proposal(
        "keyring1",
        WorkKind.RESHARE,
        (LEDGER_KEY,),
        proposer,
        ALL,
        incarnations,
        nonce,
        details.encode(),
    ).signed(identity(proposer))
    return Move.read(proposal, world.settings)


def news(move: Move, *said: bytes, waiting: int = 1) -> EpochNews:
    return EpochNews(move.proposal.encode(), said, waiting)


def told(world: World, by: int) -> list[EpochNews]:
    """What an operator said, taken off the wire."""
    read = [frames.read_frame(data) for sender, _, data in world.wire if sender == by]
    world.wire = [each for each in world.wire if each[0] != by]
    assert all(isinstance(each, EpochNews) for each in read)
    return [each for each in read if isinstance(each, EpochNews)]


def bring_without(world: World, absent: int) -> None:
    """Bring all frames but those to one operator, which are lost."""
    while world.wire:
        sender, to, data = world.wire.pop(0)
        read = frames.read_frame(data)
        assert isinstance(read, EpochNews)
        if to != absent:
            world.operators[to].changes.take(sender, read)


@pytest.mark.parametrize(
    "joined",
    [{1: "a", 2: "b"}, {1: "a", 2: "b", 3: "b"}, {1: "a", 2: "b", 3: "c"}, {3: "a"}],
    ids=str,
)
def test_rival_changes__should_all_end(world: World, joined: dict[int, str]) -> None:
    """Nobody could abort one of them while each waits for the end of its own."""
    moves = {name: move(world, name) for name in joined.values()}
    for index, name in joined.items():
        world.operators[index].changes.begin(moves[name])
    for index, name in joined.items():
        world.operators[index].changes.failed(moves[name].proposal)
    world.settle()
    world.assert_one_epoch()
    assert world.operators[1].share.info.epoch == 0
    world.change()
    world.assert_one_epoch()
    assert world.operators[1].share.info.epoch == 1


def test_laggard__should_learn_the_end_of_a_change_that_the_others_left_behind(
    world: World,
) -> None:
    first = move(world, "first")
    for each in world.operators.values():
        each.changes.begin(first)
    for index in (2, 3):
        world.operators[index].changes.failed(first.proposal)
    # What the two say reaches only each other.
    bring_without(world, 1)
    assert [world.operators[index].waits for index in ALL] == [True, False, False]
    for attempt in ("second", "third"):
        next_one = move(world, attempt)
        for index in (2, 3):
            world.operators[index].changes.begin(next_one)
            world.operators[index].changes.failed(next_one.proposal)
        bring_without(world, 1)
    world.settle()
    world.change()
    world.assert_one_epoch()


def test_declined_change__should_never_be_joined(world: World) -> None:
    rival = move(world, "rival", proposer=2)
    me = world.operators[1]
    me.changes.take(2, news(rival))
    (answer,) = told(world, by=1)
    (said,) = [_read_message(data) for data in answer.said]
    assert isinstance(said, EpochStatement)
    assert (said.choice, said.member, answer.waiting) == (Choice.REFUSED, 1, 0)
    assert said.is_valid(rival.change)
    world.restart(1)
    me = world.operators[1]
    with pytest.raises(IllegalStep, match="does not follow"):
        me.changes.begin(rival)
    # It says the same again, and writes nothing for it.
    journal = next(world.home.glob("1/state/keys/*/epochs.journal"))
    before = journal.read_bytes()
    me.changes.take(3, news(rival))
    assert [each.said for each in told(world, by=1)] == [answer.said]
    assert journal.read_bytes() == before


def test_news__should_be_answered_only_to_who_waits(world: World) -> None:
    me = world.operators[1]
    me.changes.take(2, news(move(world, "a"), waiting=0))
    me.changes.take(2, news(move(world, "b", incarnation=b"another memory  ")))
    assert told(world, by=1) == []


def test_peer__should_not_fill_the_journal(world: World) -> None:
    me = world.operators[1]
    for number in range(DECLINES_AT_ONCE + 10):
        me.changes.take(2, news(move(world, str(number))))
    assert len(told(world, by=1)) == DECLINES_AT_ONCE
    me.changes.take(3, news(move(world, "of another peer")))
    assert len(told(world, by=1)) == 1
    world.now += 3 * DECLINE_S
    for number in range(DECLINES_AT_ONCE, DECLINES_AT_ONCE + 10):
        me.changes.take(2, news(move(world, str(number))))
    assert len(told(world, by=1)) == 3
