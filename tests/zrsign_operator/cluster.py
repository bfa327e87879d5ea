"""A whole group of operators in one process, under a clock, a ledger and links of the test's own.

The operators are the real ones, with their real stores on the disk and the real protocols at a tiny
level. One seed decides which link delivers next; time passes when the test says so, and long steps
run where they are asked for. So a run is a function of the test, and nothing waits for anything.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from tests.zrsign_dmpc.builders import deal
from tests.zrsign_dmpc.ecdsa.builders import TINY, prime
from tests.zrsign_dmpc.ecdsa.parties import MOST, aux_infos, key_shares
from tests.zrsign_operator.fake_ledger import (
    ECDSA,
    ED25519,
    KEYRING,
    Ledger,
    Node,
    account,
    cast_client,
)
from zrsign_dmpc.ecdsa import StoredAuxInfo
from zrsign_dmpc.group.curves import ED25519 as ED25519_GROUP
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.run.execution import IdentityKey
from zrsign_operator.keys.held import HeldKey
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.ledger.answers import AnswerOutbox
from zrsign_operator.ledger.approval import SCHEMES
from zrsign_operator.ledger.orders import Target
from zrsign_operator.ledger.view import LedgerView
from zrsign_operator.operator import Operator
from zrsign_operator.peers import frames
from zrsign_operator.peers.frames import Frame, Proposal, WorkKind
from zrsign_operator.peers.members import Member, Myself
from zrsign_operator.peers.peers import Peers
from zrsign_operator.work.lanes import Lanes
from zrsign_operator.work.work import Work
from zrsign_operator.work.yielding import GivingWay

STEP_S = 0.25
"""How far the clock moves at once."""


@dataclass
class Clock:
    """Moves when the test says so."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


class AtOnce(Executor):
    """Runs what it is given where it is given."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(work(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - whoever waits for the future gets it
            done.set_exception(error)
        return done


@dataclass
class FixedPrimes:
    """Primes of a fixed sequence, at hand as soon as they are asked for; or never."""

    index: int
    at_hand: bool
    asked: bool = False
    made: int = 0
    """How many sets were taken: no prime is used twice."""
    fresh: bool = False
    """Whether it was asked for new ones last."""

    def start(self, *, fresh: bool = False) -> None:
        self.asked, self.fresh = True, fresh

    def ready(self) -> bool:
        return self.asked and self.at_hand

    def take(self) -> list[int]:
        self.asked = False
        first = 4 * (self.index + MOST * self.made)
        self.made += 1
        return [prime(first + place) for place in range(4)]

    def stop(self) -> None:
        self.asked = False


Carrier = Callable[[int, int, Frame], Iterable[bytes]]
"""(sender, recipient, frame) ↦ what arrives of it: nothing, something else, or several."""


class Wire:
    """Frames on their way. A link delivers in order while it stands."""

    def __init__(self, seed: int) -> None:
        self.carrier: Carrier | None = None
        self.sent: dict[str, int] = defaultdict(int)
        """How many frames of each kind were sent."""
        self._random = Random(seed)
        self._queues: dict[tuple[int, int], deque[bytes]] = {}

    def put(self, sender: int, recipient: int, data: bytes) -> None:
        frame = frames.read_frame(data)
        self.sent[type(frame).__name__] += 1
        arriving = [data] if self.carrier is None else self.carrier(sender, recipient, frame)
        self._queues.setdefault((sender, recipient), deque()).extend(arriving)

    def take(self) -> tuple[int, int, bytes] | None:
        """The next frame that arrives; None: nothing is on its way."""
        waiting = sorted(link for link, queue in self._queues.items() if queue)
        if not waiting:
            return None
        sender, recipient = self._random.choice(waiting)
        return sender, recipient, self._queues[sender, recipient].popleft()

    def lose(self, one: int, other: int) -> None:
        """What was on its way between these two is gone."""
        self.lose_from(one, other)
        self.lose_from(other, one)

    def lose_from(self, sender: int, recipient: int) -> None:
        """What was on its way from one to the other is gone."""
        self._queues.pop((sender, recipient), None)


class FakeLinks:
    """One operator's side."""

    def __init__(self, cluster: Cluster, me: int) -> None:
        self.incarnations: dict[int, bytes] = {}
        self.members: dict[int, Member] = {}
        self.mute: set[int] = set()
        """Peers whose links stand, and who say nothing."""
        self._cluster, self._me = cluster, me

    def update(self, members: Mapping[int, Member]) -> None:
        self.members = {i: member for i, member in members.items() if i != self._me}

    def live(self) -> frozenset[int]:
        return frozenset(self._up() - self.mute) | {self._me}

    def silent(self) -> frozenset[int]:
        return frozenset(self._up() & self.mute)

    def peers(self) -> frozenset[int]:
        return frozenset(self.members)

    def cut(self, index: int, seconds: float) -> None:
        assert seconds > 0
        self._cluster.cut(self._me, index)

    def send(self, index: int, frame: bytes, *, linger: bool = False) -> None:
        if index in self._up():
            self._cluster.wire.put(self._me, index, frame)

    def _up(self) -> set[int]:
        return {i for i in self.members if self._cluster.is_up(self._me, i)}


@cache
def dealt_shares(
    key_type: str, threshold: int, indices: tuple[int, ...], name: str
) -> dict[int, KeyShare]:
    """The shares of a key that the test dealt."""
    if key_type == ECDSA and not name:
        return key_shares(threshold, *indices)
    group = ED25519_GROUP if key_type == ED25519 else SECP256K1
    return {share.index: share for share in deal(group, threshold, indices, (key_type, name))}


class Cluster:
    """Operators 1 … n, their ledger, and the links between them."""

    def __init__(
        self,
        home: Path,
        threshold: int = 2,
        indices: Sequence[int] = (1, 2, 3),
        *,
        seed: int = 0,
        pool_level: int = 0,
        primes: bool = False,
        roots: int = 0,
        absent: int = 0,
    ) -> None:
        """Without primes nobody makes auxiliary information: see `give_aux`."""
        self.home, self.pool_level, self.primes = home, pool_level, primes
        self.clock = Clock()
        self.ledger = Ledger(roots_wanted=roots, absent=absent)
        self.ledger.set_group(threshold, indices)
        self.wire = Wire(seed)
        self.nodes: dict[int, Node] = {}
        self.links: dict[int, FakeLinks] = {}
        self.operators: dict[int, Operator] = {}
        self._starts: dict[int, int] = defaultdict(int)
        self._cut: set[frozenset[int]] = set()
        self._linked: set[frozenset[int]] = set()

    # Processes

    async def start(self, *indices: int, incarnation: bytes = b"") -> None:
        """Start these operators, and link them with all that run."""
        for index in indices:
            node = self.nodes.setdefault(index, Node(self.ledger))
            self.links[index] = FakeLinks(self, index)
            self.operators[index] = await self._operator(index, node, incarnation)
        self._connect()

    async def _operator(self, me: int, node: Node, incarnation: bytes) -> Operator:
        home, client = self.home / str(me), cast_client(node)
        own = IdentityKey(bytes([me]) * 32)
        holdings = Holdings(home / "state", home / "anchors", Enclave(bytes([me]) * 32), own)
        ledger_view, outbox = LedgerView(client, KEYRING), AnswerOutbox(client, account(me))
        await ledger_view.read()
        self._starts[me] += 1
        memory = incarnation or bytes([me]) * 16
        presence = memory[:8] + bytes([me]) * 7 + bytes([me + 32 * (self._starts[me] - 1)])
        myself = Myself(me, own, memory, presence)
        peers = Peers(myself, self.links[me], holdings, self.clock)
        work = Work(
            myself,
            peers,
            holdings,
            ledger_view,
            outbox,
            primes=FixedPrimes(me, self.primes),
            lanes=Lanes(AtOnce(), AtOnce(), GivingWay(self.clock)),
            pool_level=self.pool_level,
            clock=self.clock,
        )
        operator = Operator(
            myself,
            peers,
            work,
            holdings,
            ledger_view,
            outbox,
            enclave="simulated",
            clock=self.clock,
        )
        peers.follow(operator.settings)
        return operator

    async def stop(self, *indices: int) -> None:
        """End these processes, whatever they were doing; what was said to them is lost."""
        for index in indices or tuple(self.operators):
            operator = self.operators.pop(index)
            for other in list(self.links):
                self._disconnect(index, other)
            del self.links[index]
            await operator.work.stop()
            operator.holdings.close()

    async def restart(self, index: int) -> None:
        await self.stop(index)
        await self.start(index)

    # Links

    def is_up(self, one: int, other: int) -> bool:
        return frozenset({one, other}) in self._linked

    def cut(self, one: int, other: int) -> None:
        """Break the link of these two, and keep it broken."""
        self._cut.add(frozenset({one, other}))
        self._disconnect(one, other)

    def mend(self, one: int, other: int) -> None:
        self._cut.discard(frozenset({one, other}))
        self._connect()

    def blink(self, one: int, other: int) -> None:
        """Break the link of these two for a moment: what was on its way is lost."""
        self.cut(one, other)
        self.mend(one, other)

    def blink_from(self, me: int, peer: int) -> None:
        """Break one operator's stream to another for a moment; the one back stands."""
        self.wire.lose_from(me, peer)
        self.operators[peer].on_silence(me)
        self.operators[me].on_peer(peer, False)
        self.operators[me].on_peer(peer, True)

    def silence(self, index: int, *, mute: bool = True) -> None:
        """Let an operator's links stand, and nothing come from it."""
        for other, links in self.links.items():
            if other != index:
                (links.mute.add if mute else links.mute.discard)(index)

    def _connect(self) -> None:
        for one, links in self.links.items():
            for other in links.members:
                pair = frozenset({one, other})
                mutual = other in self.links and one in self.links[other].members
                if mutual and one < other and pair not in self._cut | self._linked:
                    self._link(one, other)

    def _link(self, one: int, other: int) -> None:
        self._linked.add(frozenset({one, other}))
        for me, peer in ((one, other), (other, one)):
            self.links[me].incarnations[peer] = self.operators[peer].peers.incarnations[peer]
            self.operators[me].on_peer(peer, True)

    def _disconnect(self, one: int, other: int) -> None:
        pair = frozenset({one, other})
        if pair not in self._linked:
            return
        self._linked.discard(pair)
        self.wire.lose(one, other)
        for me, peer in ((one, other), (other, one)):
            if me in self.operators:
                self.operators[me].on_peer(peer, False)
                self.operators[me].on_silence(peer)

    # Time

    async def deliver(self) -> None:
        """Bring every frame, and what is said in answer, until nothing moves."""
        while True:
            while others := asyncio.all_tasks() - {asyncio.current_task()}:
                await asyncio.wait(others)
            arrived = self.wire.take()
            if arrived is None:
                return
            sender, recipient, data = arrived
            if recipient in self.operators and sender not in self.links[recipient].mute:
                self.operators[recipient].on_frame(sender, frames.read_frame(data))

    async def turn(self) -> None:
        """All look at the ledger, do what is next, and answer."""
        for index, operator in list(self.operators.items()):
            if not self.nodes[index].down:
                await operator.look()
                await operator.report_again()
            operator.tick()
        self._connect()
        await self.deliver()
        for index, operator in self.operators.items():
            if not self.nodes[index].down:
                await operator.outbox.flush()

    async def until(self, holds: Callable[[], bool], seconds: float = 60.0) -> float:
        """Let time pass until something holds; how many seconds that took."""
        start = self.clock.now
        while not holds():
            await self.turn()
            assert self.clock.now - start <= seconds, f"it did not come to that in {seconds} s"
            self.clock.now += STEP_S
        return self.clock.now - start

    async def wait(self, seconds: float) -> None:
        end = self.clock.now + seconds
        await self.until(lambda: self.clock.now >= end, seconds + 1)

    # What tests begin with, and ask for

    def deal(self, key_type: str, name: str = "") -> int:
        """A key that the test dealt to all members of the group; its id."""
        group = self.ledger.groups[-1]
        indices = tuple(member.index for member in group.members)
        shares = dealt_shares(key_type, group.threshold, indices, name)
        public_key = shares[indices[0]].info.public_key.encode()
        id_ = self.ledger.add_key(key_type, public_key)
        for index, operator in self.operators.items():
            target = self.target(group.number, self.ledger.refresh)
            incarnations = (bytes(16),) * len(indices)
            made_by = Proposal(
                KEYRING, WorkKind.KEYGEN, (id_,), index, indices, incarnations, bytes(32), target
            )
            operator.holdings.adopt(id_, index, SCHEMES[key_type], shares[index], made_by)
            self._tell_all(index)
        return id_

    @property
    def aux_epoch(self) -> int:
        """Which auxiliary information the ledger's orders want."""
        return Target(self.ledger.groups[-1].number, self.ledger.refresh).aux_epoch

    @staticmethod
    def target(group: int, refresh: int) -> bytes:
        """The details of what makes a key for this order."""
        return Target(group, refresh).encode()

    def _tell_all(self, index: int) -> None:
        """Let an operator say what it holds, as it does when it got it in a run."""
        peers = self.operators[index].peers
        peers.tell_all(*peers.inventories.mine())

    def give_aux(self, indices: Sequence[int] = ()) -> None:
        """Auxiliary information for these, or for all that run, without the run."""
        chosen = tuple(sorted(indices or self.operators))
        made = self.ledger.refresh
        for index, info in aux_infos(*chosen, epoch=self.aux_epoch, made=made).items():
            self.operators[index].holdings.add_aux(StoredAuxInfo.of(info).restore(TINY))
            self._tell_all(index)

    async def key(self, key_type: str) -> int:
        """A key of its own that the operators made; its id."""
        id_ = self.ledger.ask_key(key_type, own_key=True)
        await self.until(lambda: id_ in self.ledger.known_keys)
        await self.until(lambda: len(self.holders(id_)) == len(self.operators))
        return id_

    async def wallet(self, key_type: str) -> int:
        """A key that is a child of a root; its id."""
        id_ = self.ledger.ask_key(key_type)
        await self.until(lambda: id_ in self.ledger.known_keys)
        return id_

    async def sign(self, key_id: int, *messages: bytes) -> list[bytes]:
        """Signatures of one key, in the messages' order."""
        asked = [self.ledger.ask_signature(key_id, message) for message in messages]
        await self.until(lambda: set(asked) <= set(self.ledger.fulfilled))
        return [self.ledger.fulfilled[id_] for id_ in asked]

    def held(self, index: int, key_id: int) -> HeldKey:
        held = self.operators[index].holdings.key(key_id)
        assert held is not None, f"operator {index} holds no share of key {key_id}"
        return held

    def holders(self, key_id: int) -> set[int]:
        return {i for i, each in self.operators.items() if each.holdings.key(key_id)}

    def epochs(self, key_id: int) -> dict[int, int]:
        return {i: self.held(i, key_id).share.info.epoch for i in self.holders(key_id)}

    def running(self, kind: WorkKind) -> dict[int, list[tuple[int, ...]]]:
        """The subjects of what runs now, by operator."""
        return {
            index: [p.subjects for p in operator.work.runner.running() if p.kind == kind]
            for index, operator in self.operators.items()
        }


@dataclass(frozen=True)
class Enclave:
    """Holds a sealing key, and measures nothing."""

    key: bytes
    kind: str = "simulated"
    measurement: bytes = b"m" * 32

    def sealing_key(self) -> bytes:
        return self.key

    def attest(self, report_data: bytes) -> bytes:
        return report_data
