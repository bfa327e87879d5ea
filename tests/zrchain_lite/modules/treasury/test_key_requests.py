"""Key requests: asking, the parties' answers, and every way to end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.zrchain_lite.modules.treasury.world import (
    BITCOIN,
    ECDSA,
    ED25519,
    FEE,
    REJECTED,
    TAPROOT,
    Account,
    Secret,
    World,
)
from zrchain_lite.errors import (
    Conflict,
    InsufficientFunds,
    InvalidArgument,
    NotFound,
    Unauthorized,
)
from zrchain_lite.modules.identity.keeper import KeyringInactive
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.policy import policy_pb2 as policy
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire

OTHER_KEY = bytes.fromhex("025cd45a6614df5348692ea4d0f7c16255b75a6b6f67bea5013621fe84af8031f0")
# y^2 = x^3 + 7 has no solution for x = 5.
OFF_CURVE = b"\x02" + (5).to_bytes(32, "big")


@pytest.fixture
def keyring(world: World, parties: list[Account]) -> str:
    """Two of three parties must answer; a request costs FEE."""
    return world.keyring(parties[0], parties, threshold=2, fee=FEE)


def need_all(world: World, admin: Account, keyring: str) -> None:
    """Then one refusal ends a request."""
    world.do(
        identity.MsgUpdateKeyring(
            creator=admin.address,
            keyring_addr=keyring,
            party_threshold=3,
            key_req_fee=FEE,
            is_active=True,
        )
    )


def request(world: World, request_id: int) -> wire.KeyRequest:
    return world.treasury.key_request(world.ctx(), request_id)


def event_types(world: World) -> list[str]:
    return [event.type for event in world.events if "request" in event.type]


def test_request__should_wait_with_its_fee_in_escrow(
    world: World, owner: Account, workspace: str, keyring: str
) -> None:
    before = world.balance(owner.address)
    request_id = world.request_key(owner, workspace, keyring, index=4)
    stored = request(world, request_id)
    assert (stored.id, stored.status, stored.index) == (1, wire.KEY_REQUEST_STATUS_PENDING, 4)
    assert stored.mpc_btl == world.height + 20
    assert (stored.fee, stored.fee_payer) == (FEE, owner.address)
    assert before - world.balance(owner.address) == FEE == world.escrow
    assert event_types(world) == ["new_key_request"]


@pytest.mark.parametrize(
    ("fields", "error", "why"),
    [
        ({"key_type": "secp256k1"}, InvalidArgument, "known are ecdsa, ed25519"),
        ({"key_type": ""}, InvalidArgument, "unknown key type"),
        ({"ext_requester": "0xabc"}, InvalidArgument, "/zrsign.receiver.MsgReportEvents"),
        ({"ext_key_type": 60}, InvalidArgument, "/zrsign.receiver.MsgReportEvents"),
        (
            {"zenbtc_metadata": wire.ZenBTCMetadata(recipient_addr="0xabc")},
            InvalidArgument,
            "no wrapped assets",
        ),
        ({"sign_policy_id": 9}, NotFound, "no policy 9"),
        ({"mpc_btl": 2**64 - 1}, InvalidArgument, "too long"),
        ({"btl": 2**64 - 1}, InvalidArgument, "too long"),
        ({"workspace_addr": "workspace14a2hpadpsy9h4auve2z8lw"}, NotFound, "no workspace"),
        ({"workspace_addr": "keyring1pfnq7r04rept47gaf5cpdew2"}, InvalidArgument, "prefix"),
        ({"keyring_addr": "keyring1pfnq7r04rept47gaf5cpdew2"}, NotFound, "no keyring"),
    ],
)
def test_request__should_refuse(
    world: World,
    owner: Account,
    workspace: str,
    keyring: str,
    fields: dict[str, Any],
    error: type[Exception],
    why: str,
) -> None:
    named = {"workspace_addr": workspace, "keyring_addr": keyring, "key_type": "ecdsa", **fields}
    with pytest.raises(error, match=why):
        world.do(wire.MsgNewKeyRequest(creator=owner.address, **named))
    assert world.escrow == 0


def test_request__should_need_an_owner_an_active_keyring_and_money(
    world: World, owner: Account, workspace: str, keyring: str, parties: list[Account]
) -> None:
    with pytest.raises(Unauthorized):
        world.request_key(world.account(), workspace, keyring)
    poor = world.account(FEE - 1)
    with pytest.raises(InsufficientFunds):
        world.request_key(poor, world.workspace(poor), keyring)
    world.do(identity.MsgDeactivateKeyring(creator=parties[0].address, keyring_addr=keyring))
    with pytest.raises(KeyringInactive):
        world.request_key(owner, workspace, keyring)


def test_answers__should_make_the_key_at_the_threshold(
    world: World, owner: Account, workspace: str, keyring: str, parties: list[Account]
) -> None:
    request_id = world.request_key(owner, workspace, keyring, index=2)
    world.answer_key(parties[1], request_id, ECDSA.public_key)
    assert request(world, request_id).status == wire.KEY_REQUEST_STATUS_PARTIAL
    assert event_types(world) == ["key_request_partial"]
    assert world.escrow == FEE
    with pytest.raises(NotFound):
        world.treasury.key(world.ctx(), request_id)
    world.answer_key(parties[0], request_id, ECDSA.public_key)
    stored = request(world, request_id)
    assert stored.status == wire.KEY_REQUEST_STATUS_FULFILLED
    assert stored.public_key == ECDSA.public_key
    assert event_types(world) == ["key_request_fulfilled"]
    key = world.treasury.key(world.ctx(), request_id)
    assert (key.workspace_addr, key.keyring_addr, key.index) == (workspace, keyring, 2)
    assert (world.escrow, world.balance(keyring)) == (0, FEE)
    # Late and right: it changes nothing. Late and wrong: it is refused.
    world.answer_key(parties[2], request_id, ECDSA.public_key)
    assert request(world, request_id) == stored
    with pytest.raises(Conflict, match="not open but FULFILLED"):
        world.answer_key(parties[2], request_id, OTHER_KEY)


@pytest.mark.parametrize("secret", [ECDSA, BITCOIN, ED25519, TAPROOT])
def test_answers__should_serve_every_key_type(
    world: World, owner: Account, workspace: str, parties: list[Account], secret: Secret
) -> None:
    keyring = world.keyring(parties[0], parties[:1])
    key_id = world.key(owner, workspace, keyring, parties[0], secret)
    assert world.treasury.key(world.ctx(), key_id).public_key == secret.public_key


def test_answers__should_not_count_one_party_twice(
    world: World, owner: Account, workspace: str, keyring: str, parties: list[Account]
) -> None:
    request_id = world.request_key(owner, workspace, keyring)
    world.answer_key(parties[0], request_id, ECDSA.public_key)
    with pytest.raises(Conflict, match="already sent a fulfilment"):
        world.answer_key(parties[0], request_id, ECDSA.public_key)
    assert request(world, request_id).status == wire.KEY_REQUEST_STATUS_PARTIAL


def test_answers__should_not_count_a_party_that_left(
    world: World, owner: Account, workspace: str, keyring: str, parties: list[Account]
) -> None:
    request_id = world.request_key(owner, workspace, keyring)
    world.answer_key(parties[1], request_id, ECDSA.public_key)
    world.do(
        identity.MsgRemoveKeyringParty(
            creator=parties[0].address, keyring_addr=keyring, party=parties[1].address
        )
    )
    world.answer_key(parties[2], request_id, ECDSA.public_key)
    assert request(world, request_id).status == wire.KEY_REQUEST_STATUS_PARTIAL
    world.answer_key(parties[0], request_id, ECDSA.public_key)
    assert request(world, request_id).status == wire.KEY_REQUEST_STATUS_FULFILLED


def test_outsider__should_change_nothing_whatever_it_sends(
    world: World, owner: Account, workspace: str, keyring: str, parties: list[Account]
) -> None:
    request_id = world.request_key(owner, workspace, keyring)
    stranger = world.account()
    for fields in ({}, {"status": REJECTED}, {"status": 0}, {"keyring_party_signature": b""}):
        with pytest.raises(Unauthorized, match="no party"):
            world.answer_key(stranger, request_id, ECDSA.public_key, **fields)
    world.do(identity.MsgDeactivateKeyring(creator=parties[0].address, keyring_addr=keyring))
    with pytest.raises(Unauthorized):
        world.answer_key(stranger, request_id, ECDSA.public_key)
    assert request(world, request_id).status == wire.KEY_REQUEST_STATUS_PENDING
    assert world.escrow == FEE


def test_answer__should_need_a_known_request_and_a_sensible_status(
    world: World, owner: Account, workspace: str, keyring: str, parties: list[Account]
) -> None:
    with pytest.raises(NotFound):
        world.answer_key(parties[0], 7, ECDSA.public_key)
    request_id = world.request_key(owner, workspace, keyring)
    for status in (0, 1, 2):
        with pytest.raises(InvalidArgument):
            world.answer_key(parties[0], request_id, ECDSA.public_key, status=status)


@pytest.mark.parametrize(
    ("key_type", "public_key", "why"),
    [
        ("ecdsa", b"", "missing public key"),
        ("ecdsa", b"\x04" + b"\x11" * 64, "of length 65, expected 33 bytes"),
        ("ecdsa", b"\x02" + b"\x11" * 64, "of length 65, expected 33 bytes"),
        ("ecdsa", b"\x05" + b"\x11" * 32, "starts with 02 or 03"),
        ("ecdsa", OFF_CURVE, "not a point"),
        ("bitcoin", OFF_CURVE, "not a point"),
        ("bitcoin", b"\x02" + b"\x00" * 32, "not a point"),
        ("ed25519", b"\x00" * 32, "not a point"),
        ("ed25519", b"\x01" + b"\x00" * 31, "prime-order"),
        ("eddsa", OTHER_KEY, "of length 33, expected 32 bytes"),
    ],
)
def test_wrong_key__should_reject_and_refund(
    world: World,
    owner: Account,
    workspace: str,
    keyring: str,
    parties: list[Account],
    key_type: str,
    public_key: bytes,
    why: str,
) -> None:
    need_all(world, parties[0], keyring)
    before = world.balance(owner.address)
    request_id = world.request_key(owner, workspace, keyring, key_type=key_type)
    world.answer_key(parties[0], request_id, public_key)
    stored = request(world, request_id)
    assert stored.status == wire.KEY_REQUEST_STATUS_REJECTED
    assert why in stored.reject_reason
    assert event_types(world) == ["key_request_rejected"]
    assert (world.escrow, world.balance(owner.address)) == (0, before)


def test_lying_party__should_not_choose_the_key(
    world: World, owner: Account, workspace: str, keyring: str, parties: list[Account]
) -> None:
    """It answers first, with a key of its own; two others agree on another."""
    request_id = world.request_key(owner, workspace, keyring)
    world.answer_key(parties[0], request_id, OTHER_KEY)
    world.answer_key(parties[1], request_id, ECDSA.public_key)
    assert request(world, request_id).status == wire.KEY_REQUEST_STATUS_PARTIAL
    with pytest.raises(Conflict, match="already sent"):
        world.answer_key(parties[0], request_id, ECDSA.public_key)
    world.answer_key(parties[2], request_id, ECDSA.public_key)
    assert request(world, request_id).status == wire.KEY_REQUEST_STATUS_FULFILLED
    assert world.treasury.key(world.ctx(), request_id).public_key == ECDSA.public_key


def test_refusing_party__should_not_end_what_the_others_can_answer(
    world: World, owner: Account, workspace: str, keyring: str, parties: list[Account]
) -> None:
    request_id = world.request_key(owner, workspace, keyring)
    world.answer_key(parties[0], request_id, b"", status=REJECTED, key=None, reject_reason="no")
    assert event_types(world) == ["key_request_refused"]
    assert [each.reason for each in request(world, request_id).refusals] == ["no"]
    world.answer_key(parties[1], request_id, OFF_CURVE)
    stored = request(world, request_id)
    assert stored.status == wire.KEY_REQUEST_STATUS_REJECTED
    assert "not a point" in stored.reject_reason
    assert world.escrow == 0


def test_vectors__should_word_the_reasons(
    vectors: Callable[[str], Any],
    world: World,
    owner: Account,
    workspace: str,
    keyring: str,
    parties: list[Account],
) -> None:
    cases = {c["case"]: c for c in vectors("zrchain.json")["fulfil_key_request"]["cases"]}
    need_all(world, parties[0], keyring)

    def reason(public_key: bytes, key_type: str = "ecdsa", **fields: Any) -> str:
        request_id = world.request_key(owner, workspace, keyring, key_type=key_type)
        world.answer_key(parties[0], request_id, public_key, **fields)
        return request(world, request_id).reject_reason

    said = "01f3b217dd885117f8e51f9a87b01a75685e094944a28b09e72ff9899c3c5742a3"
    assert reason(bytes.fromhex(said), "eddsa") == cases["eddsa key 33 bytes"]["reject_reason"]
    assert (
        reason(ECDSA.public_key, keyring_party_signature=b"")
        == cases["party signature empty"]["reject_reason"]
    )
    assert (
        reason(b"", status=REJECTED, key=None, reject_reason="test")
        == cases["REJECTED with reason 'test'"]["reject_reason"]
    )
    request_id = world.request_key(owner, workspace, keyring)
    world.answer_key(parties[0], request_id, ECDSA.public_key)
    world.answer_key(parties[1], request_id, OTHER_KEY)
    pattern = cases["party 2 different key"]["reject_reason"]
    expected = pattern.replace("<hex>", ECDSA.public_key.hex(), 1).replace("<hex>", OTHER_KEY.hex())
    assert request(world, request_id).reject_reason == expected


def test_party_signature__should_be_verified(
    world: World, owner: Account, workspace: str, keyring: str, parties: list[Account]
) -> None:
    need_all(world, parties[0], keyring)
    request_id = world.request_key(owner, workspace, keyring)
    stolen = parties[1].party_signature(request_id, ECDSA.public_key)
    world.answer_key(parties[0], request_id, ECDSA.public_key, keyring_party_signature=stolen)
    assert "invalid mpc party signature" in request(world, request_id).reject_reason
    again = world.request_key(owner, workspace, keyring)
    replayed = parties[0].party_signature(request_id, ECDSA.public_key)
    world.answer_key(parties[0], again, ECDSA.public_key, keyring_party_signature=replayed)
    assert request(world, again).status == wire.KEY_REQUEST_STATUS_REJECTED


@pytest.mark.parametrize("covered", [b"", OTHER_KEY], ids=["nothing", "another key"])
def test_party_signature__should_cover_the_key(
    world: World,
    owner: Account,
    workspace: str,
    keyring: str,
    parties: list[Account],
    covered: bytes,
) -> None:
    """Whoever signed for one key did not sign for another that a thief puts in its place."""
    need_all(world, parties[0], keyring)
    request_id = world.request_key(owner, workspace, keyring)
    signed = parties[0].party_signature(request_id, covered)
    world.answer_key(parties[0], request_id, ECDSA.public_key, keyring_party_signature=signed)
    assert "invalid mpc party signature" in request(world, request_id).reject_reason


def test_rejection__should_always_have_a_reason(
    world: World, owner: Account, workspace: str, keyring: str, parties: list[Account]
) -> None:
    need_all(world, parties[0], keyring)
    for given, stored in (
        ("busy", "busy"),
        ("", "rejected with no reason provided"),
        ("  ", "rejected with no reason provided"),
        ("x" * 9000, "x" * 512),
    ):
        request_id = world.request_key(owner, workspace, keyring)
        world.answer_key(
            parties[2], request_id, b"", status=REJECTED, key=None, reject_reason=given
        )
        assert request(world, request_id).reject_reason == stored
    assert world.escrow == 0


def test_inactive_keyring__should_reject_with_a_refund(
    world: World, owner: Account, workspace: str, keyring: str, parties: list[Account]
) -> None:
    request_id = world.request_key(owner, workspace, keyring)
    world.do(identity.MsgDeactivateKeyring(creator=parties[0].address, keyring_addr=keyring))
    world.answer_key(parties[0], request_id, ECDSA.public_key)
    assert "inactive" in request(world, request_id).reject_reason
    assert world.escrow == 0


def test_timeout__should_come_after_the_last_block(
    world: World, owner: Account, workspace: str, keyring: str, parties: list[Account]
) -> None:
    before = world.balance(owner.address)
    answered, late = (world.request_key(owner, workspace, keyring) for _ in range(2))
    short = world.request_key(owner, workspace, keyring, mpc_btl=3)
    world.advance(3)
    assert request(world, short).status == wire.KEY_REQUEST_STATUS_PENDING
    world.advance()
    assert request(world, short).reject_reason == "Key request timed out"
    world.advance(16)
    for party in parties[:2]:
        world.answer_key(party, answered, ECDSA.public_key)
    assert request(world, answered).status == wire.KEY_REQUEST_STATUS_FULFILLED
    world.answer_key(parties[0], late, ECDSA.public_key)
    world.advance()
    assert request(world, late).reject_reason == "Key request timed out"
    assert world.escrow == 0
    assert before - world.balance(owner.address) == FEE
    with pytest.raises(Conflict):
        world.answer_key(parties[1], late, ECDSA.public_key)


def test_timeout__should_hold_even_before_the_sweep_came_round(
    world: World, owner: Account, workspace: str, keyring: str, parties: list[Account]
) -> None:
    request_id = world.request_key(owner, workspace, keyring)
    world.height += 21  # no block began
    with pytest.raises(Conflict, match="timed out"):
        world.answer_key(parties[0], request_id, ECDSA.public_key)


def test_policy__should_guard_the_request_and_recheck_the_keyring(
    world: World, parties: list[Account]
) -> None:
    alice, bob = world.account(), world.account()
    keyring = world.keyring(parties[0], parties, fee=FEE)
    workspace = world.workspace(alice, bob, sign_policy_id=world.all_of(alice, bob))
    assert world.request_key(alice, workspace, keyring) == 0
    assert world.escrow == 0
    world.do(policy.MsgApproveAction(creator=bob.address, action_id=1))
    assert request(world, 1).fee_payer == alice.address
    assert world.request_key(alice, workspace, keyring) == 0
    world.do(identity.MsgDeactivateKeyring(creator=parties[0].address, keyring_addr=keyring))
    with pytest.raises(KeyringInactive):
        world.do(policy.MsgApproveAction(creator=bob.address, action_id=2))


def test_keeper__should_let_another_account_pay(
    world: World, workspace: str, keyring: str, parties: list[Account]
) -> None:
    """As the receiver does for an owner that has no account."""
    payer = world.account(FEE)
    asked = world.treasury.request_key(
        world.ctx(),
        creator="0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        workspace=workspace,
        keyring=keyring,
        key_type=wire.KEY_TYPE_ECDSA_SECP256K1,
        fee_payer=payer.address,
    )
    assert world.balance(payer.address) == 0
    for party in parties[:2]:
        world.answer_key(party, asked.id, b"", status=REJECTED, key=None)
    assert world.balance(payer.address) == FEE
