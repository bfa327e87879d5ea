"""A key counts as made when enough honest members hold it, whoever tries to have it otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from hashlib import sha256

import pytest
from nacl.signing import VerifyKey

from tests.zrsign_dmpc.ecdsa.parties import identity
from tests.zrsign_operator.cluster import Cluster
from tests.zrsign_operator.conftest import MakeCluster
from tests.zrsign_operator.fake_ledger import ED25519, account
from zrsign_dmpc.dkg import dkg_execution, start_dkg
from zrsign_dmpc.dkg.protocol import DKG
from zrsign_dmpc.group.curves import ED25519 as GROUP
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.run.messages import Message
from zrsign_operator.ledger.answers import ABSENT_S
from zrsign_operator.ledger.approval import Scheme
from zrsign_operator.operator import STILLBORN_S
from zrsign_operator.peers.frames import Frame, Proposal, Said, WorkKind
from zrsign_operator.work.agenda import Draft
from zrsign_operator.work.desk import Task

ALL = (1, 2, 3)
MALICIOUS, FAVOURED, OTHER = 3, 1, 2
TEXT = sha256(b"text").digest()


def is_last(frame: Frame, sender: int) -> bool:
    if not isinstance(frame, Said):
        return False
    message = Message.decode(frame.data)
    return message.sender == sender and message.round == len(DKG.rounds)


def withhold(sender: int, recipient: int, frame: Frame) -> Iterable[bytes]:
    """The malicious one confirms to nobody but the one that it favours."""
    kept = sender == MALICIOUS and recipient != FAVOURED and is_last(frame, MALICIOUS)
    return [] if kept else [frame.encode()]


async def the_others_sign(cluster: Cluster, key: int) -> None:
    """The malicious one walks away at the moment at which the ledger has the key."""
    await cluster.until(lambda: key in cluster.ledger.known_keys)
    await cluster.stop(MALICIOUS)
    (signature,) = await cluster.sign(key, TEXT)
    VerifyKey(cluster.ledger.known_keys[key].public_key).verify(TEXT, signature)


async def test_last_message__should_reach_all_who_one_of_them_wants_it_kept_from(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, ALL)
    cluster.wire.carrier = withhold
    await the_others_sign(cluster, cluster.ledger.ask_key(ED25519))


def propose_to_few(cluster: Cluster, key: int) -> None:
    """The malicious one joins a key generation of itself and one more, and invites that one."""
    operator = cluster.operators[MALICIOUS]

    def prepare(proposal: Proposal) -> Task:
        parties = operator.settings.parties(proposal.members)
        execution = dkg_execution(GROUP, 2, parties, proposal.execution_id)

        def finish(share: KeyShare) -> None:
            operator.holdings.adopt(key, MALICIOUS, Scheme.ED25519, share, proposal)
            operator.outbox.key(key, share.info.public_key.encode())

        begin = partial(start_dkg, execution, MALICIOUS, identity(MALICIOUS))
        return Task(execution, begin, finish)

    honest, operator.work.runner._prepare = operator.work.runner._prepare, prepare
    operator.work._propose(Draft(WorkKind.KEYGEN, (key,), tuple(sorted((MALICIOUS, FAVOURED)))))
    operator.work.runner._prepare = honest


async def test_key__should_not_be_made_by_those_whom_a_proposer_chose(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, ALL)
    key = cluster.ledger.ask_key(ED25519)
    propose_to_few(cluster, key)
    await the_others_sign(cluster, key)


async def test_key__should_wait_for_every_member_to_hold_it(
    make_cluster: MakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One holds it and does not say so, or does not hold it and says nothing: it is the same."""
    cluster = await make_cluster(2, ALL)
    key = cluster.ledger.ask_key(ED25519)
    monkeypatch.setattr(cluster.operators[MALICIOUS].work, "report", lambda _: None)
    await cluster.until(lambda: len(cluster.ledger.epochs) == 2)
    await cluster.wait(ABSENT_S * 2)
    assert key in cluster.ledger.keys
    # Who it is can be seen by all.
    silent = {account(i).address for i in ALL} - {party for _, party in cluster.ledger.epochs}
    assert silent == {account(MALICIOUS).address}


async def test_key__should_do_without_absent_members_if_the_group_says_so(
    make_cluster: MakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = await make_cluster(2, ALL, absent=1)
    key = cluster.ledger.ask_key(ED25519)
    monkeypatch.setattr(cluster.operators[MALICIOUS].work, "report", lambda _: None)
    await cluster.until(lambda: len(cluster.ledger.epochs) == 2)
    took = await cluster.until(lambda: key in cluster.ledger.known_keys)
    assert took >= ABSENT_S
    await the_others_sign(cluster, key)


@pytest.mark.parametrize("roots", [0, 1])
async def test_key_that_too_few_hold__should_be_made_again(
    make_cluster: MakeCluster, roots: int
) -> None:
    """It ended at one, which was killed before it could pass on what ended it."""
    cluster = await make_cluster(2, ALL, roots=roots)

    def carry(sender: int, recipient: int, frame: Frame) -> Iterable[bytes]:
        mine = any(is_last(frame, index) for index in ALL)
        return [] if mine and recipient != FAVOURED else [frame.encode()]

    cluster.wire.carrier = carry
    key = cluster.ledger.ask_key(ED25519)
    held = cluster.ledger.root(ED25519) if roots else key
    await cluster.until(lambda: cluster.holders(held) == {FAVOURED})
    cluster.wire.carrier = None
    took = await cluster.until(lambda: key in cluster.ledger.known_keys, 2 * STILLBORN_S)
    assert took >= STILLBORN_S / 2
    await the_others_sign(cluster, key)
