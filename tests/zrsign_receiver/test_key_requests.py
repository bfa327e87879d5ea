"""Key requests, from the report to the key, in Omni and Direct."""

from __future__ import annotations

import pytest

from tests.zrsign_receiver.world import (
    DIRECT,
    OBSERVERS,
    OWNER,
    PAYER,
    REGTEST,
    SOURCE_CHAIN,
    Account,
    World,
    status_name,
    step_names,
)
from zrchain_lite.errors import NotFound, Unauthorized
from zrchain_lite.store.kv import MemoryStore
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains import BITCOIN_TEST, EVM, SOLANA, WALLET_TYPES, WalletType
from zrsign_chains.bitcoin import BitcoinChain
from zrsign_chains.evm import evm_address, recover_public_key
from zrsign_receiver.answers import authority
from zrsign_receiver.state import DEFAULT_MAX_KEYRING_FEE


def snapshot(store: MemoryStore) -> list[tuple[bytes, bytes]]:
    return list(store.iterate(b""))


@pytest.mark.parametrize("wallet", WALLET_TYPES)
def test_key_request__should_be_answered_with_the_wallets_address(
    wallet: WalletType,
) -> None:
    world = World()
    (request_id,) = world.report(world.key_event(wallet=wallet))
    assert status_name(world.request(request_id)) == "SIGNING"
    world.fulfil()
    request = world.request(request_id)
    assert status_name(request) == "ANSWERED"
    assert request.wallet
    assert step_names(request) == [
        "observed",
        "accepted",
        "key_requested",
        "key_ready",
        "answered",
    ]
    assert request.owner_id == OWNER.evm


def test_bitcoin_test_wallet__should_show_the_first_configured_test_network() -> None:
    world = World()
    found = world.wallet(wallet=BITCOIN_TEST)
    assert found.address == BitcoinChain(REGTEST).address(found.public_key)
    assert found.address.startswith("bcrt1")


def test_key_request__should_give_one_account_one_key_whichever_contract_asked() -> None:
    world = World()
    world.direct_source()
    first, second = world.report(world.key_event(), world.key_event(contract=DIRECT))
    third, other_index = world.report(world.key_event(), world.key_event(index=1))
    world.fulfil()
    (late,) = world.report(world.key_event())
    keys = [world.request(id_).key_id for id_ in (first, second, third, late)]
    assert len(set(keys)) == 1
    assert world.request(other_index).key_id not in keys
    assert status_name(world.request(late)) == "ANSWERED"


def test_contract_owner__should_be_scoped_to_its_chain() -> None:
    world = World()
    (request_id,) = world.report(world.key_event(owner_is_contract=True))
    world.fulfil()
    request = world.request(request_id)
    assert request.owner_id == f"{SOURCE_CHAIN}:{OWNER.evm}"
    assert world.wallet().key_id != request.key_id


def test_workspaces__should_be_one_parent_an_owner_and_one_child_a_coin_type() -> None:
    world = World()
    for wallet in (EVM, SOLANA):
        world.report(world.key_event(wallet=wallet), world.key_event(wallet=wallet, index=1))
    owned = world.identity.workspaces_of(world.ctx(), OWNER.evm)
    parent = next(w for w in owned if w.child_workspaces)
    children = {w.alias for w in owned if w.address in parent.child_workspaces}
    assert len(owned) == 3
    assert children == {"60", "501"}


def test_workspace__should_not_be_taken_from_a_stranger_who_named_the_owner() -> None:
    world = World()
    stranger = Account("stranger").address
    trap = world.identity.create_workspace(world.ctx(), stranger, [stranger, OWNER.evm])
    wallet = world.wallet()
    assert wallet.workspace_addr not in (trap.address, *trap.child_workspaces)
    assert list(world.identity.workspace(world.ctx(), wallet.workspace_addr).owners) == [OWNER.evm]


def test_rejected_key__should_be_asked_for_again_by_a_new_request() -> None:
    world = World()
    (first,) = world.report(world.key_event())
    world.blocks(25)
    (second,) = world.report(world.key_event())
    world.fulfil()
    assert world.request(first).reject_reason == "key_rejected: Key request timed out"
    assert status_name(world.request(second)) == "ANSWERED"


def test_report__should_change_nothing_and_give_the_same_receipt_when_repeated() -> None:
    world = World()
    event = world.key_event()
    receipts = world.report(event, event)
    before = snapshot(world.store)
    assert world.report(event) == [receipts[0]]
    assert receipts[0] == receipts[1]
    assert snapshot(world.store) == before


def test_observed_request__should_show_nothing_before_the_threshold_agrees() -> None:
    world = World(threshold=2)
    event = world.key_event()
    lie = pb.SourceEvent()
    lie.CopyFrom(event)
    lie.owner = Account("thief").evm
    (request_id,) = world.report(lie, observer=OBSERVERS[0])
    observed = world.request(request_id)
    assert status_name(observed) == "OBSERVED"
    assert not observed.event.owner
    assert not observed.owner_id
    world.report(event, observer=OBSERVERS[0])
    assert any(e.type == "zrsign_conflict" for e in world.events)
    assert status_name(world.request(request_id)) == "OBSERVED"
    world.report(event, observer=OBSERVERS[1])
    assert world.request(request_id).owner_id == OWNER.evm


def test_content_that_nobody_else_reported__should_not_be_kept() -> None:
    world = World(threshold=2)
    event = world.key_event()
    before = None
    for number in range(5):
        lie = pb.SourceEvent()
        lie.CopyFrom(event)
        lie.owner = Account(f"thief {number}").evm
        world.report(lie, observer=OBSERVERS[0])
        keys = {key for key, _ in snapshot(world.store)}
        before = before or keys
        assert keys == before
    (request_id,) = world.report(event, observer=OBSERVERS[1])
    world.report(event, observer=OBSERVERS[0])
    assert world.request(request_id).event == event


def test_request_below_the_threshold__should_end_with_a_reason_and_may_begin_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("zrsign_receiver.reports.reporting.OBSERVING_BLOCKS", 5)
    world = World(threshold=2)
    event, other = world.key_event(), world.key_event()
    (request_id,) = world.report(event, observer=OBSERVERS[0])
    (agreed,) = world.report(other, observer=OBSERVERS[0])
    world.report(other, observer=OBSERVERS[1])
    world.blocks(7)
    assert world.request(request_id).reject_reason.startswith("not_agreed: ")
    assert status_name(world.request(agreed)) != "REJECTED"
    (anew,) = world.report(event, observer=OBSERVERS[0])
    assert anew != request_id
    assert world.report(event, observer=OBSERVERS[1]) == [anew]
    assert world.request(anew).owner_id == OWNER.evm


def test_report__should_keep_nothing_when_one_event_is_refused() -> None:
    world = World()
    unknown = world.key_event(contract=DIRECT)
    before = snapshot(world.store)
    with pytest.raises(NotFound, match="not a registered source"):
        world.report(world.key_event(), unknown)
    with pytest.raises(Unauthorized, match="observer"):
        world.report(world.key_event(), observer=Account("nobody"))
    assert snapshot(world.store) == before


def test_direct_key__should_be_answered_with_what_the_contract_checks() -> None:
    world = World()
    key_id = world.direct_source()
    (request_id,) = world.report(world.key_event(contract=DIRECT))
    world.fulfil()
    request = world.request(request_id)
    assert step_names(request)[2:] == [
        "key_requested",
        "key_ready",
        "authorising",
        "authorised",
        "delivering",
    ]
    assert status_name(request) == "DELIVERING"
    answer = request.answer
    assert (answer.wallet, answer.options, answer.owner) == (request.wallet, 2, OWNER.evm)
    expected = world.treasury.key(world.ctx(), key_id).public_key
    assert signer_of(request) == evm_address(expected)
    assert [d.kind for d in request.deliveries] == [pb.DELIVERY_KIND_ANSWER]


def signer_of(request: pb.Request) -> str:
    digest = authority.digest(request.event.id, request.answer)
    return evm_address(recover_public_key(digest, request.answer.authority_signature))


def test_key_fee__should_be_paid_by_the_fee_payer() -> None:
    world = World(key_fee=75, funds=1000)
    world.wallet()
    assert world.bank.balance(world.ctx(), PAYER.address) == 925


def test_keyring_fee__should_be_within_what_a_contracts_request_accepts() -> None:
    world = World(key_fee=DEFAULT_MAX_KEYRING_FEE + 1, funds=10**12)
    (request_id,) = world.report(world.key_event())
    assert world.request(request_id).reject_reason.startswith("keyring_fee_too_high: ")
    assert world.bank.balance(world.ctx(), PAYER.address) == 10**12


def test_key_request__should_be_rejected_when_nobody_can_pay_its_fee() -> None:
    world = World(key_fee=75, funds=74)
    (request_id,) = world.report(world.key_event())
    assert world.request(request_id).reject_reason.startswith("keyring_fee_unpaid: ")
    assert world.bank.balance(world.ctx(), PAYER.address) == 74
