"""Links: members with the right certificate and the right credentials, and nobody else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest

from tests.relayer.nodes import free_port
from zrsign_dmpc.ecdsa import PAILLIER_2048
from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.run.execution import IdentityKey
from zrsign_operator.enclave.simulated import SimulatedEnclave, SimulatedVerifier
from zrsign_operator.enclave.verifiers import Verifiers
from zrsign_operator.peers.admission import AttestedGate, NotAdmitted
from zrsign_operator.peers.frames import Proposal, Refusal, WorkKind, read_frame
from zrsign_operator.peers.links import HEARTBEAT_S, LIVE_S, Links
from zrsign_operator.peers.members import KeyringSettings, Member, OperatorGroup
from zrsign_operator.peers.tls import TlsIdentity, make_identity

ROOT, KEYRING = b"r" * 32, "keyring1test"
TLS = {i: make_identity() for i in (1, 2, 3)}
ENCLAVE = SimulatedEnclave(ROOT, b"s" * 32)
VERIFIERS = Verifiers(
    [SimulatedVerifier(ENCLAVE.root)], frozenset({("simulated", ENCLAVE.measurement)})
)


def members() -> dict[int, Member]:
    keys = {i: IdentityKey(bytes([i]) * 32).public_key for i in TLS}
    return {i: Member(i, f"zen{i}", keys[i], TLS[i].der, f"127.0.0.1:{free_port()}") for i in TLS}


def gate(member: Member, enclave: SimulatedEnclave = ENCLAVE) -> AttestedGate:
    incarnation = bytes([member.index]) * 16
    return AttestedGate(KEYRING, lambda: member, incarnation, enclave, lambda: VERIFIERS)


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
        self.heard: list[tuple[int, bytes]] = []
        self.links = Links(
            me,
            tls,
            group[me].endpoint,
            own_gate,
            clock,
        )

    async def start(self) -> None:
        await self.links.start(
            lambda sender, frame: self.heard.append((sender, frame)), lambda peer, up: None
        )


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
        nodes[0].links.send(2, b"a frame")
        await until(lambda: nodes[1].heard == [(1, b"a frame")])
        assert nodes[0].links.incarnations == {2: b"\2" * 16, 3: b"\3" * 16}
        await nodes[1].links.stop()
        await until(lambda: nodes[0].links.live() == {1, 3})
        back = Node(group, 2, gate(group[2]), TLS[2])
        async with linked(group, back):
            await until(lambda: len(nodes[0].links.live()) == 3)
            nodes[2].links.send(2, b"welcome back")
            await until(lambda: (3, b"welcome back") in back.heard)


async def test_frame__should_wait_for_a_link_that_comes_soon() -> None:
    group = members()
    first, second = (Node(group, i, gate(group[i]), TLS[i]) for i in (1, 2))
    async with linked(group, first):
        first.links.send(2, b"early")
        async with linked(group, second):
            await until(lambda: second.heard == [(1, b"early")])


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
        stranger.links.send(1, b"let me in")
        await asyncio.sleep(0.5)
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
        patched.links.send(1, b"trust me")
        await asyncio.sleep(0.5)
        assert node.heard == []
        assert 2 not in node.links.incarnations


async def test_credentials__should_be_bound_to_member_and_connection() -> None:
    group = members()
    shown = await gate(group[2]).credentials(b"n" * 32)
    judge = gate(group[1])
    assert await judge.admit(group[2], b"n" * 32, shown) == b"\2" * 16
    moved = replace(group[2], certificate=group[3].certificate)
    for member, nonce, data in (
        (group[2], b"o" * 32, shown),
        (group[3], b"n" * 32, shown),
        (moved, b"n" * 32, shown),
        (group[2], b"n" * 32, shown[:-1]),
        (group[2], b"n" * 32, b""),
    ):
        with pytest.raises(NotAdmitted):
            await judge.admit(member, nonce, data)


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
    assert read_frame(Refusal(b"e", "why").encode()) == Refusal(b"e", "why")
