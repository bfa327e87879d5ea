"""A process that dies at any write comes back to one epoch, and signs nothing twice.

Three operators in memory with their real stores on the disk; what they say lies in a list. One of
them dies just before its n-th write, rename, deletion or flush, for every n that there is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.zrsign_dmpc.ecdsa.builders import TINY
from tests.zrsign_dmpc.ecdsa.parties import aux_infos, identity, key_shares, parties
from tests.zrsign_dmpc.ecdsa.signers import BEACON, presignatures
from zrsign_dmpc.ecdsa import (
    Order,
    Presignature,
    StoredAuxInfo,
    sign_batch_execution,
    start_sign_batch,
)
from zrsign_dmpc.ecdsa.presign.presignature import PRESIGNATURE
from zrsign_dmpc.ecdsa.security import LEVELS
from zrsign_dmpc.kept.key_records import StoredKeyInfo
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.kept.single_use import AlreadyConsumed
from zrsign_dmpc.reshare import start_reshare
from zrsign_dmpc.run.rounds import Result
from zrsign_dmpc.run.simulator import Simulation
from zrsign_operator.keys.changes import PATIENT_S, EpochChanges
from zrsign_operator.keys.folders import KeyFolder
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.ledger.approval import Scheme
from zrsign_operator.ledger.orders import Move, ReshareDetails, Target
from zrsign_operator.peers import frames
from zrsign_operator.peers.frames import EpochNews, Proposal, WorkKind
from zrsign_operator.peers.members import KeyringSettings, Member, Myself, OperatorGroup

ALL = (1, 2, 3)
LEDGER_KEY = 7
SHARES = key_shares(2, *ALL)
SYSCALLS = ("write", "fsync", "replace", "unlink", "rmdir", "ftruncate")
SIGNERS = (1, 2)
DEALERS = (1, 2)
INCARNATION = bytes(16)
DIGESTS = [sha256(bytes([number])).digest() for number in range(3)]
FSYNC = os.fsync
ENOUGH = 500
"""More writes, and more frames, than any of these need."""


class Crash(BaseException):
    """The process died here: nothing that it runs may catch it."""


class Disk:
    """Counts what a process does to it, and ends the process before the n-th."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.user = 0
        """Whose process runs now."""
        self.victim, self.left = 0, 0
        # What lies on it is of this level.
        patch.setitem(LEVELS, TINY.name, TINY)
        for name in SYSCALLS:
            patch.setattr(os, name, partial(self._call, getattr(os, name)))

    def crash(self, victim: int, nth: int) -> None:
        self.victim, self.left = victim, nth

    @contextmanager
    def at_peace(self) -> Iterator[None]:
        """Nobody dies, and nothing is counted."""
        left, self.left = self.left, 0
        yield
        self.left = left

    def _call(self, real: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        if self.user == self.victim and self.left:
            self.left -= 1
            if self.left == 0:
                raise Crash
        # A process that dies loses nothing that the system has taken, flushed or not.
        return None if real is FSYNC else real(*arguments, **options)


@dataclass
class Enclave:
    key: bytes
    kind: str = "simulated"
    measurement: bytes = b"m" * 32

    def sealing_key(self) -> bytes:
        return self.key

    def attest(self, report_data: bytes) -> bytes:
        return report_data


@dataclass
class World:
    """The operators, and the frames on their way."""

    home: Path
    disk: Disk
    refresh: int = 0
    now: float = 0.0
    wire: list[tuple[int, int, bytes]] = field(default_factory=list)
    operators: dict[int, Operator] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for index in ALL:
            self.operators[index] = Operator(self, index)
        with self.disk.at_peace():
            self.give_aux()

    @property
    def settings(self) -> KeyringSettings:
        members = tuple(Member(i, f"zen{i}", identity(i).public_key, b"", "") for i in ALL)
        return KeyringSettings("keyring1", (OperatorGroup(1, 2, TINY, members),), self.refresh)

    def run(self, index: int, work: Callable[[Operator], object]) -> bool:
        """In an operator's process; False: it died, and was started again."""
        try:
            self.disk.user = index
            work(self.operators[index])
        except Crash:
            # What it said is on its way; what was said to it is lost.
            self.wire = [each for each in self.wire if each[1] != index]
            self.restart(index)
            return False
        finally:
            self.disk.user = 0
        return True

    def restart(self, index: int) -> None:
        self.operators[index].holdings.close()
        self.operators[index] = Operator(self, index)

    def change(self) -> None:
        """One refresh of the epoch that operators 1 and 2 are in, to its decision."""
        self.refresh += 1
        self.give_aux()
        old = {index: self.operators[index].share for index in DEALERS}
        move = Move.read(self.proposal(old[1]), self.settings)
        started = {i: self.run(i, lambda each: each.changes.begin(move)) for i in ALL}
        if all(started.values()):
            for index, share in reshared(move, old).items():
                self.run(index, lambda each, new=share: each.changes.done(move, new))  # type: ignore[misc]
        else:
            # The link to the dead one broke.
            for index in [i for i in ALL if started[i]]:
                self.run(index, lambda each: each.changes.failed(move.proposal))
        self.settle()

    def give_aux(self) -> None:
        """What the order wants; who died meanwhile, and has none, makes it again."""
        epoch = Target(1, self.refresh).aux_epoch
        for index, info in aux_infos(*ALL, epoch=epoch, made=self.refresh).items():
            stored = StoredAuxInfo.of(info)

            def add(each: Operator, stored: StoredAuxInfo = stored) -> None:
                if each.holdings.newest_aux(TINY, stored.epoch) is None:
                    each.holdings.add_aux(stored.restore(TINY))

            while not self.run(index, add):
                pass

    def settle(self) -> None:
        """Bring all frames and let time pass until every change is decided."""
        brought = 0
        for _ in range(int(PATIENT_S) + 30):
            while self.wire:
                brought += 1
                assert brought < ENOUGH, "they talk without end"
                sender, to, data = self.wire.pop(0)
                news = frames.read_frame(data)
                assert isinstance(news, EpochNews)
                self.run(to, lambda each, who=sender, said=news: each.changes.take(who, said))  # type: ignore[misc]
            if not any(each.waits for each in self.operators.values()):
                return
            self.now += 1.01
            for index in ALL:
                self.run(index, lambda each: each.changes.tick())
        pytest.fail("a change was never decided")

    def proposal(self, share: KeyShare) -> Proposal:
        details = ReshareDetails(Target(1, self.refresh), StoredKeyInfo.of(share.info), DEALERS)
        nonce, incarnations = sha256(bytes([self.refresh])).digest(), (INCARNATION,) * len(ALL)
        return Proposal(
            "keyring1",
            WorkKind.RESHARE,
            (LEDGER_KEY,),
            1,
            ALL,
            incarnations,
            nonce,
            details.encode(),
        ).signed(identity(1))

    def assert_one_epoch(self) -> None:
        """The same for all, with a share each, and nothing is left of any other."""
        active = {each.share.info.key_id for each in self.operators.values()}
        assert len(active) == 1
        for index, each in self.operators.items():
            assert each.share.index == index
            assert each.share.info.public_key == SHARES[1].info.public_key
            assert each.shares_on_disk == {each.share.info.key_id.hex()}
            for made in each.holdings.presignatures.values():
                assert made.public.key_id in active
            self.assert_aux(each)

    def assert_aux(self, operator: Operator) -> None:
        """What the ledger's orders want is there, and nothing that the key may not use."""
        epochs = {info.public.epoch for info in operator.holdings.aux}
        assert epochs >= {Target(1, self.refresh).aux_epoch}
        assert min(epochs) >= operator.share.info.aux_epoch
        assert operator.aux_on_disk == {
            info.public.execution_id.hex() for info in operator.holdings.aux
        }


class Operator:
    """One, as far as its stores are concerned."""

    def __init__(self, world: World, me: int) -> None:
        self.me, self.home = me, world.home / str(me)
        enclave = Enclave(bytes([me]) * 32)
        self.holdings = Holdings(self.home / "state", self.home / "anchors", enclave, identity(me))
        self.changes = EpochChanges(
            Myself(me, identity(me), INCARNATION, INCARNATION),
            self.holdings,
            send=lambda to, data: world.wire.append((me, to, data)),
            read=lambda proposal: Move.read(proposal, world.settings),
            is_running=lambda kind, subject: False,
            scheme_of=lambda ledger_key, public_key: Scheme.ECDSA,
            decided=self._decided,
            clock=lambda: world.now,
        )

    def _decided(self, folder: KeyFolder) -> None:
        self.holdings.follow(folder)

    @property
    def share(self) -> KeyShare:
        held = self.holdings.key(LEDGER_KEY)
        assert held is not None, f"operator {self.me} has no share"
        return held.share

    @property
    def shares_on_disk(self) -> set[str]:
        return {path.stem for path in self.home.glob("state/keys/*/shares/*.share")}

    @property
    def aux_on_disk(self) -> set[str]:
        return {path.stem for path in self.home.glob("state/aux/*")}

    @property
    def waits(self) -> bool:
        return any(each.keeper.state.pending for each in self.holdings.folders())

    def adopt(self) -> None:
        """The share that a key generation made."""
        target = Target(1, 0).encode()
        made_by = Proposal(
            "keyring1", WorkKind.KEYGEN, (1,), 1, ALL, (INCARNATION,) * 3, bytes(32), target
        ).signed(identity(1))
        self.holdings.adopt(LEDGER_KEY, self.me, Scheme.ECDSA, SHARES[self.me], made_by)

    def sign(self, made: Presignature, digest: bytes) -> bool:
        """Whether a share of the signature left."""
        order = [Order(made.public, digest, BEACON)]
        id_ = sha256(made.public.id + digest).digest()
        execution = sign_batch_execution(order, parties(*ALL), len(SIGNERS), id_)
        session = start_sign_batch(
            execution, order, [made], identity(self.me), self.holdings.single_use
        )
        try:
            said = session.start()
        except AlreadyConsumed:
            return False
        return bool(said)


_RESHARED: dict[bytes, dict[int, KeyShare | None]] = {}


def reshared(move: Move, old: dict[int, KeyShare]) -> dict[int, KeyShare | None]:
    """What the protocol gives each operator: the same for the same move, from the same shares."""
    at = move.execution.sid
    if at not in _RESHARED:
        sessions = {
            i: start_reshare(move.execution, move.plan, i, identity(i), old.get(i)) for i in ALL
        }
        outcomes = Simulation(sessions, move.key.epoch).run()
        made = {i: each.value for i, each in outcomes.items() if isinstance(each, Result)}
        assert set(made) == set(ALL), outcomes
        _RESHARED[at] = {i: epoch.share for i, epoch in made.items()}
    return _RESHARED[at]


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@contextmanager
def opened(home: Path, disk: Disk) -> Iterator[World]:
    world = World(home, disk)
    try:
        yield world
    finally:
        disk.victim = 0
        for each in world.operators.values():
            each.holdings.close()


def every_write(disk: Disk, home: Path, victim: int, scenario: Callable[[World], None]) -> int:
    """Run the scenario with a death at each of the victim's writes; how many those were."""
    for nth in range(1, ENOUGH):
        with opened(home / str(nth), disk) as world:
            disk.crash(victim, nth)
            scenario(world)
            if disk.left:
                return nth - 1
    raise AssertionError(f"more than {ENOUGH} writes")


@pytest.mark.parametrize("victim", ALL)
def test_death_in_a_refresh__should_leave_one_epoch(
    tmp_path: Path, disk: Disk, victim: int
) -> None:
    epochs: set[int] = set()

    def refresh(world: World) -> None:
        with disk.at_peace():
            for each in world.operators.values():
                each.adopt()
                if each.me in SIGNERS:
                    each.holdings.add_presignature(presignatures(SIGNERS)[each.me])
        world.change()
        world.assert_one_epoch()
        epoch = world.operators[1].share.info.epoch
        epochs.add(epoch)
        # Nothing is stuck: whatever became of it, the next one works.
        with disk.at_peace():
            world.change()
        world.assert_one_epoch()
        assert world.operators[1].share.info.epoch == epoch + 1
        for each in world.operators.values():
            assert not each.holdings.presignatures
            assert [info.public.epoch for info in each.holdings.aux] == [3]

    assert every_write(disk, tmp_path, victim, refresh) > 20
    # Some deaths end it, others do not.
    assert epochs == {0, 1}


def test_death_when_a_key_is_made__should_leave_the_share_or_room_for_another(
    tmp_path: Path, disk: Disk
) -> None:
    victim = 3

    def make(world: World) -> None:
        for index in ALL:
            world.run(index, Operator.adopt)
        on_disk = world.operators[victim].shares_on_disk
        held = world.operators[victim].holdings.key(LEDGER_KEY)
        assert on_disk == ({held.share.info.key_id.hex()} if held else set())
        with disk.at_peace():
            world.change()
        world.assert_one_epoch()
        assert world.operators[victim].share.info.epoch == 1

    assert every_write(disk, tmp_path, victim, make) > 5


def test_death_in_a_signature__should_not_bring_its_presignature_back(
    tmp_path: Path, disk: Disk
) -> None:
    victim = 2
    made = presignatures(SIGNERS)[victim]
    sent: list[bytes] = []

    def sign_with(operator: Operator, digest: bytes) -> None:
        """As a task does: struck off, said, deleted."""
        for each in list(operator.holdings.presignatures.values()):
            operator.holdings.take_presignature(each.public.id)
            if operator.sign(each, digest):
                sent.append(digest)
            operator.holdings.drop_presignature(each.public.id)

    def sign(world: World) -> None:
        sent.clear()
        with disk.at_peace():
            world.operators[victim].adopt()
        world.run(victim, lambda each: each.holdings.add_presignature(made))
        world.run(victim, lambda each: sign_with(each, DIGESTS[0]))
        ledger = world.operators[victim].holdings.single_use
        if ledger.is_consumed(PRESIGNATURE, made.public.id):
            assert not world.operators[victim].holdings.presignatures
        # Another request, now and after one more restart.
        world.run(victim, lambda each: sign_with(each, DIGESTS[1]))
        world.restart(victim)
        operator = world.operators[victim]
        assert not operator.holdings.presignatures
        assert operator.holdings.single_use.is_consumed(PRESIGNATURE, made.public.id) or not sent
        assert not operator.sign(made, DIGESTS[2]) or not sent
        assert len(sent) <= 1

    assert every_write(disk, tmp_path, victim, sign) > 8
