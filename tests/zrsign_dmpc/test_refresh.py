"""Refresh: other shares of the same key; old and new never fit together; cheaters are named."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from coincurve import PublicKeyXOnly
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.signing import VerifyKey

from tests.zrsign_dmpc.builders import deal, identities, parties, run_dkg
from tests.zrsign_dmpc.handovers import run_refresh, run_reshare, sign, suite_of
from zrsign_dmpc.dkg.messages import Commitment, Opening, PaddedShares, ShareProof
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.frost.signing import InvalidShares, SigningPackage, generate_nonces
from zrsign_dmpc.group.curves import ED25519, GROUPS, SECP256K1, Group
from zrsign_dmpc.group.derivation import derive_share
from zrsign_dmpc.group.sharing import interpolate_at_zero
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.refresh import refresh_execution, start_refresh
from zrsign_dmpc.reshare.redistribution import CommitRound
from zrsign_dmpc.run.evidence import Evidence
from zrsign_dmpc.run.messages import Message
from zrsign_dmpc.run.rounds import Abort
from zrsign_dmpc.run.simulator import disturbed
from zrsign_dmpc.wire.encoding import decode
from zrsign_dmpc.wire.records import Record

groups = pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
MESSAGE = hashlib.sha256(b"after the change").digest()


def dealt(group: Group, threshold: int, count: int, seed: object = 0) -> dict[int, KeyShare]:
    return {share.index: share for share in deal(group, threshold, range(1, count + 1), seed)}


def assert_verifies(share: KeyShare, signature: bytes) -> None:
    """By libsodium or libsecp256k1, which know nothing of thresholds."""
    key = share.info.public_key.encode()
    if share.info.group is ED25519:
        VerifyKey(key).verify(MESSAGE, signature)
    else:
        assert PublicKeyXOnly(key[1:]).verify(signature, MESSAGE)


@groups
def test_refresh__should_change_every_share_and_keep_the_key(group: Group) -> None:
    generated = run_dkg(group, 3, 5)
    old = {i: generated.share(i) for i in generated.outcomes}
    new = run_refresh(old, carrier=disturbed(delay=0.3, duplicate=0.2, alter=0.2)).shares
    before, after = old[1].info, new[1].info
    assert (after.public_key, after.chain_code) == (before.public_key, before.chain_code)
    assert after.epoch == before.epoch + 1
    assert after.key_id != before.key_id
    assert after.is_consistent()
    for i in old:
        assert new[i].secret != old[i].secret
        assert after.shares[i] != before.shares[i]
    assert_verifies(new[1], sign([new[1], new[3], new[5]], MESSAGE))


STEPS = st.lists(st.sampled_from(["refresh", "reshare", "derive"]), min_size=1, max_size=3)


@groups
@settings(max_examples=12)
@given(steps=STEPS, seed=st.integers(0, 2**32), data=st.data())
def test_any_sequence__should_keep_the_key_and_sign_with_t_only(
    group: Group, steps: list[str], seed: int, data: st.DataObject
) -> None:
    """Refreshes and resharings in any order; derivation moves the key by its public shift."""
    shares = dealt(group, 2, 3, seed)
    expected = shares[1].info.public_key
    past: list[dict[int, KeyShare]] = []
    for number, step in enumerate(steps):
        past.append(shares)
        execution_id = b"step %11d" % number
        if step == "refresh":
            shares = run_refresh(shares, execution_id=execution_id, seed=seed).shares
        elif step == "reshare":
            info = next(iter(shares.values())).info
            dealers = sorted(data.draw(st.permutations(sorted(shares)))[: info.threshold])
            holders = sorted(data.draw(st.sets(st.integers(1, 9), min_size=2, max_size=4)))
            threshold = data.draw(st.integers(2, len(holders)))
            run = run_reshare(
                shares, dealers, holders, threshold, execution_id=execution_id, seed=seed
            )
            shares = run.shares
        elif group is SECP256K1:
            shares = {i: derive_share(share, (number,)) for i, share in shares.items()}
            expected = next(iter(shares.values())).info.public_key
            past.clear()
        assert next(iter(shares.values())).info.public_key == expected
        assert next(iter(shares.values())).info.is_consistent()
    threshold = next(iter(shares.values())).info.threshold
    signers = data.draw(st.permutations(sorted(shares)))[:threshold]
    assert_verifies(shares[signers[0]], sign([shares[i] for i in signers], MESSAGE))
    held = [(i, shares[i].secret) for i in signers]
    assert group.base_mul(interpolate_at_zero(held[1:], group.order)) != expected
    with pytest.raises(ParameterError):
        sign([shares[i] for i in signers[1:]], MESSAGE)
    for earlier in past:
        if earlier is not shares and signers[0] in earlier:
            mixed = [(signers[0], earlier[signers[0]].secret), *held[1:]]
            assert group.base_mul(interpolate_at_zero(mixed, group.order)) != expected


@groups
def test_epochs__should_never_verify_when_mixed(group: Group) -> None:
    """The lather-rinse-repeat attack wants shares of two epochs to make one signature."""
    old = dealt(group, 2, 3)
    new = run_refresh(old).shares
    suite, info = suite_of(new[1].info), new[1].info
    nonces = {i: generate_nonces(suite, new[i]) for i in (1, 2)}
    package = SigningPackage(suite, info, MESSAGE, tuple(p.commitment for p in nonces.values()))
    with pytest.raises(ParameterError):
        package.sign(old[2], nonces[2])
    # A party that ignores the check still makes no signature, and is the one named.
    stale = replace(package, key=old[1].info)
    shares = {1: package.sign(new[1], nonces[1]), 2: stale.sign(old[2], nonces[2])}
    with pytest.raises(InvalidShares) as caught:
        package.aggregate(shares)
    assert caught.value.culprits == (2,)


def test_refresh__should_refuse_shares_of_another_epoch_and_incomplete_groups() -> None:
    old = dealt(SECP256K1, 2, 3)
    new = run_refresh(old).shares
    execution = refresh_execution(new[1].info, parties([1, 2, 3]), b"refresh-00000002")
    with pytest.raises(ParameterError, match="another plan"):
        start_refresh(execution, old[1], identities([1])[1])
    with pytest.raises(ParameterError):
        refresh_execution(new[1].info, parties([1, 2]), b"refresh-00000003")


# Attacks. Each entry: the round, what is sent there instead, and the fault that others prove.

Lie = Callable[[Group, Record], Record]


def _opening(change: Callable[[Group, Opening], Opening]) -> Lie:
    def lie(group: Group, record: Record) -> Record:
        assert isinstance(record, Opening)
        return change(group, record)

    return lie


def _shares(change: Callable[[int, tuple[int, ...]], tuple[int, ...]]) -> Lie:
    def lie(group: Group, record: Record) -> Record:
        assert isinstance(record, PaddedShares)
        return PaddedShares(change(group.order, record.padded))

    return lie


def _proof(change: Callable[[int, int], int]) -> Lie:
    def lie(group: Group, record: Record) -> Record:
        assert isinstance(record, ShareProof)
        return ShareProof(change(group.order, record.response))

    return lie


LIES: dict[str, tuple[int, Lie, str]] = {
    "commits to something else": (1, lambda g, r: Commitment(bytes(32)), "wrong opening"),
    "opens another rid": (2, _opening(lambda g, o: replace(o, rid=bytes(32))), "wrong opening"),
    "commits to a constant term": (
        2,
        _opening(lambda g, o: replace(o, coefficients=(g.generator, *o.coefficients))),
        "misshapen opening",
    ),
    "lowers the degree": (
        2,
        _opening(lambda g, o: replace(o, coefficients=o.coefficients[1:])),
        "misshapen opening",
    ),
    "leaves out a pad key": (
        2,
        _opening(lambda g, o: replace(o, pad_keys=o.pad_keys[1:])),
        "misshapen opening",
    ),
    "changes the chain code": (
        2,
        _opening(lambda g, o: replace(o, chain_code=bytes(32))),
        "misshapen opening",
    ),
    "sends another record": (2, lambda g, r: Commitment(bytes(32)), "malformed message"),
    "deals one wrong share": (3, _shares(lambda q, s: ((s[0] + 1) % q, *s[1:])), "wrong share"),
    "shifts every share": (
        3,
        _shares(lambda q, s: tuple((value + 1) % q for value in s)),
        "wrong share",
    ),
    "leaves out a share": (3, _shares(lambda q, s: s[1:]), "misshapen shares"),
    "adds a share": (3, _shares(lambda q, s: (*s, 1)), "misshapen shares"),
    "deals an unreduced share": (
        3,
        _shares(lambda q, s: (s[0] + q, *s[1:])),
        "misshapen shares",
    ),
    "proves nothing": (4, _proof(lambda q, z: 0), "wrong share proof"),
    "proves with an unreduced response": (4, _proof(lambda q, z: z + q), "wrong share proof"),
}


@groups
@pytest.mark.parametrize("name", LIES)
def test_refresh__should_name_a_party_that(name: str, group: Group) -> None:
    at, lie, fault = LIES[name]

    def alter(number: int, _: int, record: Record) -> Record:
        return lie(group, record) if number == at else record

    run = run_refresh(dealt(group, 3, 4), alter=alter, culprit=2, seed=len(name))
    run.assert_named(2, fault)


def shift_constant(first: CommitRound) -> None:
    """Deal from a polynomial whose constant term is not the one that the plan says."""
    secrets = first._secrets
    order = first._task.plan.group.order
    constant = (secrets.polynomial[0] + 1) % order
    first._secrets = replace(secrets, polynomial=(constant, *secrets.polynomial[1:]))


@groups
def test_refresh__should_name_the_dealer_of_a_non_zero_constant_term(group: Group) -> None:
    """All it says is consistent with itself: only that the constant term is zero is untrue."""
    run = run_refresh(dealt(group, 2, 4), culprit=3, tamper=shift_constant)
    run.assert_named(3, "wrong share")


@settings(max_examples=20)
@given(
    number=st.integers(1, 4),
    deceived=st.sets(st.sampled_from([1, 2, 4]), min_size=1, max_size=2),
    seed=st.integers(0, 2**32),
)
def test_refresh__should_name_a_party_that_tells_two_stories(
    number: int, deceived: set[int], seed: int
) -> None:
    def alter(at: int, recipient: int, record: Record) -> Record:
        if at != number or recipient not in deceived:
            return record
        match record:
            case Commitment():
                return Commitment(bytes(32))
            case Opening():
                return replace(record, blind=bytes(32))
            case PaddedShares():
                return PaddedShares(tuple(p ^ 1 for p in record.padded))
            case ShareProof():
                return ShareProof(record.response ^ 1)
        return record

    run_refresh(dealt(SECP256K1, 2, 4), seed=seed, alter=alter, culprit=3).assert_named(3)


@groups
def test_refresh__should_reject_a_proof_from_another_epoch(group: Group) -> None:
    shares = dealt(group, 2, 3)
    earlier = run_refresh(shares, tamper=lambda first: None, culprit=1)
    said = [Message.decode(m) for m in earlier.sessions[2].transcript_of_broadcasts()]
    (proof,) = (m.body for m in said if (m.round, m.sender) == (4, 1))

    def replay(number: int, _: int, record: Record) -> Record:
        return ShareProof.decode(proof) if number == 4 else record

    again = run_refresh(earlier.shares, execution_id=b"refresh-00000002", alter=replay, culprit=1)
    again.assert_named(1, "wrong share proof")


HONEST = run_refresh(dealt(SECP256K1, 2, 3))


@settings(max_examples=30)
@given(
    accused=st.integers(1, 3),
    recipient=st.integers(-1, 5),
    secret=st.integers(-(2**256), 2**257),
    fault=st.sampled_from(
        [
            "misshapen opening",
            "wrong opening",
            "misshapen shares",
            "wrong share",
            "wrong share proof",
        ]
    ),
)
def test_evidence__should_never_convict_an_honest_party(
    accused: int, recipient: int, secret: int, fault: str
) -> None:
    proof = HONEST.accusation(accused, fault, (recipient, secret))
    assert not proof.proves_fault(HONEST.execution)
    for other in {1, 2, 3} - {accused}:
        assert not replace(proof, culprit=other).proves_fault(HONEST.execution)


def test_evidence__should_not_convict_by_a_true_opening_of_a_pad_key() -> None:
    """A recipient that complains about a right share opens its own pad and convicts nobody."""
    rounds: list[CommitRound] = []
    run = run_refresh(dealt(SECP256K1, 2, 3), tamper=rounds.append, culprit=2)
    secret = rounds[0]._secrets.pad_secrets[1]
    proof = run.accusation(1, "wrong share", (2, secret))
    assert Evidence.decode(proof.encode()) == proof
    assert not proof.proves_fault(run.execution)


def test_refresh__should_leave_no_result_when_a_holder_is_silent() -> None:
    run = run_refresh(
        dealt(SECP256K1, 2, 4), culprit=2, alter=lambda at, to, record: None if at == 3 else record
    )
    for index in (1, 3, 4):
        outcome = run.outcomes[index]
        assert isinstance(outcome, Abort)
        assert outcome.culprits == (2,)
        assert outcome.evidence == ()


def test_accusation__should_convict_when_the_fault_is_real() -> None:
    """Made-up evidence fails for its content, not for its form."""
    run = run_refresh(dealt(SECP256K1, 2, 3), culprit=1, tamper=shift_constant)
    outcome = run.outcomes[2]
    assert isinstance(outcome, Abort)
    (evidence,) = outcome.evidence
    made_up = run.accusation(1, evidence.fault, decode(evidence.witness))
    assert made_up.proves_fault(run.execution)
