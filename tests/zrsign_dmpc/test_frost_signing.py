"""FROST: any t sign, t - 1 never do, cheaters are named, and ordinary verifiers accept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from coincurve import PublicKeyXOnly
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.signing import VerifyKey

from tests.zrsign_dmpc.builders import (
    MemoryAnchor,
    MemoryJournal,
    deal,
    fresh_ledger,
    identities,
    nonce_pool,
    parties,
    run_dkg,
    seeded,
)
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.frost import (
    BIP340,
    ED25519_SHA512,
    InvalidShares,
    NonceCommitment,
    NoncePool,
    SigningPackage,
    Suite,
    frost_execution,
    output_info,
    output_share,
    start_frost,
    suite_by_name,
)
from zrsign_dmpc.frost.nonces import NONCE, PoolFull, UnknownNonce, nonce_id
from zrsign_dmpc.frost.protocol import (
    FOREIGN_COMMITMENT,
    WRONG_SHARE,
    CommitmentRound,
    SignatureShare,
    _Task,
)
from zrsign_dmpc.frost.signing import NoncePair, generate_nonces
from zrsign_dmpc.frost.suites import SUITES, has_odd_y, x_only
from zrsign_dmpc.group.curves import ED25519, SECP256K1, Point
from zrsign_dmpc.group.sharing import lagrange
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.kept.single_use import AlreadyConsumed, SingleUseItem, SingleUseLedger
from zrsign_dmpc.run import evidence as faults
from zrsign_dmpc.run.execution import Execution
from zrsign_dmpc.run.rounds import Abort, Result
from zrsign_dmpc.run.session import Session
from zrsign_dmpc.run.simulator import Alteration, Deviation, Simulation
from zrsign_dmpc.wire.records import Record

suites = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)


def accepts(suite: Suite, public_key: Point, message: bytes, signature: bytes) -> None:
    """Verifiers that never heard of FROST."""
    if suite is ED25519_SHA512:
        VerifyKey(public_key.encode()).verify(message, signature)
        Ed25519PublicKey.from_public_bytes(public_key.encode()).verify(signature, message)
    elif suite is BIP340:
        assert PublicKeyXOnly(x_only(public_key)).verify(signature, message)
    else:
        assert suite.verify(public_key, message, signature)


def package_for(
    suite: Suite, signers: list[KeyShare], message: bytes, seed: object = 0
) -> tuple[SigningPackage, dict[int, NoncePair]]:
    nonces = {s.index: generate_nonces(suite, s, seeded((seed, s.index))) for s in signers}
    commitments = tuple(nonces[i].commitment for i in sorted(nonces))
    return SigningPackage(suite, signers[0].info, message, commitments), nonces


def sign(suite: Suite, signers: list[KeyShare], message: bytes, seed: object = 0) -> bytes:
    package, nonces = package_for(suite, signers, message, seed)
    return package.aggregate({s.index: package.sign(s, nonces[s.index]) for s in signers})


@dataclass(frozen=True)
class Setup:
    """A dealt key and some of its holders."""

    shares: list[KeyShare]
    signers: list[KeyShare]


@st.composite
def setups(draw: st.DrawFn, suite: Suite) -> Setup:
    count = draw(st.integers(2, 7))
    threshold = draw(st.integers(2, count))
    indices = draw(
        st.lists(st.integers(1, 65535), min_size=count, max_size=count, unique=True)
        | st.just(list(range(1, count + 1)))
    )
    shares = deal(suite.group, threshold, indices, draw(st.integers(0, 2**32)))
    chosen = draw(st.permutations(shares))[: draw(st.integers(threshold, count))]
    return Setup(shares, chosen)


@suites
@settings(max_examples=25)
@given(data=st.data(), message=st.binary(max_size=80))
def test_frost__should_sign_with_any_t_or_more_holders(
    suite: Suite, data: st.DataObject, message: bytes
) -> None:
    setup = data.draw(setups(suite))
    signature = sign(suite, setup.signers, message)
    public_key = setup.shares[0].info.public_key
    accepts(suite, public_key, message, signature)
    assert not suite.verify(public_key, message + b"!", signature)
    other = deal(suite.group, 2, [1, 2], "another key")[0].info.public_key
    assert not suite.verify(other, message, signature)


@suites
def test_verify__should_answer_no_to_signatures_of_another_length(suite: Suite) -> None:
    shares = deal(suite.group, 2, [1, 2], 1)
    signature = sign(suite, shares, b"m")
    public_key = shares[0].info.public_key
    assert suite.verify(public_key, b"m", signature)
    for other in (signature[:-1], signature + b"\0", b"", b"\0" + signature, bytes(64), bytes(65)):
        assert not suite.verify(public_key, b"m", other)


def test_key_share__should_fit_its_verification_share() -> None:
    one, two = deal(SECP256K1, 2, [1, 2], 1)
    for index, secret in ((1, two.secret), (2, one.secret), (3, one.secret), (1, 0)):
        with pytest.raises(ParameterError):
            KeyShare(one.info, index, secret)


@suites
@settings(max_examples=15)
@given(data=st.data())
def test_frost__should_never_sign_with_fewer_than_t(suite: Suite, data: st.DataObject) -> None:
    setup = data.draw(setups(suite))
    info = setup.shares[0].info
    few = setup.shares[: info.threshold - 1]
    with pytest.raises(ParameterError):
        package_for(suite, few, b"message")
    # Nor when they pretend that the threshold is lower.
    lowered = replace(info, threshold=1)
    pretended = [KeyShare(lowered, s.index, s.secret) for s in few]
    with pytest.raises(InvalidShares):
        sign(suite, pretended, b"message")
    # Nor with a made-up share for one who does not help.
    absent = setup.shares[-1]
    package, nonces = package_for(suite, [*few, absent], b"message")
    made = {s.index: package.sign(s, nonces[s.index]) for s in few}
    guess = data.draw(st.integers(0, suite.group.order - 1))
    with pytest.raises(InvalidShares) as caught:
        package.aggregate(made | {absent.index: guess})
    assert caught.value.culprits == (absent.index,)


@suites
@settings(max_examples=15)
@given(data=st.data())
def test_frost__should_name_exactly_those_whose_share_is_wrong(
    suite: Suite, data: st.DataObject
) -> None:
    setup = data.draw(setups(suite))
    package, nonces = package_for(suite, setup.signers, b"message")
    made = {s.index: package.sign(s, nonces[s.index]) for s in setup.signers}
    cheaters = data.draw(st.sets(st.sampled_from(sorted(made)), min_size=1))
    delta = data.draw(st.integers(1, suite.group.order - 1))
    for position, cheater in enumerate(sorted(cheaters), 1):
        made[cheater] = (made[cheater] + delta * position) % suite.group.order
    total = delta * sum(range(1, len(cheaters) + 1)) % suite.group.order
    if total:
        with pytest.raises(InvalidShares) as caught:
            package.aggregate(made)
        assert caught.value.culprits == tuple(sorted(cheaters))
    assert not package.is_valid_share(min(cheaters), -1)
    honest = [i for i in made if i not in cheaters]
    assert all(package.is_valid_share(i, made[i]) for i in honest)
    assert not any(package.is_valid_share(i, made[i] + suite.group.order) for i in honest)


@suites
def test_sign__should_refuse_nonces_and_keys_that_the_package_does_not_hold(suite: Suite) -> None:
    shares = deal(suite.group, 2, [1, 2, 3], 1)
    package, nonces = package_for(suite, shares[:2], b"message")
    foreign = deal(suite.group, 2, [1, 2, 3], 2)
    fresh = generate_nonces(suite, shares[0])
    for share, pair in (
        (shares[0], fresh),
        (shares[0], nonces[2]),
        (shares[2], nonces[1]),
        (foreign[0], nonces[1]),
    ):
        with pytest.raises(ParameterError):
            package.sign(share, pair)


@suites
def test_package__should_refuse_unordered_repeated_and_unknown_signers(suite: Suite) -> None:
    shares = deal(suite.group, 2, [1, 2, 3], 1)
    package, _ = package_for(suite, shares, b"message")
    one, two, three = package.commitments
    stranger = NonceCommitment(9, one.hiding, one.binding)
    for commitments in ((two, one), (one, one), (one,), (one, two, stranger), ()):
        with pytest.raises(ParameterError):
            replace(package, commitments=commitments)
    with pytest.raises(ParameterError):
        package.aggregate({1: 0, 2: 0})
    assert three.index == 3


def test_package__should_refuse_a_key_of_another_group() -> None:
    shares = deal(ED25519, 2, [1, 2], 1)
    with pytest.raises(ParameterError):
        package_for(BIP340, shares, b"message")


@suites
def test_package__should_bind_every_commitment_and_the_message(suite: Suite) -> None:
    """The Drijvers (ROS) attack needs a nonce that does not depend on the others' commitments."""
    shares = deal(suite.group, 2, [1, 2, 3], 1)
    package, _ = package_for(suite, shares, b"message")
    swapped = replace(
        package.commitments[2],
        hiding=package.commitments[2].binding,
        binding=package.commitments[2].hiding,
    )
    others = [
        replace(package, message=b"another"),
        replace(package, commitments=package.commitments[:2]),
        replace(package, commitments=(*package.commitments[:2], swapped)),
    ]
    factors = [p.binding_factors[1] for p in (package, *others)]
    assert len(set(factors)) == len(factors)
    assert len(set(package.binding_factors.values())) == 3


def test_bip340__should_sign_for_keys_and_nonces_of_either_parity() -> None:
    seen = set()
    for seed in range(12):
        shares = deal(SECP256K1, 2, [1, 2, 3], seed)
        package, nonces = package_for(BIP340, shares[1:], b"m", seed)
        made = {s.index: package.sign(s, nonces[s.index]) for s in shares[1:]}
        accepts(BIP340, shares[0].info.public_key, b"m", package.aggregate(made))
        seen.add((has_odd_y(shares[0].info.public_key), has_odd_y(package.group_commitment)))
    assert len(seen) == 4


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32), root=st.sampled_from([b"", bytes(32), b"\7" * 32]))
def test_taproot__should_sign_for_the_output_key(seed: int, root: bytes) -> None:
    shares = deal(SECP256K1, 2, [1, 2, 3], seed)
    outputs = [output_share(share, root) for share in shares]
    info = output_info(shares[0].info, root)
    assert info.is_consistent()
    assert info.public_key != shares[0].info.public_key
    accepts(BIP340, info.public_key, b"m", sign(BIP340, outputs[1:], b"m"))
    with pytest.raises(ParameterError):
        output_info(shares[0].info, b"short")


# Between equals: the rounds.


def frost_run(
    suite: Suite,
    shares: list[KeyShare],
    message: bytes = b"message",
    *,
    seed: int = 1,
    alter: Alteration | None = None,
    culprit: int = 1,
) -> tuple[Execution, dict[int, Result[bytes] | Abort]]:
    info, keys = shares[0].info, identities([s.index for s in shares])
    execution = frost_execution(suite, info, message, parties(list(keys)), b"f" * 16)
    pools = {s.index: nonce_pool(suite, s, seed) for s in shares}
    sessions: dict[int, Session[bytes]] = {
        i: start_frost(execution, pool, message, keys[i]) for i, pool in pools.items()
    }
    if alter is not None:
        first = CommitmentRound(_Task(suite, info, message), pools[culprit])
        sessions[culprit] = Deviation(execution, culprit, keys[culprit], first, alter)
    return execution, Simulation(sessions, seed).run()


@suites
def test_frost__should_end_with_one_signature_for_a_key_from_dkg(suite: Suite) -> None:
    run = run_dkg(suite.group, 3, 5)
    shares = [run.share(i) for i in (1, 3, 4, 5)]
    _, outcomes = frost_run(suite, shares)
    signatures = {outcome.value for outcome in outcomes.values() if isinstance(outcome, Result)}
    assert len(outcomes) == 4
    (signature,) = signatures
    accepts(suite, shares[0].info.public_key, b"message", signature)


def _commitment(change: Callable[[NonceCommitment], NonceCommitment]) -> Alteration:
    def alter(number: int, recipient: int, record: Record) -> Record:
        return change(record) if isinstance(record, NonceCommitment) else record

    return alter


def _share(change: Callable[[int], int]) -> Alteration:
    def alter(number: int, recipient: int, record: Record) -> Record:
        return SignatureShare(change(record.z)) if isinstance(record, SignatureShare) else record

    return alter


def _two_faces(number: int, recipient: int, record: Record) -> Record:
    if isinstance(record, NonceCommitment) and recipient == 3:
        return NonceCommitment(record.index, record.binding, record.hiding)
    return record


CHEATS: dict[str, tuple[Alteration, tuple[str, ...]]] = {
    "sends a wrong share": (_share(lambda z: z ^ 1), (WRONG_SHARE,)),
    "sends an unreduced share": (_share(lambda z: z + 2**256), (WRONG_SHARE,)),
    "commits under another index": (
        _commitment(lambda c: replace(c, index=c.index + 1)),
        (FOREIGN_COMMITMENT,),
    ),
    "commits to other nonces than it uses": (
        _commitment(lambda c: replace(c, hiding=c.binding)),
        (WRONG_SHARE,),
    ),
    "tells two stories": (_two_faces, (faults.EQUIVOCATION, faults.CONTRADICTED_VIEW)),
    "commits in another group": (
        _commitment(
            lambda c: replace(
                c,
                hiding=(ED25519 if c.hiding.group is SECP256K1 else SECP256K1).generator,
            )
        ),
        (faults.MALFORMED,),
    ),
}


@suites
@pytest.mark.parametrize("name", CHEATS)
def test_frost__should_name_a_signer_that(name: str, suite: Suite) -> None:
    alter, expected = CHEATS[name]
    shares = deal(suite.group, 2, [1, 2, 3, 4], name)
    execution, outcomes = frost_run(suite, shares, alter=alter, culprit=2)
    for index in (1, 3, 4):
        outcome = outcomes[index]
        assert isinstance(outcome, Abort), outcome
        assert outcome.culprits == (2,)
        for evidence in outcome.evidence:
            assert evidence.fault in expected
            assert evidence.proves_fault(execution)
            assert not replace(evidence, culprit=index).proves_fault(execution)


def test_frost__should_tie_evidence_to_the_message_and_the_key() -> None:
    shares = deal(SECP256K1, 2, [1, 2, 3], 1)
    execution, outcomes = frost_run(BIP340, shares, alter=_share(lambda z: z ^ 1), culprit=2)
    outcome = outcomes[1]
    assert isinstance(outcome, Abort)
    (evidence,) = outcome.evidence
    assert evidence.proves_fault(execution)
    same = frost_execution(BIP340, shares[0].info, b"message", execution.parties, b"f" * 16)
    assert evidence.proves_fault(same)
    for other in (
        frost_execution(BIP340, shares[0].info, b"another", execution.parties, b"f" * 16),
        frost_execution(
            suite_by_name("FROST-secp256k1-SHA256-v1"),
            shares[0].info,
            b"message",
            execution.parties,
            b"f" * 16,
        ),
        frost_execution(
            BIP340,
            deal(SECP256K1, 2, [1, 2, 3], 2)[0].info,
            b"message",
            execution.parties,
            b"f" * 16,
        ),
    ):
        assert not evidence.proves_fault(other)


# Nonces: preprocessed, each used once.


@suites
def test_pool__should_hand_out_every_commitment_and_every_secret_once(suite: Suite) -> None:
    (share, _) = deal(suite.group, 2, [1, 2], 1)
    pool = nonce_pool(suite, share)
    pool.preprocess(5)
    published = [pool.publish() for _ in range(6)]
    assert len(set(published)) == 6
    for commitment in published:
        assert pool.consume(commitment, (1, 2)).commitment == commitment
        with pytest.raises(UnknownNonce):
            pool.consume(commitment, (1, 2))
    assert len(pool) == 0


def test_pool__should_refuse_a_nonce_that_a_snapshot_of_the_process_brought_back() -> None:
    share, _ = deal(SECP256K1, 2, [1, 2], 1)
    ledger = SingleUseLedger(MemoryJournal(), MemoryAnchor())
    before, restored = (
        NoncePool(BIP340, share, ledger, rng=seeded("same memory")) for _ in range(2)
    )
    commitment = before.publish()
    assert restored.publish() == commitment
    before.consume(commitment, (1, 2))
    with pytest.raises(AlreadyConsumed):
        restored.consume(commitment, (1, 2))


def test_pool__should_strike_off_before_it_hands_out() -> None:
    class FullDisk(MemoryJournal):
        def append(self, entry: bytes) -> None:
            raise OSError("no space left")

    share, _ = deal(SECP256K1, 2, [1, 2], 1)
    pool = NoncePool(BIP340, share, SingleUseLedger(FullDisk(), MemoryAnchor()))
    commitment = pool.publish()
    with pytest.raises(OSError, match="no space"):
        pool.consume(commitment, (1, 2))
    with pytest.raises(UnknownNonce):
        pool.consume(commitment, (1, 2))


def test_pool__should_be_bounded_and_let_go_of_the_oldest_published() -> None:
    share, _ = deal(SECP256K1, 2, [1, 2], 1)
    pool = NoncePool(BIP340, share, fresh_ledger(), capacity=3)
    published = [pool.publish() for _ in range(5)]
    assert len(pool) == 3
    with pytest.raises(UnknownNonce):
        pool.consume(published[0], (1, 2))
    assert pool.consume(published[4], (1, 2)).commitment == published[4]
    pool.discard(published[3])
    with pytest.raises(UnknownNonce):
        pool.consume(published[3], (1, 2))
    with pytest.raises(PoolFull):
        pool.preprocess(4)


def test_nonces__should_not_print_their_secrets() -> None:
    share, _ = deal(SECP256K1, 2, [1, 2], 1)
    pair = generate_nonces(BIP340, share)
    assert str(pair.hiding) not in repr(pair)
    assert str(pair.binding) not in repr(pair)


def test_nonce_id__should_differ_by_suite_key_and_commitment() -> None:
    share, other = deal(SECP256K1, 2, [1, 2], 1)
    one, two = (generate_nonces(BIP340, s).commitment for s in (share, other))
    key = share.info.key_id
    names = {
        nonce_id(BIP340, key, one),
        nonce_id(BIP340, key, two),
        nonce_id(BIP340, bytes(32), one),
        nonce_id(suite_by_name("FROST-secp256k1-SHA256-v1"), key, one),
    }
    assert len(names) == 4
    assert (
        SingleUseItem(NONCE, b"", key, 0, (1, 2)).encode()
        != SingleUseItem(NONCE, b"", key, 1, (1, 2)).encode()
    )


def test_reused_nonce__would_give_the_share_away() -> None:
    """Why the ledger exists: the share follows from two signatures with one pair."""
    shares = deal(SECP256K1, 2, [1, 2], 1)
    suite = suite_by_name("FROST-secp256k1-SHA256-v1")
    victim, q = shares[0], SECP256K1.order
    pair = generate_nonces(suite, victim)
    equations = []
    for message in (b"a", b"b", b"c"):
        peer = generate_nonces(suite, shares[1], seeded(message))
        package = SigningPackage(suite, victim.info, message, (pair.commitment, peer.commitment))
        weight = package.challenge * lagrange((1, 2), 1, q) % q
        equations.append((package.binding_factors[1], weight, package.sign(victim, pair)))
    (r1, w1, z1), (r2, w2, z2), (r3, w3, z3) = equations
    # z = d + r·e + w·x: eliminate d, then e.
    a, b, c = (r2 - r1), (w2 - w1), (z2 - z1)
    d, e, f = (r3 - r1), (w3 - w1), (z3 - z1)
    x = (c * d - f * a) * pow(b * d - e * a, -1, q) % q
    assert x == victim.secret
