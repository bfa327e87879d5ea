"""FROST in one round, with commitments that were published in advance."""

from __future__ import annotations

import pytest

from tests.zrsign_dmpc.builders import deal, identities, nonce_pool, parties
from tests.zrsign_dmpc.test_frost_signing import accepts
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.frost import (
    NoncePool,
    SigningPackage,
    Suite,
    frost_shares_execution,
    start_frost_shares,
)
from zrsign_dmpc.frost.nonces import UnknownNonce
from zrsign_dmpc.frost.protocol import WRONG_SHARE, ShareRound, SignatureShare
from zrsign_dmpc.frost.suites import SUITES
from zrsign_dmpc.group.curves import ED25519
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.run.execution import Execution
from zrsign_dmpc.run.rounds import Abort, Result
from zrsign_dmpc.run.simulator import Alteration, Deviation, Simulation
from zrsign_dmpc.wire.records import Record

suites = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
MESSAGE = b"m" * 32


def prepared(suite: Suite) -> tuple[dict[int, NoncePool], SigningPackage, Execution]:
    shares = deal(suite.group, 3, [1, 2, 3, 4, 5], "shares")
    chosen: list[KeyShare] = [shares[i] for i in (0, 2, 4)]
    pools = {share.index: nonce_pool(suite, share, share.index) for share in chosen}
    commitments = tuple(pools[i].publish() for i in sorted(pools))
    package = SigningPackage(suite, chosen[0].info, MESSAGE, commitments)
    return pools, package, frost_shares_execution(package, parties(sorted(pools)), b"e" * 32)


def run(
    suite: Suite, cheat: Alteration | None = None
) -> tuple[dict[int, Result[bytes] | Abort], SigningPackage, Execution]:
    pools, package, execution = prepared(suite)
    keys = identities(sorted(pools))
    sessions = {i: start_frost_shares(execution, package, pools[i], keys[i]) for i in (1, 3)}
    nonces = pools[5].consume(package.commitments[2], package.signers)
    last = ShareRound(package, package.sign(pools[5].share, nonces), number=1)
    sessions[5] = Deviation(execution, 5, keys[5], last, cheat or (lambda _, __, record: record))
    return Simulation(sessions, 1).run(), package, execution


@suites
def test_shares__should_make_one_signature_in_one_round(suite: Suite) -> None:
    outcomes, package, _ = run(suite)
    (signature,) = {o.value for o in outcomes.values() if isinstance(o, Result)}
    assert len(outcomes) == 3
    accepts(suite, package.public_key, MESSAGE, signature)


@suites
def test_shares__should_name_who_sent_a_wrong_one(suite: Suite) -> None:
    def alter(number: int, recipient: int, record: Record) -> Record:
        assert isinstance(record, SignatureShare)
        return SignatureShare((record.z + 1) % suite.group.order)

    outcomes, _, execution = run(suite, alter)
    for index in (1, 3):
        outcome = outcomes[index]
        assert isinstance(outcome, Abort)
        assert outcome.culprits == (5,)
        assert outcome.evidence[0].fault == WRONG_SHARE
        assert outcome.evidence[0].proves_fault(execution)


@suites
def test_shares__should_use_a_published_nonce_once(suite: Suite) -> None:
    pools, package, execution = prepared(suite)
    key = identities((1,))[1]
    start_frost_shares(execution, package, pools[1], key)
    other = SigningPackage(suite, package.key, b"o" * 32, package.commitments)
    again = frost_shares_execution(other, parties(package.signers), b"f" * 32)
    with pytest.raises(UnknownNonce):
        start_frost_shares(again, other, pools[1], key)


def test_execution__should_refuse_other_signers_than_the_package() -> None:
    _, package, _ = prepared(SUITES[0])
    assert package.key.group is ED25519
    with pytest.raises(ParameterError, match="is for"):
        frost_shares_execution(package, parties((1, 2, 3)), b"e" * 32)
