"""One request is read once: no transaction is parsed again while a message is executed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf import any_pb2

from tests.zrsign_receiver import transactions
from tests.zrsign_receiver.test_policy import APPROVERS, approve, guarded
from tests.zrsign_receiver.world import (
    COMPOSER,
    EVM_CHAIN,
    LOCALNET,
    OWNER,
    REGTEST,
    World,
    status_name,
    step_names,
)
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains import BITCOIN_TEST, EVM, SOLANA, WalletType
from zrsign_chains.bitcoin import BitcoinChain
from zrsign_chains.evm import EvmChain
from zrsign_chains.solana import SolanaChain

CASES = ((EVM, EVM_CHAIN), (BITCOIN_TEST, REGTEST), (SOLANA, LOCALNET))


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often any chain was asked to parse and to hash a transaction."""
    counted: Counter[str] = Counter()

    def counting(question: str, answer: Callable[..., Any]) -> Callable[..., Any]:
        def ask(*given: Any) -> Any:
            counted[question] += 1
            return answer(*given)

        return ask

    for chain in (EvmChain, BitcoinChain, SolanaChain):
        for question in ("parse", "sighashes"):
            monkeypatch.setattr(chain, question, counting(question, getattr(chain, question)))
    return counted


def once(counted: Counter[str]) -> bool:
    return counted == {"parse": 1, "sighashes": 1}


def payload(wallet: pb.Wallet, wallet_type: WalletType) -> bytes:
    if wallet_type is EVM:
        return transactions.evm()
    build = transactions.bitcoin if wallet_type is BITCOIN_TEST else transactions.solana
    return build(wallet.public_key)


@pytest.mark.parametrize(("wallet_type", "chain"), CASES)
def test_transaction__should_be_parsed_once_where_the_policy_agrees_at_once(
    parsed: Counter[str], wallet_type: WalletType, chain: str
) -> None:
    world = World()
    wallet = world.wallet(wallet=wallet_type)
    event = world.sign_event(
        pb.REQUEST_KIND_TX, payload(wallet, wallet_type), wallet=wallet_type, destination=chain
    )
    parsed.clear()
    (request_id,) = world.report(event)
    request = world.request(request_id)
    assert status_name(request) == "SIGNING"
    assert step_names(request) == ["observed", "accepted", "approved", "signing"]
    assert once(parsed)


@pytest.mark.parametrize(("wallet_type", "chain"), CASES)
def test_proposal__should_be_parsed_once(
    parsed: Counter[str], wallet_type: WalletType, chain: str
) -> None:
    world = World()
    wallet = world.wallet(wallet=wallet_type)
    to, value = {
        EVM: (transactions.EVM_RECIPIENT, 1000),
        BITCOIN_TEST: (transactions.BITCOIN_RECIPIENT, 50_000),
        SOLANA: (transactions.SOLANA_RECIPIENT, 5000),
    }[wallet_type]
    asked = transactions.simple(to, value)
    (request_id,) = world.report(
        world.sign_event(pb.REQUEST_KIND_SIMPLE_TX, asked, wallet=wallet_type, destination=chain)
    )
    unsigned = payload(wallet, wallet_type)
    parsed.clear()
    proposal = pb.MsgProposeTransaction(
        composer=COMPOSER.address, request_id=request_id, unsigned_transaction=unsigned
    )
    response = world.send(proposal)
    request = world.request(request_id)
    assert status_name(request) == "SIGNING"
    assert isinstance(response, pb.MsgProposeTransactionResponse)
    assert response.sign_transaction_request_id == request.sign_transaction_request_id > 0
    assert response.action_id == request.action_id > 0
    assert once(parsed)


def test_transaction__should_be_parsed_once_for_the_policy_and_once_when_it_agrees(
    parsed: Counter[str],
) -> None:
    """Blocks lie between: nothing that was parsed is kept."""
    world = World()
    guarded(world)
    event = world.sign_event(pb.REQUEST_KIND_TX, transactions.evm())
    parsed.clear()
    (request_id,) = world.report(event)
    request = world.request(request_id)
    assert status_name(request) == "APPROVING"
    assert once(parsed)
    parsed.clear()
    approve(world, request.action_id, APPROVERS[0])
    assert not parsed
    approve(world, request.action_id, APPROVERS[1])
    assert status_name(world.request(request_id)) == "SIGNING"
    assert once(parsed)


def test_ledgers_own_request__should_be_parsed_once(parsed: Counter[str]) -> None:
    world = World()
    wallet = world.wallet()
    metadata = any_pb2.Any()
    metadata.Pack(treasury.MetadataEthereum(chain_id=31338), type_url_prefix="/")
    unsigned = transactions.evm()
    parsed.clear()
    response = world.send(
        treasury.MsgNewSignTransactionRequest(
            creator=OWNER.address,
            key_ids=[wallet.key_id],
            wallet_type=treasury.WALLET_TYPE_EVM,
            unsigned_transaction=unsigned,
            metadata=metadata,
        )
    )
    assert isinstance(response, treasury.MsgNewSignTransactionRequestResponse)
    assert response.id > 0
    assert once(parsed)
