"""What the tests of refresh, resharing and epochs share: simulated runs and signatures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.zrsign_dmpc.builders import identities, parties, seeded
from zrsign_dmpc.frost import BIP340, ED25519_SHA512, Suite
from zrsign_dmpc.frost.signing import SigningPackage, generate_nonces
from zrsign_dmpc.group.curves import ED25519
from zrsign_dmpc.kept.keys import KeyInfo, KeyShare
from zrsign_dmpc.refresh import refresh_execution, refresh_plan
from zrsign_dmpc.reshare import NewEpoch, Redistribution, reshare_execution, reshare_plan
from zrsign_dmpc.reshare.redistribution import CommitRound, _Task, start_redistribution
from zrsign_dmpc.run.evidence import Evidence
from zrsign_dmpc.run.execution import Execution, IdentityKey
from zrsign_dmpc.run.messages import Message
from zrsign_dmpc.run.rounds import Abort, Result
from zrsign_dmpc.run.session import Session
from zrsign_dmpc.run.simulator import Alteration, Carrier, Deviation, Simulation, faithful
from zrsign_dmpc.wire.encoding import Value, encode


def suite_of(info: KeyInfo) -> Suite:
    """The suite whose signatures an independent library verifies."""
    return ED25519_SHA512 if info.group is ED25519 else BIP340


def sign(shares: Sequence[KeyShare], message: bytes, suite: Suite | None = None) -> bytes:
    """A FROST signature by these holders. Raises InvalidShares, ParameterError."""
    info = shares[0].info
    suite = suite or suite_of(info)
    ordered = sorted(shares, key=lambda share: share.index)
    nonces = [generate_nonces(suite, share, seeded(("nonce", share.index))) for share in ordered]
    package = SigningPackage(suite, info, message, tuple(pair.commitment for pair in nonces))
    return package.aggregate(
        {
            share.index: package.sign(share, pair)
            for share, pair in zip(ordered, nonces, strict=True)
        }
    )


@dataclass(frozen=True)
class Handover:
    """A simulated redistribution."""

    execution: Execution
    sessions: dict[int, Session[NewEpoch]]
    outcomes: dict[int, Result[NewEpoch] | Abort]

    def epoch(self, index: int) -> NewEpoch:
        outcome = self.outcomes[index]
        assert isinstance(outcome, Result), outcome
        return outcome.value

    @property
    def shares(self) -> dict[int, KeyShare]:
        """The new shares, by holder; everybody agreed on the public side."""
        epochs = {index: self.epoch(index) for index in self.outcomes}
        assert len({epoch.info.key_id for epoch in epochs.values()}) == 1
        return {i: epoch.share for i, epoch in epochs.items() if epoch.share is not None}

    def accusation(self, culprit: int, fault: str, witness: Value) -> Evidence:
        """The strongest evidence that another party can make up from what was really said."""
        latest = {"opening": 2, "shares": 3, "share": 3, "proof": 4}[fault.split()[-1]]
        board = next(s for i, s in self.sessions.items() if i != culprit)._board
        said = [Message.decode(data) for data in board.originals(latest)]
        chosen = [m.encode() for m in said if m.round < latest or m.sender == culprit]
        return Evidence(culprit, fault, tuple(chosen), board.digests(latest - 1), encode(witness))

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


Tamper = Callable[[CommitRound], None]
"""Changes a party's first round before it starts."""


def run_plan(
    execution: Execution,
    plan: Redistribution,
    shares: Mapping[int, KeyShare],
    *,
    seed: int = 1,
    culprit: int = 0,
    alter: Alteration | None = None,
    tamper: Tamper | None = None,
    carrier: Carrier = faithful,
) -> Handover:
    """Run a redistribution in which the culprit, if any, deviates."""
    keys = identities(plan.parties)
    sessions: dict[int, Session[NewEpoch]] = {}
    for i, identity in keys.items():
        held = shares[i] if i in plan.constants else None
        sessions[i] = start_redistribution(
            execution, plan, i, identity, held, seeded((seed, execution.execution_id, i))
        )
    if culprit:
        sessions[culprit] = _culprit(execution, plan, shares, keys[culprit], culprit, alter, tamper)
    return Handover(execution, sessions, Simulation(sessions, seed, carrier).run())


def _culprit(
    execution: Execution,
    plan: Redistribution,
    shares: Mapping[int, KeyShare],
    identity: IdentityKey,
    me: int,
    alter: Alteration | None,
    tamper: Tamper | None,
) -> Session[NewEpoch]:
    held = shares[me] if me in plan.constants else None
    first = CommitRound(_Task(execution, plan, me), held, seeded(("culprit", me)))
    if tamper is not None:
        tamper(first)
    return Deviation(
        execution, me, identity, first, alter or (lambda number, recipient, record: record)
    )


def run_refresh(
    shares: Mapping[int, KeyShare],
    *,
    execution_id: bytes = b"refresh-00000001",
    seed: int = 1,
    culprit: int = 0,
    alter: Alteration | None = None,
    tamper: Tamper | None = None,
    carrier: Carrier = faithful,
) -> Handover:
    info = next(iter(shares.values())).info
    execution = refresh_execution(info, parties(sorted(shares)), execution_id)
    return run_plan(
        execution,
        refresh_plan(info),
        shares,
        seed=seed,
        culprit=culprit,
        alter=alter,
        tamper=tamper,
        carrier=carrier,
    )


def run_reshare(
    shares: Mapping[int, KeyShare],
    dealers: Sequence[int],
    holders: Sequence[int],
    threshold: int,
    *,
    execution_id: bytes = b"reshare-00000001",
    seed: int = 1,
    culprit: int = 0,
    alter: Alteration | None = None,
    tamper: Tamper | None = None,
    carrier: Carrier = faithful,
) -> Handover:
    plan = reshare_plan(next(iter(shares.values())).info, dealers, holders, threshold)
    execution = reshare_execution(plan, parties(plan.parties), execution_id)
    return run_plan(
        execution,
        plan,
        shares,
        seed=seed,
        culprit=culprit,
        alter=alter,
        tamper=tamper,
        carrier=carrier,
    )
