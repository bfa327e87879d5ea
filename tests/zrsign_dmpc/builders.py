"""What the tests of the engine share: identities, executions, simulated runs, dealt keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from zrsign_dmpc.dkg import dkg_execution, start_dkg
from zrsign_dmpc.dkg.protocol import CommitRound
from zrsign_dmpc.frost import NoncePool, Suite
from zrsign_dmpc.group.curves import Group, Rng
from zrsign_dmpc.group.sharing import evaluate
from zrsign_dmpc.kept.keys import KeyInfo, KeyShare
from zrsign_dmpc.kept.single_use import EMPTY, Head, SingleUseLedger
from zrsign_dmpc.run.execution import Execution, IdentityKey, Parties
from zrsign_dmpc.run.rounds import Abort, Result
from zrsign_dmpc.run.session import Session
from zrsign_dmpc.run.simulator import Alteration, Carrier, Deviation, Simulation, faithful

EXECUTION_ID = b"execution-000001"


def seeded(seed: object) -> Rng:
    """A reproducible generator for tests."""
    return Random(repr(seed)).randbytes


def identities(indices: Sequence[int]) -> dict[int, IdentityKey]:
    return {i: IdentityKey(seeded(("identity", i))(32)) for i in indices}


def parties(indices: Sequence[int]) -> Parties:
    return Parties.of({i: key.public_key for i, key in identities(indices).items()})


def dkg(group: Group, threshold: int, count: int, execution_id: bytes = EXECUTION_ID) -> Execution:
    return dkg_execution(group, threshold, parties(range(1, count + 1)), execution_id)


@dataclass(frozen=True)
class Run:
    """A simulated key generation."""

    execution: Execution
    sessions: dict[int, Session[KeyShare]]
    outcomes: dict[int, Result[KeyShare] | Abort]

    def share(self, index: int) -> KeyShare:
        outcome = self.outcomes[index]
        assert isinstance(outcome, Result), outcome
        return outcome.value

    def assert_named(self, culprit: int, fault: str | None = None) -> None:
        """Every honest party aborted, named the culprit and nobody else, and can prove it."""
        for index, outcome in self.outcomes.items():
            if index == culprit:
                continue
            assert isinstance(outcome, Abort), (index, outcome)
            assert outcome.culprits == (culprit,), (index, outcome.reason)
            assert outcome.evidence
            for evidence in outcome.evidence:
                assert evidence.culprit == culprit
                assert fault in (None, evidence.fault)
                assert evidence.proves_fault(self.execution)


SessionMaker = Callable[[Execution, IdentityKey], Session[KeyShare]]


def run_dkg(
    group: Group,
    threshold: int,
    count: int,
    *,
    seed: int = 1,
    alter: Alteration | None = None,
    culprit: int = 1,
    maker: SessionMaker | None = None,
    carrier: Carrier = faithful,
    execution_id: bytes = EXECUTION_ID,
) -> Run:
    """Run a key generation in which the culprit, if any, deviates."""
    execution = dkg(group, threshold, count, execution_id)
    keys = identities(execution.parties.indices)
    sessions: dict[int, Session[KeyShare]] = {
        i: start_dkg(execution, i, key, seeded((seed, i))) for i, key in keys.items()
    }
    if alter is not None:
        first = CommitRound(execution, culprit, seeded((seed, culprit)))
        sessions[culprit] = Deviation(execution, culprit, keys[culprit], first, alter)
    if maker is not None:
        sessions[culprit] = maker(execution, keys[culprit])
    outcomes = Simulation(sessions, seed, carrier).run()
    return Run(execution, sessions, outcomes)


def deal(group: Group, threshold: int, indices: Sequence[int], seed: object) -> list[KeyShare]:
    """A key split by a trusted dealer: for tests of signing only."""
    rng = seeded(("deal", seed))
    coefficients = [group.random_scalar(rng) for _ in range(threshold)]
    secrets = {i: evaluate(coefficients, i, group.order) for i in sorted(indices)}
    info = KeyInfo(
        group=group,
        threshold=threshold,
        public_key=group.base_mul(coefficients[0]),
        verification_shares=tuple((i, group.base_mul(x)) for i, x in secrets.items()),
        chain_code=rng(32),
        epoch=0,
        execution_id=rng(32),
    )
    return [KeyShare(info, i, x) for i, x in secrets.items()]


class MemoryJournal:
    """A journal that a test can copy, cut and bring back."""

    def __init__(self, entries: Sequence[bytes] = ()) -> None:
        self.entries = list(entries)

    def read(self) -> list[bytes]:
        return list(self.entries)

    def append(self, entry: bytes) -> None:
        self.entries.append(entry)


class MemoryAnchor:
    """An anchor that no backup reaches."""

    def __init__(self) -> None:
        self.head = EMPTY

    def read(self) -> Head:
        return self.head

    def advance(self, head: Head) -> None:
        assert head.count > self.head.count
        self.head = head


def fresh_ledger() -> SingleUseLedger:
    return SingleUseLedger(MemoryJournal(), MemoryAnchor())


def nonce_pool(suite: Suite, share: KeyShare, seed: object = 0) -> NoncePool:
    return NoncePool(suite, share, fresh_ledger(), rng=seeded(("nonces", share.index, seed)))
