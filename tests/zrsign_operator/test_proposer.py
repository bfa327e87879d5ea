"""A proposal says all that its members need, or is not made."""

from __future__ import annotations

import pytest

from tests.zrsign_dmpc.ecdsa.parties import identity
from tests.zrsign_operator.cluster import Cluster
from tests.zrsign_operator.conftest import MakeCluster
from tests.zrsign_operator.fake_ledger import ECDSA, ED25519, KEYRING
from zrsign_operator.ledger.orders import ReshareDetails, Target
from zrsign_operator.peers.frames import WorkKind
from zrsign_operator.work.agenda import Draft
from zrsign_operator.work.details import EcdsaDetails, FrostDetails, PresignDetails
from zrsign_operator.work.nonces import Stocks
from zrsign_operator.work.proposer import Proposer

ME = 1
NAMES = {i: bytes([i]) * 16 for i in (1, 2, 3)}


@pytest.fixture
async def cluster(make_cluster: MakeCluster) -> Cluster:
    return await make_cluster(2, (1, 2, 3))


@pytest.fixture
def proposer(cluster: Cluster) -> Proposer:
    holdings, peers = cluster.operators[ME].holdings, cluster.operators[ME].peers
    stocks = Stocks(ME, holdings, lambda to, data: None)
    return Proposer(ME, identity(ME), holdings, stocks, peers.inventories)


def test_proposal__should_be_signed_and_name_its_members_memories(
    cluster: Cluster, proposer: Proposer
) -> None:
    view = cluster.operators[ME].work.outlook.view
    settings = view.settings
    draft = Draft(WorkKind.KEYGEN, (5,), (1, 3))
    made = [proposer.write(draft, view, NAMES) for _ in range(2)]
    for each in made:
        assert each is not None
        assert each.is_signed(settings.parties((1, 2, 3)))
        assert (each.keyring, each.kind, each.subjects) == (KEYRING, WorkKind.KEYGEN, (5,))
        assert (each.proposer, each.members) == (ME, (1, 3))
        assert each.incarnations == (NAMES[1], NAMES[3])
        assert Target.decode(each.details) == Target(1, 0)
    assert len({each.execution_id for each in made if each}) == 2
    # A member that did not prove itself has no name to be called by.
    assert proposer.write(draft, view, {1: NAMES[1], 2: NAMES[2]}) is None


async def test_details__should_be_those_of_the_kind(cluster: Cluster, proposer: Proposer) -> None:
    ecdsa, frost = cluster.deal(ECDSA), cluster.deal(ED25519)
    first, second = (cluster.ledger.ask_signature(ecdsa, bytes([i]) * 32) for i in (1, 2))
    view = await cluster.operators[ME].ledger_view.read()

    def details(draft: Draft) -> bytes:
        made = proposer.write(draft, view, NAMES)
        assert made is not None
        return made.details

    assert Target.decode(details(Draft(WorkKind.AUX, (), (1, 2, 3)))) == Target(1, 0)
    signing = Draft(WorkKind.ECDSA, (second, first), (1, 2), presignatures=(b"a", b"b"))
    beacons = cluster.ledger.approvals[second], cluster.ledger.approvals[first]
    assert EcdsaDetails.decode(details(signing)) == EcdsaDetails((b"a", b"b"), beacons)
    presign = Draft(WorkKind.PRESIGN, (ecdsa,), (1, 2), ecdsa)
    assert proposer.write(presign, view, NAMES) is None
    cluster.give_aux()
    info = cluster.held(ME, ecdsa).share.info
    digest = cluster.operators[ME].holdings.aux[-1].public.digest
    assert PresignDetails.decode(details(presign)) == PresignDetails(info.key_id, digest)
    reshare = Draft(WorkKind.RESHARE, (frost,), (1, 2, 3), frost, dealers=(1, 3))
    read = ReshareDetails.decode(details(reshare))
    assert (read.target, read.dealers) == (Target(1, 0), (1, 3))
    assert read.key.restore() == cluster.held(ME, frost).share.info
    for kind in (WorkKind.FROST, WorkKind.RESHARE, WorkKind.PRESIGN):
        assert proposer.write(Draft(kind, (404,), (1, 2), 404), view, NAMES) is None


def test_nonces__should_be_there_for_each_text(cluster: Cluster, proposer: Proposer) -> None:
    view = cluster.operators[ME].work.outlook.view
    key = cluster.deal(ED25519)
    draft = Draft(WorkKind.FROST, (5, 6), (1, 2), key)
    assert proposer.write(draft, view, NAMES) is None
    pool = cluster.held(2, key).nonces
    assert pool is not None
    cluster.held(ME, key).offered[2] = [pool.publish(), pool.publish()]
    made = proposer.write(draft, view, NAMES)
    assert made is not None
    assert [each.index for each in FrostDetails.decode(made.details).commitments] == [1, 2, 1, 2]
    assert proposer.write(draft, view, NAMES) is None
