"""How many parties answer a signature request: agreement, refusals, and who has no say."""

from __future__ import annotations

import pytest
from coincurve import PrivateKey

from tests.zrchain_lite.modules.treasury.world import (
    ECDSA,
    FEE,
    FULFILLED,
    ITEM,
    ITEM_2,
    PARTIAL,
    PENDING,
    REJECTED,
    Account,
    Recorder,
    World,
)
from zrchain_lite.errors import Conflict, Unauthorized
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrsign_chains import ecdsa


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


def test_parties__should_agree(
    world: World, owner: Account, key: int, keyring: str, parties: list[Account]
) -> None:
    need_two(world, parties[:2], keyring)
    request_id = world.request_signature(owner, [key], ITEM)
    signature = ECDSA.sign(ITEM)
    world.answer(parties[0], request_id, signature)
    assert world.status(request_id) == PARTIAL
    assert world.told() == [("sign_request_partial", str(request_id))]
    with pytest.raises(Conflict, match="already sent a fulfilment"):
        world.answer(parties[0], request_id, signature)
    world.answer(parties[1], request_id, signature[:64])  # the same one without its recovery id
    assert world.status(request_id) == FULFILLED
    request = world.sign_request(request_id)
    assert (len(request.keyring_party_sigs), len(request.signed_data)) == (2, 1)


def test_parties__should_each_count_with_any_valid_signature(
    world: World, owner: Account, key: int, keyring: str, parties: list[Account]
) -> None:
    """Two runs of a threshold network make two signatures; the first stays."""
    need_two(world, parties[:2], keyring)
    request_id = world.request_signature(owner, [key], ITEM)
    world.answer(parties[0], request_id, ECDSA.sign(ITEM))
    k = (7).to_bytes(32, "big")
    world.answer(parties[1], request_id, _sign_with_nonce(ECDSA.seed, ITEM, k))
    assert world.status(request_id) == FULFILLED
    assert world.sign_request(request_id).signed_data[0].signed_data[:64] == ECDSA.sign(ITEM)[:64]


def _sign_with_nonce(secret: bytes, digest: bytes, nonce: bytes) -> bytes:
    """A valid ECDSA signature that differs from the deterministic one (RFC 6979)."""

    n = ecdsa.N
    r = int.from_bytes(PrivateKey(nonce).public_key.format()[1:], "big") % n
    z, d, k = (int.from_bytes(value, "big") for value in (digest, secret, nonce))
    s = pow(k, -1, n) * (z + r * d) % n
    return r.to_bytes(32, "big") + min(s, n - s).to_bytes(32, "big")


def test_lying_parties__should_not_end_what_the_others_can_answer(
    world: World, owner: Account, key: int, keyring: str, parties: list[Account]
) -> None:
    need_two(world, parties, keyring)
    request_id = world.request_signature(owner, [key], ITEM)
    world.answer(parties[0], request_id, b"", status=REJECTED, reject_reason="I do not like it")
    assert world.status(request_id) == PENDING
    assert world.told() == [("sign_request_refused", str(request_id))]
    (refusal,) = world.sign_request(request_id).refusals
    assert (refusal.creator, refusal.reason) == (parties[0].address, "I do not like it")
    for again in (b"", ECDSA.sign(ITEM_2)):
        with pytest.raises(Conflict, match="already answered"):
            world.answer(parties[0], request_id, again)
    world.answer(parties[1], request_id, ECDSA.sign(ITEM))
    world.answer(parties[2], request_id, ECDSA.sign(ITEM))
    assert world.status(request_id) == FULFILLED


def test_refusals__should_end_a_request_that_nobody_can_answer_any_more(
    world: World, owner: Account, key: int, keyring: str, parties: list[Account], hooks: Recorder
) -> None:
    need_two(world, parties, keyring)
    before = world.balance(owner.address)
    request_id = world.request_signature(owner, [key], ITEM)
    world.answer(parties[0], request_id, ECDSA.sign(ITEM_2))
    world.answer(parties[1], request_id, ECDSA.sign(ITEM))
    assert world.status(request_id) == PARTIAL
    world.answer(parties[2], request_id, b"", status=REJECTED, reject_reason="no")
    assert world.status(request_id) == REJECTED
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
    assert world.status(request_id) == FULFILLED


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
    assert world.status(request_id) == PENDING
