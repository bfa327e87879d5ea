"""Direct messages: for their recipient only, tied to a view, provable like broadcasts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zrsign_dmpc.builders import identities, parties
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_dmpc.run import evidence as faults
from zrsign_dmpc.run.board import Board
from zrsign_dmpc.run.execution import Execution, Heard, Protocol, RoundSpec
from zrsign_dmpc.run.messages import EVERYBODY, Message, MessageKind
from zrsign_dmpc.run.rounds import Abort, Outgoing, Result, Round
from zrsign_dmpc.run.session import Outbound, Session
from zrsign_dmpc.run.simulator import Alteration, Deviation, Simulation, disturbed
from zrsign_dmpc.wire.encoding import Value
from zrsign_dmpc.wire.records import Record

INDICES = (1, 2, 3)
KEYS = identities(INDICES)


@dataclass(frozen=True)
class Factor(Record):
    """Broadcast: a number."""

    value: int


@dataclass(frozen=True)
class Product(Record):
    """Direct: the sender's factor times the recipient's, which the recipient checks."""

    recipient: int
    value: int


def wrong_product(board: Heard, suspect: int, witness: Value) -> bool:
    """The witness names the recipient."""
    if not isinstance(witness, int):
        return False
    product = board.direct(2, suspect, witness, Product)
    mine, theirs = (board.broadcast(1, i, Factor).value for i in (witness, suspect))
    return product != Product(witness, mine * theirs)


PRODUCTS = Protocol(
    name="products",
    rounds=(RoundSpec(broadcast=Factor), RoundSpec(broadcast=Factor, direct=Product)),
    faults={"wrong product": wrong_product},
)
EXECUTION = Execution(PRODUCTS, b"p" * 16, parties(INDICES), 2, SECP256K1)


class FactorRound(Round[int]):
    number = 1

    def __init__(self, me: int) -> None:
        self._me = me

    def outgoing(self) -> Outgoing:
        return Outgoing(broadcast=Factor(self._me + 10))

    def finalize(self, board: Board) -> Round[int]:
        return ProductRound(self._me, board)


class ProductRound(Round[int]):
    number = 2

    def __init__(self, me: int, board: Board) -> None:
        self._me = me
        self._factors = {i: f.value for i, f in board.broadcasts(1, Factor).items()}

    def outgoing(self) -> Outgoing:
        mine = self._factors[self._me]
        direct = {i: Product(i, mine * f) for i, f in self._factors.items() if i != self._me}
        return Outgoing(Factor(mine), direct)

    def finalize(self, board: Board) -> Result[int]:
        board.require_innocence("wrong product", witness=self._me)
        return Result(sum(self._factors.values()))


def run(
    seed: int = 1, alter: Alteration | None = None, party: type[Session[int]] | None = None
) -> dict[int, Result[int] | Abort]:
    sessions: dict[int, Session[int]] = {
        i: Session(EXECUTION, i, KEYS[i], FactorRound(i)) for i in INDICES
    }
    if alter is not None:
        sessions[2] = Deviation(EXECUTION, 2, KEYS[2], FactorRound(2), alter)
    if party is not None:
        sessions[2] = party(EXECUTION, 2, KEYS[2], FactorRound(2))
    network = disturbed(delay=0.3, duplicate=0.3, alter=0.2)
    return Simulation(sessions, seed, network).run()


def assert_named(outcomes: dict[int, Result[int] | Abort], fault: str, judges: set[int]) -> None:
    """These aborted with proof; whoever had its result already keeps it."""
    for index in (1, 3):
        outcome = outcomes[index]
        if index not in judges and isinstance(outcome, Result):
            continue
        assert isinstance(outcome, Abort), (index, outcome)
        assert outcome.culprits == (2,)
        assert all(e.proves_fault(EXECUTION) for e in outcome.evidence)
        assert {e.fault for e in outcome.evidence} == {fault}


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_direct_messages__should_reach_their_recipients(seed: int) -> None:
    assert {o.value for o in run(seed).values() if isinstance(o, Result)} == {36}


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_direct_messages__should_be_evidence_for_everyone(seed: int) -> None:
    def alter(number: int, recipient: int, record: Record) -> Record:
        wrong = isinstance(record, Product) and recipient == 3
        return Product(3, 1) if wrong else record

    assert_named(run(seed, alter), "wrong product", {3})


class TwoViews(Session[int]):
    """Claims another view in its direct messages than in its broadcast."""

    def _send_round(self) -> list[Outbound]:
        sent = super()._send_round()
        if self._round.number == 1:
            return sent
        return [self._with_view(out, bytes(32)) if out.recipient else out for out in sent]

    def _with_view(self, out: Outbound, view: bytes) -> Outbound:
        message = Message.decode(out.data)
        changed = Message.sign(
            self.execution,
            self._identity,
            sender=self.me,
            round_number=message.round,
            kind=MessageKind(message.kind),
            body=message.body,
            view=view,
            recipient=message.recipient,
        )
        return Outbound(out.recipient, changed.encode())


class OtherViewThroughout(TwoViews):
    """The same lie in its broadcast as well: only its originals give it away."""

    def _send_round(self) -> list[Outbound]:
        sent = Session._send_round(self)
        return sent if self._round.number == 1 else [self._with_view(o, bytes(32)) for o in sent]


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_direct_messages__should_carry_the_view_of_the_broadcast(seed: int) -> None:
    assert_named(run(seed, party=TwoViews), faults.TWO_VIEWS, {1, 3})


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_direct_messages__should_wait_until_differing_views_are_resolved(seed: int) -> None:
    outcomes = run(seed, party=OtherViewThroughout)
    for index in (1, 3):
        outcome = outcomes[index]
        assert isinstance(outcome, Abort)
        assert outcome.culprits == (2,)


def started() -> tuple[Session[int], Callable[..., bytes]]:
    party = Session(EXECUTION, 1, KEYS[1], FactorRound(1))
    party.start()

    def direct(value: int, recipient: int = 1, number: int = 2) -> bytes:
        return Message.sign(
            EXECUTION,
            KEYS[2],
            sender=2,
            round_number=number,
            kind=MessageKind.DIRECT if recipient else MessageKind.BROADCAST,
            body=Product(recipient, value).encode(),
            view=bytes(32),
            recipient=recipient,
        ).encode()

    return party, direct


def test_direct_messages__should_not_be_taken_twice_nor_from_others_post() -> None:
    party, direct = started()
    assert party.receive(direct(1, recipient=3)) == []
    assert party.receive(direct(1)) == []
    assert party.receive(direct(1)) == []
    assert party.dropped["the message is a repetition"] == 1
    assert party.waiting_for() == (2, 3)
    party.receive(direct(2))
    assert isinstance(party.outcome, Abort)
    assert party.outcome.evidence[0].fault == faults.EQUIVOCATION
    assert party.outcome.evidence[0].proves_fault(EXECUTION)


def test_direct_messages__should_be_a_fault_where_the_protocol_has_none() -> None:
    party, direct = started()
    party.receive(direct(1, number=1))
    assert isinstance(party.outcome, Abort)
    assert party.outcome.evidence[0].fault == faults.MALFORMED


def test_direct_messages__should_not_pass_as_broadcasts() -> None:
    party, direct = started()
    message = Message.decode(direct(1))
    forged = Message(
        message.sid,
        2,
        MessageKind.BROADCAST,
        2,
        EVERYBODY,
        message.view,
        message.body,
        message.signature,
    )
    party.receive(forged.encode())
    assert party.dropped["the signature is not the sender's"] == 1
