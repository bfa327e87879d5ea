"""Simple transactions: the ledger holds what a composer proposes against what was asked."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.zrsign_receiver import transactions
from tests.zrsign_receiver.world import (
    COMPOSER,
    EVM_CHAIN,
    LOCALNET,
    REGTEST,
    RELAYER,
    World,
    status_name,
)
from zrchain_lite.errors import Conflict, InvalidArgument, Unauthorized
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains import BITCOIN_TEST, EVM, SOLANA, WalletType
from zrsign_receiver.requests.signing import COMPOSING_BLOCKS


@dataclass
class Asked:
    """A world in which a simple transaction waits for its composer."""

    world: World
    request_id: int
    public_key: bytes

    def propose(self, unsigned: bytes, composer: str = COMPOSER.address) -> None:
        self.world.send(
            pb.MsgProposeTransaction(
                composer=composer, request_id=self.request_id, unsigned_transaction=unsigned
            )
        )

    def refuse(self, reason: str, composer: str = COMPOSER.address) -> None:
        self.world.send(
            pb.MsgRejectComposition(composer=composer, request_id=self.request_id, reason=reason)
        )

    def composable(self, namespace: str = "") -> list[pb.Composable]:
        query = pb.QueryComposableRequest(namespace=namespace)
        return list(self.world.query("Composable", query, pb.QueryComposableResponse).composable)

    @property
    def request(self) -> pb.Request:
        return self.world.request(self.request_id)


def asked(
    wallet_type: WalletType = EVM,
    destination: str = EVM_CHAIN,
    payload: bytes | None = None,
) -> Asked:
    world = World()
    wallet = world.wallet(wallet=wallet_type)
    event = world.sign_event(
        pb.REQUEST_KIND_SIMPLE_TX,
        transactions.simple() if payload is None else payload,
        wallet=wallet_type,
        destination=destination,
        broadcast=True,
    )
    (request_id,) = world.report(event)
    return Asked(world, request_id, wallet.public_key)


def bitcoin() -> Asked:
    payload = transactions.simple(transactions.BITCOIN_RECIPIENT, 50_000)
    return asked(BITCOIN_TEST, REGTEST, payload)


def solana() -> Asked:
    payload = transactions.simple(transactions.SOLANA_RECIPIENT, 5000)
    return asked(SOLANA, LOCALNET, payload)


def test_request_that_nobody_composes__should_end() -> None:
    world = World()
    world.wallet()
    event = world.sign_event(pb.REQUEST_KIND_SIMPLE_TX, transactions.simple())
    (request_id,) = world.report(event)
    world.blocks(COMPOSING_BLOCKS)
    assert status_name(world.request(request_id)) == "COMPOSING"
    world.blocks(1)
    assert world.request(request_id).reject_reason.startswith("composition_timeout: ")
    found = world.query("Composable", pb.QueryComposableRequest(), pb.QueryComposableResponse)
    assert not found.composable


def test_composable__should_say_all_that_a_composer_needs() -> None:
    case = bitcoin()
    (found,) = case.composable("bip122")
    assert case.composable() == [found]
    assert case.composable("eip155") == []
    assert status_name(found.request) == "COMPOSING"
    assert found.public_key == case.public_key
    assert getattr(found, "from").startswith("bcrt1")
    assert (found.to, found.value) == (transactions.BITCOIN_RECIPIENT, "50000")
    assert int(found.max_network_fee) > 0


@pytest.mark.parametrize(
    ("case", "unsigned"),
    [
        (asked, lambda key: transactions.evm()),
        (bitcoin, transactions.bitcoin),
        (solana, transactions.solana),
    ],
)
def test_proposal__should_be_signed_when_it_does_what_was_asked(case, unsigned) -> None:  # type: ignore[no-untyped-def]
    waiting = case()
    payload = unsigned(waiting.public_key)
    waiting.propose(payload)
    waiting.propose(payload)
    assert waiting.composable() == []
    assert status_name(waiting.request) == "SIGNING"
    waiting.world.fulfil()
    assert status_name(waiting.request) == "DELIVERING"
    assert waiting.request.unsigned_transaction == payload


@pytest.mark.parametrize(
    ("unsigned", "word"),
    [
        (transactions.evm(value=1001), "wei"),
        (transactions.evm(to="0x" + "99" * 20), "calls"),
        (transactions.evm(data=b"\x01\x02\x03\x04"), "calldata"),
        (b"", "refused"),
        (b"\x02\xc0", "refused"),
    ],
)
def test_proposal__should_be_refused_when_it_does_something_else(
    unsigned: bytes, word: str
) -> None:
    waiting = asked()
    before = waiting.request
    with pytest.raises(InvalidArgument, match=word):
        waiting.propose(unsigned)
    assert waiting.request == before
    assert waiting.composable()


def test_proposal__should_be_refused_above_the_fee_cap() -> None:
    waiting = bitcoin()
    with pytest.raises(InvalidArgument, match="above the cap"):
        waiting.propose(transactions.bitcoin(waiting.public_key, 50_000, coins=40, rate=400))


def test_proposal__should_come_from_a_composer_and_in_time() -> None:
    waiting = asked()
    with pytest.raises(Unauthorized):
        waiting.propose(transactions.evm(), composer=RELAYER.address)
    with pytest.raises(Unauthorized):
        waiting.refuse("no", composer=RELAYER.address)
    waiting.propose(transactions.evm())
    with pytest.raises(Conflict, match="SIGNING"):
        waiting.propose(transactions.evm(nonce=5))
    with pytest.raises(Conflict, match="SIGNING"):
        waiting.refuse("too late")


def test_rejected_composition__should_end_the_request_with_the_reason() -> None:
    waiting = bitcoin()
    waiting.refuse("insufficient_balance: 50000 sats asked, 20000 there")
    waiting.refuse("again")
    assert waiting.request.reject_reason == (
        "composition_rejected: insufficient_balance: 50000 sats asked, 20000 there"
    )
    assert waiting.composable() == []
    with pytest.raises(Conflict):
        waiting.propose(transactions.bitcoin(waiting.public_key))


def test_plain_request__should_take_no_proposal() -> None:
    world = World()
    world.wallet()
    (request_id,) = world.report(world.sign_event(pb.REQUEST_KIND_HASH, b"\x01" * 32))
    with pytest.raises(Conflict, match="no simple transaction"):
        Asked(world, request_id, b"").propose(transactions.evm())
