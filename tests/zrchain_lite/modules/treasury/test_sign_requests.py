"""What may be asked to be signed, and what a request holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.zrchain_lite.modules.treasury.world import (
    BITCOIN,
    ECDSA,
    ED25519,
    ITEM,
    ITEM_2,
    Account,
    World,
)
from zrchain_lite.errors import InvalidArgument, NotFound, Unauthorized
from zrchain_lite.modules.identity.keeper import KeyringInactive
from zrchain_lite.modules.treasury import state
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire


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


def test_approval__should_be_of_the_block_that_made_the_request(
    world: World, owner: Account, key: int
) -> None:
    world.advance(3)
    request_id = world.request_signature(owner, [key], ITEM)
    approval = state.APPROVALS.get(world.store, request_id)
    ctx = world.ctx()
    assert approval is not None
    assert (approval.sign_request_id, approval.height) == (request_id, ctx.height)
    assert approval.block_hash == ctx.block_hash
