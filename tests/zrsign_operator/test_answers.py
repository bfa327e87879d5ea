"""Answers get to the ledger, in batches, once."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.zrsign_operator.cluster import Clock
from tests.zrsign_operator.conftest import MakeCluster
from tests.zrsign_operator.fake_ledger import ECDSA, ED25519, Ledger, Node, account, cast_client
from zrchain_lite.client import LedgerUnavailable, TxFailed
from zrsign_operator.ledger.answers import (
    BATCH,
    LINGER_S,
    MAX_EVIDENCE_BYTES,
    AnswerOutbox,
    CatchingUp,
)
from zrsign_operator.ledger.view import LedgerSnapshot

ME = account(1)


class Refusing(Node):
    """A node whose ledger refuses transactions for a reason of the test's."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self.error: TxFailed | None = None
        self.sizes: list[int] = []

    async def broadcast(self, *messages: Any) -> None:
        self.sizes.append(len(messages))
        if self.error is not None:
            raise self.error
        await super().broadcast(*messages)


@pytest.fixture
def node() -> Refusing:
    return Refusing(Ledger(party_threshold=1))


@pytest.fixture
def outbox(node: Refusing) -> AnswerOutbox:
    return AnswerOutbox(cast_client(node), ME)


def requests(ledger: Ledger, count: int) -> list[int]:
    key = ledger.add_key(ED25519, b"key", 1000)
    return [ledger.ask_signature(key, b"%d" % number) for number in range(count)]


async def test_answers__should_go_in_batches(node: Refusing, outbox: AnswerOutbox) -> None:
    woken: list[int] = []
    outbox.wake = lambda: woken.append(1)
    asked = requests(node.ledger, BATCH + 5)
    for request in asked:
        assert outbox.signature(request, b"signature %d" % request)
    assert len(woken) == len(asked)
    assert await outbox.flush() == len(asked)
    assert node.sizes == [BATCH, 5]
    assert node.ledger.fulfilled == {request: b"signature %d" % request for request in asked}
    assert await outbox.flush() == 0


async def test_answers__should_go_ahead_of_reports_and_alone(
    node: Refusing, outbox: AnswerOutbox
) -> None:
    """A refresh of many keys has many reports; a report that is refused costs no answer."""
    for culprit in range(BATCH + 1):
        outbox.report_fault("keyring1cluster", culprit, "presign", "it lied", b"evidence")
    (request,) = requests(node.ledger, 1)
    outbox.signature(request, b"signature")
    await outbox.flush()
    assert node.sizes == [1, BATCH, 1]
    assert node.ledger.fulfilled == {request: b"signature"}
    assert len(node.ledger.faults) == BATCH + 1


async def test_answer__should_be_given_once_until_its_request_ended(
    node: Refusing, outbox: AnswerOutbox
) -> None:
    (request,) = requests(node.ledger, 1)
    assert outbox.signature(request, b"signature")
    assert not outbox.signature(request, b"signature")
    assert outbox.has_answered(("signature", request))
    assert not outbox.has_answered(("key", request))
    await outbox.flush()
    assert not outbox.signature(request, b"signature")
    outbox.keep_only({("signature", request)})
    assert outbox.has_answered(("signature", request))
    outbox.keep_only(set())
    assert not outbox.has_answered(("signature", request))


async def test_waiting_answer__should_be_forgotten_with_its_request(
    node: Refusing, outbox: AnswerOutbox
) -> None:
    outbox.signature(1, b"signature")
    outbox.key(2, b"public key")
    outbox.report_fault("keyring1", 3, "ecdsa", "why", b"evidence")
    outbox.keep_only({("key", 2)})
    node.ledger.keys[2] = node.ledger.keys[node.ledger.ask_key(ED25519)]
    node.ledger.keys[2].id = 2
    assert await outbox.flush() == 2
    assert len(node.ledger.faults) == 1
    assert node.ledger.known_keys[2].public_key == b"public key"


async def test_refused_answer__should_not_hold_up_the_others(
    node: Refusing, outbox: AnswerOutbox
) -> None:
    first, late, last = requests(node.ledger, 3)
    del node.ledger.signatures[late]
    for request in (first, late, last):
        outbox.signature(request, b"signature")
    assert await outbox.flush() == 2
    assert node.ledger.fulfilled.keys() == {first, last}
    assert node.sizes == [3, 1, 1, 1]
    # It was too late: it is not tried again.
    assert await outbox.flush() == 0
    assert node.sizes == [3, 1, 1, 1]


@pytest.mark.parametrize("code", [5, 13, 20, 32])
async def test_refusal_that_may_pass__should_leave_the_answer_waiting(
    node: Refusing, outbox: AnswerOutbox, code: int
) -> None:
    (request,) = requests(node.ledger, 1)
    outbox.signature(request, b"signature")
    node.error = TxFailed("sdk", code, "no coins, or out of turn")
    with pytest.raises(TxFailed):
        await outbox.flush()
    assert outbox.has_answered(("signature", request))
    node.error = None
    assert await outbox.flush() == 1


async def test_node_that_is_down__should_leave_answers_waiting_in_their_order(
    node: Refusing, outbox: AnswerOutbox
) -> None:
    asked = requests(node.ledger, 3)
    for request in asked[:2]:
        outbox.signature(request, b"signature")
    node.down = True
    with pytest.raises(LedgerUnavailable):
        await outbox.flush()
    outbox.signature(asked[2], b"signature")
    node.down = False
    assert await outbox.flush() == 3
    assert list(node.ledger.fulfilled) == asked


async def test_evidence__should_go_along_unless_it_is_long(
    node: Refusing, outbox: AnswerOutbox
) -> None:
    short, long = b"e" * MAX_EVIDENCE_BYTES, b"e" * (MAX_EVIDENCE_BYTES + 1)
    for evidence in (short, long, short):
        outbox.report_fault("keyring1", 3, "ecdsa", "why" * 1000, evidence)
    assert await outbox.flush() == 2
    assert [fault.evidence for fault in node.ledger.faults] == [short, b""]
    for fault, evidence in zip(node.ledger.faults, (short, long), strict=True):
        assert fault.evidence_digest == hashlib.sha256(evidence).digest()
        assert len(fault.reason) == 400


async def test_same_evidence__should_be_told_of_each_culprit(
    node: Refusing, outbox: AnswerOutbox
) -> None:
    for culprit in (3, 4, 3):
        outbox.report_fault("keyring1", culprit, "ecdsa", "why", b"evidence")
    assert await outbox.flush() == 2
    assert [fault.culprit for fault in node.ledger.faults] == [3, 4]


def at_once(_: int) -> bool:
    return True


async def test_lone_answer__should_be_joined_after_a_while(
    make_cluster: MakeCluster, tmp_path: Path
) -> None:
    cluster = await make_cluster(2, (1, 2, 3))
    held, lost = cluster.deal(ED25519), cluster.deal(ECDSA)
    ledger = cluster.ledger
    request = ledger.ask_signature(held, b"text")
    ledger.signatures[request].signed_data.add(sign_request_id=request, signed_data=b"signature")
    ledger.signatures[request].keyring_party_sigs.add(creator=account(2).address)
    for key in (held, lost):
        ledger.keys[key] = type(ledger.keys[ledger.ask_key(ED25519)])(id=key, key_type=ED25519)
    ledger.keys[lost].keyring_party_signatures.add(creator=ME.address)
    for index in (1, 2, 3):
        cluster.operators[index].work.report(cluster.held(index, held))
        await cluster.operators[index].outbox.flush()
    operator, clock = cluster.operators[1], Clock()
    view: LedgerSnapshot = await operator.ledger_view.read()
    node = Refusing(ledger)
    outbox = AnswerOutbox(cast_client(node), ME)
    catching_up = CatchingUp(operator.holdings, outbox, clock)
    catching_up.answer(view, ME.address, at_once)
    # The key that it holds is said again; what it said itself of the other is not.
    assert outbox.has_answered(("key", held))
    assert not outbox.has_answered(("key", lost))
    assert not outbox.has_answered(("signature", request))
    clock.now += LINGER_S
    catching_up.answer(view, ME.address, at_once)
    assert not outbox.has_answered(("signature", request))
    clock.now += 0.1
    catching_up.answer(view, account(2).address, at_once)
    assert not outbox.has_answered(("signature", request))
    catching_up.answer(view, ME.address, at_once)
    assert outbox.has_answered(("signature", request))
