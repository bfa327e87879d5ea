"""Epochs: whatever crashes, is lost or lies, all honest parties end in the same single epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zrsign_dmpc.changing import KEYS, NEW, OLD, Disk, Party, World, change_to, signed
from tests.zrsign_dmpc.handovers import run_refresh
from tests.zrsign_dmpc.test_refresh import dealt
from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_dmpc.kept.epoch_keeper import EpochKeeper, EpochOver
from zrsign_dmpc.kept.epochs import (
    REMEMBERED,
    Adopted,
    Certificate,
    Choice,
    Declined,
    EpochMember,
    EpochStatement,
    IllegalStep,
    KeyChange,
    SaidChoice,
    decide,
    is_contradiction,
)
from zrsign_dmpc.kept.journals import FileAnchor, FileJournal
from zrsign_dmpc.kept.single_use import RolledBack
from zrsign_dmpc.kept.vaults import FileVault

GROUPS_OF_MEMBERS = [((1, 2, 3), 2), ((2, 3, 4, 5), 3), ((4, 5, 6), 2), ((1, 4), 2)]
points = st.sets(st.tuples(st.integers(0, 12), st.booleans()), max_size=3)


@settings(max_examples=100, deadline=None)
@given(
    group=st.sampled_from(GROUPS_OF_MEMBERS),
    crashes=st.dictionaries(st.integers(1, 6), points, max_size=4),
    seed=st.integers(0, 2**32),
    loss=st.sampled_from([0.0, 0.3, 0.8]),
)
def test_change__should_leave_one_epoch_after_any_crashes_and_losses(
    group: tuple[tuple[int, ...], int],
    crashes: dict[int, set[tuple[int, bool]]],
    seed: int,
    loss: float,
) -> None:
    world = World(change_to(*group), crashes)
    world.run(seed, loss)
    world.assert_one_epoch()


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", range(8))
@pytest.mark.parametrize("group", GROUPS_OF_MEMBERS, ids=str)
def test_change__should_survive_a_crash_at_each_write(
    group: tuple[tuple[int, ...], int], write: int, late: bool
) -> None:
    for victim in sorted({1, *group[0]}):
        world = World(change_to(*group), {victim: {(write, late)}})
        world.run(seed=write, loss=0.0)
        world.assert_one_epoch()


@pytest.mark.parametrize("group", GROUPS_OF_MEMBERS, ids=str)
def test_change__should_commit_when_nothing_fails(group: tuple[tuple[int, ...], int]) -> None:
    world = World(change_to(*group), {})
    world.run(seed=1, loss=0.0)
    assert world.assert_one_epoch() == NEW


def test_change__should_abort_when_a_member_lost_its_share() -> None:
    world = World(change_to((1, 2, 3), 2), {})
    world.parties[2].result = None
    world.run(seed=1, loss=0.0)
    assert world.assert_one_epoch() == b""


def test_old_epoch__should_sign_until_the_change_is_decided() -> None:
    """A member that stays silent after it stored stops the change, not the key."""
    world = World(change_to((1, 2, 3), 2), {})
    for party in world.parties.values():
        party.begin()
    assert all(party.keeper.share(OLD) == b"old share" for party in world.parties.values())
    with pytest.raises(EpochOver):
        world.parties[1].keeper.share(NEW)
    assert world.parties[1].keeper.waiting_for() == (2, 3)


@settings(max_examples=60, deadline=None)
@given(
    told=st.lists(
        st.tuples(
            st.sampled_from([1, 2]),
            st.sampled_from(list(Choice)),
            st.sampled_from([NEW, b"x" * 32]),
        ),
        max_size=8,
    ),
    lost=st.sampled_from([None, 1, 2]),
    seed=st.integers(0, 2**32),
)
def test_equivocation__should_never_split_the_honest(
    told: list[tuple[int, Choice, bytes]], lost: int | None, seed: int
) -> None:
    """Party 3 is corrupt (t' - 1 = 1) and says anything to anyone: commit and abort never meet."""
    change = change_to((1, 2, 3), 2)
    world = World(change, {})
    del world.parties[3]
    if lost is not None:
        world.parties[lost].result = None
    random = Random(seed)
    lies = [(to, signed(change, 3, choice, key_id).encode()) for to, choice, key_id in told]
    flights = list(lies)
    for index in (1, 2):
        flights += [(3 - index, data) for data in world.parties[index].begin()]
    for _ in range(4):
        while flights:
            to, data = flights.pop(random.randrange(len(flights)))
            flights += [(3 - to, out) for out in world.parties[to].keeper.receive(data)]
        for index, party in world.parties.items():
            flights += [(3 - index, data) for data in party.keeper.announcements()]
    decided = set()
    for party in world.parties.values():
        assert set(party.keeper.contradictions) <= {3}
        for first, second in party.keeper.contradictions.values():
            assert is_contradiction(change, first, second)
        if certificate := party.keeper.state.decided:
            decision = decide(change, certificate)
            assert decision is not None
            decided.add(decision.key_id)
            assert party.keeper.state.active == (NEW if decision.committed else OLD)
        else:
            assert party.keeper.share(OLD) == b"old share"
            assert NEW in party.disk.vault.shares or not party.keeper.state.stored
    assert len(decided) <= 1
    assert decided <= {NEW, b""}


def test_contradiction__should_convict_only_who_signed_both() -> None:
    change = change_to((1, 2, 3), 2)
    stored, refused = (signed(change, 3, c) for c in (Choice.STORED, Choice.REFUSED))
    assert is_contradiction(change, stored, refused)
    assert is_contradiction(change, stored, signed(change, 3, Choice.STORED, b"x" * 32))
    commit, abort = (signed(change, 3, c) for c in (Choice.COMMIT, Choice.ABORT))
    assert is_contradiction(change, commit, abort)
    # An honest member stores, then commits or aborts.
    assert not is_contradiction(change, stored, commit)
    assert not is_contradiction(change, stored, abort)
    assert not is_contradiction(change, stored, stored)
    assert not is_contradiction(change, stored, signed(change, 2, Choice.REFUSED))
    forged = replace(signed(change, 2, Choice.REFUSED), member=3)
    assert not is_contradiction(change, stored, forged)
    other = change_to((1, 2, 3), 2, sid=b"t" * 32)
    assert not is_contradiction(change, stored, signed(other, 3, Choice.REFUSED))


def test_decide__should_need_all_commits_or_a_threshold_of_refusals() -> None:
    change = change_to((1, 2, 3, 4), 3)

    def decided(*statements: EpochStatement) -> bytes | None:
        decision = decide(change, Certificate(change.id, statements))
        return None if decision is None else decision.key_id

    commits = [signed(change, i, Choice.COMMIT) for i in (1, 2, 3, 4)]
    assert decided(*commits) == NEW
    assert decided(*commits[:3]) is None
    assert decided(*commits[:3], commits[0]) is None
    assert decided(*commits[:3], signed(change, 4, Choice.COMMIT, b"x" * 32)) is None
    assert decided(*commits[:3], replace(commits[3], signature=bytes(64))) is None
    assert decided(*commits[:3], signed(change, 4, Choice.STORED)) is None
    against = [signed(change, 1, Choice.REFUSED)]
    against += [signed(change, i, Choice.ABORT) for i in (2, 3)]
    assert decided(*against) == b""
    assert decided(*against[:2]) is None
    assert decided(*against[:2], against[0]) is None
    assert decide(change_to((1, 2, 3, 4), 3, sid=b"t"), Certificate(change.id, ())) is None


def test_change__should_not_begin_twice_nor_from_another_epoch() -> None:
    change = change_to((1, 2, 3), 2)
    keeper = Party(1, change, holds=True, disk=Disk()).keeper
    with pytest.raises(IllegalStep):
        keeper.open(replace(change, old_key_id=NEW))
    with pytest.raises(IllegalStep):
        keeper.open(replace(change, epoch=2))
    with pytest.raises(IllegalStep, match="another identity"):
        keeper.open(
            replace(change, members=(EpochMember(1, KEYS[7].public_key), *change.members[1:]))
        )
    with pytest.raises(IllegalStep):
        keeper.store(NEW, b"too early")
    keeper.open(change)
    with pytest.raises(IllegalStep):
        keeper.open(change_to((1, 2, 3), 2, sid=b"t" * 32))
    with pytest.raises(IllegalStep):
        keeper.store(OLD, b"not new")
    keeper.store(NEW, b"new share")
    for step in (keeper.refuse, lambda: keeper.store(NEW, b"again")):
        with pytest.raises(IllegalStep):
            step()


def test_declined_change__should_stand_beside_another_and_never_begin() -> None:
    change, rival = change_to((1, 2, 3), 2), change_to((1, 2, 3), 2, sid=b"t" * 32)
    party = Party(1, change, holds=True, disk=Disk())
    party.keeper.open(change)
    refused = EpochStatement.decode(party.keeper.decline(rival))
    assert refused.is_valid(rival)
    assert refused.choice == Choice.REFUSED
    assert party.keeper.decline(rival) == refused.encode()
    with pytest.raises(IllegalStep, match="opened here"):
        party.keeper.decline(change)
    with pytest.raises(IllegalStep, match="only a member"):
        party.keeper.decline(change_to((2, 3), 2))
    party.keeper.store(NEW, b"new share")
    party.keeper.receive(signed(change, 2, Choice.REFUSED).encode())
    assert party.keeper.state.decided is not None
    again = Party(1, change, holds=False, disk=party.disk)
    with pytest.raises(IllegalStep):
        again.keeper.open(rival)
    assert again.keeper.decline(rival) == refused.encode()


def test_ended_change__should_be_told_to_a_laggard_though_another_began() -> None:
    change = change_to((1, 2, 3), 2)
    keeper = Party(1, change, holds=True, disk=Disk()).keeper
    keeper.open(change)
    keeper.refuse()
    keeper.receive(signed(change, 2, Choice.REFUSED).encode())
    end = keeper.state.decided
    assert end is not None
    for number in range(REMEMBERED):
        attempt = change_to((1, 2, 3), 2, sid=bytes([number]) * 32)
        keeper.open(attempt)
        assert keeper.decline(change) == end.encode()
        keeper.refuse()
        keeper.receive(signed(attempt, 2, Choice.REFUSED).encode())
    keeper.open(change_to((1, 2, 3), 2, sid=b"u" * 32))
    with pytest.raises(IllegalStep):
        keeper.decline(change)


def test_change__should_refuse_impossible_groups() -> None:
    change = change_to((1, 2, 3), 2)
    for damage in (
        {"threshold": 1},
        {"threshold": 4},
        {"epoch": 0},
        {"members": change.members[::-1]},
        {"members": change.members[:1]},
    ):
        with pytest.raises(EncodingError):
            replace(change, **damage)


@given(data=st.binary(max_size=80))
@settings(max_examples=50)
def test_receive__should_drop_junk(data: bytes) -> None:
    party = Party(1, change_to((1, 2, 3), 2), holds=True, disk=Disk())
    party.begin()
    before = party.keeper.state
    junk = (data, signed(change_to((1, 2), 2), 2, Choice.REFUSED).encode())
    forged = replace(signed(party.change, 2, Choice.REFUSED), signature=bytes(64)).encode()
    for message in (*junk, forged):
        assert party.keeper.receive(message) == []
    assert party.keeper.state == before


def committed_world() -> World:
    world = World(change_to((1, 2, 3), 2), {})
    world.run(seed=1, loss=0.0)
    world.assert_one_epoch()
    return world


def test_restored_backup__should_be_refused() -> None:
    """An old journal would bring the old epoch back to life."""
    disk = committed_world().parties[1].disk
    disk.journal.entries = disk.journal.entries[:2]
    with pytest.raises(RolledBack):
        EpochKeeper(disk.journal, disk.anchor, disk.vault, 1, KEYS[1])


def test_certificate__should_show_a_journal_that_forgot_its_own_commit() -> None:
    """Even when the anchor was restored as well."""
    world = committed_world()
    certificate = world.parties[2].keeper.state.decided
    assert certificate is not None
    forgetful = Party(1, world.change, holds=True, disk=Disk())
    forgetful.begin()
    with pytest.raises(RolledBack):
        forgetful.keeper.receive(certificate.encode())
    assert forgetful.keeper.share(OLD) == b"old share"


def test_aborted_change__should_be_followed_by_another_attempt() -> None:
    world = World(change_to((1, 2, 3), 2), {})
    world.parties[2].result = None
    world.run(seed=1, loss=0.0)
    assert world.assert_one_epoch() == b""
    again = change_to((1, 2, 3), 2, sid=b"t" * 32)
    for party in world.parties.values():
        with pytest.raises(IllegalStep):
            party.keeper.open(world.change)
        party.keeper.open(again)
        party.change, party.result = again, NEW
    world.change = again
    world.run(seed=2, loss=0.3)
    assert world.assert_one_epoch() == NEW


def test_files__should_carry_a_real_refresh_across_restarts(tmp_path: Path) -> None:
    old = dealt(SECP256K1, 2, 3)
    run = run_refresh(old)
    new = run.shares
    group = tuple(EpochMember(i, KEYS[i].public_key) for i in old)
    change = KeyChange(old[1].info.key_id, 1, run.execution.sid, 2, group)

    def restarted(index: int, step: Callable[[EpochKeeper], list[bytes]]) -> list[bytes]:
        home = tmp_path / str(index)
        home.mkdir(exist_ok=True)
        with FileJournal(home / "epochs.journal") as journal:
            anchor, vault = FileAnchor(home / "anchor"), FileVault(home / "shares")
            return step(EpochKeeper(journal, anchor, vault, index, KEYS[index]))

    def first(keeper: EpochKeeper) -> list[bytes]:
        share = old[keeper.state.me]
        keeper.adopt(share.info.key_id, 0, b"sealed old")
        keeper.open(change)
        return keeper.store(new[keeper.state.me].info.key_id, b"sealed new")

    messages = [data for i in old for data in restarted(i, first)]
    for _ in range(3):
        for index in old:

            def hear(
                keeper: EpochKeeper, heard: tuple[bytes, ...] = tuple(messages)
            ) -> list[bytes]:
                for data in heard:
                    keeper.receive(data)
                return keeper.announcements()

            messages += restarted(index, hear)
    for index in old:
        home = tmp_path / str(index)
        vault = FileVault(home / "shares")
        assert vault.key_ids() == [new[1].info.key_id]
        assert vault.get(new[1].info.key_id) == b"sealed new"
        with pytest.raises(KeyError):
            vault.get(old[1].info.key_id)


def test_file_vault__should_drop_a_torn_write(tmp_path: Path) -> None:
    vault = FileVault(tmp_path)
    vault.put(OLD, b"share")
    (tmp_path / (NEW.hex() + ".new")).write_bytes(b"torn")
    assert FileVault(tmp_path).key_ids() == [OLD]
    assert list(tmp_path.iterdir()) == [tmp_path / (OLD.hex() + ".share")]
    vault.delete(OLD)
    vault.delete(OLD)
    assert vault.key_ids() == []


def test_records__should_keep_the_tags_that_they_are_stored_under() -> None:
    """Journals of versions before hold them."""
    tags = {
        EpochMember(1, bytes(32)): "Member",
        change_to((1, 2), 2): "KeyChange",
        EpochStatement(bytes(32), 1, 1, b"", b""): "Statement",
        Certificate(bytes(32), ()): "Certificate",
        SaidChoice(1, b""): "Said",
        Adopted(bytes(32), 0): "Adopted",
        Declined(bytes(32)): "Declined",
    }
    assert {record: record.to_value().tag for record in tags} == tags
