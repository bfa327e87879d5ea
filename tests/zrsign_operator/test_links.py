"""Links: members with the right certificate and the right credentials, and nobody else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Self

import pytest

from tests.cost import processor_seconds
from tests.relayer.nodes import free_port
from zrsign_dmpc.ecdsa import PAILLIER_2048
from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.frost import NonceCommitment
from zrsign_dmpc.group.curves import ED25519
from zrsign_dmpc.kept.epochs import Certificate, EpochStatement
from zrsign_dmpc.kept.key_records import PublicShare, StoredKeyInfo
from zrsign_dmpc.run.execution import IdentityKey
from zrsign_dmpc.wire.encoding import Tagged, encode
from zrsign_operator.enclave.attested import Attested
from zrsign_operator.enclave.simulated import SimulatedEnclave, SimulatedVerifier
from zrsign_operator.enclave.verifiers import Verifiers
from zrsign_operator.ledger.orders import ReshareDetails, Target
from zrsign_operator.peers import links
from zrsign_operator.peers.admission import (
    ADMITTED_S,
    RENEWED_S,
    Admission,
    AttestedGate,
    NotAdmitted,
    Role,
)
from zrsign_operator.peers.batches import read_batch
from zrsign_operator.peers.budgets import LENIENCE, Budget
from zrsign_operator.peers.conduct import Offence
from zrsign_operator.peers.frames import (
    MAX_AUX,
    MAX_COMMITMENTS,
    MAX_INDEX,
    MAX_PAGE,
    MAX_REASON,
    MAX_STATEMENTS,
    MAX_SUBJECTS,
    EpochNews,
    Frame,
    Holding,
    Inventory,
    Proposal,
    Refusal,
    Said,
    Stock,
    WorkKind,
    price_of,
    read_frame,
)
from zrsign_operator.peers.links import HANDSHAKE_PRICE, HEARTBEAT_S, LIVE_S, TURN, Links
from zrsign_operator.peers.members import KeyringSettings, Member, OperatorGroup
from zrsign_operator.peers.tls import TlsIdentity, make_identity
from zrsign_operator.work.details import FrostDetails

ROOT, KEYRING = b"r" * 32, "keyring1test"
TLS = {i: make_identity() for i in (1, 2, 3)}
ENCLAVE = SimulatedEnclave(ROOT, b"s" * 32)
VERIFIERS = Verifiers(
    [SimulatedVerifier(ENCLAVE.root)], frozenset({("simulated", ENCLAVE.measurement)})
)


def members() -> dict[int, Member]:
    keys = {i: IdentityKey(bytes([i]) * 32).public_key for i in TLS}
    return {i: Member(i, f"zen{i}", keys[i], TLS[i].der, f"127.0.0.1:{free_port()}") for i in TLS}


def gate(
    member: Member,
    enclave: SimulatedEnclave = ENCLAVE,
    verifiers: Callable[[], Verifiers] = lambda: VERIFIERS,
    clock: Callable[[], float] = time.time,
) -> AttestedGate:
    incarnation = bytes([member.index]) * 16
    return AttestedGate(KEYRING, lambda: member, incarnation, enclave, verifiers, clock)


def frame(text: str) -> Refusal:
    return Refusal(bytes(32), text)


class Node:
    """One side of the links, and what it heard."""

    def __init__(
        self,
        group: dict[int, Member],
        me: int,
        own_gate: AttestedGate,
        tls: TlsIdentity,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.heard: list[tuple[int, Frame]] = []
        self.offences: list[tuple[int, Offence]] = []
        self.came: list[tuple[int, bool]] = []
        self.links = Links(
            me,
            tls,
            group[me].endpoint,
            own_gate,
            clock,
        )

    async def start(self) -> None:
        await self.links.start(
            lambda sender, frame: self.heard.append((sender, frame)),
            lambda peer, up: self.came.append((peer, up)),
            self._offence,
        )

    def why_not(self, peer: int) -> set[str]:
        """Why links to a peer did not come to stand."""
        return self.links._complaints.get(peer, set())

    def _offence(self, peer: int, offence: Offence, _: str) -> None:
        self.offences.append((peer, offence))
        self.links.cut(peer, 3600.0)


@asynccontextmanager
async def linked(group: dict[int, Member], *nodes: Node) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for node in nodes:
            await node.start()
            stack.push_async_callback(node.links.stop)
        for node in nodes:
            node.links.update(group)
        yield


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(2000):
        if holds():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it never came to that")


async def test_members__should_find_and_hear_each_other_again_and_again() -> None:
    group = members()
    nodes = [Node(group, i, gate(group[i]), TLS[i]) for i in group]
    async with linked(group, *nodes):
        await until(lambda: all(len(node.links.live()) == 3 for node in nodes))
        nodes[0].links.send(2, frame("a frame").encode())
        await until(lambda: nodes[1].heard == [(1, frame("a frame"))])
        assert nodes[0].links.incarnations == {2: b"\2" * 16, 3: b"\3" * 16}
        await nodes[1].links.stop()
        await until(lambda: nodes[0].links.live() == {1, 3})
        back = Node(group, 2, gate(group[2]), TLS[2])
        async with linked(group, back):
            await until(lambda: len(nodes[0].links.live()) == 3)
            nodes[2].links.send(2, frame("welcome back").encode())
            await until(lambda: (3, frame("welcome back")) in back.heard)


async def test_frame__should_wait_for_a_link_that_comes_soon() -> None:
    group = members()
    first, second = (Node(group, i, gate(group[i]), TLS[i]) for i in (1, 2))
    async with linked(group, first):
        first.links.send(2, frame("early").encode())
        async with linked(group, second):
            await until(lambda: second.heard == [(1, frame("early"))])


async def test_peers__should_be_silent_only_while_this_operator_listens() -> None:
    group, now = members(), [100.0]
    node = Node(group, 1, gate(group[1]), TLS[1], lambda: now[0])
    async with linked(group, node, Node(group, 2, gate(group[2]), TLS[2])):
        await until(lambda: node.links.live() == {1, 2})
        # Nothing can be heard from here on: the event loop has no turn.
        now[0] += 3 * LIVE_S
        assert node.links.silent() == set()
        for _ in range(round(LIVE_S / HEARTBEAT_S)):
            assert node.links.silent() == set()
            now[0] += HEARTBEAT_S
        assert node.links.silent() == {2}


async def test_stranger__should_not_come_in_with_another_certificate() -> None:
    group = members()
    node = Node(group, 1, gate(group[1]), TLS[1])
    stranger = Node(group, 2, gate(group[2]), make_identity())
    async with linked(group, node, stranger):
        stranger.links.send(1, frame("let me in").encode())
        await until(lambda: "CERTIFICATE_VERIFY_FAILED" in str(node.why_not(2)))
        await until(lambda: bool(stranger.why_not(1)))
        assert node.heard == []
        assert node.links.live() == {1}


async def test_changed_code__should_not_be_admitted() -> None:
    group = members()
    node = Node(group, 1, gate(group[1]), TLS[1])

    class Changed(SimulatedEnclave):
        @property
        def measurement(self) -> bytes:
            return b"x" * 32

    patched = Node(group, 2, gate(group[2], Changed(ROOT, b"s" * 32)), TLS[2])
    async with linked(group, node, patched):
        patched.links.send(1, frame("trust me").encode())
        await until(lambda: "not on the allow-list" in str(node.why_not(2)))
        await until(lambda: "not on the allow-list" in str(patched.why_not(1)))
        assert node.heard == []
        assert 2 not in node.links.incarnations


async def test_credentials__should_be_bound_to_member_role_and_connection() -> None:
    group = members()
    shown = await gate(group[2]).credentials(Role.DIALLER, b"n" * 32)
    judge = gate(group[1])
    admission = await judge.admit(group[2], Role.DIALLER, b"n" * 32, shown)
    assert (admission.incarnation, admission.measurement) == (b"\2" * 16, ENCLAVE.measurement)
    moved = replace(group[2], certificate=group[3].certificate)
    for member, role, nonce, data in (
        (group[2], Role.DIALLER, b"o" * 32, shown),
        (group[2], Role.LISTENER, b"n" * 32, shown),
        (group[3], Role.DIALLER, b"n" * 32, shown),
        (moved, Role.DIALLER, b"n" * 32, shown),
        (group[2], Role.DIALLER, b"n" * 32, shown[:-1]),
        (group[2], Role.DIALLER, b"n" * 32, b""),
    ):
        with pytest.raises(NotAdmitted):
            await judge.admit(member, role, nonce, data)


# An admission ends


async def test_admission__should_end_after_an_hour_and_with_what_it_rests_on() -> None:
    group, now = members(), [1_000_000.0]
    mine = gate(group[1], clock=lambda: now[0])
    shown = await gate(group[2]).credentials(Role.DIALLER, b"n" * 32)
    admission = await mine.admit(group[2], Role.DIALLER, b"n" * 32, shown)
    assert not mine.is_due(admission)
    now[0] += RENEWED_S
    assert mine.is_due(admission)
    assert mine.ended(admission) == ""
    now[0] += ADMITTED_S - RENEWED_S
    assert mine.ended(admission)

    class Expiring(SimulatedVerifier):
        """As with collateral that ends in a minute."""

        def verify(self, document: bytes, now: float) -> Attested:
            return replace(super().verify(document, now), valid_until=now + 60)

    allowed = frozenset({("simulated", ENCLAVE.measurement)})
    believed = Verifiers([Expiring(ENCLAVE.root)], allowed)
    mine = gate(group[1], verifiers=lambda: believed, clock=lambda: now[0])
    admission = await mine.admit(group[2], Role.DIALLER, b"n" * 32, shown)
    now[0] += 59
    assert mine.ended(admission) == ""
    now[0] += 1
    assert mine.ended(admission)


async def test_peer__should_be_out_as_soon_as_its_code_is_not_allowed() -> None:
    group, allowed = members(), [frozenset({("simulated", ENCLAVE.measurement)})]
    node = Node(group, 1, gate(group[1], verifiers=lambda: VERIFIERS.allowing(allowed[0])), TLS[1])
    peer = Node(group, 2, gate(group[2]), TLS[2])
    async with linked(group, node, peer):
        await until(lambda: node.links.live() == {1, 2} == peer.links.live())
        allowed[0] = frozenset()
        await until(lambda: {*node.links.live()} == {1} and {*peer.links.live()} == {2})
        peer.links.send(1, frame("still me").encode())
        await asyncio.sleep(3 * HEARTBEAT_S)
        assert node.heard == []
        allowed[0] = frozenset({("simulated", ENCLAVE.measurement)})
        await until(lambda: node.links.live() == {1, 2} == peer.links.live())


async def test_admission__should_be_renewed_on_a_link_that_stands() -> None:
    group, now = members(), [1_000_000.0]
    nodes = [Node(group, i, gate(group[i], clock=lambda: now[0]), TLS[i]) for i in (1, 2)]
    async with linked(group, *nodes):
        await until(lambda: all(node.links.live() == {1, 2} for node in nodes))
        for hour in range(3):
            now[0] += RENEWED_S + 1
            # Both have renewed when what they say later arrives.
            for node in nodes:
                await asyncio.sleep(2 * HEARTBEAT_S)
                node.links.send(3 - node.links.me, frame(str(hour)).encode())
            await until(lambda: all((len(node.heard)) == hour + 1 for node in nodes))  # noqa: B023
        assert [node.came for node in nodes] == [[(2, True)], [(1, True)]]


async def test_dialler__should_say_nothing_to_a_listener_that_does_not_prove_itself() -> None:
    """The listener holds the member's certificate, and runs other code."""
    group, heard = members(), []

    class Changed(SimulatedEnclave):
        @property
        def measurement(self) -> bytes:
            return b"x" * 32

    class Open(AttestedGate):
        """Lets everybody in."""

        async def admit(self, *shown: object) -> Admission:
            heard.append(shown)
            return Admission(b"\1" * 16, "simulated", ENCLAVE.measurement, 0.0, 1e12)

    trap = Open(KEYRING, lambda: group[2], b"\2" * 16, Changed(ROOT, b"s" * 32), lambda: VERIFIERS)
    node, patched = Node(group, 1, gate(group[1]), TLS[1]), Node(group, 2, trap, TLS[2])
    async with linked(group, node, patched):
        node.links.send(2, frame("for allowed code only").encode())
        await asyncio.sleep(1.0)
        assert patched.heard == []
        assert [role for _, role, *_ in heard if role is Role.DIALLER] == []
        assert node.links.live() == {1}


# What a peer may send


def hostile_batches() -> dict[str, bytes]:
    """What a member can send that no operator writes."""
    wide = bytes([1, 6]) + (400_000).to_bytes(4, "big") + bytes([3, 0, 0, 0, 0]) * 400_000
    point = ED25519.base_mul(5)
    stock = Tagged("stock", (b"k" * 32, (NonceCommitment(1, point, point).to_value(),) * 20_000))
    holding = Tagged("holding", (1, b"k" * 32, 0))
    refusal = frame("x").encode()
    return {
        "junk": b"junk",
        "no batch": encode((1, 2)),
        "no frame": encode((b"junk",)),
        "empty frames": encode((b"",) * 60_000),
        "many frames": encode((refusal,) * 20_000),
        "two million items": wide,
        "an endless stock": encode((encode(stock),)),
        "an endless inventory": encode(
            (encode(Tagged("inventory", ((holding,) * 15_000, (), 1))),)
        ),
        "an endless reason": encode((encode(Tagged("refusal", (bytes(32), "x" * 2_000_000))),)),
    }


HOSTILE = hostile_batches()


@pytest.mark.parametrize("name", HOSTILE)
async def test_peer_that_sends_what_no_operator_writes__should_be_cut(name: str) -> None:
    group, batch = members(), HOSTILE[name]
    node, peer = (Node(group, i, gate(group[i]), TLS[i]) for i in (1, 2))
    async with linked(group, node, peer):
        await until(lambda: node.links.live() == {1, 2} == peer.links.live())
        queue = peer.links._queues[1]
        with processor_seconds(2.0):
            queue.take = lambda: Raw(batch)  # type: ignore[method-assign]
            queue.ready.set()
            await until(lambda: node.offences != [])
        assert node.offences[0] == (2, Offence.MALFORMED)
        assert node.heard == []
        await until(lambda: node.links.live() == {1})


class Raw(tuple[bytes, ...]):
    """A batch as a hostile member writes it."""

    data: bytes

    def __new__(cls, data: bytes) -> Self:
        made = super().__new__(cls)
        made.data = data
        return made


@pytest.fixture(autouse=True)
def raw_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a side of a test write what it wants."""
    honest = encode
    monkeypatch.setattr(
        links, "encode", lambda value: value.data if isinstance(value, Raw) else honest(value)
    )


async def test_loop__should_have_its_turns_while_a_long_batch_is_read() -> None:
    """The largest that is honest takes a thread tens of milliseconds, and a hostile one no more."""
    batch = encode((frame("x").encode(),) * 1000)
    took, price = read_batch(batch)
    assert len(took) == 1000
    assert price == sum(price_of(frame("x").encode()) for _ in range(1000))
    group = members()
    node = Node(group, 1, gate(group[1]), TLS[1])
    node.links._on_frame = lambda sender, each: node.heard.append((sender, each))
    node.links._budgets[2] = Budget(time.monotonic, LENIENCE)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    busy = asyncio.create_task(others())
    await node.links._take(2, batch)
    busy.cancel()
    assert len(node.heard) == 1000
    assert turns >= 1000 // TURN


async def test_flood__should_cut_its_sender_and_pace_an_honest_one() -> None:
    group, now = members(), [100.0]
    node = Node(group, 1, gate(group[1]), TLS[1], lambda: now[0])
    node.links._on_frame = lambda sender, each: node.heard.append((sender, each))
    node.links._on_offence = lambda peer, offence, _: node.offences.append((peer, offence))
    node.links._budgets[2] = Budget(node.links._clock, LENIENCE)
    said = Said(bytes(32), bytes(1 << 20)).encode()
    honest = Budget(node.links._clock)
    for _ in range(200):
        # An operator waits until its own budget allows the next one.
        now[0] += honest.take(price_of(said))
        await node.links._take(2, encode((said,)))
    assert node.offences == []
    assert len(node.heard) == 200
    for _ in range(40):
        await node.links._take(2, encode((said,)))
    assert (2, Offence.FLOOD) in node.offences


async def test_handshakes__should_be_few_of_one_peer() -> None:
    group, now = members(), [100.0]
    node = Node(group, 1, gate(group[1]), TLS[1], lambda: now[0])
    peer = Node(group, 2, gate(group[2]), TLS[2])
    async with linked(group, node, peer):
        await until(lambda: node.links.live() == {1, 2} == peer.links.live())
        budget = node.links._budgets[2]
        while not budget.take(HANDSHAKE_PRICE):
            pass
        peer.links._dialers[1].cancel()
        peer.links._dialers[1] = asyncio.create_task(peer.links._dial(group[1]))
        await until(lambda: any("EXHAUSTED" in why for why in peer.links._complaints.get(1, ())))
        now[0] += 3600
        await until(lambda: peer.links.live() == {1, 2})


def test_proposal__should_be_signed_and_name_one_execution() -> None:
    group = members()
    key = IdentityKey(b"\1" * 32)
    draft = Proposal(
        KEYRING, WorkKind.ECDSA, (5,), 1, (1, 2), (b"a" * 16, b"b" * 16), b"n" * 32, b""
    )
    settings = KeyringSettings(
        KEYRING, (OperatorGroup(1, 2, PAILLIER_2048, tuple(group.values())),)
    )
    signed = draft.signed(key)
    assert signed.is_signed(settings.parties((1, 2, 3)))
    assert not draft.is_signed(settings.parties((1, 2, 3)))
    assert not replace(signed, subjects=(6,)).is_signed(settings.parties((1, 2, 3)))
    assert replace(draft, nonce=b"o" * 32).execution_id != draft.execution_id
    assert replace(draft, incarnations=(b"a" * 16, b"c" * 16)).execution_id != draft.execution_id
    assert read_frame(signed.encode()) == signed
    for wrong in (
        {"kind": "steal"},
        {"subjects": (5, 5)},
        {"subjects": tuple(range(17))},
        {"members": (2, 1)},
        {"members": (1,)},
        {"incarnations": (b"a" * 16,)},
        {"nonce": b""},
    ):
        with pytest.raises(EncodingError):
            replace(draft, **wrong)
    with pytest.raises(EncodingError):
        read_frame(b"junk")
    assert read_frame(frame("why").encode()) == frame("why")


def test_frames__should_be_bounded_in_every_field() -> None:
    draft = Proposal(
        KEYRING, WorkKind.ECDSA, (5,), 1, (1, 2), (b"a" * 16, b"b" * 16), b"n" * 32, b""
    )
    for wrong in (
        {"subjects": (-1,)},
        {"subjects": (1 << 64,)},
        {"proposer": 0},
        {"members": (1, 1 << 16)},
        {"members": (-1, 1)},
        {"incarnations": (b"a" * 16, b"b" * 1000)},
    ):
        with pytest.raises(EncodingError):
            replace(draft, **wrong)
    holding, commitment = Holding(1, b"k" * 32, 0), NonceCommitment(1, *[ED25519.generator] * 2)
    for make in (
        lambda: Holding(-1, b"", 0),
        lambda: Holding(1 << 64, b"", 0),
        lambda: Holding(1, b"", -1),
        lambda: Inventory((holding,) * (MAX_PAGE + 1), ()),
        lambda: Inventory((), (b"d" * 32,) * (MAX_AUX + 1)),
        lambda: Inventory((), (), 3),
        lambda: Stock(b"", (commitment,) * (MAX_COMMITMENTS + 1)),
        lambda: EpochNews(b"", (b"",) * (MAX_STATEMENTS + 1), 0),
        lambda: Refusal(b"e", "why"),
        lambda: Refusal(bytes(32), "x" * (MAX_REASON + 1)),
        lambda: Said(b"e", b""),
    ):
        with pytest.raises(EncodingError):
            make()


def test_largest_honest_frames__should_fit() -> None:
    """With 32 operators, at the widest fields that each kind may have."""
    everybody = tuple(range(MAX_INDEX - 31, MAX_INDEX + 1))
    point = ED25519.generator
    commitments = (NonceCommitment(MAX_INDEX, point, point),) * 32 * MAX_SUBJECTS
    info = StoredKeyInfo(
        16, point, tuple(PublicShare(i, point) for i in everybody), bytes(32), 1, bytes(32)
    )
    dealt = ReshareDetails(Target(1, 1), info, everybody[:16]).encode()
    both = tuple(range(MAX_INDEX - 63, MAX_INDEX + 1))
    subjects = tuple(range((1 << 64) - MAX_SUBJECTS, 1 << 64))
    statement = EpochStatement(bytes(32), MAX_INDEX, 3, bytes(32), bytes(64)).encode()
    for each in (
        asked(WorkKind.FROST, subjects, everybody, FrostDetails(commitments).encode()),
        reshare := asked(WorkKind.RESHARE, subjects[:1], both, dealt),
        Inventory((Holding((1 << 64) - 1, bytes(32), 1 << 32),) * MAX_PAGE, (bytes(32),) * MAX_AUX),
        Stock(bytes(32), commitments[:MAX_COMMITMENTS]),
        EpochNews(reshare.encode(), (statement,) * 64, 1),
        EpochNews(reshare.encode(), (Certificate(bytes(32), ()).encode() + statement * 32,), 0),
        Refusal(bytes(32), "\N{GRINNING FACE}" * MAX_REASON),
    ):
        assert read_frame(each.encode()) == each


def asked(
    kind: WorkKind, subjects: tuple[int, ...], members: tuple[int, ...], details: bytes
) -> Proposal:
    incarnations = (bytes(16),) * len(members)
    return Proposal(
        KEYRING, kind, subjects, members[0], members, incarnations, bytes(32), details, bytes(64)
    )
