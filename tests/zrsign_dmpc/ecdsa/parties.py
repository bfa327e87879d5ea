"""Groups of parties in memory: identities, keys dealt by the test, and runs with one cheat."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, TypeVar

from nacl.signing import SigningKey

from tests.zrsign_dmpc.ecdsa.builders import TINY, paillier_key, seeded, trapdoor
from zrsign_dmpc.ecdsa.aux_info import AuxInfo, AuxSecrets, PublicAuxInfo
from zrsign_dmpc.ecdsa.security import SecurityLevel
from zrsign_dmpc.group.curves import SECP256K1, Point
from zrsign_dmpc.group.sharing import evaluate
from zrsign_dmpc.kept.keys import KeyInfo, KeyShare
from zrsign_dmpc.run.execution import Execution, IdentityKey, Parties
from zrsign_dmpc.run.rounds import Abort, Result, Round
from zrsign_dmpc.run.session import Session
from zrsign_dmpc.run.simulator import Alteration, Deviation, Simulation
from zrsign_dmpc.wire.records import Record

T = TypeVar("T")
MOST = 6
"""Parties whose keys can be made twice from the primes that are at hand."""


@cache
def identity(index: int) -> IdentityKey:
    return IdentityKey(bytes([index]) * 32)


def parties(*indices: int) -> Parties:
    keys = {i: bytes(SigningKey(bytes([i]) * 32).verify_key) for i in indices}
    return Parties.of(keys)


def aux_secrets(index: int, fast: bool = True, level: SecurityLevel = TINY) -> AuxSecrets:
    return AuxSecrets(paillier_key(index, fast, level), trapdoor(index, fast, level))


@cache
def aux_infos(
    *indices: int, fast: bool = True, level: SecurityLevel = TINY, epoch: int = 0, made: int = 0
) -> dict[int, AuxInfo]:
    """What an honest run would end with, without the run; other keys when some were `made`."""
    secrets = {i: aux_secrets(i + MOST * made, fast, level) for i in indices}
    public = PublicAuxInfo(
        level,
        {i: s.key.public for i, s in secrets.items()},
        {i: s.trapdoor.public for i, s in secrets.items()},
        b"aux%d" % made if made else b"aux",
        epoch,
    )
    return {i: AuxInfo(public, i, s.key, s.trapdoor) for i, s in secrets.items()}


@cache
def key_shares(threshold: int, *indices: int) -> dict[int, KeyShare]:
    """A key dealt by the test."""
    rng, group = seeded(f"key {threshold} {indices}"), SECP256K1
    polynomial = [group.random_scalar(rng) for _ in range(threshold)]
    secrets = {i: evaluate(polynomial, i, group.order) for i in indices}
    info = KeyInfo(
        group,
        threshold,
        group.base_mul(polynomial[0]),
        tuple((i, group.base_mul(x)) for i, x in sorted(secrets.items())),
        bytes(32),
        0,
        b"dealt",
    )
    return {i: KeyShare(info, i, x) for i, x in secrets.items()}


def run(
    execution: Execution,
    first_rounds: dict[int, Callable[[], Round[T]]],
    cheats: dict[int, Alteration] | None = None,
    seed: int = 0,
) -> dict[int, Result[T] | Abort]:
    """All outcomes; the parties in `cheats` alter what they send."""
    sessions: dict[int, Session[T]] = {}
    for index, first in first_rounds.items():
        if cheats and index in cheats:
            sessions[index] = Deviation(execution, index, identity(index), first(), cheats[index])
        else:
            sessions[index] = Session(execution, index, identity(index), first())
    return Simulation(sessions, seed).run()


def require_blamed(
    execution: Execution, outcomes: dict[int, Result[T] | Abort], culprit: int, fault: str
) -> None:
    """Every honest party names the culprit, with evidence that convicts nobody else."""
    for index, outcome in outcomes.items():
        if index == culprit:
            continue
        assert isinstance(outcome, Abort), outcome
        assert outcome.culprits == (culprit,), outcome.reason
        assert fault in outcome.reason
        assert outcome.evidence
        for evidence in outcome.evidence:
            assert type(evidence).decode(evidence.encode()).proves_fault(execution)
            for other in execution.parties.indices:
                if other != culprit:
                    framed = type(evidence)(
                        other, evidence.fault, evidence.messages, evidence.digests, evidence.witness
                    )
                    assert not framed.proves_fault(execution)


def altering(
    kind: type[Record], change: Callable[[Record], Record], only_to: int | None = None
) -> Alteration:
    """Change every message of one kind, or the one to one recipient."""

    def alter(_: int, recipient: int, record: Record) -> Record:
        if isinstance(record, kind) and only_to in (None, recipient):
            return change(record)
        return record

    return alter


def bump(field: str, inner: str | None = None) -> Callable[[Record], Record]:
    """Another value in a field, or in a field of the record in that field."""

    def change(record: Record) -> Record:
        value = getattr(record, field)
        other = bump(inner)(value) if inner else _other(value)
        return replace(record, **{field: other})

    return change


def _other(value: Any) -> Any:
    if isinstance(value, tuple):
        return (_other(value[0]), *value[1:])
    if isinstance(value, bytes):
        return value[::-1]
    return value + (SECP256K1.generator if isinstance(value, Point) else 1)
