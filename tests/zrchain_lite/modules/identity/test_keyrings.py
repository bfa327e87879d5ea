"""Keyrings: admins, parties, threshold and fees."""

from __future__ import annotations

from typing import Any

import pytest

from tests.zrchain_lite.modules.treasury.world import Account, World
from zrchain_lite.errors import Conflict, InsufficientFunds, InvalidArgument, Unauthorized
from zrchain_lite.genesis import GenesisError
from zrchain_lite.modules.identity.keeper import KeyringInactive
from zrchain_lite.wire.zrchain.identity import identity_pb2 as wire

FIRST_WORKSPACE = "workspace14a2hpadpsy9h4auve2z8lw"
QUERY = "/zrchain.identity.Query/"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def admin(world: World) -> Account:
    return world.account()


@pytest.fixture
def keyring(world: World, admin: Account) -> str:
    return str(world.do(wire.MsgNewKeyring(creator=admin.address, description="one")).addr)


def read(world: World, address: str) -> wire.Keyring:
    return world.identity.keyring(world.ctx(), address)


def change(world: World, kind: str, by: Account, keyring: str, /, **fields: Any) -> None:
    message = getattr(wire, f"Msg{kind}")(creator=by.address, keyring_addr=keyring, **fields)
    world.do(message)


def test_new_keyring__should_charge_the_creation_fee() -> None:
    world = World(genesis={"identity": {"params": {"keyringCreationFee": "1000"}}})
    rich, poor = world.account(1500), world.account(999)
    address = world.do(wire.MsgNewKeyring(creator=rich.address)).addr
    assert address == "keyring1k6vc6vhp6e6l3rxalue9v4ux"
    assert (world.balance(rich.address), world.collector) == (500, 1000)
    with pytest.raises(InsufficientFunds):
        world.do(wire.MsgNewKeyring(creator=poor.address))


def test_params__should_default_to_the_public_fee() -> None:
    world = World(genesis={"identity": {"params": {}}})
    world.store.delete(b"identity/params/")
    answer = world.query(QUERY + "Params", wire.QueryParamsRequest())
    assert answer.params.keyring_creation_fee == 10_000_000_000


def test_new_keyring__should_refuse_unreasonable_terms(world: World, admin: Account) -> None:
    for fields in ({"description": "x" * 256}, {"key_req_fee": 10**15 + 1}, {"sig_req_fee": 2**63}):
        with pytest.raises(InvalidArgument):
            world.do(wire.MsgNewKeyring(creator=admin.address, **fields))


def test_parties__should_move_the_threshold(world: World, admin: Account, keyring: str) -> None:
    a, b, c = (world.account() for _ in range(3))
    change(world, "AddKeyringParty", admin, keyring, party=a.address)
    assert read(world, keyring).party_threshold == 1
    assert world.events[-1].type == "keyring_party_added"
    change(world, "AddKeyringParty", admin, keyring, party=b.address, increase_threshold=True)
    change(world, "AddKeyringParty", admin, keyring, party=c.address)
    assert read(world, keyring).party_threshold == 2
    with pytest.raises(Conflict, match="already is a party"):
        change(world, "AddKeyringParty", admin, keyring, party=a.address)
    change(world, "RemoveKeyringParty", admin, keyring, party=a.address, decrease_threshold=True)
    assert read(world, keyring).party_threshold == 1
    change(world, "RemoveKeyringParty", admin, keyring, party=b.address, decrease_threshold=True)
    assert read(world, keyring).party_threshold == 0
    change(world, "RemoveKeyringParty", admin, keyring, party=c.address, decrease_threshold=True)
    assert read(world, keyring).party_threshold == 0
    with pytest.raises(InvalidArgument, match="no party"):
        change(world, "RemoveKeyringParty", admin, keyring, party=c.address)


def test_remove_party__should_clamp_the_threshold(
    world: World, admin: Account, keyring: str
) -> None:
    party = world.account()
    change(world, "AddKeyringParty", admin, keyring, party=party.address)
    change(world, "RemoveKeyringParty", admin, keyring, party=party.address)
    assert read(world, keyring).party_threshold == 0


def test_admins__should_never_be_none(world: World, admin: Account, keyring: str) -> None:
    second = world.account()
    change(world, "AddKeyringAdmin", admin, keyring, admin=second.address)
    with pytest.raises(Conflict, match="already is an admin"):
        change(world, "AddKeyringAdmin", admin, keyring, admin=second.address)
    change(world, "RemoveKeyringAdmin", second, keyring, admin=admin.address)
    with pytest.raises(Conflict, match="last admin"):
        change(world, "RemoveKeyringAdmin", second, keyring, admin=second.address)
    with pytest.raises(Unauthorized):
        change(world, "AddKeyringAdmin", admin, keyring, admin=admin.address)


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("AddKeyringParty", "party"),
        ("RemoveKeyringParty", "party"),
        ("AddKeyringAdmin", "admin"),
        ("RemoveKeyringAdmin", "admin"),
    ],
)
def test_membership__should_be_the_admins_business_and_need_an_active_keyring(
    world: World, admin: Account, keyring: str, kind: str, field: str
) -> None:
    stranger = world.account()
    with pytest.raises(Unauthorized):
        change(world, kind, stranger, keyring, **{field: stranger.address})
    change(world, "DeactivateKeyring", admin, keyring)
    with pytest.raises(KeyringInactive) as caught:
        change(world, kind, admin, keyring, **{field: stranger.address})
    assert caught.value.code == 1507


def test_update__should_overwrite_and_reactivate(
    world: World, admin: Account, keyring: str
) -> None:
    change(world, "DeactivateKeyring", admin, keyring)
    assert not read(world, keyring).is_active
    change(world, "UpdateKeyring", admin, keyring, key_req_fee=7, description="two", is_active=True)
    stored = read(world, keyring)
    assert (stored.key_req_fee, stored.sig_req_fee, stored.description) == (7, 0, "two")
    assert stored.is_active
    with pytest.raises(InvalidArgument, match="cannot meet a threshold of 1"):
        change(world, "UpdateKeyring", admin, keyring, party_threshold=1, is_active=True)
    with pytest.raises(Unauthorized):
        change(world, "UpdateKeyring", world.account(), keyring)


def test_update_params__should_belong_to_the_authority() -> None:
    boss = World().account().address
    world = World(genesis={"identity": {"authority": boss}})
    world.account()
    message = wire.MsgUpdateParams(authority=boss, params=wire.Params(keyring_creation_fee=5))
    world.do(message)
    answer = world.query(QUERY + "Params", wire.QueryParamsRequest())
    assert answer.params.keyring_creation_fee == 5
    message.authority = world.account().address
    with pytest.raises(Unauthorized):
        world.do(message)
    message.authority = boss
    message.params.keyring_creation_fee = 10**15 + 1
    with pytest.raises(InvalidArgument):
        world.do(message)


def test_update_params__should_be_nobodys_without_an_authority(
    world: World, admin: Account
) -> None:
    with pytest.raises(Unauthorized, match="nobody"):
        world.do(wire.MsgUpdateParams(authority=admin.address))


def test_genesis__should_take_fixtures_and_count_on(world: World) -> None:
    owner = world.account().address
    fixture = World(
        genesis={
            "identity": {
                "workspaces": [
                    {
                        "address": FIRST_WORKSPACE,
                        "creator": owner,
                        "owners": [owner],
                    },
                    {"creator": owner, "owners": [owner]},
                ],
                "keyrings": [
                    {
                        "address": "keyring1pfnq7r04rept47gaf5cpdew2",
                        "admins": [owner],
                        "parties": [owner],
                        "partyThreshold": 1,
                        "isActive": True,
                    }
                ],
            }
        }
    )
    again = fixture.account()
    assert fixture.workspace(again) == "workspace1mphgzyhncnzyggfxmv4nmh"
    found = fixture.query(QUERY + "Workspaces", wire.QueryWorkspacesRequest(owner=owner))
    assert len(found.workspaces) == 3
    keyrings = fixture.query(QUERY + "Keyrings", wire.QueryKeyringsRequest()).keyrings
    assert [k.address for k in keyrings] == ["keyring1pfnq7r04rept47gaf5cpdew2"]


@pytest.mark.parametrize(
    "part",
    [
        {"params": {"nonsense": 1}},
        {"workspaces": [{"owners": 3}]},
    ],
)
def test_genesis__should_refuse_what_it_does_not_know(part: dict[str, Any]) -> None:
    with pytest.raises(GenesisError, match=r"identity\."):
        World(genesis={"identity": part})
