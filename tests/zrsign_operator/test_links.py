"""Links: members with the right certificate and the right credentials, and nobody else."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.zrsign_operator.linked import (
    ENCLAVE,
    KEYRING,
    ROOT,
    TLS,
    VERIFIERS,
    Node,
    frame,
    gate,
    linked,
    members,
    until,
)
from zrsign_dmpc.wire.encoding import encode
from zrsign_operator.enclave.attested import Attested
from zrsign_operator.enclave.simulated import SimulatedEnclave, SimulatedVerifier
from zrsign_operator.enclave.verifiers import Verifiers
from zrsign_operator.peers.admission import (
    ADMITTED_S,
    RENEWED_S,
    Admission,
    AttestedGate,
    NotAdmitted,
    Role,
)
from zrsign_operator.peers.links import HEARTBEAT_S, LIVE_S
from zrsign_operator.peers.tls import make_identity


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


async def test_streams__should_break_one_by_one() -> None:
    """Whose own stream broke says all again; what the peer said on its own stands."""
    group = members()
    node, peer = (Node(group, i, gate(group[i]), TLS[i]) for i in (1, 2))
    async with linked(group, node, peer):
        await until(lambda: node.links.live() == {1, 2} == peer.links.live())
        node.links._dialers[2].cancel()
        await until(lambda: peer.silences == [1])
        assert node.came == [(2, True), (2, False)]
        assert node.silences == []
        assert peer.came == [(1, True)]


async def test_stream__should_end_where_the_next_one_begins() -> None:
    """A machine that restarts is back before others hear that its old connection is gone."""
    group = members()
    node, peer, again = (Node(group, i, gate(group[i]), TLS[i]) for i in (1, 2, 2))
    async with linked(group, node, peer):
        await until(lambda: 2 in node.links._streams)
        old = node.links._streams[2]
        again.links._on_peer = lambda index, up: None
        again.links.update(group)
        await until(lambda: node.links._streams.get(2, old) is not old)
        assert node.silences == [2]
        await node.links._take(2, old, encode((frame("of before").encode(),)))
        assert node.heard == []
        again.links._dialers.pop(1).cancel()


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
    judge = gate(group[1], verifiers=lambda: VERIFIERS.allowing(allowed[0]))
    node, peer = Node(group, 1, judge, TLS[1]), Node(group, 2, gate(group[2]), TLS[2])
    async with linked(group, node, peer):
        await until(lambda: node.links.live() == {1, 2} == peer.links.live())
        allowed[0] = frozenset()
        await until(lambda: {*node.links.live()} == {1} and {*peer.links.live()} == {2})
        peer.links.send(1, frame("still me").encode())
        judge.refused.clear()
        # The first of these attempts may have begun before there was something to say.
        await until(lambda: judge.refused.count(Role.DIALLER) >= 2)
        assert node.heard == []
        allowed[0] = frozenset({("simulated", ENCLAVE.measurement)})
        await until(lambda: node.links.live() == {1, 2} == peer.links.live())


async def test_admission__should_be_renewed_on_a_link_that_stands() -> None:
    group, now = members(), [1_000_000.0]
    gates = {i: gate(group[i], clock=lambda: now[0]) for i in (1, 2)}
    nodes = [Node(group, i, gates[i], TLS[i]) for i in (1, 2)]
    async with linked(group, *nodes):
        await until(lambda: all(node.links.live() == {1, 2} for node in nodes))
        for hour in range(1, 4):
            now[0] += RENEWED_S + 1
            # In both roles once more, with nothing to say.
            proved = {Role.DIALLER: hour + 1, Role.LISTENER: hour + 1}
            await until(lambda: all(Counter(each.proved) == proved for each in gates.values()))  # noqa: B023
            for node in nodes:
                node.links.send(3 - node.links.me, frame(str(hour)).encode())
            await until(lambda: all(len(node.heard) == hour for node in nodes))  # noqa: B023
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
    judge = gate(group[1])
    node, patched = Node(group, 1, judge, TLS[1]), Node(group, 2, trap, TLS[2])
    async with linked(group, node, patched):
        node.links.send(2, frame("for allowed code only").encode())
        # A second attempt begins when the first is over.
        await until(lambda: judge.refused.count(Role.LISTENER) >= 2)
        assert patched.heard == []
        assert [role for _, role, *_ in heard if role is Role.DIALLER] == []
        assert node.links.live() == {1}
