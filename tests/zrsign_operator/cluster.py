"""A whole group of operators in one process, under a clock, a ledger and links of the test's own.

The operators are the real ones, with their real stores on the disk and the real protocols at a tiny
level. One seed decides which link delivers next; time passes when the test says so, and long steps
run where they are asked for. So a run is a function of the test, and nothing waits for anything.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, TypeVar, cast

from google.protobuf.message import Message

from tests.zrsign_dmpc.builders import deal
from tests.zrsign_dmpc.ecdsa.builders import TINY, prime
from tests.zrsign_dmpc.ecdsa.parties import MOST, aux_infos, identity, key_shares
from zrchain_lite.client import Account, LedgerUnavailable, ObjectNotFound, TxFailed
from zrchain_lite.modules.operators import roots
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.operators import operators_pb2 as wire
from zrchain_lite.wire.zrsign.treasury.approvals_pb2 import Approval
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
from zrsign_operator.ledger.view import KEY_BY_ID, QUERY, LedgerView
from zrsign_operator.operator import Operator
from zrsign_operator.peers import frames
from zrsign_operator.peers.frames import Frame, Proposal, WorkKind
from zrsign_operator.peers.members import Member, Myself
from zrsign_operator.peers.peers import Peers
from zrsign_operator.work.lanes import Lanes
from zrsign_operator.work.work import Work
from zrsign_operator.work.yielding import GivingWay

KEYRING = "keyring1cluster"
ECDSA, BITCOIN, ED25519, TAPROOT = (
    "KEY_TYPE_ECDSA_SECP256K1",
    "KEY_TYPE_BITCOIN_SECP256K1",
    "KEY_TYPE_EDDSA_ED25519",
    "KEY_TYPE_TAPROOT_SECP256K1",
)
STEP_S = 0.25
"""How far the clock moves at once."""
M = TypeVar("M", bound=Message)


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


@dataclass
class Ledger:
    """The state that every operator's node shows, and what the operators did to it."""

    party_threshold: int = 2
    groups: list[wire.Group] = field(default_factory=list)
    refresh: int = 0
    pardons: dict[int, int] = field(default_factory=dict)
    measurements: list[wire.Measurement] = field(default_factory=list)
    version: int = 1
    keys: dict[int, treasury.KeyReqResponse] = field(default_factory=dict)
    signatures: dict[int, treasury.SignReqResponse] = field(default_factory=dict)
    roots: dict[int, treasury.SignReqResponse] = field(default_factory=dict)
    approvals: dict[int, bytes] = field(default_factory=dict)
    """The hash of the block that approved a request without a parent."""
    transactions: list[treasury.SignTxReqResponse] = field(default_factory=list)
    known_keys: dict[int, treasury.KeyResponse] = field(default_factory=dict)
    fulfilled: dict[int, bytes] = field(default_factory=dict)
    """Signatures by request, once enough parties gave the same."""
    rejected: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Who refused a signature request, by request."""
    epochs: dict[tuple[int, str], wire.MsgReportKeyEpoch] = field(default_factory=dict)
    """The last epoch by key and party."""
    roots_wanted: int = 0
    """How many roots the group wants for each way to sign."""
    absent: int = 0
    active: dict[int, wire.Root] = field(default_factory=dict)
    """The roots that every member of the group reported, by id."""
    origins: dict[int, int] = field(default_factory=dict)
    """The root of every key that is a child of one."""
    faults: list[wire.MsgReportFault] = field(default_factory=list)
    _last_id: int = 0

    def set_group(self, threshold: int, indices: Sequence[int]) -> None:
        members = [
            wire.Member(
                index=i,
                party=account(i).address,
                identity_key=identity(i).public_key,
                tls_certificate=b"certificate %d" % i,
                endpoint=f"127.0.0.1:{9000 + i}",
            )
            for i in indices
        ]
        number = len(self.groups) + 1
        self.groups.append(
            wire.Group(
                number=number,
                threshold=threshold,
                level=TINY.name,
                members=members,
                roots=self.roots_wanted,
                absent=self.absent,
            )
        )
        self.version += 1

    def want_roots(self, count: int) -> None:
        self.roots_wanted = self.groups[-1].roots = count
        self.version += 1

    def root(self, key_type: str, number: int = 1) -> int:
        """The id of a root."""
        scheme = ECDSA if key_type == BITCOIN else key_type
        return roots.root_id(cast("treasury.KeyType", treasury.KeyType.Value(scheme)), number)

    def shown_roots(self) -> list[wire.Root]:
        """As the ledger's module shows them; the fake has one active root at most, and no spare."""
        found = []
        for key_type in (ECDSA, ED25519, TAPROOT) if self.roots_wanted else ():
            root = wire.Root(id=self.root(key_type), key_type=key_type, number=1)
            root.MergeFrom(self.active.get(root.id, wire.Root()))
            if not root.height:
                root.reports.extend(self.reports(root.id))
                root.holders = len(root.reports)
            found.append(root)
        return found

    def reports(self, key_id: int) -> list[wire.KeyEpoch]:
        """What the parties said about a key."""
        return [
            wire.KeyEpoch(
                key_id=key_id,
                party=party,
                key_digest=said.key_digest,
                public_key=said.public_key,
                chain_code=said.chain_code,
            )
            for (at, party), said in self.epochs.items()
            if at == key_id
        ]

    def order_refresh(self) -> None:
        self.refresh += 1
        self.version += 1

    def pardon(self, index: int) -> None:
        self.pardons[index] = self.pardons.get(index, 0) + 1
        self.version += 1

    def ask_key(self, key_type: str, *, own_key: bool = False) -> int:
        id_ = self._next_id()
        self.keys[id_] = treasury.KeyReqResponse(
            id=id_, key_type=key_type, workspace_addr="workspace1cluster", index=id_ % 3
        )
        if self.roots_wanted and not own_key:
            self.origins[id_] = self.root(key_type)
        return id_

    def ask_signature(self, key_id: int, message: bytes) -> int:
        """Of plain data, by a key that is there."""
        id_ = self._next_id()
        self.signatures[id_] = treasury.SignReqResponse(
            id=id_,
            key_ids=[key_id],
            key_type=self.known_keys[key_id].type,
            data_for_signing=[message],
        )
        self.approvals[id_] = sha256(b"block of request %d" % id_).digest()
        return id_

    def add_key(self, key_type: str, public_key: bytes, id_: int = 0) -> int:
        """A key whose request was answered long ago."""
        id_ = id_ or self._next_id()
        self.known_keys[id_] = treasury.KeyResponse(
            id=id_, keyring_addr=KEYRING, type=key_type, public_key=public_key
        )
        return id_

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def take(self, message: Message) -> None:
        """One message of a transaction. Raises TxFailed."""
        match message:
            case treasury.MsgFulfilKeyRequest():
                self._take_key(message)
            case treasury.MsgFulfilSignatureRequest():
                self._take_signature(message)
            case wire.MsgReportKeyEpoch():
                self._take_epoch(message)
            case wire.MsgReportFault():
                self.faults.append(message)
            case _:
                raise AssertionError(message)

    def _take_epoch(self, message: wire.MsgReportKeyEpoch) -> None:
        """A root counts once all but the absent members hold the same."""
        self.epochs[message.key_id, message.creator] = message
        if message.key_id < roots.FIRST_ID or message.key_id in self.active:
            return
        self.version += 1
        equal = [e for e in self.reports(message.key_id) if e.public_key == message.public_key]
        if len(equal) >= len(self.groups[-1].members) - self.absent:
            self.active[message.key_id] = wire.Root(
                public_key=message.public_key,
                chain_code=message.chain_code,
                height=1,
                holders=len(equal),
            )

    def _take_key(self, message: treasury.MsgFulfilKeyRequest) -> None:
        request = self.keys.get(message.request_id)
        answer = message.key.public_key
        if request is None or (request.public_key and request.public_key != answer):
            raise TxFailed("treasury", 4, "this key request has another answer, or none is asked")
        request.public_key = answer
        request.keyring_party_signatures.add(creator=message.creator)
        if len(request.keyring_party_signatures) >= self.party_threshold:
            del self.keys[request.id]
            self.add_key(request.key_type, answer, request.id)
            shown = self.known_keys[request.id]
            shown.workspace_addr, shown.index = request.workspace_addr, request.index

    def _take_signature(self, message: treasury.MsgFulfilSignatureRequest) -> None:
        request = self.signatures.get(message.request_id)
        if request is None:
            raise TxFailed("treasury", 4, "this signature request is not open")
        if message.status == treasury.SIGN_REQUEST_STATUS_REJECTED:
            self.rejected[request.id].add(message.creator)
            return
        known = request.signed_data[0].signed_data if request.signed_data else b""
        if known and known != message.signed_data:
            raise TxFailed("treasury", 4, "this signature request has another answer")
        if not known:
            request.signed_data.add(sign_request_id=request.id, signed_data=message.signed_data)
        request.keyring_party_sigs.add(creator=message.creator)
        if len(request.keyring_party_sigs) >= self.party_threshold:
            self.fulfilled[request.id] = message.signed_data
            del self.signatures[request.id]


@dataclass
class Node:
    """What one operator asks of the ledger. It may be behind, or down."""

    ledger: Ledger
    hidden: set[int] = field(default_factory=set)
    """Requests that this node does not show yet."""
    down: bool = False
    asked: list[str] = field(default_factory=list)

    async def query(self, method: str, request: Any, response: type[M], *, metadata: Any = ()) -> M:
        self.asked.append(method.rpartition("/")[2])
        if self.down:
            raise LedgerUnavailable("the node is down")
        answer: Any = self._answer(method, request)
        assert isinstance(answer, response)
        copy = response()
        copy.CopyFrom(answer)
        return copy

    def _answer(self, method: str, request: Any) -> Message:
        ledger = self.ledger
        if method == KEY_BY_ID:
            if request.id not in ledger.known_keys:
                raise ObjectNotFound(method, "NOT_FOUND", f"no key {request.id}")
            return treasury.QueryKeyByIDResponse(key=ledger.known_keys[request.id])
        if method == QUERY + "Settings":
            return wire.QuerySettingsResponse(
                keyring=KEYRING,
                groups=ledger.groups,
                refresh_number=ledger.refresh,
                measurements=ledger.measurements,
                pardons=[wire.Pardon(index=i, count=n) for i, n in ledger.pardons.items()],
                settings_version=ledger.version,
                roots=ledger.shown_roots(),
            )
        assert method == QUERY + "Work"
        assert request.keyring == KEYRING
        keys = [each for i, each in ledger.keys.items() if i not in self.hidden]
        signatures = [each for i, each in ledger.signatures.items() if i not in self.hidden]
        named = {i for each in signatures for i in each.key_ids if i in ledger.known_keys}
        origins = ((i, ledger.origins.get(i, 0)) for i in {*named, *(each.id for each in keys)})
        return wire.QueryWorkResponse(
            keys=keys,
            signatures=signatures,
            signing_keys=[ledger.known_keys[i] for i in sorted(named)],
            origins=[wire.Origin(key_id=i, root=root) for i, root in origins if root],
            reports=[each for key in keys for each in ledger.reports(key.id)],
            roots=ledger.roots.values(),
            approvals=[
                Approval(sign_request_id=i, block_hash=hash_)
                for i, hash_ in ledger.approvals.items()
            ],
            transactions=ledger.transactions,
            settings_version=ledger.version,
        )

    async def page(
        self, method: str, request: Any, response: type[Message]
    ) -> AsyncIterator[Message]:
        self.asked.append(method.rpartition("/")[2])
        if response is wire.QueryKeyEpochsResponse:
            for (key_id, party), said in self.ledger.epochs.items():
                yield wire.KeyEpoch(key_id=key_id, party=party, key_digest=said.key_digest)
        else:
            for fault in self.ledger.faults:
                yield wire.Fault(
                    culprit=fault.culprit,
                    reporter=fault.creator,
                    evidence_digest=fault.evidence_digest,
                )

    async def broadcast(self, *messages: Message) -> None:
        """All of them, or none."""
        if self.down:
            raise LedgerUnavailable("the node is down")
        before = deepcopy(vars(self.ledger)) if len(messages) > 1 else {}
        try:
            for message in messages:
                self.ledger.take(message)
        except TxFailed:
            vars(self.ledger).update(before)
            raise


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
        for link in ((one, other), (other, one)):
            self._queues.pop(link, None)


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

    def send(self, index: int, frame: bytes) -> None:
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


def account(index: int) -> Account:
    return Account.from_secret(bytes([index]) * 32)


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


def cast_client(node: Node) -> Any:
    """A node stands where the client of one stands."""
    return node


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
