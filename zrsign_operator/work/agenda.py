"""What this operator should propose now. Pure: a situation in, proposals out.

Everybody computes the same order of proposers for a subject, from its id and the operators'
indices. The first live one proposes at once, the next ones only when nothing came of it for a
while. A proposal that loses a race or meets a dead peer is tried again, with others, after that
time; so nobody is trusted to make progress, and nobody's absence stops it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from zrsign_operator.peers.frames import MAX_SUBJECTS, WorkKind
from zrsign_operator.peers.members import rotation
from zrsign_operator.work.situation import (
    IDLE_S,
    SHORT_IDLE_S,
    KeyState,
    Ready,
    Situation,
    Wanted,
    request_subject,
)

PATIENCE_S: Final = 1.5
"""Seconds between one proposer's turn and the next one's."""
GATHER_S: Final = 3.0
"""How long group work waits for all operators to be there; then those do it who are."""
MAX_PRESIGNS: Final = 2
"""Presignings under way here, whoever proposed them, from which on no other is proposed."""
POOLS_AT_MOST: Final = 3
"""Times the level of a pool that an operator holds presignatures of a key before it proposes no
more ahead: sets of signers differ while members come and go."""
MAX_RESHARES: Final = 2
MAX_PAUSE_S: Final = 60.0
MAX_PATIENCE_S: Final = 15.0
MAX_SIGNINGS: Final = 128
PATIENT_S: Final = 10.0
"""Seconds after which a request's turns are counted whatever else goes on."""


@dataclass(frozen=True)
class Draft:
    """A proposal to be made."""

    kind: WorkKind
    subjects: tuple[int, ...]
    members: tuple[int, ...]
    key_id: int = 0
    """The ledger's, where one is meant."""
    presignatures: tuple[bytes, ...] = ()
    """The ids of the presignatures to use, in the order of the subjects."""
    dealers: tuple[int, ...] = ()
    """The old holders who deal in a resharing."""


@dataclass
class _Taken:
    """What the drafts so far use up."""

    reshares: int
    coming: Counter[int]
    """Presignings under way, by the ledger's key, that nothing was found to wait for yet."""
    awaited: int = 0
    """Presignings under way, or drafted, that requests wait for."""
    presignatures: set[bytes] = field(default_factory=set)
    nonces: dict[tuple[int, int], int] = field(default_factory=dict)


def agenda(situation: Situation) -> list[Draft]:
    """Proposals for now, the most urgent first."""
    drafts: list[Draft] = []
    coming = Counter(key for kind, key in situation.running if kind is WorkKind.PRESIGN)
    taken = _Taken(_running(situation, WorkKind.RESHARE), coming)
    for wanted in situation.wanted:
        if (wanted.kind, wanted.subject) not in situation.running:
            drafts += _for_request(situation, wanted, taken)
        if len(drafts) >= MAX_SIGNINGS:
            break
    drafts = _batched(drafts)
    drafts += _auxiliary(situation)
    drafts += _pools(situation, taken)
    return drafts


def short_keys(situation: Situation) -> frozenset[int]:
    """The ledger's keys of which more requests wait than usable presignatures are there."""
    waiting = Counter(
        wanted.key_id
        for wanted in situation.wanted
        if wanted.kind is WorkKind.ECDSA and (wanted.kind, wanted.subject) not in situation.running
    )
    for key in situation.keys:
        waiting[key.ledger_key] -= len(_usable(situation, key))
    return frozenset(key for key, count in waiting.items() if count > 0)


def _usable(situation: Situation, key: KeyState) -> list[Ready]:
    """Presignatures of mine whose signers are all here, the oldest first."""
    return [
        each
        for each in key.ready
        if situation.me in each.signers and set(each.signers) <= situation.usable
    ]


def _batched(drafts: Sequence[Draft]) -> list[Draft]:
    """Signatures by the same signers in one execution: one message and one durable write each."""
    merged: list[Draft] = []
    open_batch: dict[tuple[WorkKind, tuple[int, ...], int], int] = {}
    for draft in drafts:
        at = (draft.kind, draft.members, draft.key_id)
        place = open_batch.get(at)
        signs = draft.kind in (WorkKind.ECDSA, WorkKind.FROST)
        if signs and place is not None and len(merged[place].subjects) < MAX_SUBJECTS:
            batch = merged[place]
            merged[place] = replace(
                batch,
                subjects=batch.subjects + draft.subjects,
                presignatures=batch.presignatures + draft.presignatures,
            )
            continue
        open_batch[at] = len(merged)
        merged.append(draft)
    return merged


def signers_of(key: KeyState, usable: Collection[int], mix: int = 0) -> tuple[int, ...]:
    """The set that all operators with the same view choose in a mix; too few: empty."""
    chosen = _turns(key, mix, usable)[: key.threshold]
    return tuple(sorted(chosen)) if len(chosen) == key.threshold else ()


def _turns(key: KeyState, mix: int, usable: Collection[int]) -> list[int]:
    """Who can sign, in the order in which they propose."""
    able = set(key.able).intersection(usable)
    return [index for index in key.mixing.circle(mix) if index in able]


def _rank(situation: Situation, subject: bytes, among: Collection[int]) -> int:
    """My place among the usable proposers of a subject; -1: I am none of them."""
    order = [i for i in rotation(subject, among) if i in situation.usable]
    return order.index(situation.me) if situation.me in order else -1


def pause_s(failures: int) -> float:
    """Seconds after so many failures in a row of what nobody waits for."""
    return min(2.0 ** min(failures, 10), MAX_PAUSE_S)


def turn_begins_s(kind: WorkKind, rank: int, attempts: int, proposers: int) -> float:
    """Seconds from when work was wanted, or failed last, to a proposer's turn."""
    turn = (rank - attempts) % proposers
    if kind is WorkKind.RESHARE and attempts:
        # Nobody waits for new shares, so failures cost a pause that doubles, and longer turns.
        return pause_s(attempts) + turn * min(PATIENCE_S * (1 + attempts), MAX_PATIENCE_S)
    return turn * PATIENCE_S


def _my_turn(
    situation: Situation, rank: int, wanted: Wanted, proposers: int, possible_since: float = 0.0
) -> bool:
    """Turns are counted from when the work was wanted and possible."""
    waited = situation.now - max(wanted.since, possible_since)
    return rank >= 0 and waited >= turn_begins_s(wanted.kind, rank, wanted.attempts, proposers)


def _for_request(situation: Situation, wanted: Wanted, taken: _Taken) -> Iterator[Draft]:
    if wanted.kind is WorkKind.KEYGEN:
        everybody = tuple(sorted(situation.usable & set(situation.members)))
        subject = request_subject(wanted.subject)
        rank = _rank(situation, subject, everybody)
        since = situation.usable_since
        enough = _gathered(situation, len(situation.members) - situation.absent)
        if enough and _my_turn(situation, rank, wanted, len(everybody), since):
            yield Draft(WorkKind.KEYGEN, (wanted.subject,), everybody)
        return
    key = situation.key(wanted.key_id)
    if key is None:
        return
    if wanted.kind is WorkKind.RESHARE:
        yield from _new_shares(situation, wanted, key, taken)
    elif wanted.kind is WorkKind.ECDSA:
        yield from _with_presignature(situation, wanted, key, taken)
    else:
        yield from _with_nonces(situation, wanted, key, taken)


def _with_presignature(
    situation: Situation, wanted: Wanted, key: KeyState, taken: _Taken
) -> Iterator[Draft]:
    ready = [each for each in _usable(situation, key) if each.id not in taken.presignatures]
    if not ready:
        yield from _awaited(situation, key, wanted, taken)
        return
    mix = key.mixing.of(wanted.subject)
    order, first = _turns(key, mix, situation.usable), signers_of(key, situation.usable, mix)
    if situation.me not in order:
        return
    rank = order.index(situation.me)
    turn = (rank - wanted.attempts) % len(order)
    # Who comes first takes what was made for its mix, else the newest of another, which who comes
    # first there takes last. Who follows takes other signers; two that meet not the same one.
    own = [each for each in ready if each.signers == first]
    others = [each for each in reversed(ready) if each.signers != first]
    chosen = (own + others if turn == 0 else others + own)[turn % len(ready)]
    if _my_turn(situation, rank, wanted, len(order), chosen.since):
        taken.presignatures.add(chosen.id)
        yield Draft(WorkKind.ECDSA, (wanted.subject,), chosen.signers, 0, (chosen.id,))


def _with_nonces(
    situation: Situation, wanted: Wanted, key: KeyState, taken: _Taken
) -> Iterator[Draft]:
    stock = dict(key.stock)
    order = _turns(key, key.mixing.of(wanted.subject), situation.usable)
    chosen = [i for i in order if stock.get(i, 0) > taken.nonces.get((key.ledger_key, i), 0)]
    others = [index for index in chosen if index != situation.me][: key.threshold - 1]
    if situation.me not in chosen or len(others) < key.threshold - 1:
        return
    if _my_turn(situation, order.index(situation.me), wanted, len(order)):
        members = tuple(sorted([situation.me, *others]))
        for index in members:
            at = (key.ledger_key, index)
            taken.nonces[at] = taken.nonces.get(at, 0) + 1
        yield Draft(WorkKind.FROST, (wanted.subject,), members, key.ledger_key)


def _new_shares(
    situation: Situation, wanted: Wanted, key: KeyState, taken: _Taken
) -> Iterator[Draft]:
    """The whole group must be here, with auxiliary information, so that it can sign at once."""
    able = [index for index in key.able if index in situation.usable]
    complete = situation.complete_since < situation.now
    if not complete or len(able) < key.threshold or taken.reshares >= MAX_RESHARES:
        return
    rank, since = _rank(situation, key.subject, able), situation.complete_since
    if not wanted.attempts:
        # There may be many keys: while their proposers come on, nobody else takes their turns.
        since = max(since, situation.reshared)
    if _my_turn(situation, rank, wanted, len(able), since):
        taken.reshares += 1
        order = rotation(b"deal" + key.ledger_key.to_bytes(8, "big"), able)
        others = [index for index in order if index != situation.me][: key.threshold - 1]
        dealers = tuple(sorted([situation.me, *others]))
        members = tuple(sorted({*situation.members, *dealers}))
        yield Draft(WorkKind.RESHARE, (key.ledger_key,), members, key.ledger_key, dealers=dealers)


def _running(situation: Situation, kind: WorkKind) -> int:
    return sum(running is kind for running, _ in situation.running)


def _gathered(situation: Situation, enough: int) -> bool:
    """Whether all members are here, or enough of them and the rest does not come."""
    here = len(situation.usable & set(situation.members))
    waited = situation.now - situation.usable_since >= GATHER_S
    return here == len(situation.members) or (waited and here >= enough)


def wants_primes(situation: Situation) -> bool:
    """Whether this operator needs primes soon: it is to be covered, and used none of them yet.

    While auxiliary information is made, the primes that went into it are all that it takes.
    """
    uncovered = not set(situation.members) <= situation.aux
    return situation.me in situation.members and uncovered and not _running(situation, WorkKind.AUX)


def _auxiliary(situation: Situation) -> Iterator[Draft]:
    """All members that are here; again when one more is. A renewal waits for all."""
    here = tuple(sorted(situation.usable & set(situation.members)))
    if (
        not here
        or set(here) <= situation.aux
        or not situation.primes_ready
        or not _gathered(situation, situation.threshold)
    ):
        return
    running = _running(situation, WorkKind.AUX) > 0
    idle = situation.idle_for >= SHORT_IDLE_S and not situation.running
    complete = len(here) == len(situation.members)
    # A group that is complete for the first time does not wait for idle time: keys wait for it.
    urgent = complete or not (situation.aux or situation.renews)
    waits = situation.renews and not complete
    if here[0] == situation.me and not running and (idle or urgent) and not waits:
        yield Draft(WorkKind.AUX, (), here)


def _awaited(situation: Situation, key: KeyState, wanted: Wanted, taken: _Taken) -> Iterator[Draft]:
    """A presignature for a request, unless one is coming that no older request waits for."""
    if taken.coming[key.ledger_key]:
        taken.coming[key.ledger_key] -= 1
        taken.awaited += 1
    elif taken.awaited < MAX_PRESIGNS:
        for draft in _presign(situation, key, key.mixing.of(wanted.subject), wanted):
            taken.awaited += 1
            yield draft


def _pools(situation: Situation, taken: _Taken) -> Iterator[Draft]:
    """Full in idle time; at least half full even when requests leave little of it."""
    if situation.idle_for < SHORT_IDLE_S:
        return
    wanted = situation.pool_level if situation.idle_for >= IDLE_S else situation.pool_level // 2
    under_way = taken.awaited + taken.coming.total()
    for key in situation.keys:
        held = len(key.ready) + taken.coming[key.ledger_key]
        if held >= POOLS_AT_MOST * situation.pool_level:
            continue
        most = -(-wanted // key.mixing.count)
        for mix in range(key.mixing.count if key.pooled else 0):
            signers = signers_of(key, situation.usable & key.aux, mix)
            made = sum(each.signers == signers for each in key.ready)
            if made + taken.coming[key.ledger_key] < most and under_way < MAX_PRESIGNS:
                for draft in _presign(situation, key, mix, None):
                    under_way += 1
                    yield draft


def _presign(
    situation: Situation, key: KeyState, mix: int, wanted: Wanted | None
) -> Iterator[Draft]:
    order = _turns(key, mix, situation.usable & key.aux)[: key.threshold]
    if not key.ecdsa or len(order) < key.threshold or situation.me not in order:
        return
    rank = order.index(situation.me)
    if wanted is None:
        mine = rank == 0
    else:
        # What waited for others to end is not everybody's turn at once.
        made_room = min(situation.presigned, wanted.since + PATIENT_S)
        possible_since = max(situation.usable_since, situation.aux_since, made_room)
        mine = _my_turn(situation, rank, wanted, len(order), possible_since)
    if mine:
        signers = tuple(sorted(order))
        yield Draft(WorkKind.PRESIGN, (key.ledger_key,), signers, key.ledger_key)
