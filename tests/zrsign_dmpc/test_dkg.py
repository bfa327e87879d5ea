"""Key generation: honest parties agree on a key, and whoever cheats is named with proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zrsign_dmpc.builders import dkg, identities, parties, run_dkg, seeded
from zrsign_dmpc.dkg import checks, dkg_execution, start_dkg
from zrsign_dmpc.dkg.checks import commitment_to
from zrsign_dmpc.dkg.messages import Commitment, Opening, PaddedShares, ShareProof
from zrsign_dmpc.dkg.protocol import CommitRound
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.group import schnorr
from zrsign_dmpc.group.curves import ED25519, GROUPS, SECP256K1, Group
from zrsign_dmpc.group.sharing import commit, interpolate_at_zero
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.run.execution import Execution, IdentityKey, Parties
from zrsign_dmpc.run.messages import Message
from zrsign_dmpc.run.rounds import Abort, Outgoing, Result
from zrsign_dmpc.run.session import Session
from zrsign_dmpc.run.simulator import Deviation, Simulation, disturbed
from zrsign_dmpc.wire.records import Record

groups = pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
sizes = st.integers(2, 6).flatmap(lambda n: st.tuples(st.integers(2, n), st.just(n)))


@groups
@settings(max_examples=12)
@given(size=sizes, seed=st.integers(0, 2**32), data=st.data())
def test_dkg__should_give_shares_of_one_key_on_any_schedule(
    group: Group, size: tuple[int, int], seed: int, data: st.DataObject
) -> None:
    threshold, count = size
    run = run_dkg(
        group, threshold, count, seed=seed, carrier=disturbed(delay=0.3, duplicate=0.2, alter=0.2)
    )
    shares = [run.share(i) for i in run.outcomes]
    assert len({share.info.key_id for share in shares}) == 1
    info = shares[0].info
    assert info.is_consistent()
    chosen = data.draw(st.permutations(shares))[:threshold]
    held = [(share.index, share.secret) for share in chosen]
    assert group.base_mul(interpolate_at_zero(held, group.order)) == info.public_key
    assert group.base_mul(interpolate_at_zero(held[1:], group.order)) != info.public_key


def test_dkg__should_work_for_32_parties() -> None:
    run = run_dkg(SECP256K1, 3, 32)
    assert len({run.share(i).info.key_id for i in run.outcomes}) == 1
    assert run.share(32).info.is_consistent()


def test_dkg__should_accept_indices_with_gaps() -> None:
    indices = (3, 70, 900)
    execution = dkg_execution(ED25519, 2, parties(indices), b"g" * 16)
    keys = identities(indices)
    sessions = {i: start_dkg(execution, i, key) for i, key in keys.items()}
    outcomes = Simulation(sessions, 7).run()
    shares = [outcome.value for outcome in outcomes.values() if isinstance(outcome, Result)]
    assert len(shares) == 3
    held = [(share.index, share.secret) for share in shares[1:]]
    assert ED25519.base_mul(interpolate_at_zero(held, ED25519.order)) == shares[0].info.public_key


def test_dkg__should_name_the_auxiliary_information_that_all_agreed_on() -> None:
    members = identities((1, 2))
    execution = dkg_execution(ED25519, 2, parties((1, 2)), b"g" * 16, aux_epoch=4)
    assert execution.sid != dkg_execution(ED25519, 2, parties((1, 2)), b"g" * 16).sid
    outcomes = Simulation({i: start_dkg(execution, i, key) for i, key in members.items()}, 7).run()
    made = [each.value.info for each in outcomes.values() if isinstance(each, Result)]
    assert [info.aux_epoch for info in made] == [4, 4]
    with pytest.raises(ParameterError, match="epoch -1"):
        dkg_execution(ED25519, 2, parties((1, 2)), b"g" * 16, aux_epoch=-1)


def test_dkg__should_make_another_key_in_every_execution() -> None:
    first, second = (run_dkg(SECP256K1, 2, 3, seed=seed).share(1) for seed in (1, 2))
    assert first.info.public_key != second.info.public_key
    assert first.info.chain_code != second.info.chain_code


def test_key_share__should_not_print_its_secret() -> None:
    share = run_dkg(SECP256K1, 2, 3).share(1)
    assert str(share.secret) not in repr(share)
    assert f"{share.secret:x}" not in repr(share)


@pytest.mark.parametrize(("threshold", "count"), [(1, 3), (0, 3), (4, 3), (-1, 3), (2, 33)])
def test_dkg__should_refuse_impossible_thresholds(threshold: int, count: int) -> None:
    with pytest.raises(ParameterError):
        dkg(SECP256K1, threshold, count)


@pytest.mark.parametrize("indices", [(0, 1), (1,), (-1, 2), (1, 1 << 16)])
def test_parties__should_refuse_bad_indices(indices: tuple[int, ...]) -> None:
    with pytest.raises(ParameterError):
        parties(indices)


def test_parties__should_refuse_shared_and_invalid_identity_keys() -> None:
    key = identities([1])[1].public_key
    for keys in ({1: key, 2: key}, {1: key, 2: bytes(32)}, {1: key, 2: b"short"}):
        with pytest.raises(ParameterError):
            Parties.of(keys)


# Attacks. Each entry: the round, what is sent there instead, and the fault that others prove.

Lie = Callable[[Group, Record], Record]


def _opening(change: Callable[[Group, Opening], Opening]) -> Lie:
    def lie(group: Group, record: Record) -> Record:
        assert isinstance(record, Opening)
        return change(group, record)

    return lie


def _shares(change: Callable[[Group, PaddedShares], PaddedShares]) -> Lie:
    def lie(group: Group, record: Record) -> Record:
        assert isinstance(record, PaddedShares)
        return change(group, record)

    return lie


def _proof(change: Callable[[Group, ShareProof], ShareProof]) -> Lie:
    def lie(group: Group, record: Record) -> Record:
        assert isinstance(record, ShareProof)
        return change(group, record)

    return lie


def _other_group(group: Group) -> Group:
    return ED25519 if group is SECP256K1 else SECP256K1


LIES: dict[str, tuple[int, Lie, str]] = {
    "commits to something else": (1, lambda g, r: Commitment(bytes(32)), "wrong opening"),
    "opens another rid": (2, _opening(lambda g, o: replace(o, rid=bytes(32))), "wrong opening"),
    "opens another polynomial": (
        2,
        _opening(lambda g, o: replace(o, coefficients=o.coefficients[::-1])),
        "wrong opening",
    ),
    "raises the threshold": (
        2,
        _opening(lambda g, o: replace(o, coefficients=(*o.coefficients, g.generator))),
        "misshapen opening",
    ),
    "lowers the threshold": (
        2,
        _opening(lambda g, o: replace(o, coefficients=o.coefficients[:-1])),
        "misshapen opening",
    ),
    "leaves out a pad key": (
        2,
        _opening(lambda g, o: replace(o, pad_keys=o.pad_keys[1:])),
        "misshapen opening",
    ),
    "sends a short rid": (2, _opening(lambda g, o: replace(o, rid=b"")), "misshapen opening"),
    "sends a point of another group": (
        2,
        _opening(lambda g, o: replace(o, nonce=_other_group(g).generator)),
        "malformed message",
    ),
    "sends another record": (2, lambda g, r: Commitment(bytes(32)), "malformed message"),
    "deals one wrong share": (
        3,
        _shares(lambda g, s: PaddedShares(((s.padded[0] + 1) % g.order, *s.padded[1:]))),
        "wrong share",
    ),
    "deals wrong shares to all": (
        3,
        _shares(lambda g, s: PaddedShares(tuple((p + 1) % g.order for p in s.padded))),
        "wrong share",
    ),
    "leaves out a share": (
        3,
        _shares(lambda g, s: PaddedShares(s.padded[1:])),
        "misshapen shares",
    ),
    "adds a share": (
        3,
        _shares(lambda g, s: PaddedShares((*s.padded, 1))),
        "misshapen shares",
    ),
    "deals an unreduced share": (
        3,
        _shares(lambda g, s: PaddedShares((s.padded[0] + g.order, *s.padded[1:]))),
        "misshapen shares",
    ),
    "deals a negative share": (
        3,
        _shares(lambda g, s: PaddedShares((-1, *s.padded[1:]))),
        "misshapen shares",
    ),
    "proves nothing": (4, _proof(lambda g, p: ShareProof(0)), "wrong share proof"),
    "proves with an unreduced response": (
        4,
        _proof(lambda g, p: ShareProof(p.response + g.order)),
        "wrong share proof",
    ),
}


@groups
@pytest.mark.parametrize("name", LIES)
def test_dkg__should_name_a_party_that(name: str, group: Group) -> None:
    at, lie, fault = LIES[name]

    def alter(number: int, _: int, record: Record) -> Record:
        return lie(group, record) if number == at else record

    run = run_dkg(group, 3, 4, seed=len(name), alter=alter, culprit=2)
    run.assert_named(2, fault)


@settings(max_examples=25)
@given(
    number=st.integers(1, 4),
    deceived=st.sets(st.sampled_from([1, 2, 4]), min_size=1, max_size=2),
    seed=st.integers(0, 2**32),
)
def test_dkg__should_name_a_party_that_tells_two_stories(
    number: int, deceived: set[int], seed: int
) -> None:
    """The other story is well-formed; only comparing views, or its falsehood, gives it away."""

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

    run_dkg(SECP256K1, 2, 4, seed=seed, alter=alter, culprit=3).assert_named(3)


def test_dkg__should_name_the_dealer_of_a_share_on_another_polynomial() -> None:
    """Committed to f, dealt from g, everything else consistent: only the receiver can tell."""

    def maker(execution: Execution, identity: IdentityKey) -> Session[KeyShare]:
        first = CommitRound(execution, 1, seeded("f"))
        other = CommitRound(execution, 1, seeded("g"))
        first._secrets = replace(first._secrets, polynomial=other._secrets.polynomial)
        return Session(execution, 1, identity, first)

    run_dkg(ED25519, 3, 5, maker=maker).assert_named(1, "wrong share")


class MirrorRound(CommitRound):
    """Commits and opens exactly as another party does: the rogue-key attempt by copying."""

    def __init__(self, execution: Execution, me: int, victim_seed: object, victim: int) -> None:
        super().__init__(execution, me, seeded(victim_seed))
        self._victim = victim

    def outgoing(self) -> Outgoing:
        return Outgoing(
            broadcast=Commitment(commitment_to(self._execution, self._victim, self._opening))
        )


def test_dkg__should_name_a_party_that_copies_anothers_contribution() -> None:
    def maker(execution: Execution, identity: IdentityKey) -> Session[KeyShare]:
        return Session(execution, 2, identity, MirrorRound(execution, 2, (1, 1), 1))

    run_dkg(SECP256K1, 2, 3, seed=1, culprit=2, maker=maker).assert_named(2, "wrong opening")


def test_dkg__should_name_a_party_that_cancels_the_others_without_knowing_its_share() -> None:
    """A key chosen after the fact would pass Feldman's check only with a known polynomial."""

    def maker(execution: Execution, identity: IdentityKey) -> Session[KeyShare]:
        first = CommitRound(execution, 2, seeded("rogue"))
        foreign = commit(SECP256K1, (5, 6))
        shifted = tuple(s - f for s, f in zip(first._opening.coefficients, foreign, strict=True))
        first._opening = replace(first._opening, coefficients=shifted)
        return Session(execution, 2, identity, first)

    run_dkg(SECP256K1, 2, 3, culprit=2, maker=maker).assert_named(2, "wrong share")


@groups
def test_dkg__should_reject_a_proof_from_another_execution(group: Group) -> None:
    """All secrets and openings are the same in both: only the session id differs."""
    earlier = run_dkg(group, 2, 3)
    said = [Message.decode(m) for m in earlier.sessions[2].transcript_of_broadcasts()]
    (proof,) = (m.body for m in said if (m.round, m.sender) == (4, 1))

    def replay(number: int, _: int, record: Record) -> Record:
        return ShareProof.decode(proof) if number == 4 else record

    again = run_dkg(group, 2, 3, alter=replay, execution_id=b"a later execution")
    again.assert_named(1, "wrong share proof")


def test_dkg__should_reject_a_proof_made_by_another_party() -> None:
    """The challenge holds the prover's index: the same secret under another index needs another."""
    board = run_dkg(SECP256K1, 2, 3).sessions[1]._board
    challenges = {checks.proof_challenge(board, party) for party in (1, 2, 3)}
    assert len(challenges) == 3
    e, tau, x = checks.proof_challenge(board, 1), 5, 7
    statement, nonce = SECP256K1.base_mul(x), SECP256K1.base_mul(tau)
    z = schnorr.respond(SECP256K1, e, tau, x)
    assert schnorr.verify(SECP256K1, e, statement, nonce, z)
    assert not schnorr.verify(SECP256K1, checks.proof_challenge(board, 2), statement, nonce, z)


def test_dkg__should_name_silent_parties_without_evidence() -> None:
    run = run_dkg(SECP256K1, 2, 4, alter=lambda at, to, record: None if at == 2 else record)
    for index in (2, 3, 4):
        outcome = run.outcomes[index]
        assert isinstance(outcome, Abort)
        assert outcome.culprits == (1,)
        assert outcome.evidence == ()


def test_dkg__should_give_the_key_to_all_or_to_none_when_confirmations_are_lost() -> None:
    """Whoever ends with a key knows that all others hold a verified share of it."""

    def alter(at: int, recipient: int, record: Record) -> Record | None:
        return None if at == 5 and recipient == 2 else record

    run = run_dkg(SECP256K1, 2, 3, alter=alter)
    assert isinstance(run.outcomes[3], Result)
    waiting = run.outcomes[2]
    assert isinstance(waiting, Abort)
    assert waiting.culprits == (1,)
    assert len(run.sessions[2].transcript_of_broadcasts()) == 5 * 3 - 1


def test_session__should_refuse_somebody_elses_identity() -> None:
    execution = dkg(SECP256K1, 2, 3)
    with pytest.raises(ParameterError):
        start_dkg(execution, 1, identities([1, 2])[2])


def test_deviation__should_be_honest_without_an_alteration() -> None:
    run = run_dkg(SECP256K1, 2, 3, alter=lambda at, to, record: record)
    assert isinstance(run.sessions[1], Deviation)
    assert len({run.share(i).info.key_id for i in (1, 2, 3)}) == 1
