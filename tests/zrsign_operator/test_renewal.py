"""A refresh renews all that a thief could use, and is done when what it replaces is gone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest

from tests.zrsign_dmpc.ecdsa.builders import TINY
from tests.zrsign_dmpc.ecdsa.parties import aux_infos, identity
from tests.zrsign_dmpc.ecdsa.thieves import Thief
from tests.zrsign_operator.cluster import Cluster, Enclave, FixedPrimes
from tests.zrsign_operator.conftest import MakeCluster
from tests.zrsign_operator.fake_ledger import ECDSA, ED25519
from zrsign_dmpc.ecdsa import AuxInfo, PresignSetup, StoredAuxInfo
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_operator.keys.inventories import AUX_GRACE_S, AUX_SILENCE_S
from zrsign_operator.keys.sealing import Seal, SealedFiles
from zrsign_operator.peers.frames import Frame, Inventory, Part, Proposal, Said, WorkKind
from zrsign_operator.work.details import PresignDetails

ALL = (1, 2, 3)
DIGEST = sha256(b"text").digest()
FAR = 1 << 40


@dataclass
class Ear:
    """Hears what is said in presignings."""

    signers: tuple[int, ...] = ()
    aux: bytes = b""
    said: list[bytes] = field(default_factory=list)
    _listens: bytes = b""

    def __call__(self, _: int, __: int, frame: Frame) -> Iterable[bytes]:
        if isinstance(frame, Proposal) and frame.kind == WorkKind.PRESIGN:
            self._listens, self.signers = frame.execution_id, frame.members
            self.aux = PresignDetails.decode(frame.details).aux
            self.said.clear()
        if isinstance(frame, Said) and frame.execution_id == self._listens:
            self.said.append(frame.data)
        return [frame.encode()]


@dataclass(frozen=True)
class Heard:
    """One presigning, with what the broken operator knows, as of its epoch."""

    key: KeyShare
    aux: AuxInfo
    signers: tuple[int, ...]
    said: tuple[bytes, ...]

    def gives_key(self, stolen: AuxInfo) -> bool:
        """Whether the victim's auxiliary secrets open it."""
        victim = next(i for i in self.signers if i != self.key.index)
        thief = Thief(victim, stolen.key, {self.key.index: (self.key, self.aux)})
        found = thief.key(PresignSetup(self.key.info, self.aux.public, self.signers), self.said)
        return SECP256K1.base_mul(found) == self.key.info.public_key


def heard(cluster: Cluster, ear: Ear, key: int) -> Heard:
    broken = cluster.operators[ear.signers[1]]
    aux = broken.holdings.aux_named(ear.aux)
    assert aux is not None
    share = cluster.held(ear.signers[1], key).share
    return Heard(share, aux, ear.signers, tuple(ear.said))


def stolen(cluster: Cluster, index: int, copy: Path) -> Iterator[AuxInfo]:
    """All auxiliary secrets in a copy of a store, opened with a copy of its sealing key."""
    seal = Seal(Enclave(bytes([index]) * 32), identity(index).public_key, lambda: FAR)
    files = SealedFiles(copy / "aux", "aux", seal)
    for name in files.names():
        yield StoredAuxInfo.decode(files.get(name)).restore(TINY)


def copy_of(cluster: Cluster, index: int, name: str) -> Path:
    return shutil.copytree(cluster.home / str(index) / "state", cluster.home / name)


def pool_is_full(cluster: Cluster) -> Callable[[], bool]:
    return lambda: sum(len(o.holdings.presignatures) for o in cluster.operators.values()) == 2


def has_refreshed(cluster: Cluster, *keys: int) -> Callable[[], bool]:
    """What the ledger shows as done: every member has told so of every key."""
    told, number = cluster.ledger.epochs, cluster.ledger.refresh
    parties = {member.party for member in cluster.ledger.groups[-1].members}
    return lambda: all(
        (key, party) in told and told[key, party].refresh == number
        for key in keys
        for party in parties
    )


def aux_epochs(cluster: Cluster) -> dict[int, list[int]]:
    return {
        i: [info.public.epoch for info in each.holdings.aux]
        for i, each in cluster.operators.items()
    }


async def test_thief__should_learn_nothing_from_two_epochs(make_cluster: MakeCluster) -> None:
    """One store before and t − 1 operators after a refresh, and the other way round."""
    cluster = await make_cluster(2, (1, 2), primes=True, pool_level=1)
    cluster.wire.carrier = ear = Ear()
    key = await cluster.key(ECDSA)
    await cluster.until(pool_is_full(cluster))
    before, victim = heard(cluster, ear, key), ear.signers[0]
    (old,) = stolen(cluster, victim, copy_of(cluster, victim, "before"))
    # Within one epoch the theft gives the key.
    assert before.gives_key(old)
    presigned = set(cluster.operators[victim].holdings.presignatures)
    cluster.ledger.order_refresh()
    await cluster.until(has_refreshed(cluster, key))
    after_refresh = copy_of(cluster, victim, "after")
    await cluster.until(pool_is_full(cluster))
    after = heard(cluster, ear, key)
    assert after.signers == before.signers
    assert not after.gives_key(old)
    (new,) = stolen(cluster, victim, after_refresh)
    assert after.gives_key(new)
    assert not before.gives_key(new)
    left = {path.stem for path in (after_refresh / "presignatures").glob("*")}
    assert not left & {name.hex() for name in presigned}


async def test_old_auxiliary_information__should_go_although_a_key_stays_behind(
    make_cluster: MakeCluster,
) -> None:
    """Operator 3 lost its share of one that the ledger does not have: nobody may deal it again."""
    cluster = await make_cluster(2, ALL)
    cluster.give_aux()
    key, stuck = cluster.deal(ECDSA), cluster.deal(ECDSA, "another")
    del cluster.ledger.known_keys[stuck]
    cluster.operators[3].holdings.erase(cluster.held(3, stuck).folder)
    await cluster.deliver()
    cluster.ledger.order_refresh()
    cluster.give_aux()
    await cluster.until(has_refreshed(cluster, key))
    assert cluster.epochs(stuck) == {1: 0, 2: 0}
    await cluster.until(lambda: set(map(tuple, aux_epochs(cluster).values())) == {(2,)})
    await cluster.sign(key, DIGEST)


async def lose_store(cluster: Cluster) -> None:
    """Operator 3 loses its disk, and starts with nothing but its identity."""
    await cluster.stop(3)
    shutil.rmtree(cluster.home / "3")
    await cluster.start(3, incarnation=b"another memory  ")


async def test_lost_store__should_leave_one_auxiliary_information(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, ALL, primes=True)
    key = await cluster.key(ECDSA)
    await cluster.sign(key, DIGEST)
    before = cluster.operators[1].holdings.aux_digests()
    await lose_store(cluster)
    await cluster.until(lambda: cluster.holders(key) == set(ALL))
    await cluster.wait(2.0)
    (digests,) = {each.holdings.aux_digests() for each in cluster.operators.values()}
    assert len(digests) == 1
    assert not set(digests) & set(before)
    await cluster.sign(key, DIGEST)


async def test_lost_store__should_be_made_up_for_when_a_peer_notices_late(
    make_cluster: MakeCluster,
) -> None:
    """The operator is back, and has said what it holds, before a peer's own stream to it broke."""
    cluster = await make_cluster(2, ALL, primes=True)
    key = await cluster.key(ECDSA)
    await lose_store(cluster)
    await cluster.deliver()
    for late in (1, 2):
        cluster.blink_from(late, 3)
    await cluster.until(lambda: cluster.holders(key) == set(ALL))
    await cluster.sign(key, DIGEST)


async def test_lost_store__should_cost_nobody_anything_however_slow_its_machine_is(
    make_cluster: MakeCluster,
) -> None:
    """The others asked it for new shares before it had auxiliary information, and charged it."""
    cluster = await make_cluster(2, ALL, primes=True)
    key = await cluster.key(ECDSA)
    await lose_store(cluster)
    cluster.operators[3].work.primes = slow = FixedPrimes(3, at_hand=False)
    await cluster.wait(120.0)
    slow.at_hand = True
    await cluster.until(lambda: cluster.holders(key) == set(ALL))
    charged = [each.peers.standing.conduct.describe() for each in cluster.operators.values()]
    assert charged == [{}, {}, {}]


@pytest.mark.parametrize("taught", ALL)
async def test_stream_that_breaks__should_take_along_what_was_said_on_it_alone(
    make_cluster: MakeCluster, taught: int
) -> None:
    """Each operator knows of each other one what it would know had no stream ever broken."""
    cluster = await make_cluster(2, ALL)
    await cluster.wait(1.0)
    cluster.give_aux()
    key = cluster.deal(ED25519)
    await cluster.wait(1.0)

    def known() -> list[object]:
        peers, held = cluster.operators[taught].peers, cluster.held(taught, key)
        return [
            sorted(peers.inventories._said.items()),
            sorted((peer, aux) for peer, (aux, _) in peers.inventories._aux.items()),
            {peer: len(offered) for peer, offered in held.offered.items()},
        ]

    before = known()
    for one in ALL:
        for other in set(ALL) - {one}:
            cluster.blink_from(one, other)
            await cluster.deliver()
            assert known() == before


async def test_refresh__should_be_made_with_primes_of_after_the_order(
    make_cluster: MakeCluster,
) -> None:
    """Who reads an operator's memory knows the primes that lie ready in it."""
    cluster = await make_cluster(2, ALL)
    cluster.give_aux()
    key = cluster.deal(ECDSA)
    operator = cluster.operators[1]
    await cluster.wait(1.0)
    cluster.ledger.order_refresh()
    stopped: list[bool] = []

    class Watched(FixedPrimes):
        def stop(self) -> None:
            stopped.append(self.asked)
            super().stop()

    operator.work.primes = watched = Watched(1, at_hand=False)
    watched.start()
    await cluster.wait(1.0)
    assert stopped == [True]
    assert watched.asked
    assert watched.fresh
    assert set(cluster.epochs(key).values()) == {0}


async def test_refresh__should_wait_for_an_operator_and_keys_sign_meanwhile(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, (1, 2, 3, 4), primes=True, absent=1)
    keys = [await cluster.key(ECDSA), await cluster.key(ED25519)]
    await cluster.until(lambda: all(aux_epochs(cluster).values()))
    await cluster.stop(4)
    cluster.ledger.order_refresh()
    await cluster.wait(30.0)
    assert set(map(tuple, aux_epochs(cluster).values())) == {(1,)}
    for key in keys:
        await cluster.sign(key, DIGEST)
    # A key of after the order needs what was made after it.
    new = cluster.ledger.ask_key(ECDSA)
    await cluster.until(lambda: new in cluster.ledger.known_keys)
    assert cluster.holders(new) == {1, 2, 3}
    assert cluster.held(1, new).share.info.aux_epoch == 2
    await cluster.sign(new, DIGEST)
    assert set(map(tuple, aux_epochs(cluster).values())) == {(1, 2)}
    assert not has_refreshed(cluster, *keys)()
    await cluster.start(4)
    await cluster.until(has_refreshed(cluster, *keys, new), 120.0)
    assert {epoch for epochs in aux_epochs(cluster).values() for epoch in epochs} == {2}
    for key in (*keys, new):
        await cluster.sign(key, DIGEST)


async def test_new_group__should_make_its_own_auxiliary_information(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, ALL, primes=True)
    key = await cluster.key(ECDSA)
    await cluster.sign(key, DIGEST)
    cluster.ledger.set_group(2, (2, 3, 4))
    await cluster.start(4)
    await cluster.sign(key, DIGEST)
    await cluster.until(lambda: cluster.holders(key) == {2, 3, 4})
    await cluster.sign(key, DIGEST)
    assert aux_epochs(cluster) == {1: [1], 2: [2], 3: [2], 4: [2]}


@pytest.mark.parametrize("keys", [(), (ED25519,)])
async def test_old_auxiliary_information__should_go_at_once_when_no_key_needs_it(
    make_cluster: MakeCluster, keys: tuple[str, ...]
) -> None:
    cluster = await make_cluster(2, ALL)
    cluster.give_aux()
    for key_type in keys:
        cluster.deal(key_type)
    cluster.ledger.order_refresh()
    cluster.give_aux()
    assert set(map(tuple, aux_epochs(cluster).values())) == {(2,)}
    for index in ALL:
        await cluster.restart(index)
    assert set(map(tuple, aux_epochs(cluster).values())) == {(2,)}
    digests = {each.holdings.aux_digests() for each in cluster.operators.values()}
    assert digests == {(aux_infos(*ALL, epoch=2, made=1)[1].public.digest,)}


async def test_auxiliary_information__should_not_be_made_again_for_who_ends_it_late(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, ALL)
    await cluster.wait(1.0)
    cluster.give_aux()
    operator, late = cluster.operators[1], cluster.operators[3]

    def covered() -> frozenset[int]:
        return operator.peers.inventories.covered(TINY, cluster.aux_epoch)

    # Operator 3 said what it holds before, and has not ended yet.
    late.holdings.aux = []
    operator.peers.take_inventory(3, Inventory((), (), Part.NEWS))
    assert covered() == {1, 2, 3}
    cluster.clock.now += AUX_GRACE_S + 1
    assert covered() == {1, 2, 3}
    # Who says anew that it has none, and goes on saying so, lost it.
    for page in late.peers.inventories.mine():
        operator.peers.take_inventory(3, page)
    cluster.clock.now += AUX_GRACE_S - 1
    assert covered() == {1, 2}


async def test_auxiliary_information__should_be_made_again_for_who_never_ends_it(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, ALL)
    await cluster.wait(1.0)
    cluster.give_aux()
    operator = cluster.operators[1]
    for page in cluster.operators[2].peers.inventories.mine():
        operator.peers.take_inventory(2, page)
    operator.peers.take_inventory(3, Inventory((), (), Part.NEWS))
    assert operator.peers.inventories.covered(TINY, cluster.aux_epoch) == {1, 2, 3}
    cluster.clock.now += AUX_SILENCE_S
    assert operator.peers.inventories.covered(TINY, cluster.aux_epoch) == {1, 2}
