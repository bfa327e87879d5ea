"""What this operator should propose now. Pure: a situation in, proposals out.

Everybody computes the same order of proposers for a subject, from its id and the operators'
indices. The first live one proposes at once, the next ones only when nothing came of it for a
while. A proposal that loses a race or meets a dead peer is tried again, with others, after that
time; so nobody is trusted to make progress, and nobody's absence stops it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from dmpc.operator.frames import Kind
from dmpc.operator.members import rotation

PATIENCE_S: Final = 0.4
"""Between one proposer's turn and the next one's."""
GATHER_S: Final = 3.0
"""How long a key waits for all operators to be there; then those make it who are."""
MAX_PRESIGNS: Final = 2
"""Presignings that one operator proposes at a time."""
MAX_SIGNINGS: Final = 128


@dataclass(frozen=True)
class Wanted:
    """Something that is open on the ledger."""

    kind: Kind
    subject: int
    key_id: int = 0
    since: float = 0.0
    """When this operator saw it, or when the last attempt ended."""
    attempts: int = 0


@dataclass(frozen=True)
class KeyState:
    """A key that this operator holds a share of."""

    ledger_key: int
    ecdsa: bool
    threshold: int
    holders: tuple[int, ...]
    ready: tuple[tuple[bytes, tuple[int, ...]], ...] = ()
    """Presignatures with their signers, the oldest first."""
    stock: tuple[tuple[int, int], ...] = ()
    """(operator, published nonces)."""


@dataclass(frozen=True)
class Situation:
    """What the agenda follows from."""

    me: int
    now: float
    threshold: int
    members: tuple[int, ...]
    usable: frozenset[int]
    """Live operators, me among them, without those that misbehaved."""
    wanted: tuple[Wanted, ...] = ()
    running: frozenset[tuple[Kind, int]] = frozenset()
    keys: tuple[KeyState, ...] = ()
    aux: frozenset[int] = frozenset()
    """Whom the auxiliary information covers."""
    primes_ready: bool = False
    pool_level: int = 0
    busy: bool = False
    """Whether requests came lately: pools are filled in idle time."""


@dataclass(frozen=True)
class Draft:
    """A proposal to be made."""

    kind: Kind
    subject: int
    members: tuple[int, ...]
    presignature: bytes = b""


@dataclass
class _Taken:
    presignatures: set[bytes] = field(default_factory=set)
    nonces: dict[tuple[int, int], int] = field(default_factory=dict)


def agenda(situation: Situation) -> list[Draft]:
    """Proposals for now, the most urgent first."""
    drafts: list[Draft] = []
    taken = _Taken()
    for wanted in situation.wanted:
        if (wanted.kind, wanted.subject) not in situation.running:
            drafts += _for_request(situation, wanted, taken)
        if len(drafts) >= MAX_SIGNINGS:
            break
    drafts += _auxiliary(situation)
    running = sum(kind is Kind.PRESIGN for kind, _ in situation.running)
    drafts += list(_pools(situation))[: max(0, MAX_PRESIGNS - running)]
    return drafts


def signers_of(key: KeyState, usable: Collection[int]) -> tuple[int, ...]:
    """The set that all operators with the same view choose for a key; too few: empty."""
    order = rotation(b"key" + key.ledger_key.to_bytes(8, "big"), key.holders)
    chosen = [index for index in order if index in usable][: key.threshold]
    return tuple(sorted(chosen)) if len(chosen) == key.threshold else ()


def _my_turn(situation: Situation, subject: bytes, wanted: Wanted, among: Collection[int]) -> bool:
    order = [i for i in rotation(subject, among) if i in situation.usable]
    if situation.me not in order:
        return False
    turn = (order.index(situation.me) - wanted.attempts) % len(order)
    return situation.now - wanted.since >= turn * PATIENCE_S


def _for_request(situation: Situation, wanted: Wanted, taken: _Taken) -> Iterator[Draft]:
    if wanted.kind is Kind.KEYGEN:
        everybody = tuple(sorted(situation.usable & set(situation.members)))
        subject = b"request" + wanted.subject.to_bytes(8, "big")
        complete = len(everybody) == len(situation.members)
        waited = situation.now - wanted.since >= GATHER_S
        enough = complete or (waited and len(everybody) >= situation.threshold)
        if enough and _my_turn(situation, subject, wanted, everybody):
            yield Draft(Kind.KEYGEN, wanted.subject, everybody)
        return
    key = next((k for k in situation.keys if k.ledger_key == wanted.key_id), None)
    if key is None:
        return
    if wanted.kind is Kind.ECDSA:
        yield from _with_presignature(situation, wanted, key, taken)
    else:
        yield from _with_nonces(situation, wanted, key, taken)


def _with_presignature(
    situation: Situation, wanted: Wanted, key: KeyState, taken: _Taken
) -> Iterator[Draft]:
    subject = b"sign" + key.ledger_key.to_bytes(8, "big")
    for id_, signers in key.ready:
        if id_ in taken.presignatures or not set(signers) <= situation.usable:
            continue
        if _my_turn(situation, subject, wanted, signers):
            taken.presignatures.add(id_)
            yield Draft(Kind.ECDSA, wanted.subject, signers, id_)
        return
    yield from _presign(situation, key, wanted)


def _with_nonces(
    situation: Situation, wanted: Wanted, key: KeyState, taken: _Taken
) -> Iterator[Draft]:
    stock = dict(key.stock)
    able = [
        index
        for index in key.holders
        if stock.get(index, 0) > taken.nonces.get((key.ledger_key, index), 0)
    ]
    order = rotation(b"key" + key.ledger_key.to_bytes(8, "big"), key.holders)
    chosen = [index for index in order if index in able and index in situation.usable]
    others = [index for index in chosen if index != situation.me][: key.threshold - 1]
    subject = b"sign" + key.ledger_key.to_bytes(8, "big")
    if situation.me not in chosen or len(others) < key.threshold - 1:
        return
    if _my_turn(situation, subject, wanted, chosen[: key.threshold]):
        members = tuple(sorted([situation.me, *others]))
        for index in members:
            at = (key.ledger_key, index)
            taken.nonces[at] = taken.nonces.get(at, 0) + 1
        yield Draft(Kind.FROST, wanted.subject, members)


def _auxiliary(situation: Situation) -> Iterator[Draft]:
    """All members that are here; again when one more is."""
    here = tuple(sorted(situation.usable & set(situation.members)))
    uncovered = not set(here) <= situation.aux
    idle = not situation.busy and not situation.running
    if not uncovered or not situation.primes_ready or len(here) < situation.threshold:
        return
    first = here[0] == situation.me and (Kind.AUX, 0) not in situation.running
    if first and (idle or not situation.aux):
        yield Draft(Kind.AUX, 0, here)


def _pools(situation: Situation) -> Iterator[Draft]:
    if situation.busy:
        return
    for key in situation.keys:
        if len(key.ready) < situation.pool_level:
            yield from _presign(situation, key, None)


def _presign(situation: Situation, key: KeyState, wanted: Wanted | None) -> Iterator[Draft]:
    signers = signers_of(key, situation.usable & situation.aux)
    at = (Kind.PRESIGN, key.ledger_key)
    if not key.ecdsa or not signers or at in situation.running:
        return
    subject = b"sign" + key.ledger_key.to_bytes(8, "big")
    first = rotation(subject, signers)[0] == situation.me
    if first if wanted is None else _my_turn(situation, subject, wanted, signers):
        yield Draft(Kind.PRESIGN, key.ledger_key, signers)


def missing(situation: Situation) -> Sequence[int]:
    """Members that are not usable now."""
    return [index for index in situation.members if index not in situation.usable]
