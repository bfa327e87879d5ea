"""Signature requests: single ones, parents with children, and the answers of parties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from coincurve import PrivateKey

from tests.zrchain_lite.modules.treasury.world import (
    BITCOIN,
    ECDSA,
    ED25519,
    REJECTED,
    TAPROOT,
    Account,
    Secret,
    World,
)
from zrchain_lite.errors import Conflict, InvalidArgument, NotFound, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.modules.identity.keeper import KeyringInactive
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.policy import policy_pb2 as policy
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrsign_chains import ecdsa

FEE = 100
ITEM, ITEM_2, ITEM_3 = b"\x11" * 32, b"\x12" * 32, b"\x13" * 32
PENDING, PARTIAL, FULFILLED = 1, 2, 3
WAITING = policy.QueryActionsRequest(status=policy.ACTION_STATUS_PENDING)


class Recorder:
    """Hooks that remember which requests ended, and how."""

    def __init__(self) -> None:
        self.ended: list[tuple[int, int]] = []

    def key_request_ended(self, ctx: Context, req: Any) -> None: ...

    def sign_request_ended(self, ctx: Context, req: Any) -> None:
        self.ended.append((req.id, req.status))

    def sign_transaction_created(self, ctx: Context, req: Any) -> None: ...


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def owner(world: World) -> Account:
    return world.account()


@pytest.fixture
def parties(world: World) -> list[Account]:
    return [world.account() for _ in range(3)]


@pytest.fixture
def workspace(world: World, owner: Account) -> str:
    return world.workspace(owner)


@pytest.fixture
def keyring(world: World, parties: list[Account]) -> str:
    """Of one party, whose refusal ends a request."""
    return world.keyring(parties[0], parties[:1], threshold=1, fee=FEE)


@pytest.fixture
def hooks(world: World) -> Recorder:
    recorder = Recorder()
    world.treasury.hooks.append(recorder)
    return recorder


@pytest.fixture
def key(world: World, owner: Account, workspace: str, keyring: str, parties: list[Account]) -> int:
    """An ECDSA key; one answer is enough."""
    return world.key(owner, workspace, keyring, parties[0], ECDSA)


def need_two(world: World, parties: list[Account], keyring: str, threshold: int = 2) -> None:
    """`threshold` of all of these answer."""
    for party in parties[1:]:
        world.do(
            identity.MsgAddKeyringParty(
                creator=parties[0].address, keyring_addr=keyring, party=party.address
            )
        )
    world.do(
        identity.MsgUpdateKeyring(
            creator=parties[0].address,
            keyring_addr=keyring,
            party_threshold=threshold,
            sig_req_fee=FEE,
            is_active=True,
        )
    )


def status(world: World, request_id: int) -> int:
    return world.sign_request(request_id).status


def event_types(world: World) -> list[tuple[str, str]]:
    return [
        (event.type, dict(event.attributes)["request_id"])
        for event in world.events
        if event.type.startswith(("sign_request", "new_sign"))
    ]


def test_vectors__should_be_accepted_or_refused(vectors: Callable[[str], Any]) -> None:
    table = vectors("zrchain.json")["new_signature_request"]
    words = {"ECDSA": ECDSA, "EDDSA": ED25519}
    for case in table["cases"]:
        world = World(height=table["height"])
        owner, party = world.account(), world.account()
        keyring = world.keyring(party, [party])
        secret = words[case.get("key_type", "ECDSA")]
        world.key(owner, world.workspace(owner), keyring, party, secret)
        if case.get("case") == "keyring inactive":
            world.do(identity.MsgDeactivateKeyring(creator=party.address, keyring_addr=keyring))
        message = wire.MsgNewSignatureRequest(
            creator=owner.address,
            key_ids=case.get("key_ids", [1]),
            data_for_signing=case.get("data_for_signing", ITEM.hex()),
        )
        if not case["ok"]:
            with pytest.raises((InvalidArgument, NotFound, KeyringInactive)):
                world.do(message)
            continue
        request = world.sign_request(world.do(message).sig_req_id)
        assert request.id == case.get("sig_req_id", 1)
        assert request.mpc_btl == case.get("mpc_btl", table["default_btl"])
        assert list(request.child_req_ids) == case.get("child_req_ids", [])


def test_zrchains_door_for_contracts__should_name_the_receivers(
    world: World, owner: Account
) -> None:
    message = wire.MsgNewZrSignSignatureRequest(creator=owner.address, data=ITEM.hex())
    with pytest.raises(InvalidArgument, match=r"/zrsign\.receiver\.MsgReportEvents"):
        world.do(message)


def test_request__should_refuse_redemptions_of_wrapped_assets(
    world: World, owner: Account, key: int
) -> None:
    message = wire.MsgNewSignatureRequest(
        creator=owner.address,
        key_ids=[key],
        data_for_signing=ITEM.hex(),
        zenbtc_tx_bytes=b"redemption",
    )
    with pytest.raises(InvalidArgument, match="no wrapped assets"):
        world.do(message)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "empty"),
        (",", "empty"),
        (ITEM.hex() + ",", "empty"),
        ("zz" * 32, "not hex"),
        (ITEM.hex()[:-2], "signs 32 bytes, not 31"),
        (ITEM.hex() + "00", "signs 32 bytes, not 33"),
        (f"{ITEM.hex()},{ITEM.hex()}", "2 items for 1 keys"),
        ("0x" + ITEM.hex(), "not hex"),
    ],
)
def test_request__should_refuse_bad_data(
    world: World, owner: Account, key: int, data: Any, why: str
) -> None:
    message = wire.MsgNewSignatureRequest(
        creator=owner.address, key_ids=[key], data_for_signing=data
    )
    with pytest.raises(InvalidArgument, match=why):
        world.do(message)


def test_request__should_bound_what_it_takes(
    world: World, owner: Account, workspace: str, keyring: str, parties: list[Account]
) -> None:
    key = world.key(owner, workspace, keyring, parties[0], ED25519)
    world.request_signature(owner, [key], b"x" * 4096)
    with pytest.raises(InvalidArgument, match="1 to 4096 bytes"):
        world.request_signature(owner, [key], b"x" * 4097)
    with pytest.raises(InvalidArgument, match="1 to 256 keys"):
        world.request_signature(owner, [key] * 257, *[b"x"] * 257)
    with pytest.raises(InvalidArgument, match="cache id"):
        world.do(
            wire.MsgNewSignatureRequest(
                creator=owner.address, key_ids=[key], data_for_signing="00", cache_id=b"x" * 257
            )
        )


def test_request__should_be_the_owners_business(world: World, key: int) -> None:
    with pytest.raises(Unauthorized):
        world.request_signature(world.account(), [key], ITEM)


@pytest.mark.parametrize("secret", [ECDSA, BITCOIN, ED25519, TAPROOT])
def test_answer__should_be_stored_in_the_form_of_its_key_type(
    world: World,
    owner: Account,
    workspace: str,
    keyring: str,
    parties: list[Account],
    secret: Secret,
) -> None:
    key = world.key(owner, workspace, keyring, parties[0], secret)
    request_id = world.request_signature(owner, [key], ITEM)
    signature = secret.sign(ITEM)
    world.answer(parties[0], request_id, signature)
    request = world.sign_request(request_id)
    assert (request.status, request.key_type) == (
        FULFILLED,
        world.treasury.key(world.ctx(), key).type,
    )
    (stored,) = request.signed_data
    expected = ecdsa.to_der(signature) if secret is BITCOIN else signature
    assert (stored.sign_request_id, stored.signed_data) == (request_id, expected)
    assert event_types(world) == [("sign_request_fulfilled", str(request_id))]


def test_answer__should_get_its_true_recovery_id(
    world: World, owner: Account, key: int, parties: list[Account]
) -> None:
    signature = ECDSA.sign(ITEM)
    for sent in (
        signature[:64],
        signature[:64] + bytes([1 - signature[64]]),
        signature[:64] + b"\x1b",
    ):
        request_id = world.request_signature(owner, [key], ITEM)
        world.answer(parties[0], request_id, sent)
        assert world.sign_request(request_id).signed_data[0].signed_data == signature


def high_s(signature: bytes) -> bytes:
    s = ecdsa.N - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big")


@pytest.mark.parametrize(
    ("secret", "signature", "why"),
    [
        (ECDSA, b"", "missing signature data"),
        (
            ECDSA,
            ECDSA.sign(ITEM)[:63],
            "signature verification failed: verifySignature- invalid signature, ",
        ),
        (
            ECDSA,
            ECDSA.sign(ITEM) + b"\x00",
            "signature verification failed: verifySignature- invalid signature, ",
        ),
        (
            ECDSA,
            ECDSA.sign(ITEM_2),
            "signature verification failed: verifySignature- invalid signature, ",
        ),
        (
            ECDSA,
            BITCOIN.sign(ITEM),
            "signature verification failed: verifySignature- invalid signature, ",
        ),
        (ECDSA, high_s(ECDSA.sign(ITEM)), "above n/2"),
        (ECDSA, b"\x00" * 64, "between 1 and n-1"),
        (ECDSA, b"\xff" * 65, "between 1 and n-1"),
        (BITCOIN, high_s(BITCOIN.sign(ITEM)), "above n/2"),
        (
            BITCOIN,
            BITCOIN.sign(ITEM_2),
            "signature verification failed: verifySignature- invalid signature, ",
        ),
        (
            ED25519,
            ECDSA.sign(ITEM)[:64],
            "signature verification failed: verifySignature- invalid signature, ",
        ),
        (
            ED25519,
            ED25519.sign(ITEM_2),
            "signature verification failed: verifySignature- invalid signature, ",
        ),
        (
            ED25519,
            ED25519.sign(ITEM) + b"\x00",
            "signature verification failed: verifySignature- invalid signature, ",
        ),
        (TAPROOT, TAPROOT.sign(ITEM_2), "does not verify under the taproot output key"),
        (TAPROOT, TAPROOT.sign(ITEM) + b"\x01", "a BIP-340 signature has 64 bytes, not 65"),
        (
            TAPROOT,
            # Of the internal key, which is not tweaked.
            PrivateKey(TAPROOT.seed).sign_schnorr(ITEM, bytes(32)),
            "does not verify under the taproot output key",
        ),
        (TAPROOT, BITCOIN.sign(ITEM)[:64], "does not verify under the taproot output key"),
    ],
)
def test_wrong_answer__should_reject_and_refund(
    world: World,
    owner: Account,
    workspace: str,
    keyring: str,
    parties: list[Account],
    hooks: Recorder,
    secret: Secret,
    signature: bytes,
    why: str,
) -> None:
    key = world.key(owner, workspace, keyring, parties[0], secret)
    before = world.balance(owner.address)
    request_id = world.request_signature(owner, [key], ITEM)
    world.answer(parties[0], request_id, signature)
    request = world.sign_request(request_id)
    assert (request.status, list(request.signed_data)) == (REJECTED, [])
    assert why in request.reject_reason
    assert (world.escrow, world.balance(owner.address)) == (0, before)
    assert hooks.ended == [(request_id, REJECTED)]


def test_vectors__should_word_the_reasons(
    vectors: Callable[[str], Any],
    world: World,
    owner: Account,
    workspace: str,
    keyring: str,
    parties: list[Account],
    key: int,
) -> None:
    cases = {c["case"]: c for c in vectors("zrchain.json")["fulfil_signature_request"]["cases"]}
    ed25519 = world.key(owner, workspace, keyring, parties[0], ED25519)

    def reason(key_id: int, signature: bytes, **fields: Any) -> str:
        request_id = world.request_signature(owner, [key_id], ITEM)
        world.answer(parties[0], request_id, signature, **fields)
        request = world.sign_request(request_id)
        assert request.status == REJECTED
        return request.reject_reason

    assert reason(key, b"") == cases["missing signed data"]["reject_reason"]
    assert reason(ed25519, ECDSA.sign(ITEM)).startswith(
        cases["ECDSA signature for EdDSA key"]["reason_prefix"]
    )
    assert cases["REJECTED with reason"]["result"] == "REJECTED, reason copied"
    assert reason(key, b"", status=REJECTED, reject_reason="busy") == "busy"


def test_vectors__should_verify_signatures(vectors: Callable[[str], Any]) -> None:
    cases = vectors("zrchain.json")["signature_verification"]["cases"]
    for case in (c for c in cases if "public_key" in c):
        world = World()
        owner, party = world.account(), world.account()
        keyring = world.keyring(party, [party])
        word = {"ECDSA": "ecdsa", "EDDSA": "ed25519"}[case["key_type"]]
        key = world.request_key(owner, world.workspace(owner), keyring, key_type=word)
        world.answer_key(party, key, bytes.fromhex(case["public_key"]))
        request_id = world.request_signature(owner, [key], bytes.fromhex(case["data_for_signing"]))
        world.answer(party, request_id, bytes.fromhex(case["signature"]))
        assert (status(world, request_id) == FULFILLED) is case["valid"], case


def test_parties__should_agree(
    world: World, owner: Account, key: int, keyring: str, parties: list[Account]
) -> None:
    need_two(world, parties[:2], keyring)
    request_id = world.request_signature(owner, [key], ITEM)
    signature = ECDSA.sign(ITEM)
    world.answer(parties[0], request_id, signature)
    assert status(world, request_id) == PARTIAL
    assert event_types(world) == [("sign_request_partial", str(request_id))]
    with pytest.raises(Conflict, match="already sent a fulfilment"):
        world.answer(parties[0], request_id, signature)
    world.answer(parties[1], request_id, signature[:64])  # the same one without its recovery id
    assert status(world, request_id) == FULFILLED
    assert len(world.sign_request(request_id).keyring_party_sigs) == 2


def test_parties__should_each_count_with_any_valid_signature(
    world: World, owner: Account, key: int, keyring: str, parties: list[Account]
) -> None:
    """Two runs of a threshold network make two signatures; the first stays."""
    need_two(world, parties[:2], keyring)
    request_id = world.request_signature(owner, [key], ITEM)
    world.answer(parties[0], request_id, ECDSA.sign(ITEM))
    k = (7).to_bytes(32, "big")
    world.answer(parties[1], request_id, _sign_with_nonce(ECDSA.seed, ITEM, k))
    assert status(world, request_id) == FULFILLED
    assert world.sign_request(request_id).signed_data[0].signed_data[:64] == ECDSA.sign(ITEM)[:64]


def test_lying_parties__should_not_end_what_the_others_can_answer(
    world: World, owner: Account, key: int, keyring: str, parties: list[Account]
) -> None:
    need_two(world, parties, keyring)
    request_id = world.request_signature(owner, [key], ITEM)
    world.answer(parties[0], request_id, b"", status=REJECTED, reject_reason="I do not like it")
    assert status(world, request_id) == PENDING
    assert event_types(world) == [("sign_request_refused", str(request_id))]
    (refusal,) = world.sign_request(request_id).refusals
    assert (refusal.creator, refusal.reason) == (parties[0].address, "I do not like it")
    for again in (b"", ECDSA.sign(ITEM_2)):
        with pytest.raises(Conflict, match="already answered"):
            world.answer(parties[0], request_id, again)
    world.answer(parties[1], request_id, ECDSA.sign(ITEM))
    world.answer(parties[2], request_id, ECDSA.sign(ITEM))
    assert status(world, request_id) == FULFILLED


def test_refusals__should_end_a_request_that_nobody_can_answer_any_more(
    world: World, owner: Account, key: int, keyring: str, parties: list[Account], hooks: Recorder
) -> None:
    need_two(world, parties, keyring)
    before = world.balance(owner.address)
    request_id = world.request_signature(owner, [key], ITEM)
    world.answer(parties[0], request_id, ECDSA.sign(ITEM_2))
    world.answer(parties[1], request_id, ECDSA.sign(ITEM))
    assert status(world, request_id) == PARTIAL
    world.answer(parties[2], request_id, b"", status=REJECTED, reject_reason="no")
    assert status(world, request_id) == REJECTED
    assert (world.escrow, world.balance(owner.address)) == (0, before)
    assert hooks.ended == [(request_id, REJECTED)]


def test_refusal__should_be_taken_back_by_a_right_answer(
    world: World, owner: Account, key: int, keyring: str, parties: list[Account]
) -> None:
    """An operator that was not ready yet."""
    need_two(world, parties, keyring)
    request_id = world.request_signature(owner, [key], ITEM)
    world.answer(parties[0], request_id, b"", status=REJECTED, reject_reason="not ready")
    world.answer(parties[0], request_id, ECDSA.sign(ITEM))
    assert not world.sign_request(request_id).refusals
    world.answer(parties[1], request_id, ECDSA.sign(ITEM))
    assert status(world, request_id) == FULFILLED


def _sign_with_nonce(secret: bytes, digest: bytes, nonce: bytes) -> bytes:
    """A valid ECDSA signature that differs from the deterministic one (RFC 6979)."""
    from coincurve import PrivateKey

    n = ecdsa.N
    r = int.from_bytes(PrivateKey(nonce).public_key.format()[1:], "big") % n
    z, d, k = (int.from_bytes(value, "big") for value in (digest, secret, nonce))
    s = pow(k, -1, n) * (z + r * d) % n
    return r.to_bytes(32, "big") + min(s, n - s).to_bytes(32, "big")


def test_outsider__should_change_nothing(
    world: World, owner: Account, key: int, parties: list[Account]
) -> None:
    request_id = world.request_signature(owner, [key], ITEM)
    for signature, fields in (
        (ECDSA.sign(ITEM), {}),
        (b"", {}),
        (b"", {"status": REJECTED}),
        (ECDSA.sign(ITEM), {"keyring_party_signature": b""}),
    ):
        with pytest.raises(Unauthorized):
            world.answer(parties[2], request_id, signature, **fields)
    assert status(world, request_id) == PENDING


def test_answer__should_need_a_known_request_and_a_sensible_status(
    world: World, owner: Account, key: int, parties: list[Account]
) -> None:
    with pytest.raises(NotFound):
        world.answer(parties[0], 9, b"x")
    request_id = world.request_signature(owner, [key], ITEM)
    for wrong in (0, 1):
        with pytest.raises(InvalidArgument):
            world.answer(parties[0], request_id, ECDSA.sign(ITEM), status=wrong)
    world.answer(parties[0], request_id, ECDSA.sign(ITEM), status=PARTIAL)
    assert status(world, request_id) == FULFILLED
    # Late and right: it changes nothing, and does not hold up a transaction of many answers.
    stored = world.sign_request(request_id).SerializeToString(deterministic=True)
    world.answer(parties[0], request_id, ECDSA.sign(ITEM))
    assert world.sign_request(request_id).SerializeToString(deterministic=True) == stored
    with pytest.raises(Conflict):
        world.answer(parties[0], request_id, ECDSA.sign(ITEM_2))
    with pytest.raises(Conflict):
        world.answer(parties[0], request_id, b"", status=REJECTED)


def test_family__should_be_a_parent_with_consecutive_children(
    world: World, owner: Account, key: int, hooks: Recorder
) -> None:
    parent_id = world.request_signature(owner, [key, key, key], ITEM, ITEM_2, ITEM_3)
    assert event_types(world) == [("new_sign_request", str(parent_id))]
    parent = world.sign_request(parent_id)
    assert (parent_id, list(parent.child_req_ids)) == (1, [2, 3, 4])
    assert (parent.fee, world.escrow) == (3 * FEE, 3 * FEE)
    for child_id, item in zip(parent.child_req_ids, (ITEM, ITEM_2, ITEM_3), strict=True):
        child = world.sign_request(child_id)
        assert (child.parent_req_id, child.mpc_btl, child.fee) == (parent_id, parent.mpc_btl, 0)
        assert (list(child.key_ids), list(child.data_for_signing)) == ([key], [item])


def test_family__should_be_fulfilled_in_the_order_of_items(
    world: World, owner: Account, key: int, parties: list[Account], hooks: Recorder
) -> None:
    parent_id = world.request_signature(owner, [key, key, key], ITEM, ITEM_2, ITEM_3)
    for child_id, item in ((4, ITEM_3), (2, ITEM), (3, ITEM_2)):
        assert world.escrow == 3 * FEE
        world.answer(parties[0], child_id, ECDSA.sign(item))
    parent = world.sign_request(parent_id)
    assert parent.status == FULFILLED
    assert [(a.sign_request_id, a.signed_data) for a in parent.signed_data] == [
        (2, ECDSA.sign(ITEM)),
        (3, ECDSA.sign(ITEM_2)),
        (4, ECDSA.sign(ITEM_3)),
    ]
    assert world.escrow == 0
    assert hooks.ended == [(parent_id, FULFILLED)]


def test_family__should_take_equal_signatures_of_equal_items(
    world: World, owner: Account, key: int, parties: list[Account]
) -> None:
    parent_id = world.request_signature(owner, [key, key], ITEM, ITEM)
    for child_id in (2, 3):
        world.answer(parties[0], child_id, ECDSA.sign(ITEM))
    assert status(world, parent_id) == FULFILLED
    assert len(world.sign_request(parent_id).signed_data) == 2


def test_parent__should_take_no_direct_answer(
    world: World, owner: Account, key: int, parties: list[Account]
) -> None:
    parent_id = world.request_signature(owner, [key, key], ITEM, ITEM_2)
    for fields in ({}, {"status": REJECTED}):
        with pytest.raises(Conflict, match="answer these: 2, 3"):
            world.answer(parties[0], parent_id, b"anything", **fields)


@pytest.mark.parametrize("how", ["said", "wrong"])
def test_rejected_child__should_end_its_whole_family(
    world: World, owner: Account, key: int, parties: list[Account], hooks: Recorder, how: str
) -> None:
    before = world.balance(owner.address)
    parent_id = world.request_signature(owner, [key, key, key], ITEM, ITEM_2, ITEM_3)
    world.answer(parties[0], 2, ECDSA.sign(ITEM))
    assert status(world, parent_id) == PARTIAL
    if how == "said":
        world.answer(parties[0], 3, b"", status=REJECTED, reject_reason="no")
        assert (
            world.sign_request(parent_id).reject_reason
            == "Child request 3 rejected with reason: no"
        )
    else:
        world.answer(parties[0], 3, ECDSA.sign(ITEM))
    assert [status(world, i) for i in (parent_id, 2, 3, 4)] == [
        REJECTED,
        FULFILLED,
        REJECTED,
        REJECTED,
    ]
    assert all(world.sign_request(i).reject_reason for i in (1, 3, 4))
    assert (world.escrow, world.balance(owner.address)) == (0, before)
    assert hooks.ended == [(parent_id, REJECTED)]
    with pytest.raises(Conflict):
        world.answer(parties[0], 4, ECDSA.sign(ITEM_3))


def test_timeout__should_end_a_family_together_and_refund_once(
    world: World, owner: Account, key: int, parties: list[Account], hooks: Recorder
) -> None:
    before = world.balance(owner.address)
    parent_id = world.request_signature(owner, [key, key], ITEM, ITEM_2)
    world.answer(parties[0], 2, ECDSA.sign(ITEM))
    world.advance(20)
    assert status(world, parent_id) == PARTIAL
    world.advance()
    assert [status(world, i) for i in (parent_id, 2, 3)] == [REJECTED, FULFILLED, REJECTED]
    assert world.sign_request(3).reject_reason == "Signature request timed out"
    assert (world.escrow, world.balance(owner.address)) == (0, before)
    world.advance(50)
    assert hooks.ended == [(parent_id, REJECTED)]


def test_answer__should_count_in_the_last_block(
    world: World, owner: Account, key: int, parties: list[Account]
) -> None:
    in_time, late = (world.request_signature(owner, [key], ITEM) for _ in range(2))
    world.advance(20)
    world.answer(parties[0], in_time, ECDSA.sign(ITEM))
    world.advance()
    assert (status(world, in_time), status(world, late)) == (FULFILLED, REJECTED)


def test_keys__should_share_workspace_type_and_policy(
    world: World, owner: Account, workspace: str, keyring: str, parties: list[Account], key: int
) -> None:
    bitcoin = world.key(owner, workspace, keyring, parties[0], BITCOIN)
    elsewhere = world.key(owner, world.workspace(owner), keyring, parties[0], ECDSA)
    other_ring = world.keyring(parties[0], parties[:1])
    other = world.key(owner, workspace, other_ring, parties[0], ECDSA)
    mine = world.new_policy(owner, f"{owner.address} > 0", [owner.address])
    guarded = world.request_key(owner, workspace, keyring, sign_policy_id=mine)
    world.answer_key(parties[0], guarded, ECDSA.public_key)
    for stranger in (bitcoin, elsewhere, other, guarded):
        for pair in ([key, stranger], [stranger, key]):
            with pytest.raises(InvalidArgument, match="differ in workspace, keyring, type"):
                world.request_signature(owner, pair, ITEM, ITEM_2)
    with pytest.raises(NotFound):
        world.request_signature(owner, [key, 99], ITEM, ITEM_2)


def test_reserved_key__should_serve_its_purpose_only(
    world: World, owner: Account, key: int, parties: list[Account]
) -> None:
    world.treasury.reserve_key(world.ctx(), key, "authority")
    with pytest.raises(Unauthorized, match="reserved for authority"):
        world.request_signature(owner, [key], ITEM)
    with pytest.raises(Unauthorized):
        world.do(wire.MsgUpdateKeyPolicy(creator=owner.address, key_id=key))
    for purpose in (None, "", "other"):
        with pytest.raises(Unauthorized):
            world.treasury.request_signature(
                world.ctx(), creator=owner.address, key_ids=[key], items=[ITEM], purpose=purpose
            )
    asked = world.treasury.request_signature(
        world.ctx(), creator=owner.address, key_ids=[key], items=[ITEM], purpose="authority"
    )
    assert asked.fee == 0
    world.treasury.reserve_key(world.ctx(), key, "authority")
    with pytest.raises(Conflict):
        world.treasury.reserve_key(world.ctx(), key, "other")
    with pytest.raises(NotFound):
        world.treasury.reserve_key(world.ctx(), 99, "authority")


def test_policy__should_be_the_keys_own_before_the_workspaces(
    world: World, parties: list[Account]
) -> None:
    alice, bob = world.account(), world.account()
    workspace = world.workspace(alice, bob)
    keyring = world.keyring(parties[0], parties[:1])
    key = world.key(alice, workspace, keyring, parties[0], ECDSA)
    both = world.all_of(alice, bob)
    world.do(wire.MsgUpdateKeyPolicy(creator=alice.address, key_id=key, sign_policy_id=both))
    assert world.request_signature(alice, [key], ITEM) == 0
    last = world.query("/zrchain.policy.Query/Actions", WAITING)
    (action,) = last.actions
    world.do(policy.MsgApproveAction(creator=bob.address, action_id=action.id))
    assert status(world, 1) == PENDING
    # Back to the workspace's policy, which the key's current one must allow.
    world.do(wire.MsgUpdateKeyPolicy(creator=alice.address, key_id=key))
    assert world.treasury.key(world.ctx(), key).sign_policy_id == both
    (action,) = world.query("/zrchain.policy.Query/Actions", WAITING).actions
    world.do(policy.MsgApproveAction(creator=bob.address, action_id=action.id))
    assert world.treasury.key(world.ctx(), key).sign_policy_id == 0


def test_key_policy__should_be_changed_only_by_those_who_may_sign(
    world: World, parties: list[Account]
) -> None:
    """One owner must not get round the workspace's policy by giving the key one of its own."""
    alice, bob = world.account(), world.account()
    workspace = world.workspace(alice, bob, sign_policy_id=world.all_of(alice, bob))
    keyring = world.keyring(parties[0], parties[:1])
    world.request_key(alice, workspace, keyring)
    (action,) = world.query("/zrchain.policy.Query/Actions", WAITING).actions
    world.do(policy.MsgApproveAction(creator=bob.address, action_id=action.id))
    world.answer_key(parties[0], 1, ECDSA.public_key)
    alone = world.new_policy(alice, f"{alice.address} > 0", [alice.address])
    world.do(wire.MsgUpdateKeyPolicy(creator=alice.address, key_id=1, sign_policy_id=alone))
    assert world.request_signature(alice, [1], ITEM) == 0
    assert world.treasury.key(world.ctx(), 1).sign_policy_id == 0
    first, _ = world.query("/zrchain.policy.Query/Actions", WAITING).actions
    world.do(policy.MsgApproveAction(creator=bob.address, action_id=first.id))
    assert world.treasury.key(world.ctx(), 1).sign_policy_id == alone


def test_action__should_not_outlive_the_policy_it_was_asked_under(
    world: World, parties: list[Account]
) -> None:
    alice, bob = world.account(), world.account()
    both = world.all_of(alice, bob)
    workspace = world.workspace(alice, bob)
    keyring = world.keyring(parties[0], parties[:1])
    key = world.key(alice, workspace, keyring, parties[0], ECDSA)
    update = identity.MsgUpdateWorkspace(
        creator=alice.address, workspace_addr=workspace, sign_policy_id=both
    )
    world.do(update)
    assert world.request_signature(alice, [key], ITEM) == 0
    update.sign_policy_id = 0
    world.do(update)
    waiting = world.query("/zrchain.policy.Query/Actions", WAITING).actions[0]
    with pytest.raises(Conflict, match="ask again"):
        world.do(policy.MsgApproveAction(creator=bob.address, action_id=waiting.id))


def test_verify_signing_data__should_recompute_every_input(
    vectors: Callable[[str], Any],
    world: World,
    owner: Account,
    workspace: str,
    keyring: str,
    parties: list[Account],
) -> None:
    vector = vectors("zrchain.json")["bitcoin_unsigned_plus_tx"]
    key = world.key(owner, workspace, keyring, parties[0], BITCOIN)

    def ask(
        items: list[str],
        version: wire.VerificationVersion = wire.BITCOIN_PLUS,
        raw: str = vector["unsigned_plus_tx_hex"],
    ) -> int:
        message = wire.MsgNewSignatureRequest(
            creator=owner.address,
            key_ids=[key] * len(items),
            data_for_signing=",".join(items),
            verify_signing_data=bytes.fromhex(raw),
            verify_signing_data_version=version,
        )
        return int(world.do(message).sig_req_id)

    assert ask(vector["sighashes"]) == 1
    with pytest.raises(InvalidArgument, match="hashes to"):
        ask([ITEM.hex()])
    with pytest.raises(InvalidArgument, match="1 inputs, data_for_signing 2 items"):
        ask(vector["sighashes"] * 2)
    with pytest.raises(InvalidArgument, match="BITCOIN_PLUS"):
        ask(vector["sighashes"], version=wire.UNKNOWN)
    with pytest.raises(InvalidArgument, match="not a transaction"):
        ask(vector["sighashes"], raw="00")
