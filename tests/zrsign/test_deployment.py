"""The file, the layout and the difference, without a chain."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from eth_account import Account
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from zrsign.contracts import artifact
from zrsign.deployment import layout
from zrsign.deployment.changes import Change, difference
from zrsign.deployment.create2 import (
    CREATE2_DEPLOYER,
    PRESIGNED,
    PRESIGNED_SENDER,
    create2_address,
)
from zrsign.deployment.deploy import predict
from zrsign.deployment.operate import target_of
from zrsign.deployment.plan import FEE_ROLE, MPC_ROLE, PAUSER_ROLE, DeployError, Mode, Plan, build
from zrsign.deployment.settings import ADMIN_ROLE, Settings, load
from zrsign.deployment.state import Contract, State

EXAMPLE = Path(__file__).resolve().parents[2] / "zrsign" / "deployment" / "deployment.yaml"
FILE = load(EXAMPLE)
TARGET = target_of(FILE)
PEOPLE = [Account.from_key(keccak(text=f"person {n}")).address for n in range(5)]
CHAINS = ["eip155:1", "eip155:10", "eip155:8453", "bip122:000000000019d6689c085ae165831e93"]


def edited(**changes: Any) -> Settings:
    return Settings.model_validate(FILE.model_dump() | changes)


# The file


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("mode", "both", "mode"),
        ("deployer", FILE.deployer.lower(), "not an address in EIP-55"),
        ("proxy_admin", FILE.deployer, "cannot deploy or hold a role"),
        ("salts", "x", "salts"),
        ("fees", {"mpc_fee_wei": -1}, "fees.mpc_fee_wei"),
        ("safety", {"strictness": ["HASHES"]}, "no strictness HASHES; there are: OWNER"),
        ("wallets", [{"coin_type": 60, "chains": ["sepolia"]}], "not a CAIP-2 id"),
        ("wallets", [{"coin_type": 60, "chains": []}] * 2, "listed twice"),
        ("wallets", [{"purpose": 0, "coin_type": 60, "chains": []}], "wallets.0.purpose"),
        ("roles", {"admin": [], "mpc": [], "fee": [], "pauser": []}, "roles.admin"),
    ],
)
def test_file__should_say_which_key_is_wrong(
    tmp_path: Path, key: str, value: object, said: str
) -> None:
    content = yaml.safe_load(EXAMPLE.read_text())
    file = tmp_path / "deployment.yaml"
    file.write_text(yaml.safe_dump(content | {key: value}))
    with pytest.raises(DeployError, match=str(file)) as refused:
        load(file)
    assert said in str(refused.value)


def test_file__should_be_there_and_yaml(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="Cannot read"):
        load(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("{")
    with pytest.raises(DeployError, match="not YAML"):
        load(tmp_path / "bad.yaml")
    (tmp_path / "empty.yaml").write_text("")
    with pytest.raises(DeployError, match="the file"):
        load(tmp_path / "empty.yaml")
    with pytest.raises(DeployError, match=r"No network 'moon'.*local, sepolia"):
        FILE.network("moon")


def test_rpc__should_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeployError, match=r"SEPOLIA_RPC.* is not set"):
        FILE.network("sepolia")
    monkeypatch.setenv("SEPOLIA_RPC", "http://somewhere/secret")
    assert FILE.network("sepolia").rpc == "http://somewhere/secret"


# Addresses


def test_presigned_transaction__should_be_the_senders_first_and_make_the_deployer() -> None:
    from web3.utils.address import get_create_address

    assert Account.recover_transaction(PRESIGNED) == PRESIGNED_SENDER
    assert get_create_address(PRESIGNED_SENDER, 0) == CREATE2_DEPLOYER  # type: ignore[arg-type]


def test_create2__should_match_the_examples_of_eip_1014() -> None:
    zero = "0x" + "00" * 20
    assert create2_address(zero, bytes(32), b"\0") == "0x4D1A2e2bB4F88F0250f26Ffff098B0b30B26BF38"
    salt = bytes(12) + bytes.fromhex("feed000000000000000000000000000000000000")
    creator = "0xdeadbeef00000000000000000000000000000000"
    assert create2_address(creator, salt, b"\0") == "0xD04116cDd17beBE565EB2422F2497E06cC1C9833"


# Layouts


def packaged() -> Any:
    return copy.deepcopy(dict(artifact("ZrSign").layout or {}))


CORE = "erc7201:zrsign.storage.core"


def test_layouts_of_both_modes__should_follow_each_other() -> None:
    direct, omni = packaged(), dict(artifact("ZrSignOmni").layout or {})
    assert layout.conflicts(direct, omni) == layout.conflicts(omni, direct) == []


def test_layout__should_take_appended_fields() -> None:
    new = packaged()
    new["namespaces"][CORE].append(["later", "uint256"])
    new["namespaces"]["erc7201:other"] = [["new", "uint256"]]
    new["structs"]["Wallet"].append(["later", "uint256"])
    assert layout.conflicts(packaged(), new) == []


@given(place=st.integers(0, 100), kind=st.sampled_from(["insert", "remove", "swap", "retype"]))
@settings(max_examples=60, deadline=None)
def test_layout__should_refuse_any_field_that_moves(place: int, kind: str) -> None:
    new = packaged()
    fields = new["namespaces"][CORE]
    at = place % (len(fields) - 1)
    if kind == "insert":
        fields.insert(at, ["once", "address"])
    elif kind == "remove":
        fields.pop(at)
    elif kind == "swap":
        fields[at], fields[at + 1] = fields[at + 1], fields[at]
    else:
        fields[at][1] = "bytes7"
    assert layout.conflicts(packaged(), new)


def test_layout__should_look_into_structs_and_value_types() -> None:
    new = packaged()
    new["structs"]["ZrSignStorage.Limits"].append(["later", "uint256"])
    assert layout.conflicts(packaged(), new) == [
        "ZrSignStorage.Limits grew by later, and other fields follow it"
    ]
    new = packaged()
    new["structs"]["ZrSignTypes.ChainInfo"].pop()
    assert layout.conflicts(packaged(), new) == ["ZrSignTypes.ChainInfo lost coinType"]
    new = packaged()
    new["values"]["Terms"] = "uint128"
    assert layout.conflicts(packaged(), new) == ["Terms is a uint128, and was a uint256"]
    new = packaged()
    del new["namespaces"][CORE]
    assert f"{CORE} is gone" in layout.conflicts(packaged(), new)


# The difference, applied to a model of the contract

people = st.sets(st.sampled_from(PEOPLE))
kinds = st.sampled_from([(44, 0), (44, 60), (44, 501)])
wallets = st.dictionaries(kinds, st.sets(st.sampled_from(CHAINS)), max_size=3)
numbers = st.integers(0, 3)


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    supported = draw(wallets)
    return Contract(
        implementation=TARGET.implementation.address,
        proxy_admin=FILE.proxy_admin,  # type: ignore[arg-type]
        holders={
            ADMIN_ROLE: frozenset(draw(people.filter(bool))),
            MPC_ROLE: frozenset(draw(people)),
            FEE_ROLE: frozenset(draw(people)),
            PAUSER_ROLE: frozenset(draw(people)),
        },
        wallets=frozenset(supported),
        chains=frozenset((type_id(kind), c) for kind, cs in supported.items() for c in cs),
        fees=(draw(numbers), draw(numbers), draw(numbers)),
        safety=FILE.safety.values,
    )


@st.composite
def files(draw: st.DrawFn) -> Settings:
    supported = draw(wallets)
    return edited(
        roles={
            "admin": sorted(draw(people.filter(bool))),
            "mpc": sorted(draw(people)),
            "fee": sorted(draw(people)),
            "pauser": sorted(draw(people)),
        },
        fees={
            "mpc_fee_wei": draw(numbers),
            "resp_gas": draw(numbers),
            "resp_gas_price_buffer": draw(numbers),
        },
        wallets=[
            {"purpose": p, "coin_type": c, "chains": sorted(chains)}
            for (p, c), chains in supported.items()
        ],
    )


def type_id(kind: tuple[int, int]) -> bytes:
    return keccak(kind[0].to_bytes(32) + kind[1].to_bytes(32))


class Model:
    """What the contract does with a change, and whom it lets."""

    def __init__(self, contract: Contract) -> None:
        self.holders = {role: set(accounts) for role, accounts in contract.holders.items()}
        self.wallets = set(contract.wallets)
        self.chains = set(contract.chains)
        self.fees: list[int | None] = list(contract.fees)

    def send(self, change: Change) -> None:
        what, on = change.what, bool(change.after)
        subject = change.after or change.before
        names = {"DEFAULT_ADMIN_ROLE": ADMIN_ROLE, "MPC_ROLE": MPC_ROLE}
        names |= {"FEE_ROLE": FEE_ROLE, "PAUSER_ROLE": PAUSER_ROLE}
        setters = ("updateMPCFee", "updateRespGas", "updateRespGasBuffer")
        renounces = what in names and not on and change.sender == subject
        role = FEE_ROLE if what in setters else ADMIN_ROLE
        assert renounces or change.sender in self.holders[role], change
        if what in names:
            held = self.holders[names[what]]
            assert (subject in held) is not on
            (held.add if on else held.remove)(subject)
        elif what in setters:
            self.fees[setters.index(what)] = int(change.after)
        elif what == "wallet type":
            purpose, coin = map(int, subject.split("/"))
            assert ((purpose, coin) in self.wallets) is not on
            (self.wallets.add if on else self.wallets.remove)((purpose, coin))
        else:
            purpose, coin = map(int, what.removeprefix("chain of ").split("/"))
            assert (purpose, coin) in self.wallets
            chain = (type_id((purpose, coin)), subject)
            assert (chain in self.chains) is not on
            (self.chains.add if on else self.chains.remove)(chain)


@given(contract=contracts(), wanted=files(), me=st.sampled_from([None, *PEOPLE]))
@settings(max_examples=100, deadline=None)
def test_difference__should_lead_to_the_file_by_steps_that_are_allowed(
    contract: Contract, wanted: Settings, me: str | None
) -> None:
    names = frozenset(each.name for each in TARGET.creations)
    state = State(31337, create2=True, keyless_wei=0, created=names, contract=contract)
    changes = difference(wanted, TARGET, state, me)
    model = Model(contract)
    for change in changes:
        model.send(change)
    holders = {role: frozenset(held) for role, held in model.holders.items()}
    assert holders == wanted.holders
    assert model.wallets == {(each.purpose, each.coin_type) for each in wanted.wallets}
    fees = wanted.fees
    assert model.fees == [fees.mpc_fee_wei, fees.resp_gas, fees.resp_gas_price_buffer]
    after = replace(
        contract,
        holders=holders,
        wallets=frozenset(model.wallets),
        chains=frozenset(model.chains),
        fees=(fees.mpc_fee_wei, fees.resp_gas, fees.resp_gas_price_buffer),
    )
    assert difference(wanted, TARGET, replace(state, contract=after), me) == ()


def test_difference__should_refuse_a_contract_without_administrator() -> None:
    contract = Contract(TARGET.implementation.address, FILE.proxy_admin)  # type: ignore[arg-type]
    state = State(1, create2=True, keyless_wei=0, created=frozenset(), contract=contract)
    with pytest.raises(DeployError, match="no administrator"):
        difference(FILE, TARGET, state)


def test_packaged_layouts__should_be_json() -> None:
    assert json.loads(json.dumps(packaged())) == packaged()


# Addresses ahead of the deployment


async def test_proxies__should_be_predicted_one_deployment_after_the_other() -> None:
    class Chain:
        async def get_transaction_count(self, _: str, block: str) -> int:
            return {"pending": 7}[block]

    deployer, admin, mpc = PEOPLE[:3]
    plans = [Plan(mode, mpc=mpc, proxy_admin=admin) for mode in (Mode.DIRECT, Mode.OMNI)]
    w3 = cast("Any", SimpleNamespace(eth=Chain()))
    first, steps = build(plans[0], deployer, 7)
    second, _ = build(plans[1], deployer, 7 + len(steps))
    assert await predict(w3, deployer, plans) == (first.proxy, second.proxy)
