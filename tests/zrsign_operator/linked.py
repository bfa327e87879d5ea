"""Operators' links over loopback, with what each side heard."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from tests import waiting
from zrsign.local.network.ports import free_port
from zrsign_dmpc.run.execution import IdentityKey
from zrsign_operator.enclave.simulated import SimulatedEnclave, SimulatedVerifier
from zrsign_operator.enclave.verifiers import Verifiers
from zrsign_operator.peers.admission import Admission, AttestedGate, NotAdmitted, Role
from zrsign_operator.peers.conduct import Offence
from zrsign_operator.peers.frames import Frame, Refusal
from zrsign_operator.peers.links import Links
from zrsign_operator.peers.members import Member
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


def gate(
    member: Member,
    enclave: SimulatedEnclave = ENCLAVE,
    verifiers: Callable[[], Verifiers] = lambda: VERIFIERS,
    clock: Callable[[], float] = time.time,
) -> WatchedGate:
    incarnation = bytes([member.index]) * 16
    return WatchedGate(KEYRING, lambda: member, incarnation, enclave, verifiers, clock)


class WatchedGate(AttestedGate):
    """Remembers as what it proved itself, and as what others were refused."""

    def __init__(self, *settings: Any) -> None:
        super().__init__(*settings)
        self.proved: list[Role] = []
        self.refused: list[Role] = []

    async def credentials(self, role: Role, nonce: bytes) -> bytes:
        self.proved.append(role)
        return await super().credentials(role, nonce)

    async def admit(self, member: Member, role: Role, nonce: bytes, data: bytes) -> Admission:
        try:
            return await super().admit(member, role, nonce, data)
        except NotAdmitted:
            self.refused.append(role)
            raise


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
        self.silences: list[int] = []
        """Peers whose streams ended."""
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
            self.silences.append,
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
    async def probe() -> bool:
        return holds()

    await waiting.until(probe, "it comes to that")
