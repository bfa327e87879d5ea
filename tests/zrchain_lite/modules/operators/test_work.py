"""Work: every open request of a keyring with what it takes to approve it, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.zrchain_lite.modules.operators.world import OperatorsWorld
from tests.zrchain_lite.modules.treasury.world import ECDSA, ED25519, Secret, block_hash
from zrchain_lite.errors import InvalidArgument, NotFound
from zrchain_lite.modules.operators import work as work_module
from zrchain_lite.modules.treasury.state import APPROVALS
from zrchain_lite.store.kv import MemoryStore
from zrchain_lite.wire.zrchain.policy import policy_pb2 as policy
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrsign_chains.cosmos import keyring_address

ITEM = b"\x11" * 32
OTHER = b"\x12" * 32
TRANSFER = bytes.fromhex(
    "eb80843b9aca0082520894ea223ca8968ca59e0bc79ba331c2f6f636a3fb82880de0b6b3a764000080808080"
)


@pytest.fixture
def workspace(world: OperatorsWorld) -> str:
    return world.workspace(world.stranger)


def work(world: OperatorsWorld, **fields: Any) -> Any:
    return world.ask("Work", keyring=world.ring, **fields)


def made_key(world: OperatorsWorld, workspace: str, secret: Secret = ECDSA) -> int:
    request_id = world.request_key(world.stranger, workspace, world.ring, key_type=secret.word)
    for party in world.parties[:2]:
        world.answer_key(party, request_id, secret.public_key)
    return request_id


def sign_transaction(world: OperatorsWorld, key_id: int) -> Any:
    message = treasury.MsgNewSignTransactionRequest(
        creator=world.stranger.address,
        key_ids=[key_id],
        wallet_type=treasury.WALLET_TYPE_EVM,
        unsigned_transaction=TRANSFER,
    )
    message.metadata.Pack(treasury.MetadataEthereum(chain_id=1), type_url_prefix="/")
    return world.do(message)


def ids(items: Any) -> list[int]:
    return [item.id for item in items]


def test_work__should_tell_where_the_keyring_stands(world: OperatorsWorld) -> None:
    world.set_group(*world.members(1, 2))
    world.order("OrderRefresh")
    answer = work(world)
    assert answer.height == world.height
    assert (answer.group_number, answer.refresh_number, answer.settings_version) == (1, 1, 2)
    assert answer.party_threshold == 2
    assert list(answer.parties) == [party.address for party in world.parties]
    assert not answer.more
    for address, error in (("", InvalidArgument), (keyring_address(99), NotFound)):
        with pytest.raises(error):
            world.ask("Work", keyring=address)


def test_work__should_hold_open_key_requests_by_id(world: OperatorsWorld, workspace: str) -> None:
    first, second, third = (
        world.request_key(world.stranger, workspace, world.ring) for _ in range(3)
    )
    world.answer_key(world.parties[0], second, ECDSA.public_key)
    made_key(world, workspace)
    assert ids(work(world).keys) == [first, second, third]
    shown = work(world).keys[1]
    assert (shown.status, shown.public_key) == ("KEY_REQUEST_STATUS_PARTIAL", ECDSA.public_key)
    world.answer_key(world.parties[1], second, ECDSA.public_key)
    assert ids(work(world).keys) == [first, third]


def test_work__should_hold_leaves_and_their_roots(world: OperatorsWorld, workspace: str) -> None:
    key = made_key(world, workspace)
    single = world.request_signature(world.stranger, [key], ITEM)
    parent = world.request_signature(world.stranger, [key, key], ITEM, OTHER)
    children = list(world.sign_request(parent).child_req_ids)
    answer = work(world)
    assert ids(answer.signatures) == sorted([single, *children])
    assert ids(answer.roots) == [parent]
    assert list(answer.roots[0].child_req_ids) == children
    assert not answer.transactions

    for party in world.parties[:2]:
        world.answer(party, children[0], ECDSA.sign(ITEM))
    world.answer(world.parties[0], single, ECDSA.sign(ITEM))
    answer = work(world)
    assert ids(answer.signatures) == sorted([single, children[1]])
    assert answer.roots[0].status == "SIGN_REQUEST_STATUS_PARTIAL"
    partial = next(each for each in answer.signatures if each.id == single)
    assert partial.keyring_party_sigs[0].creator == world.parties[0].address

    world.advance(25)
    assert not work(world).signatures


def test_work__should_say_which_block_approved_a_request(
    world: OperatorsWorld, workspace: str
) -> None:
    """Not the one that brought it: with the last approval nothing of it can be changed any more."""
    alice, bob = world.account(), world.account()
    both = world.all_of(alice, bob)
    shared = world.workspace(alice, bob)
    key = world.request_key(alice, shared, world.ring, key_type=ECDSA.word, sign_policy_id=both)
    for party in world.parties[:2]:
        world.answer_key(party, key, ECDSA.public_key)
    asked_at = world.height
    message = treasury.MsgNewSignatureRequest(
        creator=alice.address, key_ids=[key, key], data_for_signing=f"{ITEM.hex()},{OTHER.hex()}"
    )
    world.do(message)
    waiting = policy.QueryActionsRequest(status=policy.ACTION_STATUS_PENDING)
    (action,) = world.query("/zrchain.policy.Query/Actions", waiting).actions
    assert not work(world).signatures
    world.advance(3)
    world.do(policy.MsgApproveAction(creator=bob.address, action_id=action.id))
    approved_at = world.height
    assert approved_at > asked_at
    world.advance(2)
    single = world.request_signature(world.stranger, [made_key(world, workspace)], ITEM)
    (parent,) = work(world).roots
    assert [(a.sign_request_id, a.height, a.block_hash) for a in work(world).approvals] == [
        (parent.id, approved_at, block_hash(approved_at)),
        (single, world.height, block_hash(world.height)),
    ]


def test_work__should_say_nothing_of_the_block_of_an_older_request(
    world: OperatorsWorld, workspace: str
) -> None:
    single = world.request_signature(world.stranger, [made_key(world, workspace)], ITEM)
    APPROVALS.delete(world.store, single)
    assert ids(work(world).signatures) == [single]
    assert not work(world).approvals


def test_work__should_hold_each_transaction_once(world: OperatorsWorld, workspace: str) -> None:
    key = made_key(world, workspace)
    asked = [sign_transaction(world, key) for _ in range(2)]
    world.request_signature(world.stranger, [key], ITEM)
    answer = work(world)
    assert ids(answer.transactions) == [each.id for each in asked]
    assert [each.sign_request_id for each in answer.transactions] == [
        each.signature_request_id for each in asked
    ]
    assert answer.transactions[0].unsigned_transaction == TRANSFER
    assert answer.signatures[0].HasField("metadata")
    assert not answer.roots


def test_work__should_be_of_one_keyring(world: OperatorsWorld, workspace: str) -> None:
    other = world.keyring(world.admin, world.parties, threshold=2)
    world.request_key(world.stranger, workspace, other)
    assert not work(world).keys
    assert len(world.ask("Work", keyring=other).keys) == 1


def test_work__should_agree_with_the_treasurys_queries(
    world: OperatorsWorld, workspace: str
) -> None:
    key = made_key(world, workspace)
    world.request_key(world.stranger, workspace, world.ring)
    world.request_signature(world.stranger, [key, key], ITEM, OTHER)
    sign_transaction(world, key)
    listed = world.query(
        "/zrchain.treasury.Query/SignatureRequests",
        treasury.QuerySignatureRequestsRequest(
            keyring_addr=world.ring, status=treasury.SIGN_REQUEST_STATUS_PENDING
        ),
    ).sign_requests
    answer = work(world)
    assert list(answer.signatures) == [each for each in listed if not each.child_req_ids]
    assert list(answer.roots) == [each for each in listed if each.child_req_ids]
    (transaction,) = world.query(
        "/zrchain.treasury.Query/SignTransactionRequests",
        treasury.QuerySignTransactionRequestsRequest(),
    ).sign_transaction_requests
    assert list(answer.transactions) == [transaction.sign_transaction_requests]


def test_work__should_stop_at_its_limit(world: OperatorsWorld, workspace: str) -> None:
    key = made_key(world, workspace)
    keys = [world.request_key(world.stranger, workspace, world.ring) for _ in range(3)]
    leaves = [world.request_signature(world.stranger, [key], ITEM) for _ in range(3)]
    answer = work(world, limit=2)
    assert (ids(answer.keys), ids(answer.signatures)) == (keys[:2], leaves[:2])
    assert answer.more
    assert not work(world, limit=3).more
    assert not work(world, limit=2**32 - 1).more


def test_work__should_not_look_beyond_its_limit(
    world: OperatorsWorld, workspace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer must not become dearer with the length of the queue."""
    key = made_key(world, workspace)
    for _ in range(40):
        world.request_key(world.stranger, workspace, world.ring)
        world.request_signature(world.stranger, [key], ITEM)
    work(world, limit=3)
    seen = 0
    iterate = MemoryStore.iterate

    def counted(self: MemoryStore, *args: Any, **named: Any) -> Any:
        nonlocal seen
        for pair in iterate(self, *args, **named):
            seen += 1
            yield pair

    monkeypatch.setattr(MemoryStore, "iterate", counted)
    assert work(world, limit=3).more
    assert seen <= 12


def test_work__should_end_when_it_is_heavy(
    world: OperatorsWorld, workspace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_module, "MAX_PAGE_BYTES", 10_000)
    key = made_key(world, workspace, ED25519)
    leaves = [world.request_signature(world.stranger, [key], b"x" * 4096) for _ in range(4)]
    answer = work(world)
    assert ids(answer.signatures) == leaves[:3]
    assert answer.more
