"""What comes next follows from the situation alone, and operators with one view agree on it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cost import processor_seconds
from zrsign_operator.peers.frames import WorkKind
from zrsign_operator.work.agenda import (
    GATHER_S,
    MAX_PRESIGNS,
    MAX_RESHARES,
    PATIENCE_S,
    PATIENT_S,
    Draft,
    agenda,
    short_keys,
    signers_of,
    wants_primes,
)
from zrsign_operator.work.mixing import MAX_MIXES, Mixing
from zrsign_operator.work.situation import KeyState, Ready, Situation, Wanted

MEMBERS = tuple(range(1, 9))
KEY = KeyState(7, True, 6, MEMBERS, aux=frozenset(MEMBERS))
SIGN = Wanted(WorkKind.ECDSA, 30, 7)


def situation(me: int, **changes: object) -> Situation:
    start = Situation(
        me=me,
        now=100.0,
        threshold=6,
        members=MEMBERS,
        usable=frozenset(MEMBERS),
        usable_since=100.0,
        keys=(KEY,),
        aux=frozenset(MEMBERS),
    )
    return replace(start, **changes)  # type: ignore[arg-type]


def proposals(kind: WorkKind, **changes: object) -> dict[int, list[Draft]]:
    """By everybody who proposes something of this kind."""
    found = {me: [d for d in agenda(situation(me, **changes)) if d.kind is kind] for me in MEMBERS}
    return {me: drafts for me, drafts in found.items() if drafts}


def made(mix: int, *names: bytes, since: float = 100.0) -> tuple[Ready, ...]:
    return tuple(Ready(name, signers_of(KEY, MEMBERS, mix), since) for name in names)


def ready(*names: bytes, since: float = 100.0) -> KeyState:
    """With presignatures of the mix that signs request 30."""
    return replace(KEY, ready=made(KEY.mixing.of(SIGN.subject), *names, since=since))


def test_key__should_be_proposed_by_one_with_everybody() -> None:
    wanted = (Wanted(WorkKind.KEYGEN, 3, since=100.0),)
    ((_, (draft,)),) = proposals(WorkKind.KEYGEN, wanted=wanted).items()
    assert draft.members == MEMBERS


def test_agenda__should_cost_no_more_a_key_when_there_are_many() -> None:
    """To look for each key among all would take 50 million looks."""
    keys = tuple(replace(KEY, ledger_key=number) for number in range(10_000))
    wanted = tuple(Wanted(WorkKind.RESHARE, key.ledger_key, key.ledger_key) for key in keys)
    with processor_seconds(0.5):
        drafts = agenda(situation(1, keys=keys, wanted=wanted, idle_for=0.0))
    assert len(drafts) == MAX_RESHARES


def test_key__should_be_made_by_those_who_are_there_when_the_rest_does_not_come() -> None:
    wanted = (Wanted(WorkKind.KEYGEN, 3, since=90.0),)
    here = frozenset(MEMBERS) - {2, 5}

    def drafts(usable_since: float, absent: int, usable: frozenset[int] = here) -> set[Draft]:
        found = proposals(
            WorkKind.KEYGEN, wanted=wanted, usable=usable, usable_since=usable_since, absent=absent
        )
        return {draft for each in found.values() for draft in each}

    assert drafts(99.0, 2) == set()
    assert {draft.members for draft in drafts(100.0 - GATHER_S, 2)} == {tuple(sorted(here))}
    # The group says how many may be away.
    assert drafts(0.0, 1) == set()
    assert drafts(0.0, 2, frozenset(MEMBERS[:5])) == set()


def test_signature__should_be_proposed_by_one_with_the_oldest_presignature() -> None:
    wanted = (replace(SIGN, since=100.0),)
    ((_, (draft,)),) = proposals(WorkKind.ECDSA, wanted=wanted, keys=(ready(b"a", b"b"),)).items()
    assert draft.presignatures == (b"a",)
    assert draft.members == signers_of(KEY, MEMBERS, KEY.mixing.of(SIGN.subject))


def test_signature__should_have_its_turns_counted_from_when_it_was_possible() -> None:
    """A request that waited long for its presignature is not everybody's turn at once."""
    wanted = (replace(SIGN, since=0.0),)
    assert len(proposals(WorkKind.ECDSA, wanted=wanted, keys=(ready(b"a", since=100.0),))) == 1


def test_silent_proposer__should_be_followed_by_others_with_other_presignatures() -> None:
    wanted = (replace(SIGN, since=100.0 - 2 * PATIENCE_S),)
    keys = (ready(b"a", b"b", b"c", since=0.0),)
    found = proposals(WorkKind.ECDSA, wanted=wanted, keys=keys)
    assert len(found) == 3
    assert {draft.presignatures for (draft,) in found.values()} == {(b"a",), (b"b",), (b"c",)}


def test_failed_attempt__should_make_it_the_next_ones_turn() -> None:
    wanted = replace(SIGN, since=100.0)
    keys = (ready(b"a", b"b"),)
    (first,) = proposals(WorkKind.ECDSA, wanted=(wanted,), keys=keys)
    (second,) = proposals(WorkKind.ECDSA, wanted=(replace(wanted, attempts=1),), keys=keys)
    assert first != second


def test_requests__should_not_share_a_presignature() -> None:
    wanted = tuple(replace(SIGN, subject=16 + i, since=100.0) for i in range(5))
    found = proposals(WorkKind.ECDSA, wanted=wanted, keys=(ready(b"a", b"b", b"c"),))
    ((_, (draft,)),) = found.items()
    assert draft.subjects == (16, 17, 18)
    assert sorted(draft.presignatures) == [b"a", b"b", b"c"]


def test_batches__should_be_bounded_and_of_one_signer_set() -> None:
    wanted = tuple(replace(SIGN, subject=i, since=100.0) for i in range(40))
    pool = [each for m in range(3) for each in made(m, *(bytes([m, i]) for i in range(16)))]
    found = proposals(WorkKind.ECDSA, wanted=wanted, keys=(replace(KEY, ready=tuple(pool)),))
    drafts = [draft for each in found.values() for draft in each]
    assert len(found) == 3
    assert sorted(len(draft.subjects) for draft in drafts) == [8, 16, 16]
    assert len({name for draft in drafts for name in draft.presignatures}) == 40


def test_request_without_presignature__should_have_one_made() -> None:
    wanted = (replace(SIGN, since=100.0),)
    ((_, (draft,)),) = proposals(WorkKind.PRESIGN, wanted=wanted).items()
    assert draft.subjects == (KEY.ledger_key,)
    coming = ((WorkKind.PRESIGN, KEY.ledger_key),)
    assert proposals(WorkKind.PRESIGN, wanted=wanted, running=coming) == {}
    uncovered = frozenset(MEMBERS[:5])
    few = (replace(KEY, aux=uncovered),)
    assert proposals(WorkKind.PRESIGN, wanted=wanted, keys=few) == {}


def requests(*keys: int, since: float = 100.0) -> dict[str, object]:
    """One open ECDSA request of each of these keys, which have no presignatures."""
    wanted = tuple(Wanted(WorkKind.ECDSA, 32 + i, key, since) for i, key in enumerate(keys))
    return {"wanted": wanted, "keys": tuple(replace(KEY, ledger_key=key) for key in set(keys))}


def test_request__should_not_wait_for_presignings_that_nobody_waits_for() -> None:
    pools = tuple((WorkKind.PRESIGN, key) for key in range(20, 20 + 4 * MAX_PRESIGNS))
    assert len(proposals(WorkKind.PRESIGN, running=pools, **requests(7))) == 1
    assert proposals(WorkKind.PRESIGN, running=pools, pool_level=2) == {}


def test_requests__should_have_one_presignature_each_made_and_no_more() -> None:
    of_one_key = requests(7, 7, 7)
    ((_, drafts),) = proposals(WorkKind.PRESIGN, **of_one_key).items()
    assert len(drafts) == MAX_PRESIGNS
    coming = ((WorkKind.PRESIGN, 7),)
    for running, count in ((coming, 1), (coming * MAX_PRESIGNS, 0)):
        found = proposals(WorkKind.PRESIGN, running=running, **of_one_key)
        assert sum(map(len, found.values())) == count
    both = proposals(WorkKind.PRESIGN, running=coming, **requests(7, 8))
    assert [draft.subjects for drafts in both.values() for draft in drafts] == [(8,)]


def test_turns_for_a_presignature__should_be_counted_from_when_it_could_be_made() -> None:
    """Requests that waited for others, or for auxiliary information, are not everybody's turn."""
    old = requests(7, since=95.0)
    for changes in ({"usable_since": 100.0}, {"aux_since": 100.0}, {"presigned": 100.0}):
        start = {"usable_since": 0.0, "aux_since": 0.0, "presigned": 0.0} | changes
        assert len(proposals(WorkKind.PRESIGN, **old | start)) == 1
        later = proposals(WorkKind.PRESIGN, **old | start, now=100.0 + PATIENCE_S)
        assert len(later) == 2
    starved = requests(7, since=100.0 - PATIENT_S - PATIENCE_S)
    assert len(proposals(WorkKind.PRESIGN, **starved, usable_since=0.0, presigned=100.0)) == 2


def test_short_keys__should_be_those_with_more_requests_than_presignatures() -> None:
    def short(*names: bytes, **changes: object) -> frozenset[int]:
        wanted = tuple(Wanted(WorkKind.ECDSA, 30 + i, KEY.ledger_key) for i in range(2))
        return short_keys(situation(1, wanted=wanted, keys=(ready(*names),), **changes))

    assert short() == short(b"a") == {KEY.ledger_key}
    assert short(b"a", b"b") == frozenset()
    assert short(b"a", running=((WorkKind.ECDSA, 30),)) == frozenset()
    gone = frozenset(MEMBERS) - set(signers_of(KEY, MEMBERS, KEY.mixing.of(30))[:1])
    assert short(b"a", b"b", usable=gone) == {KEY.ledger_key}


def test_pools__should_not_be_filled_beyond_their_level_by_what_is_under_way() -> None:
    running = ((WorkKind.PRESIGN, KEY.ledger_key),)
    full = tuple(each for mix in range(4) for each in made(mix, bytes([mix])))
    keys = (replace(KEY, ready=full),)
    assert proposals(WorkKind.PRESIGN, pool_level=8, keys=keys, running=running) == {}
    assert len(proposals(WorkKind.PRESIGN, pool_level=12, keys=keys, running=running)) == 4


def test_running_work__should_not_be_proposed_again() -> None:
    wanted = (replace(SIGN, since=0.0), Wanted(WorkKind.KEYGEN, 3, since=0.0))
    running = ((WorkKind.ECDSA, SIGN.subject), (WorkKind.KEYGEN, 3))
    changes = {"wanted": wanted, "running": running, "keys": (ready(b"a", since=0.0),)}
    assert proposals(WorkKind.ECDSA, **changes) == proposals(WorkKind.KEYGEN, **changes) == {}


def test_pools__should_be_filled_in_idle_time_by_the_first_of_each_mix() -> None:
    found = proposals(WorkKind.PRESIGN, pool_level=4)
    assert set(found) == {KEY.mixing.circle(mix)[0] for mix in range(4)}
    assert {draft.subjects for each in found.values() for draft in each} == {(KEY.ledger_key,)}
    assert proposals(WorkKind.PRESIGN, pool_level=4, idle_for=0.1) == {}
    full = tuple(each for mix in range(4) for each in made(mix, bytes([mix])))
    assert proposals(WorkKind.PRESIGN, pool_level=4, keys=(replace(KEY, ready=full),)) == {}


def test_pools__should_not_be_filled_by_who_holds_many_of_other_signers() -> None:
    """Who is asked counts them as well."""
    others = tuple(Ready(bytes([number]), (1, 2, 3, 4, 5, 7), 0.0) for number in range(12))
    found = proposals(WorkKind.PRESIGN, pool_level=4)
    for me in found:
        for count, proposes in ((11, True), (12, False)):
            keys = (replace(KEY, ready=others[:count]),)
            drafts = agenda(situation(me, pool_level=4, keys=keys))
            assert any(draft.kind is WorkKind.PRESIGN for draft in drafts) == proposes


@pytest.mark.parametrize("gone", MEMBERS)
def test_pool__should_have_a_presignature_whoever_is_away(gone: int) -> None:
    """The attack: one of those who all pools are made with is slow, or away, and all wait."""
    full = tuple(each for mix in range(4) for each in made(mix, bytes([mix]), since=0.0))
    usable = frozenset(MEMBERS) - {gone}
    for subject in range(0, 128, 16):
        wanted = (replace(SIGN, subject=subject, since=0.0),)
        keys = (replace(KEY, ready=full),)
        found = proposals(WorkKind.ECDSA, wanted=wanted, keys=keys, usable=usable)
        assert found
        assert all(gone not in draft.members for each in found.values() for draft in each)


def test_signers__should_change_from_request_to_request() -> None:
    stock = tuple((i, 9) for i in MEMBERS)
    frost = KeyState(7, False, 6, MEMBERS, stock=stock)
    sets = set()
    for subject in range(0, 128, 16):
        wanted = (Wanted(WorkKind.FROST, subject, 7, since=100.0),)
        ((me, (draft,)),) = proposals(WorkKind.FROST, wanted=wanted, keys=(frost,)).items()
        assert me == frost.mixing.circle(frost.mixing.of(subject))[0]
        sets.add(draft.members)
    assert len(sets) == 4
    assert frozenset.intersection(*map(frozenset, sets)) == frozenset()


@given(
    holders=st.sets(st.integers(1, 64), min_size=2, max_size=32).map(sorted).map(tuple),
    data=st.data(),
)
def test_mixes__should_leave_every_holder_out_of_one(
    holders: tuple[int, ...], data: st.DataObject
) -> None:
    threshold = data.draw(st.integers(2, len(holders)))
    mixing = Mixing(7, threshold, holders)
    sets = [set(mixing.circle(mix)[:threshold]) for mix in range(mixing.count)]
    assert all(sorted(mixing.circle(mix)) == list(holders) for mix in range(mixing.count))
    left_out = set().union(*(set(holders) - each for each in sets))
    if len(holders) == threshold:
        assert mixing.count == 1
    elif mixing.count < MAX_MIXES:
        assert left_out == set(holders)


def test_auxiliary_info__should_be_made_once_and_again_for_a_newcomer() -> None:
    nothing = proposals(WorkKind.AUX, aux=frozenset(), primes_ready=True)
    assert list(nothing) == [1]
    assert proposals(WorkKind.AUX, aux=frozenset()) == {}
    assert proposals(WorkKind.AUX, primes_ready=True) == {}
    assert list(proposals(WorkKind.AUX, aux=frozenset(MEMBERS[:7]), primes_ready=True)) == [1]


def test_renewal_of_auxiliary_info__should_wait_for_the_whole_group_while_keys_can_do_without() -> (
    None
):
    ordered: dict[str, object] = {"aux": frozenset(), "primes_ready": True, "usable_since": 0.0}
    here = frozenset(MEMBERS[1:])
    assert proposals(WorkKind.AUX, renews=True, usable=here, **ordered) == {}
    ((_, (draft,)),) = proposals(WorkKind.AUX, renews=True, **ordered).items()
    assert draft.members == MEMBERS
    # A key that nothing older is good for does not wait for who is away.
    ((_, (draft,)),) = proposals(WorkKind.AUX, usable=here, **ordered).items()
    assert draft.members == MEMBERS[1:]


def test_primes__should_be_made_once_for_each_auxiliary_information() -> None:
    new = situation(3, aux=frozenset())
    assert wants_primes(new)
    assert not wants_primes(replace(new, running=((WorkKind.AUX, 0),)))
    assert not wants_primes(replace(new, aux=frozenset(MEMBERS)))
    failed = replace(new, running=((WorkKind.KEYGEN, 3),))
    assert wants_primes(failed)
    assert wants_primes(replace(new, aux=frozenset(MEMBERS[:7])))
    assert not wants_primes(replace(new, me=9))


def test_frost__should_take_who_published_nonces() -> None:
    stock = tuple((i, 1 if i != 4 else 0) for i in MEMBERS)
    key = KeyState(7, False, 6, MEMBERS, stock=stock)
    wanted = (
        Wanted(WorkKind.FROST, 30, 7, since=100.0),
        Wanted(WorkKind.FROST, 31, 7, since=100.0),
    )
    ((_, (draft,)),) = proposals(WorkKind.FROST, wanted=wanted, keys=(key,)).items()
    assert 4 not in draft.members
    assert len(draft.members) == 6


NEW_SHARES = tuple(Wanted(WorkKind.RESHARE, number, number, since=0.0) for number in range(40))
ALL_KEYS = tuple(KeyState(number, True, 6, MEMBERS) for number in range(40))


def resharings(**changes: object) -> dict[int, list[Draft]]:
    """Of forty keys that want new shares for a while, if `changes` do not say otherwise."""
    start: dict[str, object] = {"wanted": NEW_SHARES, "keys": ALL_KEYS, "complete_since": 0.0}
    return proposals(WorkKind.RESHARE, **start | changes)


def test_new_shares__should_be_proposed_by_one_for_each_key_while_any_are_made() -> None:
    """However long the last keys wait, nobody takes the turn of who comes on with the others."""
    found = resharings(reshared=100.0)
    assert set(found) == set(MEMBERS)
    subjects = [draft.subjects for drafts in found.values() for draft in drafts]
    assert len(subjects) == len(set(subjects)) > len(MEMBERS)
    assert max(map(len, found.values())) == MAX_RESHARES
    everybody = [draft for drafts in resharings().values() for draft in drafts]
    assert len({draft.subjects for draft in everybody}) == MAX_RESHARES


def test_new_shares__should_be_dealt_by_a_threshold_to_the_whole_group() -> None:
    for me, drafts in resharings(reshared=100.0).items():
        for draft in drafts:
            assert draft.members == MEMBERS
            assert len(draft.dealers) == KEY.threshold
            assert me in draft.dealers


@pytest.mark.parametrize(
    "missing",
    [
        {"complete_since": 100.0},
        {"running": ((WorkKind.RESHARE, 50), (WorkKind.RESHARE, 51))},
        {"usable": frozenset(MEMBERS[:5])},
    ],
    ids=["a member", "time", "a threshold"],
)
def test_new_shares__should_wait_for(missing: dict[str, object]) -> None:
    assert resharings(**missing) == {}


def test_new_shares__should_be_tried_again_after_a_pause_that_doubles() -> None:
    def first_try(attempts: int) -> int:
        wanted = (replace(NEW_SHARES[0], attempts=attempts),)
        return next(s for s in range(1, 200) if resharings(wanted=wanted, now=float(s)))

    assert [first_try(attempts) for attempts in (1, 2, 3, 6, 9)] == [2, 4, 8, 60, 60]


@settings(max_examples=100, deadline=None)
@given(
    usable=st.sets(st.sampled_from(MEMBERS)).map(frozenset),
    attempts=st.integers(0, 9),
    waited=st.floats(0, 60),
    names=st.lists(st.binary(min_size=1, max_size=2), unique=True, max_size=4),
    kind=st.sampled_from([WorkKind.ECDSA, WorkKind.FROST, WorkKind.KEYGEN]),
)
def test_drafts__should_name_usable_holders_and_me(
    usable: frozenset[int], attempts: int, waited: float, names: list[bytes], kind: WorkKind
) -> None:
    wanted = Wanted(kind, 5, 7, since=100.0 - waited, attempts=attempts)
    key = replace(ready(*names, since=0.0), stock=tuple((i, 3) for i in MEMBERS))
    for me in MEMBERS:
        now = situation(me, usable=usable | {me}, wanted=(wanted,), keys=(key,), pool_level=3)
        for draft in agenda(now):
            assert me in draft.members
            assert set(draft.members) <= now.usable
            assert len(draft.members) >= 6
            assert draft.members == tuple(sorted(draft.members))


@pytest.mark.parametrize("gone", [1, 3, 8])
def test_signers__should_be_the_same_for_all_who_see_the_same(gone: int) -> None:
    usable = frozenset(MEMBERS) - {gone}
    chosen = signers_of(KEY, usable)
    assert len(chosen) == 6
    assert gone not in chosen
    assert signers_of(KEY, usable - {chosen[0], chosen[1]}) == ()
