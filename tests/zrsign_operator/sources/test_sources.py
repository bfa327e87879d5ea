"""An operator with `[[chains]]` before a ledger that lies about what contracts asked."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from tests.zrsign_listener.conftest import ADMIN, USER, Misbehaving
from tests.zrsign_operator.sources.conftest import Sight, paying
from tests.zrsign_receiver import transactions
from tests.zrsign_receiver.world import PAYER, SOURCE_CHAIN
from zrchain_lite.modules.treasury import state as treasury_state
from zrchain_lite.modules.treasury.transactions import prepare
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrchain_lite.wire.zrsign.receiver import state_pb2 as kept
from zrsign_chains import chain_for
from zrsign_operator.sources.seen import Seen

THEFT = sha256(b"all coins to the liar").digest()
ASKED = sha256(b"what the owner asked").digest()


async def test_request_of_an_event__should_be_signed(sight: Sight) -> None:
    await sight.wallet()
    sight.world.report(await sight.sign("zrSignHash", ASKED))
    assert await sight.refusal() == ""


@pytest.mark.parametrize("call", ["zrSignData", "zrSignTx"])
async def test_message_or_transaction_of_an_event__should_be_signed(
    sight: Sight, call: str
) -> None:
    await sight.wallet()
    payload = b"a message" if call == "zrSignData" else paying(0)
    sight.world.report(await sight.sign(call, payload))
    assert await sight.refusal() == ""


# What a ledger, or the observers that it believes, may invent.


async def test_event_that_never_was__should_wait_for_ever(sight: Sight) -> None:
    await sight.wallet()
    invented = sight.world.sign_event(
        pb.REQUEST_KIND_HASH,
        THEFT,
        destination=SOURCE_CHAIN,
        contract=sight.chain.omni.address,
        index=sight.indices[USER],
    )
    invented.owner = USER
    sight.world.report(invented)
    seen = await sight.look()
    assert seen == Seen(waiting=frozenset(sight.open))


@pytest.mark.parametrize(
    "change",
    [
        {"payload": THEFT},
        {"wallet_index": 9},
        {"dst_chain_id": b"\x01" * 32},
        {"kind": pb.REQUEST_KIND_DATA},
    ],
)
async def test_event_that_says_something_else__should_be_refused(
    sight: Sight, change: dict[str, Any]
) -> None:
    await sight.wallet()
    event = await sight.sign("zrSignHash", ASKED)
    (request_id,) = sight.world.report(event)
    for name, value in change.items():
        setattr(event.sign, name, value)
    _rewrite(sight, request_id, event)
    assert "says something else than the ledger" in await sight.refusal()


async def test_owner_of_somebody_else__should_be_refused(sight: Sight) -> None:
    await sight.wallet()
    await sight.wallet(ADMIN)
    event = await sight.sign("zrSignHash", THEFT, owner=ADMIN)
    event.owner, event.sign.wallet_index = USER, sight.indices[USER]
    sight.world.report(event)
    assert "says something else than the ledger" in await sight.refusal()


async def test_key_of_somebody_else__should_be_refused(sight: Sight) -> None:
    """The ledger says that the liar's wallet is the victim's key; the event is a real one."""
    victim, _ = await sight.wallet(), await sight.wallet(ADMIN)
    await _swap_key(sight, victim.key_id, await sight.sign("zrSignHash", THEFT, owner=ADMIN))
    assert "key_of_another" in await sight.refusal()
    # What was seen first is kept.
    sight.restart()
    assert "key_of_another" in await sight.refusal()


async def test_request_that_no_contract_made__should_be_refused(sight: Sight) -> None:
    victim = await sight.wallet()
    sight.world.treasury.request_signature(
        sight.world.ctx(),
        creator=USER,
        key_ids=[victim.key_id],
        items=[THEFT],
        fee_payer=PAYER.address,
    )
    assert "no contract's request" in await sight.refusal()


async def test_bytes_that_nobody_asked_for__should_be_refused(sight: Sight) -> None:
    """A real event, and a signature request in its name for something else."""
    await sight.wallet()
    (request_id,) = sight.world.report(await sight.sign("zrSignHash", ASKED))
    asked = sight.world.request(request_id).sign_request_id
    store = sight.world.ctx().store
    altered = sight.world.treasury.sign_request(sight.world.ctx(), asked)
    altered.data_for_signing[0] = THEFT
    treasury_state.SIGN_REQUESTS.set(store, asked, altered)
    assert "does not follow from the event" in await sight.refusal()


async def test_contract_that_is_not_named__should_be_refused(sight: Sight) -> None:
    """Anybody may deploy a contract whose events name any owner."""
    await sight.wallet()
    sight.contracts = (sight.chain.direct.address,)
    sight.restart()
    sight.world.report(await sight.sign("zrSignHash", THEFT))
    assert "is no contract of my settings" in await sight.refusal()


# Finality, and forks.


async def test_event_that_is_not_final__should_wait_until_it_is(sight: Sight) -> None:
    await sight.wallet()
    sight.finality = 2
    sight.restart()
    sight.world.report(await sight.sign("zrSignHash", ASKED))
    assert (await sight.look()).waiting == sight.open
    await sight.rpc.call("anvil_mine", hex(1))
    assert (await sight.look()).waiting == sight.open
    await sight.rpc.call("anvil_mine", hex(1))
    assert await sight.refusal() == ""


async def test_event_that_a_reorganisation_took__should_not_be_signed(sight: Sight) -> None:
    await sight.wallet()
    before = await sight.rpc.call("evm_snapshot")
    sight.world.report(await sight.sign("zrSignHash", ASKED))
    await sight.rpc.call("evm_revert", before)
    await sight.rpc.call("anvil_mine", hex(3))
    assert (await sight.look()).waiting == sight.open


async def test_event_that_came_back_in_another_block__should_be_refused(sight: Sight) -> None:
    """The ledger's event names a block that the chain does not have."""
    await sight.wallet()
    event = await sight.sign("zrSignHash", ASKED)
    event.block_hash = b"\x0f" * 32
    sight.world.report(event)
    assert "says something else than the ledger" in await sight.refusal()


def _other_block(method: str, params: list[Any], answer: dict[str, Any]) -> dict[str, Any]:
    if method == "eth_getBlockByNumber" and params[0].startswith("0x"):
        answer["result"]["hash"] = "0x" + "0f" * 32
    return answer


def _other_chain(method: str, _: list[Any], answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"result": "0x1"} if method == "eth_chainId" else answer


def _nonsense(method: str, _: list[Any], answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"result": {"logs": 7}} if method == "eth_getTransactionReceipt" else answer


def _failing(_: str, __: list[Any], answer: dict[str, Any]) -> dict[str, Any]:
    return {"id": answer["id"], "jsonrpc": "2.0", "error": {"code": -32000, "message": "busy"}}


@pytest.mark.parametrize("spoil", [_other_block, _other_chain, _nonsense, _failing])
async def test_node_that_does_not_tell__should_make_the_request_wait(
    sight: Sight, spoil: Any
) -> None:
    await sight.wallet()
    sight.world.report(await sight.sign("zrSignHash", ASKED))
    spoilt = Misbehaving(sight.chain.url, spoil)
    sight.restart(spoilt)
    assert (await sight.look()).waiting == sight.open
    await spoilt.close()
    sight.restart()
    assert await sight.refusal() == ""


# Simple transactions.


async def test_composed_transaction__should_be_signed_once(sight: Sight) -> None:
    """A ledger that asks for the same payment under two nonces would be paid twice."""
    await sight.wallet()
    (request_id,) = sight.world.report(await sight.sign("zrSignSimpleTx", transactions.simple()))
    sight.propose(request_id, paying(0))
    assert await sight.refusal() == ""
    sight.world.fulfil()
    _ask_again(sight, request_id, paying(1))
    assert "not_asked" in await sight.refusal()
    sight.restart()
    assert "not_asked" in await sight.refusal()


async def test_composed_transaction_at_a_higher_fee__should_be_signed(sight: Sight) -> None:
    await sight.wallet()
    (request_id,) = sight.world.report(await sight.sign("zrSignSimpleTx", transactions.simple()))
    sight.propose(request_id, paying(0))
    await sight.look()
    sight.world.fulfil()
    _ask_again(sight, request_id, paying(0, max_fee=2 * 10**9))
    assert await sight.refusal() == ""


@pytest.mark.parametrize("wrong", [paying(0, value=2000), paying(0, max_fee=10**15)])
async def test_composed_transaction_that_pays_something_else__should_be_refused(
    sight: Sight, wrong: bytes
) -> None:
    """Another amount, or a fee above what the operator's settings allow."""
    await sight.wallet()
    (request_id,) = sight.world.report(await sight.sign("zrSignSimpleTx", transactions.simple()))
    _ask_again(sight, request_id, wrong)
    assert "not_asked" in await sight.refusal()


# Keys, and what a Direct contract is told.


async def test_key_of_an_invented_event__should_not_be_answered(sight: Sight) -> None:
    event = sight.world.key_event(contract=sight.chain.omni.address)
    sight.world.report(event)
    (open_key,) = sight.world._open("KeyRequests", treasury.QueryKeyRequestsRequest())
    assert (await sight.look()).waiting_keys == {open_key}


async def test_key_whose_request_a_node_withholds__should_wait_and_be_the_owners_later(
    sight: Sight,
) -> None:
    """Which requests wait for a key is a list, of which a node may leave things out."""
    sight.world.report(await sight.key())
    (open_key,) = sight.world._open("KeyRequests", treasury.QueryKeyRequestsRequest())
    withheld = sight.state.waiting.members(sight.world.ctx().store, open_key)
    for each in withheld:
        sight.state.waiting.remove(sight.world.ctx().store, open_key, each)
    assert (await sight.look()).waiting_keys == {open_key}
    for each in withheld:
        sight.state.waiting.add(sight.world.ctx().store, open_key, each)
    assert await sight.look() == Seen()
    sight.world.fulfil()
    (made,) = sight.world.wallets_of(USER)
    sight.indices[USER] = made.index
    sight.world.report(await sight.sign("zrSignHash", ASKED))
    assert await sight.refusal() == ""


async def told(sight: Sight) -> int:
    """A Direct contract's authority is asked to tell a wallet's address; the request's id."""
    direct = sight.chain.direct.address
    sight.world.direct_source(direct, typed=True)
    (request_id,) = sight.world.report(await sight.key(direct))
    await sight.look()
    sight.world.fulfil_keys()
    return request_id


async def test_address_of_a_wallet__should_be_told_to_its_contract(sight: Sight) -> None:
    request_id = await told(sight)
    assert await sight.refusal() == ""
    assert sight.world.request(request_id).authority_sign_request_id in sight.open


async def test_address_of_another_key__should_not_be_told_to_a_contract(sight: Sight) -> None:
    request = sight.world.request(await told(sight))
    request.wallet = chain_for(SOURCE_CHAIN).address(PAYER.public_key)
    sight.state.save(sight.world.ctx().store, request)
    assert "is no address of the wallet's key" in await sight.refusal()


async def test_key_that_is_not_the_keyrings__should_not_be_told_to_a_contract(
    sight: Sight,
) -> None:
    """The ledger shows another public key, and an address that is of it."""
    request = sight.world.request(await told(sight))
    ctx = sight.world.ctx()
    held = sight.world.treasury.key(ctx, request.key_id)
    mine, held.public_key = held.public_key, PAYER.public_key
    treasury_state.KEYS.set(ctx.store, held.id, held)
    sight.sources._held = lambda _: mine
    request.wallet = chain_for(SOURCE_CHAIN).address(PAYER.public_key)
    sight.state.save(ctx.store, request)
    assert "the keyring has no such key" in await sight.refusal()


async def test_authority_of_a_contract__should_sign_for_no_wallet(sight: Sight) -> None:
    """And for no other contract."""
    request = sight.world.request(await told(sight))
    assert await sight.refusal() == ""
    sight.world.fulfil()
    (authority,) = {
        each.authority_key_id for each in sight.state.sources.values(sight.world.ctx().store)
    } - {0}
    await sight.wallet()
    await _swap_key(sight, authority, await sight.sign("zrSignHash", THEFT))
    assert "key_of_another" in await sight.refusal()
    assert request.key_id != authority


async def _swap_key(sight: Sight, key_id: int, event: pb.SourceEvent) -> None:
    """The ledger has another key sign for an event than its wallet's."""
    (request_id,) = sight.world.report(event)
    asked = sight.world.request(request_id).sign_request_id
    store = sight.world.ctx().store
    altered = sight.world.treasury.sign_request(sight.world.ctx(), asked)
    altered.key_ids[0] = key_id
    treasury_state.SIGN_REQUESTS.set(store, asked, altered)


def _rewrite(sight: Sight, request_id: int, event: pb.SourceEvent) -> None:
    """The ledger shows another event under a request."""
    request = sight.world.request(request_id)
    sight.state.keep_content(sight.world.ctx().store, request.content_hash, event)


def _save(sight: Sight, request: pb.Request) -> None:
    sight.state.save(sight.world.ctx().store, request)


def _ask_again(sight: Sight, request_id: int, unsigned: bytes) -> None:
    """The ledger asks for a transaction in the name of a request, as its own rules forbid."""
    request, ctx = sight.world.request(request_id), sight.world.ctx()
    prepared = prepare(chain_for(SOURCE_CHAIN), unsigned)
    asked = sight.world.treasury.request_sign_transaction(
        ctx,
        prepared,
        creator=request.owner_id,
        key_ids=[request.key_id],
        no_broadcast=True,
        fee_payer=PAYER.address,
    )
    link = kept.SignatureLink(request_id=request_id, replacement=True)
    sight.state.links.set(ctx.store, asked.sign_request_id, link)
