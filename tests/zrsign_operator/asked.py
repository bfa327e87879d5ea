"""Operator 1 of a cluster, which is asked by operator 2: what it answers to proposals."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

from tests.zrsign_dmpc.ecdsa.parties import identity, parties, run
from tests.zrsign_dmpc.ecdsa.signers import first_rounds, make_setup
from tests.zrsign_operator.cluster import Cluster
from tests.zrsign_operator.fake_ledger import ECDSA, ED25519, KEYRING
from zrsign_dmpc.ecdsa import Presignature, presign_execution
from zrsign_dmpc.frost import NonceCommitment
from zrsign_dmpc.run.rounds import Result
from zrsign_operator.keys.held import HeldKey
from zrsign_operator.ledger.orders import Target
from zrsign_operator.operator import Operator
from zrsign_operator.peers.frames import Frame, Proposal, Refusal, Said, WorkKind
from zrsign_operator.work.desk import Task
from zrsign_operator.work.details import PresignDetails

ME, PEER = 1, 2
ALL = (1, 2, 3)
DIGEST = sha256(b"a digest").digest()
ORDER = Target(1, 0).encode()
LONG_S = 1000.0
"""Longer than any proposal waits."""


@cache
def made_ahead(signers: tuple[int, ...], name: str) -> dict[int, Presignature]:
    """A presignature of the dealt ECDSA key, by signer."""
    setup = make_setup(signers)
    execution = presign_execution(setup, parties(*ALL), sha256(name.encode()).digest())
    outcomes = run(execution, first_rounds(execution, setup))
    return {i: outcome.value for i, outcome in outcomes.items() if isinstance(outcome, Result)}


class Asked:
    """Operator 1 of a cluster, and what it answers to proposals."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.said: list[Frame] = []
        self.ecdsa, self.frost = cluster.deal(ECDSA), cluster.deal(ED25519)
        self.other_ecdsa = cluster.deal(ECDSA, "another")
        self.other_frost = cluster.deal(ED25519, "another")

    @classmethod
    async def of(cls, cluster: Cluster) -> Asked:
        """From now on nothing arrives, and what operator 1 says is heard."""
        asked = cls(cluster)
        await cluster.deliver()
        cluster.wire.carrier = asked._overhear
        return asked

    def _overhear(self, sender: int, _: int, frame: Frame) -> tuple[bytes, ...]:
        if sender == ME:
            self.said.append(frame)
        return ()

    @property
    def operator(self) -> Operator:
        return self.cluster.operators[ME]

    def held(self, key_id: int) -> HeldKey:
        return self.cluster.held(ME, key_id)

    async def look(self) -> None:
        """See the ledger as it is now, with all keys that it has."""
        for number in (*self.cluster.ledger.known_keys, 404):
            self.operator.ledger_view.want_key(number)
        self.operator.work.outlook.update(await self.operator.ledger_view.read())

    def proposal(
        self,
        kind: WorkKind,
        subjects: tuple[int, ...],
        details: bytes = b"",
        members: tuple[int, ...] = ALL,
        name: str = "one",
    ) -> Proposal:
        return Proposal(
            keyring=KEYRING,
            kind=kind,
            subjects=subjects,
            proposer=PEER,
            members=members,
            incarnations=tuple(bytes([i]) * 16 for i in members),
            nonce=sha256(name.encode()).digest(),
            details=details,
        ).signed(identity(PEER))

    def agreed(self, proposal: Proposal) -> Task:
        """What operator 1 agrees to, before it begins. Raises Refused."""
        return self.operator.work._prepare(proposal)

    async def answer(self, proposal: Proposal) -> str:
        """Why operator 1 does not take part, in the end; an empty text: it does."""
        self.said.clear()
        self.operator.on_frame(PEER, proposal)
        self.cluster.clock.now += LONG_S
        self.operator.work.runner.retry_parked()
        joined = proposal in self.operator.work.runner.running()
        await self.cluster.deliver()
        refusals = [each.reason for each in self.said if isinstance(each, Refusal)]
        assert len(refusals) == int(not joined), self.said
        assert joined == any(isinstance(each, Said) for each in self.said)
        return "" if joined else refusals[0]


def presign_details(asked: Asked) -> PresignDetails:
    digest = asked.operator.holdings.aux[-1].public.digest
    return PresignDetails(asked.held(asked.ecdsa).share.info.key_id, digest)


def give(asked: Asked, *names: str, signers: tuple[int, ...] = (1, 2)) -> tuple[bytes, ...]:
    """Presignatures of these names; their ids."""
    made = [made_ahead(signers, name)[ME] for name in names]
    for each in made:
        asked.operator.holdings.add_presignature(each)
    return tuple(each.public.id for each in made)


def nonces(asked: Asked, key: int, count: int) -> tuple[NonceCommitment, ...]:
    """Fresh ones of operators 1 and 2, for so many messages."""
    pools = [asked.cluster.held(i, key).nonces for i in (1, 2)]
    return tuple(pool.publish() for _ in range(count) for pool in pools if pool is not None)
