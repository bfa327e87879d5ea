"""FROST for many messages in one message: each share is checked alone, nonces go together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.zrsign_dmpc.builders import (
    MemoryAnchor,
    MemoryJournal,
    deal,
    identities,
    nonce_pool,
    parties,
)
from tests.zrsign_dmpc.test_frost_signing import accepts
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.frost import (
    NoncePool,
    SigningPackage,
    Suite,
    frost_batch_execution,
    start_frost_batch,
)
from zrsign_dmpc.frost.batch import MAX_BATCH, BatchRound, SignatureShares
from zrsign_dmpc.frost.nonces import UnknownNonce
from zrsign_dmpc.frost.protocol import WRONG_SHARE
from zrsign_dmpc.frost.suites import SUITES
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.kept.single_use import AlreadyConsumed, SingleUseLedger
from zrsign_dmpc.run.execution import Execution
from zrsign_dmpc.run.rounds import Abort, Result
from zrsign_dmpc.run.simulator import Alteration, Deviation, Simulation
from zrsign_dmpc.wire.records import Record

suites = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
SIGNERS = (1, 3, 5)
MESSAGES = [bytes([number]) * 32 for number in range(3)]


def prepared(suite: Suite) -> tuple[dict[int, NoncePool], list[SigningPackage], Execution]:
    shares = deal(suite.group, 3, [1, 2, 3, 4, 5], "shares")
    chosen: list[KeyShare] = [shares[i - 1] for i in SIGNERS]
    pools = {share.index: nonce_pool(suite, share, share.index) for share in chosen}
    packages = [
        SigningPackage(suite, chosen[0].info, m, tuple(pools[i].publish() for i in SIGNERS))
        for m in MESSAGES
    ]
    return pools, packages, frost_batch_execution(packages, parties(SIGNERS), b"e" * 32)


def run(
    suite: Suite, cheat: Alteration | None = None
) -> tuple[dict[int, Result[tuple[bytes, ...]] | Abort], list[SigningPackage], Execution]:
    pools, packages, execution = prepared(suite)
    keys = identities(SIGNERS)
    sessions = {i: start_frost_batch(execution, packages, pools[i], keys[i]) for i in (1, 3)}
    pairs = pools[5].consume_all([p.commitments[2] for p in packages], SIGNERS)
    own = tuple(p.sign(pools[5].share, pair) for p, pair in zip(packages, pairs, strict=True))
    last = BatchRound(packages, own)
    sessions[5] = Deviation(execution, 5, keys[5], last, cheat or (lambda _, __, record: record))
    return Simulation(sessions, 1).run(), packages, execution


@suites
def test_batch__should_sign_every_message(suite: Suite) -> None:
    outcomes, packages, _ = run(suite)
    (signatures,) = {o.value for o in outcomes.values() if isinstance(o, Result)}
    assert len(outcomes) == len(signatures) == 3
    for package, message, signature in zip(packages, MESSAGES, signatures, strict=True):
        accepts(suite, package.public_key, message, signature)


@suites
@pytest.mark.parametrize(
    "change",
    [
        lambda z, q: ((z[0] + 1) % q, *z[1:]),
        lambda z, q: (*z[:2], (z[2] + 1) % q),
        lambda z, q: ((z[0] + 1) % q, (z[1] - 1) % q, z[2]),
        lambda z, q: (z[0], z[1] + q, z[2]),
        lambda z, _: z[:2],
        lambda z, _: (*z, 1),
        lambda _, __: (),
    ],
    ids=["first", "last", "cancelling", "not reduced", "fewer", "more", "none"],
)
def test_batch__should_name_who_sent_wrong_shares(
    suite: Suite, change: Callable[[tuple[int, ...], int], tuple[int, ...]]
) -> None:
    def alter(number: int, recipient: int, record: Record) -> Record:
        assert isinstance(record, SignatureShares)
        return SignatureShares(change(record.z, suite.group.order))

    outcomes, _, execution = run(suite, alter)
    for index in (1, 3):
        outcome = outcomes[index]
        assert isinstance(outcome, Abort)
        assert outcome.culprits == (5,)
        assert outcome.evidence[0].fault == WRONG_SHARE
        assert outcome.evidence[0].proves_fault(execution)


def test_nonces__should_be_struck_off_by_one_entry_or_not_at_all() -> None:
    suite = SUITES[0]
    share = deal(suite.group, 3, [1, 2, 3, 4, 5], "shares")[0]
    journal, anchor = MemoryJournal(), MemoryAnchor()
    pool = NoncePool(suite, share, SingleUseLedger(journal, anchor))
    mine = [pool.publish() for _ in range(3)]
    foreign = nonce_pool(suite, share, "another").publish()
    for bad in ([*mine, foreign], [mine[0], mine[0]]):
        with pytest.raises(UnknownNonce):
            pool.consume_all(bad, SIGNERS)
    assert not journal.entries
    assert [pair.commitment for pair in pool.consume_all(mine, SIGNERS)] == mine
    assert len(journal.entries) == 1
    with pytest.raises(UnknownNonce):
        pool.consume_all(mine, SIGNERS)


def test_batch__should_use_no_nonce_that_the_ledger_has_seen() -> None:
    suite = SUITES[0]
    share = deal(suite.group, 3, [1, 2, 3, 4, 5], "shares")[0]
    journal, anchor = MemoryJournal(), MemoryAnchor()
    pool = NoncePool(suite, share, SingleUseLedger(journal, anchor))
    mine = [pool.publish() for _ in range(2)]
    pairs = dict(pool._pairs)
    pool.consume_all(mine, SIGNERS)
    restored = NoncePool(suite, share, SingleUseLedger(journal, anchor))
    restored._pairs.update(pairs)
    with pytest.raises(AlreadyConsumed):
        restored.consume_all(mine[1:], SIGNERS)


def test_batch__should_refuse_what_must_not_be_signed_together() -> None:
    _, packages, _ = prepared(SUITES[0])
    _, others, _ = prepared(SUITES[1])
    for bad, match in (
        ([], "1 to 64"),
        (packages * (MAX_BATCH // 3 + 1), "1 to 64"),
        ([*packages, packages[0]], "twice"),
        ([packages[0], others[0]], "one suite and one threshold"),
    ):
        with pytest.raises(ParameterError, match=match):
            frost_batch_execution(bad, parties(SIGNERS), b"e" * 32)
    with pytest.raises(ParameterError, match="a package is for"):
        frost_batch_execution(packages, parties((1, 2, 3)), b"e" * 32)
