"""What an operator believes of a resharing, of its peers' inventories, and of a pardon."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.zrsign_dmpc.ecdsa.builders import TINY
from tests.zrsign_dmpc.ecdsa.parties import identity, key_shares
from zrsign_dmpc.errors import DmpcError
from zrsign_dmpc.kept.key_records import StoredKeyInfo
from zrsign_dmpc.run.rounds import Abort
from zrsign_operator.enclave.simulated import SimulatedEnclave
from zrsign_operator.errors import NotAMember, OperatorError
from zrsign_operator.keys.held import HeldKey
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.keys.inventories import GRACE_S, LACKING_S, Inventories
from zrsign_operator.ledger.approval import Scheme
from zrsign_operator.ledger.orders import Move, ReshareDetails, Target
from zrsign_operator.peers.blame import Conviction, Standing
from zrsign_operator.peers.frames import Holding, Inventory, Proposal, WorkKind
from zrsign_operator.peers.members import KeyringSettings, Member, OperatorGroup

OLD, NEW = (1, 2, 3), (2, 3, 4, 5)
SHARES = key_shares(2, *OLD)
KEY = SHARES[1].info


def member(index: int) -> Member:
    return Member(index, f"zen{index}", identity(index).public_key, b"", "")


SETTINGS = KeyringSettings(
    "keyring1",
    (
        OperatorGroup(1, 2, TINY, tuple(member(i) for i in OLD)),
        OperatorGroup(2, 3, TINY, tuple(member(i) for i in NEW)),
    ),
)
DETAILS = ReshareDetails(Target(2, 0), StoredKeyInfo.of(KEY), (1, 2))


def proposal(details: ReshareDetails = DETAILS, members: tuple[int, ...] = ()) -> Proposal:
    everybody = members or tuple(sorted({*details.dealers, *NEW}))
    return Proposal(
        keyring="keyring1",
        kind=WorkKind.RESHARE,
        subjects=(7,),
        proposer=1,
        members=everybody,
        incarnations=(bytes(16),) * len(everybody),
        nonce=bytes(32),
        details=details.encode(),
    ).signed(identity(1))


def test_move__should_be_to_the_group_that_the_ledger_shows() -> None:
    move = Move.read(proposal(), SETTINGS)
    assert [each.index for each in move.change.members] == list(NEW)
    assert (move.change.threshold, move.change.epoch) == (3, 1)
    assert move.change.old_key_id == KEY.key_id
    assert move.plan.holders == NEW


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (replace(proposal(), nonce=b"\1" * 32), "nobody signed"),
        (proposal().signed(identity(2)), "nobody signed"),
        (proposal(replace(DETAILS, target=Target(3, 0))), "does not show group 3"),
        (proposal(members=(1, 2, 3, 4)), "whole group"),
        (proposal(members=(1, 2, 3, 4, 5, 6)), "whole group"),
        (proposal(replace(DETAILS, dealers=(1, 2, 3))), "2 deal, not 3"),
        (proposal(replace(DETAILS, dealers=(1,))), "2 deal, not 1"),
        (proposal(replace(DETAILS, dealers=(2, 4))), "holders"),
        (replace(proposal(), subjects=(7, 8)).signed(identity(1)), "one key"),
    ],
)
def test_move__should_refuse_what_the_ledger_does_not_say(bad: Proposal, why: str) -> None:
    with pytest.raises((OperatorError, DmpcError), match=why):
        Move.read(bad, SETTINGS)


def test_lie_about_old_shares__should_lead_to_another_execution() -> None:
    """A joiner that believed it would hear nobody, and store nothing."""
    other = replace(KEY, chain_code=b"\1" * 32)
    lie = replace(DETAILS, key=StoredKeyInfo.of(other))
    honest, lied = Move.read(proposal(), SETTINGS), Move.read(proposal(lie), SETTINGS)
    assert honest.execution.sid != lied.execution.sid


def test_target__should_be_read_from_what_made_an_epoch() -> None:
    made = replace(proposal(), kind=WorkKind.KEYGEN, details=Target(4, 2).encode())
    assert Target.served_by(made) == Target(4, 2)
    assert Target.served_by(proposal()) == Target(2, 0)
    assert Target(1, 9) < Target(2, 0) < Target(2, 1)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def holdings(tmp_path: Path) -> Holdings:
    enclave = SimulatedEnclave(b"r" * 32, b"s" * 32)
    return Holdings(tmp_path / "state", tmp_path / "anchors", enclave, identity(1))


@pytest.fixture
def held(holdings: Holdings) -> HeldKey:
    made = replace(proposal(), kind=WorkKind.KEYGEN, details=Target(1, 0).encode())
    return holdings.adopt(7, 1, Scheme.ECDSA, SHARES[1], made)


def said(key_id: bytes, epoch: int) -> Inventory:
    return Inventory((Holding(7, key_id, epoch),), ())


def test_silent_peer__should_not_count_as_lacking(holdings: Holdings, held: HeldKey) -> None:
    clock = Clock()
    inventories = Inventories(holdings, clock)
    inventories.lacking(held)
    clock.now = LACKING_S * 10
    assert inventories.lacking(held, LACKING_S) == frozenset()


def test_peer_without_a_share__should_be_noticed_after_a_while(
    holdings: Holdings, held: HeldKey
) -> None:
    clock = Clock()
    inventories = Inventories(holdings, clock)
    inventories.take(2, Inventory((), ()))
    inventories.take(3, said(KEY.key_id, 0))
    assert inventories.lacking(held) == frozenset()
    clock.now = GRACE_S
    assert inventories.lacking(held) == {2}
    assert inventories.lacking(held, LACKING_S) == frozenset()
    clock.now = LACKING_S
    assert inventories.lacking(held, LACKING_S) == {2}
    inventories.take(2, said(KEY.key_id, 0))
    assert inventories.lacking(held) == frozenset()


def test_later_epoch__should_be_believed_of_as_many_as_sign_and_of_no_fewer(
    holdings: Holdings, held: HeldKey
) -> None:
    inventories = Inventories(holdings, Clock())
    inventories.take(2, said(b"n" * 32, 1))
    inventories.take(3, said(b"o" * 32, 0))
    assert not inventories.is_left_behind(held)
    inventories.take(3, said(b"n" * 32, 1))
    assert inventories.is_left_behind(held)


def test_inventory__should_tell_what_is_held(holdings: Holdings, held: HeldKey) -> None:
    assert Inventories(holdings, Clock()).mine()[0].holdings == (Holding(7, KEY.key_id, 0),)
    holdings.erase(held.folder)
    assert Inventories(holdings, Clock()).mine()[0].holdings == ()


def test_caught_operator__should_be_left_out_until_it_is_pardoned(holdings: Holdings) -> None:
    def make() -> Standing:
        return Standing(1, holdings, Clock())

    standing = make()
    standing.convict(proposal(), Abort("wrong share", (3,)))
    assert standing.guilty == {3} == standing.left_out()
    # The evidence outlives the process.
    standing = make()
    assert standing.guilty == {3}
    standing.pardon({2: 1})
    assert standing.guilty == {3}
    standing.pardon({3: 1})
    assert standing.guilty == set()
    standing.convict(replace(proposal(), nonce=b"\2" * 32), Abort("again", (3,)))
    assert standing.guilty == {3}
    standing = make()
    standing.pardon({3: 1})
    assert standing.guilty == {3}


def test_accusations__should_be_those_that_were_not_pardoned(holdings: Holdings) -> None:
    standing = Standing(1, holdings, Clock())
    assert list(standing.accusations()) == []
    documents = [
        standing.convict(proposal(), Abort("wrong share", (3,))),
        standing.convict(replace(proposal(), nonce=b"\2" * 32), Abort("two of them", (3, 4))),
    ]
    kind = str(proposal().kind)
    assert set(standing.accusations()) == {
        Conviction(3, kind, "wrong share", documents[0]),
        Conviction(3, kind, "two of them", documents[1]),
        Conviction(4, kind, "two of them", documents[1]),
    }
    standing.pardon({3: 1})
    assert set(standing.accusations()) == {Conviction(4, kind, "two of them", documents[1])}


def test_unknown_group__should_be_refused_before_there_is_one() -> None:
    with pytest.raises(NotAMember):
        Target.of(KeyringSettings("keyring1", ()))
