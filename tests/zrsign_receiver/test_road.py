"""Whole roads: any interleaving of reports, answers, refusals, blocks and deliveries."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.zrsign_receiver import transactions
from tests.zrsign_receiver.world import (
    COMPOSER,
    DIRECT,
    OBSERVERS,
    OMNI,
    Account,
    World,
)
from zrchain_lite.errors import Conflict, NotFound
from zrchain_lite.modules.treasury.escrow import KEYRING_ESCROW
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_receiver.journey import FINAL

KINDS = (
    pb.REQUEST_KIND_HASH,
    pb.REQUEST_KIND_DATA,
    pb.REQUEST_KIND_TX,
    pb.REQUEST_KIND_SIMPLE_TX,
)
BROADCASTABLE = (pb.REQUEST_KIND_TX, pb.REQUEST_KIND_SIMPLE_TX)
PAYLOADS = {
    pb.REQUEST_KIND_HASH: b"\x01" * 32,
    pb.REQUEST_KIND_DATA: b"words",
    pb.REQUEST_KIND_TX: transactions.evm(),
    pb.REQUEST_KIND_SIMPLE_TX: transactions.simple(),
}

told = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.booleans()), min_size=1, max_size=12
)


def tell(world: World, reports: list[tuple[int, int, bool]]) -> None:
    """(observer, event, truthful): each report of three fixed events, or of a lie about one."""
    world.logs = 0
    truths = [world.key_event(Account(f"owner {n}")) for n in range(3)]
    for observer, number, truthful in reports:
        event = pb.SourceEvent()
        event.CopyFrom(truths[number])
        if not truthful:
            event.owner = Account("thief").evm
        world.report(event, observer=OBSERVERS[observer])


@settings(max_examples=40, deadline=None)
@given(told)
def test_report__should_change_nothing_when_it_is_repeated(
    reports: list[tuple[int, int, bool]],
) -> None:
    once, twice = World(threshold=2), World(threshold=2)
    tell(once, reports)
    tell(twice, [report for report in reports for _ in range(2)])
    assert list(once.store.iterate(b"")) == list(twice.store.iterate(b""))


@settings(max_examples=40, deadline=None)
@given(told)
def test_reports__should_change_nothing_when_they_are_all_repeated(
    reports: list[tuple[int, int, bool]],
) -> None:
    # An observer that says something else about an event corrects itself.
    said: dict[tuple[int, int], bool] = {}
    firm = [(o, n, said.setdefault((o, n), truthful)) for o, n, truthful in reports]
    once, twice = World(threshold=2), World(threshold=2)
    tell(once, firm)
    tell(twice, firm + firm)
    assert list(once.store.iterate(b"")) == list(twice.store.iterate(b""))


@settings(max_examples=40, deadline=None)
@given(told, st.randoms(use_true_random=False))
def test_honest_reports__should_be_accepted_in_any_order(
    reports: list[tuple[int, int, bool]], random: object
) -> None:
    honest = [(observer, number, True) for observer, number, _ in reports]
    shuffled = list(honest)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    outcomes = []
    for sequence in (honest, shuffled):
        world = World(threshold=2)
        tell(world, sequence)
        count = len({number for _, number, _ in sequence})
        found = [world.request(n + 1) for n in range(count)]
        outcomes.append(sorted((r.event.id.tx_hash, r.owner_id, r.status) for r in found))
    assert outcomes[0] == outcomes[1]


class Road(RuleBasedStateMachine):
    """A request only moves forward and ends once; the escrow holds the fees of open requests."""

    @initialize()
    def begin(self) -> None:
        self.world = World(key_fee=7, sig_fee=5, funds=600)
        self.world.direct_source()
        self.world.wallet()
        self.seen: dict[int, pb.Request] = {}

    @rule(index=st.integers(0, 2), contract=st.sampled_from((OMNI, DIRECT)))
    def ask_key(self, index: int, contract: str) -> None:
        self.world.report(self.world.key_event(index=index, contract=contract))

    @rule(
        kind=st.sampled_from(KINDS),
        contract=st.sampled_from((OMNI, DIRECT)),
        broadcast=st.booleans(),
        index=st.sampled_from((0, 0, 0, 1)),
    )
    def ask_signature(
        self, kind: pb.RequestKind, contract: str, broadcast: bool, index: int
    ) -> None:
        event = self.world.sign_event(
            kind,
            PAYLOADS[kind],
            contract=contract,
            broadcast=broadcast and kind in BROADCASTABLE,
            index=index,
        )
        self.world.report(event)

    @rule()
    def fulfil(self) -> None:
        self.world.fulfil()

    @rule()
    def refuse(self) -> None:
        self.world.refuse("busy")

    @rule(count=st.sampled_from((1, 21)))
    def pass_blocks(self, count: int) -> None:
        self.world.blocks(count)

    @rule(data=st.data(), nonce=st.integers(0, 3))
    def propose(self, data: st.DataObject, nonce: int) -> None:
        query = pb.QueryComposableRequest()
        found = self.world.query("Composable", query, pb.QueryComposableResponse).composable
        if found:
            chosen = data.draw(st.sampled_from(list(found)))
            self.world.send(
                pb.MsgProposeTransaction(
                    composer=COMPOSER.address,
                    request_id=chosen.request.id,
                    unsigned_transaction=transactions.evm(nonce=nonce),
                )
            )

    @rule(
        data=st.data(),
        status=st.sampled_from(
            (pb.DELIVERY_STATUS_SUBMITTED, pb.DELIVERY_STATUS_CONFIRMED, pb.DELIVERY_STATUS_FAILED)
        ),
        kind=st.sampled_from((pb.DELIVERY_KIND_TRANSACTION, pb.DELIVERY_KIND_ANSWER)),
    )
    def deliver(
        self, data: st.DataObject, status: pb.DeliveryStatus, kind: pb.DeliveryKind
    ) -> None:
        delivering = self._requests(pb.REQUEST_STATUS_DELIVERING) or self._requests(0)
        request_id = data.draw(st.sampled_from([request.id for request in delivering]))
        try:
            self.world.deliver(request_id, status, kind)
        except (Conflict, NotFound):
            return

    @invariant()
    def moves_forward_and_ends_once(self) -> None:
        for request in self._requests(0):
            before = self.seen.get(request.id)
            if before is not None:
                assert request.status >= before.status
                assert before.status not in FINAL or request == before
            numbers = [step.number for step in request.steps]
            assert numbers == list(range(1, len(numbers) + 1))
            assert bool(request.reject_reason) == (request.status == pb.REQUEST_STATUS_REJECTED)
            self.seen[request.id] = request

    @invariant()
    def indexes_agree(self) -> None:
        found = {r.id for status in pb.RequestStatus.values()[1:] for r in self._requests(status)}
        assert found == {request.id for request in self._requests(0)}
        for status in pb.RequestStatus.values()[1:]:
            assert all(r.status == status for r in self._requests(status))

    @invariant()
    def escrow_holds_the_open_fees(self) -> None:
        ctx = self.world.ctx()
        held = self.world.bank.balance(ctx, self.world.bank.module_address(KEYRING_ESCROW))
        keys = self.world._open("KeyRequests", treasury.QueryKeyRequestsRequest())
        signatures = self.world._open("SignatureRequests", treasury.QuerySignatureRequestsRequest())
        fees = [self.world.treasury.key_request(ctx, id_).fee for id_ in keys]
        fees += [self.world.treasury.sign_request(ctx, id_).fee for id_ in signatures]
        assert held == sum(fees)

    def _requests(self, status: int) -> list[pb.Request]:
        query = pb.QueryRequestsRequest(status=status)  # type: ignore[arg-type]
        return list(self.world.query("Requests", query, pb.QueryRequestsResponse).requests)


TestRoad = Road.TestCase
TestRoad.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)
