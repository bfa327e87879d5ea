"""Resharing: the same key in another group with another threshold; cheating dealers are named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from tests.zrsign_dmpc.builders import identities, parties
from tests.zrsign_dmpc.handovers import run_reshare, sign
from tests.zrsign_dmpc.test_refresh import MESSAGE, assert_verifies, dealt, shift_constant
from zrsign_dmpc.dkg.messages import Opening, PaddedShares, ShareProof
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.group.curves import ED25519, GROUPS, SECP256K1, Group
from zrsign_dmpc.group.sharing import interpolate_at_zero
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.reshare import reshare_execution, reshare_plan, start_reshare
from zrsign_dmpc.reshare.redistribution import CommitRound
from zrsign_dmpc.run.simulator import disturbed
from zrsign_dmpc.wire.records import Record

groups = pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)

SHAPES: dict[str, tuple[int, int, Sequence[int], Sequence[int], int]] = {
    "an overlapping group": (2, 3, (1, 3), (2, 3, 4, 5), 3),
    "a disjoint group": (3, 4, (1, 2, 4), (11, 12, 13), 2),
    "the same group with a lower threshold": (3, 3, (1, 2, 3), (1, 2, 3), 2),
    "the same group with a higher threshold": (2, 4, (2, 4), (1, 2, 3, 4), 4),
    "more dealers than the threshold": (2, 4, (1, 2, 3, 4), (3, 4, 5), 3),
    "a part of the dealers": (2, 3, (1, 2), (1, 2), 2),
}


@groups
@pytest.mark.parametrize("name", SHAPES)
def test_reshare__should_move_the_key_to(name: str, group: Group) -> None:
    threshold, count, dealers, holders, new_threshold = SHAPES[name]
    old = dealt(group, threshold, count)
    run = run_reshare(
        old,
        dealers,
        holders,
        new_threshold,
        carrier=disturbed(delay=0.3, duplicate=0.2, alter=0.2),
    )
    new = run.shares
    info = run.epoch(holders[0]).info
    assert tuple(new) == tuple(info.shares) == tuple(holders)
    assert (info.public_key, info.chain_code) == (
        old[1].info.public_key,
        old[1].info.chain_code,
    )
    assert (info.threshold, info.epoch) == (new_threshold, 1)
    assert info.is_consistent()
    signers = [new[i] for i in holders[-new_threshold:]]
    assert_verifies(signers[0], sign(signers, MESSAGE))
    held = [(share.index, share.secret) for share in signers[1:]]
    assert group.base_mul(interpolate_at_zero(held, group.order)) != info.public_key


def test_reshare__should_grow_from_8_to_16_to_32() -> None:
    """The last step is to 32 other parties: 43 take part."""
    shares = dealt(SECP256K1, 6, 8)
    public_key = shares[1].info.public_key
    shares = run_reshare(shares, range(1, 7), range(1, 17), 11).shares
    shares = run_reshare(
        shares, range(1, 12), range(101, 133), 3, execution_id=b"reshare-00000002"
    ).shares
    info = shares[101].info
    assert (len(info.shares), info.epoch, info.public_key) == (32, 2, public_key)
    assert_verifies(shares[101], sign([shares[101], shares[117], shares[132]], MESSAGE))


def test_reshare__should_refuse_impossible_plans() -> None:
    shares = dealt(SECP256K1, 2, 3)
    info = shares[1].info
    for dealers, holders, threshold in (
        ((1,), (1, 2, 3), 2),
        ((1, 9), (1, 2, 3), 2),
        ((1, 1), (1, 2, 3), 2),
        ((1, 2), (1, 2, 3), 4),
        ((1, 2), (1, 2, 3), 1),
        ((1, 2), (4,), 2),
        ((1, 2), (4, 4), 2),
        ((1, 2), range(1, 34), 2),
    ):
        with pytest.raises(ParameterError):
            reshare_plan(info, dealers, holders, threshold)
    wrong = replace(info, verification_shares=((1, info.shares[1]), (2, info.shares[1])))
    with pytest.raises(ParameterError, match="add up"):
        reshare_plan(wrong, (1, 2), (4, 5), 2)


def test_reshare__should_refuse_indices_that_are_no_coordinates() -> None:
    """Zero, and indices that are equal modulo the group's order, would give the key away."""
    info = dealt(SECP256K1, 2, 3)[1].info
    q = SECP256K1.order
    for holders in ((0, 1), (q, 1), (1, q + 1), (-1, 1)):
        plan = reshare_plan(info, (1, 2), holders, 2)
        with pytest.raises(ParameterError):
            reshare_execution(plan, parties(plan.parties), b"reshare-00000009")


def test_reshare__should_take_shares_of_dealers_only() -> None:
    shares = dealt(SECP256K1, 2, 3)
    plan = reshare_plan(shares[1].info, (1, 2), (3, 4), 2)
    execution = reshare_execution(plan, parties([1, 2, 3, 4]), b"reshare-00000009")
    keys = identities([1, 3])
    with pytest.raises(ParameterError, match="does not deal"):
        start_reshare(execution, plan, 3, keys[3], shares[3])
    for held in (None, shares[2]):
        with pytest.raises(ParameterError, match="brings its share"):
            start_reshare(execution, plan, 1, keys[1], held)
    other = reshare_plan(shares[1].info, (1, 3), (2, 4), 2)
    with pytest.raises(ParameterError, match="another plan"):
        start_reshare(execution, other, 1, keys[1], shares[1])
    with pytest.raises(ParameterError):
        reshare_execution(plan, parties([1, 2, 3]), b"reshare-00000009")


# Attacks: party 1 leaves, party 2 stays, party 5 is new.

LEAVES, STAYS, ENTERS = 1, 2, 5


def attack(
    group: Group, culprit: int, at: int, lie: Callable[[Record], Record], fault: str
) -> None:
    def alter(number: int, _: int, record: Record) -> Record:
        return lie(record) if number == at else record

    run_reshare(
        dealt(group, 2, 3), (LEAVES, STAYS), (STAYS, 4, ENTERS), 3, culprit=culprit, alter=alter
    ).assert_named(culprit, fault)


def _with_coefficients(*points: int) -> Callable[[Record], Record]:
    """So many coefficients, by length only."""

    def lie(record: Record) -> Record:
        assert isinstance(record, Opening)
        return replace(record, coefficients=tuple(record.nonce for _ in points))

    return lie


@pytest.mark.parametrize("count", [0, 1, 3, 4])
@pytest.mark.parametrize("culprit", [LEAVES, STAYS])
def test_reshare__should_name_a_dealer_of_another_degree(culprit: int, count: int) -> None:
    attack(SECP256K1, culprit, 2, _with_coefficients(*range(count)), "misshapen opening")


def test_reshare__should_name_a_newcomer_that_deals() -> None:
    attack(SECP256K1, ENTERS, 2, _with_coefficients(0, 1), "misshapen opening")
    attack(SECP256K1, ENTERS, 3, lambda record: PaddedShares((1, 2)), "misshapen shares")


@groups
@pytest.mark.parametrize("culprit", [LEAVES, STAYS])
def test_reshare__should_name_a_dealer_of_something_else_than_its_share(
    culprit: int, group: Group
) -> None:
    """Consistent with itself, but the constant term is not λᵢ·xᵢ: the key would change."""
    run = run_reshare(
        dealt(group, 2, 3), (1, 2), (2, 4, 5), 3, culprit=culprit, tamper=shift_constant
    )
    run.assert_named(culprit, "wrong share")


@pytest.mark.parametrize("culprit", [LEAVES, STAYS])
@pytest.mark.parametrize("place", [0, -1])
def test_reshare__should_name_a_dealer_that_cheats_one_holder(culprit: int, place: int) -> None:
    def lie(record: Record) -> Record:
        assert isinstance(record, PaddedShares)
        padded = list(record.padded)
        padded[place] = (padded[place] + 1) % SECP256K1.order
        return PaddedShares(tuple(padded))

    attack(SECP256K1, culprit, 3, lie, "wrong share")


@groups
@pytest.mark.parametrize("culprit", [LEAVES, STAYS, ENTERS])
def test_reshare__should_name_a_party_without_a_proof(culprit: int, group: Group) -> None:
    attack(group, culprit, 4, lambda record: ShareProof(1), "wrong share proof")


def test_reshare__should_name_a_dealer_with_two_stories_for_two_holders() -> None:
    """Two polynomials, each consistent for its audience."""

    def alter(number: int, recipient: int, record: Record) -> Record:
        if isinstance(record, Opening) and recipient == 4:
            return replace(record, blind=bytes(32))
        return record

    run = run_reshare(dealt(ED25519, 2, 3), (1, 2), (2, 4, 5), 2, culprit=1, alter=alter)
    run.assert_named(1)


def test_evidence__should_never_convict_an_honest_dealer_or_holder() -> None:
    rounds: list[CommitRound] = []
    run = run_reshare(dealt(SECP256K1, 2, 3), (1, 2), (2, 4), 2, culprit=4, tamper=rounds.append)
    secrets = rounds[0]._secrets.pad_secrets
    for accused in (1, 2):
        for fault in run.execution.protocol.faults:
            for witness in ((4, secrets[accused]), (4, 0), (2, secrets[accused]), (1, 1)):
                proof = run.accusation(accused, fault, witness)
                assert not proof.proves_fault(run.execution), (accused, fault, witness)


def test_old_shares__should_not_sign_with_new_ones() -> None:
    old = dealt(SECP256K1, 2, 3)
    new = run_reshare(old, (1, 2), (1, 2, 3), 2).shares
    pairs: list[tuple[KeyShare, KeyShare]] = [(old[1], new[2]), (new[1], old[3])]
    for first, second in pairs:
        held = [(first.index, first.secret), (second.index, second.secret)]
        key = SECP256K1.base_mul(interpolate_at_zero(held, SECP256K1.order))
        assert key != old[1].info.public_key
        with pytest.raises(ParameterError):
            sign([first, second], MESSAGE)
