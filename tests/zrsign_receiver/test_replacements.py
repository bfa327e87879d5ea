"""A stuck simple transaction is signed again at a higher fee, under the approval that it has."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.zrsign_receiver import transactions
from tests.zrsign_receiver.test_policy import APPROVERS, approve, guarded
from tests.zrsign_receiver.world import (
    COMPOSER,
    DIRECT,
    EVM_CHAIN,
    OMNI,
    RELAYER,
    World,
    status_name,
    step_names,
)
from zrchain_lite.errors import Conflict, InvalidArgument, LedgerError, Unauthorized
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains import Intent
from zrsign_chains.evm import EvmChain
from zrsign_receiver.requests.replacements import MAX_REPLACEMENTS

CHAIN = EvmChain(EVM_CHAIN)
TRANSACTION = pb.DELIVERY_KIND_TRANSACTION
GWEI = 10**9


def paying(max_fee: int, *, nonce: int = 0, value: int = 1000) -> bytes:
    intent = Intent(transactions.EVM_RECIPIENT, value, b"", 10**18)
    return CHAIN.compose(
        intent, nonce=nonce, gas=21_000, max_fee=max_fee, priority_fee=max_fee // 10
    )


@dataclass
class Stuck:
    """A world in which a composed transaction is signed and on its way."""

    world: World
    request_id: int

    @property
    def request(self) -> pb.Request:
        return self.world.request(self.request_id)

    @property
    def newest(self) -> int:
        request = self.request
        numbers = [one.sign_transaction_request_id for one in request.replacements]
        return [request.sign_transaction_request_id, *numbers][-1]

    def outgoing(self) -> pb.Outgoing:
        query = pb.QueryOutgoingRequest()
        (found,) = self.world.query("Outgoing", query, pb.QueryOutgoingResponse).outgoing
        return found

    def replace(self, unsigned: bytes, number: int = 0, composer: str = COMPOSER.address) -> None:
        self.world.send(
            pb.MsgProposeTransaction(
                composer=composer,
                request_id=self.request_id,
                unsigned_transaction=unsigned,
                replaces_sign_transaction_request_id=number or self.newest,
            )
        )


def composed(world: World, contract: str = OMNI) -> int:
    event = world.sign_event(
        pb.REQUEST_KIND_SIMPLE_TX, transactions.simple(), broadcast=True, contract=contract
    )
    (request_id,) = world.report(event)
    world.send(
        pb.MsgProposeTransaction(
            composer=COMPOSER.address, request_id=request_id, unsigned_transaction=paying(GWEI)
        )
    )
    return request_id


def stuck(world: World | None = None, contract: str = OMNI) -> Stuck:
    made = world or World()
    made.wallet()
    request_id = composed(made, contract)
    made.fulfil()
    made.fulfil()
    case = Stuck(made, request_id)
    assert status_name(case.request) == "DELIVERING"
    return case


def test_replacement__should_be_signed_and_carried_beside_the_stuck_one() -> None:
    case = stuck()
    case.replace(paying(2 * GWEI))
    case.replace(paying(2 * GWEI), case.request.sign_transaction_request_id)
    assert not case.outgoing().replacements, "not before it is signed"
    case.world.fulfil()
    request, outgoing = case.request, case.outgoing()
    (replacement,) = request.replacements
    assert (replacement.signed, replacement.unsigned_transaction) == (True, paying(2 * GWEI))
    assert request.unsigned_transaction == outgoing.unsigned_transaction == paying(GWEI)
    (carried,) = outgoing.replacements
    assert carried.unsigned_transaction == paying(2 * GWEI)
    signed = CHAIN.assemble(
        CHAIN.parse(carried.unsigned_transaction), carried.signatures, carried.public_keys
    )
    case.world.deliver(
        case.request_id, pb.DELIVERY_STATUS_CONFIRMED, TRANSACTION, CHAIN.transaction_id(signed)
    )
    assert status_name(case.request) == "CONFIRMED"
    assert step_names(case.request)[-4:] == [
        *("delivering", "replacing", "replaced", "transaction_confirmed"),
    ]


@pytest.mark.parametrize(
    ("unsigned", "word"),
    [
        (paying(GWEI + 1), "no pool takes"),
        (paying(2 * GWEI, nonce=1), "more than the fee"),
        (paying(2 * GWEI, value=1001), "wei, not 1000"),
        (paying(3000 * GWEI), "above the cap"),
        (b"", "refused"),
        (b"\x02" * 131_073, "at most"),
    ],
)
def test_replacement__should_change_the_fee_alone_and_stay_within_the_cap(
    unsigned: bytes, word: str
) -> None:
    case = stuck()
    before = case.request
    with pytest.raises(InvalidArgument, match=word):
        case.replace(unsigned)
    assert case.request == before


def test_replacement__should_come_from_a_composer_for_the_newest_that_is_on_its_way() -> None:
    case = stuck()
    first = case.newest
    with pytest.raises(Unauthorized):
        case.replace(paying(2 * GWEI), composer=RELAYER.address)
    with pytest.raises(Conflict, match="the newest"):
        case.replace(paying(2 * GWEI), first + 99)
    case.replace(paying(2 * GWEI))
    with pytest.raises(Conflict, match="the newest"):
        case.replace(paying(3 * GWEI), first)
    with pytest.raises(Conflict, match="being signed"):
        case.replace(paying(3 * GWEI))
    case.world.fulfil()
    case.world.deliver(case.request_id, pb.DELIVERY_STATUS_CONFIRMED, TRANSACTION)
    with pytest.raises(Conflict, match="on its way"):
        case.replace(paying(3 * GWEI))


def test_replacement_of_what_is_not_signed__should_be_refused() -> None:
    world = World()
    world.wallet()
    request_id = composed(world)
    with pytest.raises(Conflict, match="on its way"):
        Stuck(world, request_id).replace(paying(2 * GWEI))


def test_replacements__should_be_counted() -> None:
    case, fee = stuck(), GWEI
    for _ in range(MAX_REPLACEMENTS):
        fee = fee * 5 // 4
        case.replace(paying(fee))
        case.world.fulfil()
    with pytest.raises(Conflict, match="10 times"):
        case.replace(paying(2 * fee))
    assert len(case.outgoing().replacements) == MAX_REPLACEMENTS


def test_refused_signature__should_leave_what_is_on_its_way() -> None:
    case = stuck()
    first = case.newest
    case.replace(paying(2 * GWEI))
    case.world.refuse("not today")
    assert (case.newest, status_name(case.request)) == (first, "DELIVERING")
    assert step_names(case.request)[-1] == "replacement_failed"
    case.replace(paying(3 * GWEI))
    case.world.fulfil()
    assert len(case.outgoing().replacements) == 1


def test_signature_after_the_end__should_change_nothing_that_is_carried() -> None:
    case = stuck()
    case.replace(paying(2 * GWEI))
    case.world.deliver(case.request_id, pb.DELIVERY_STATUS_CONFIRMED, TRANSACTION)
    case.world.fulfil()
    assert status_name(case.request) == "CONFIRMED"
    assert step_names(case.request)[-1] == "replacement_unused"


def test_replacement__should_need_no_second_approval_under_the_same_policy() -> None:
    world = World()
    guarded(world)
    request_id = composed(world)
    case = Stuck(world, request_id)
    for approver in APPROVERS[:2]:
        approve(world, case.request.action_id, approver)
    world.fulfil()
    case.replace(paying(2 * GWEI))
    world.fulfil()
    assert case.outgoing().replacements


def test_replacement__should_be_refused_once_another_policy_guards_the_wallet() -> None:
    case = stuck()
    guarded(case.world)
    with pytest.raises(Conflict, match="guards this now"):
        case.replace(paying(2 * GWEI))


def test_replacement__should_be_refused_where_nobody_pays_the_keyring() -> None:
    case = stuck(World(sig_fee=10, funds=15))
    with pytest.raises(LedgerError):
        case.replace(paying(2 * GWEI))
    assert not case.request.replacements


def test_direct_answer__should_tell_what_was_answered_first() -> None:
    world = World()
    world.direct_source()
    case = stuck(world, DIRECT)
    before = case.request.answer
    case.replace(paying(2 * GWEI))
    world.fulfil()
    assert case.request.answer == before
    assert before.meta_data == paying(GWEI)
    world.deliver(case.request_id, pb.DELIVERY_STATUS_CONFIRMED, TRANSACTION)
    assert status_name(case.request) == "DELIVERING"
    with pytest.raises(Conflict, match="on its way"):
        case.replace(paying(3 * GWEI))
