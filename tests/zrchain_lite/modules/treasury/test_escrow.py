"""Where keyring fees go, and the messages that move or shape money."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.zrchain_lite.modules.treasury.world import ECDSA, WEALTH, World
from zrchain_lite.errors import InsufficientFunds, InvalidArgument, Unauthorized
from zrchain_lite.modules.auth.keeper import module_address
from zrchain_lite.modules.identity.addresses import keyring_address
from zrchain_lite.modules.treasury.escrow import KEYRING_ESCROW, split
from zrchain_lite.modules.treasury.requests import FeeTooHigh
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire

PARAMS = "/zrchain.treasury.Query/Params"


def paying(commission: int, destination: str = "") -> World:
    params = {"keyringCommission": commission, "keyringCommissionDestination": destination}
    return World(genesis={"treasury": {"params": params}})


def test_vectors__should_split(vectors: Callable[[str], Any]) -> None:
    cases = vectors("zrchain.json")["fees"]["keyring_commission_split"]["cases"]
    for case in cases:
        assert split(case["fee"], case["pct"]) == (case["commission"], case["keyring"])


@pytest.mark.parametrize("commission", [0, 10, 100])
@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("delegated", [False, True])
def test_release__should_pay_commission_and_keyring(
    commission: int, named: bool, delegated: bool
) -> None:
    boss = World().account().address
    world = paying(commission, boss if named else "")
    destination, owner, party = (world.account() for _ in range(3))
    keyring = world.keyring(party, [party], fee=1005, delegate_fees=delegated)
    world.key(owner, world.workspace(owner), keyring, party, ECDSA)
    cut = 1005 * commission // 100
    named_gets = cut if named else 0
    assert world.balance(destination.address) - WEALTH == named_gets
    assert world.balance(keyring) == (0 if delegated else 1005 - cut)
    assert world.collector == 1005 - named_gets - world.balance(keyring)
    assert world.balance(owner.address) == WEALTH - 1005
    assert world.balance(party.address) == WEALTH  # a party never pays
    assert world.escrow == 0


def test_fee__should_be_fixed_when_asked() -> None:
    world = World()
    owner, party = world.account(), world.account()
    keyring = world.keyring(party, [party], fee=10)
    request_id = world.request_key(owner, world.workspace(owner), keyring)
    stored = world.identity.keyring(world.ctx(), keyring)
    stored.key_req_fee = 999
    world.identity.save_keyring(world.ctx(), stored)
    world.answer_key(party, request_id, ECDSA.public_key)
    assert (world.escrow, world.balance(keyring)) == (0, 10)


def test_request__should_pay_no_more_than_it_accepts() -> None:
    """An admin raises the fee a million times before the next request comes."""
    world = World()
    owner, party = world.account(), world.account()
    workspace, keyring = world.workspace(owner), world.keyring(party, [party], fee=10)
    key = world.key(owner, workspace, keyring, party, ECDSA)
    before = world.balance(owner.address)
    stored = world.identity.keyring(world.ctx(), keyring)
    stored.key_req_fee = stored.sig_req_fee = 10_000_000
    world.identity.save_keyring(world.ctx(), stored)
    with pytest.raises(FeeTooHigh, match="asks 10000000 urock"):
        world.request_key(owner, workspace, keyring, max_keyring_fee=10)
    digest = bytes(32)
    with pytest.raises(FeeTooHigh, match="asks 20000000 urock"):
        world.request_signature(owner, [key, key], digest, digest, max_keyring_fee=19_999_999)
    assert (world.balance(owner.address), world.escrow) == (before, 0)
    world.request_signature(owner, [key, key], digest, digest, max_keyring_fee=20_000_000)
    assert world.escrow == 20_000_000


def test_transfer_from_keyring__should_pay_admins_in_urock() -> None:
    world = World()
    owner, admin, stranger = (world.account() for _ in range(3))
    keyring = world.keyring(admin, [admin], fee=50)
    world.key(owner, world.workspace(owner), keyring, admin, ECDSA)

    def transfer(by: str, to: str, amount: int, denom: str = "urock") -> None:
        world.do(
            wire.MsgTransferFromKeyring(
                creator=by, keyring=keyring, recipient=to, amount=amount, denom=denom
            )
        )

    transfer(admin.address, admin.address, 20)
    transfer(admin.address, admin.address, 10, "")
    assert (world.balance(keyring), world.balance(admin.address)) == (20, WEALTH + 30)
    with pytest.raises(InsufficientFunds):
        transfer(admin.address, admin.address, 21)
    with pytest.raises(InvalidArgument, match="earns urock"):
        transfer(admin.address, admin.address, 1, "uatom")
    with pytest.raises(InvalidArgument, match="amount is 0"):
        transfer(admin.address, admin.address, 0)
    for by, to in ((stranger, admin), (admin, stranger)):
        with pytest.raises(Unauthorized):
            transfer(by.address, to.address, 1)


def test_update_params__should_check_the_commission() -> None:
    boss = World().account().address
    world = World(genesis={"treasury": {"authority": boss}})
    good = wire.Params(
        keyring_commission=100, default_btl=7, mpc_keyring=keyring_address(1), min_gas_fee="0urock"
    )
    world.do(wire.MsgUpdateParams(authority=boss, params=good))
    assert world.query(PARAMS, wire.QueryParamsRequest()).params == good
    with pytest.raises(InvalidArgument) as caught:
        world.do(wire.MsgUpdateParams(authority=boss, params=wire.Params(keyring_commission=101)))
    assert caught.value.code == 1506
    for bad in (
        wire.Params(keyring_commission_destination="0xabc"),
        wire.Params(mpc_keyring="keyring1"),
        wire.Params(default_btl=2**50),
    ):
        with pytest.raises(InvalidArgument):
            world.do(wire.MsgUpdateParams(authority=boss, params=bad))
    owner, party = world.account(), world.account()
    with pytest.raises(Unauthorized):
        world.do(wire.MsgUpdateParams(authority=party.address, params=good))
    keyring = world.keyring(party, [party])
    request_id = world.request_key(owner, world.workspace(owner), keyring)
    assert world.treasury.key_request(world.ctx(), request_id).mpc_btl == world.height + 7


def test_commission__should_not_go_to_the_escrow() -> None:
    """The escrow holds the fees of open requests and nothing else."""
    escrow = module_address(KEYRING_ESCROW)
    with pytest.raises(InvalidArgument, match="is the escrow"):
        paying(10, escrow)
