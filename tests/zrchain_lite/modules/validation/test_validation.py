"""Stake in zrChain's words: what is done in them, and what they say, is what `staking` says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from tests.zrchain_lite.chain import ALICE, BOB, CAROL, Chain
from tests.zrchain_lite.modules.staking.stake import STAKE, creation, staked
from tests.zrchain_lite.modules.staking.test_staking import A, B, coin, sent
from zrchain_lite.api.json_codec import to_json
from zrchain_lite.errors import NotFound
from zrchain_lite.wire.zrchain.validation import validation_pb2 as wire

THEIRS, COSMOS = "/zrchain.validation.Query/", "/cosmos.staking.v1beta1.Query/"


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return staked(tmp_path / "home", creation(ALICE), creation(BOB, STAKE // 2))


def ask(chain: Chain, path: str, **fields: object) -> Any:
    request = chain.app.registry.query(path).request(**fields)
    return to_json(chain.app.answer(path, request))


def in_cosmos_words(shown: Any) -> Any:
    """A validator's fields as the Cosmos SDK names them."""
    if isinstance(shown, list):
        return [in_cosmos_words(each) for each in shown]
    if not isinstance(shown, dict):
        return shown
    renamed = {"tokensNative": "tokens"}
    extra = {"tokensAVS", "tokens_bedrock"}
    return {
        renamed.get(key, key): in_cosmos_words(value)
        for key, value in shown.items()
        if key not in extra
    }


def act(chain: Chain) -> None:
    """Carol delegates, moves a part, takes some back and leaves some of that where it was."""
    named = {"delegator_address": CAROL.address, "validator_address": A}
    moved = {"validator_src_address": A, "validator_dst_address": B}
    done = [
        wire.MsgDelegate(**named, amount=coin(1000)),
        wire.MsgBeginRedelegate(delegator_address=CAROL.address, **moved, amount=coin(300)),
        wire.MsgUndelegate(**named, amount=coin(200)),
    ]
    for message in done:
        assert sent(chain, CAROL, message) == (0, "")
    height = chain.app.tip.height
    back = wire.MsgCancelUnbondingDelegation(**named, amount=coin(50), creation_height=height)
    assert sent(chain, CAROL, back) == (0, "")


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("Validators", {}),
        ("Validators", {"status": "BOND_STATUS_UNBONDED"}),
        ("Validator", {"validator_addr": A}),
        ("ValidatorDelegations", {"validator_addr": A}),
        ("ValidatorUnbondingDelegations", {"validator_addr": A}),
        ("Delegation", {"validator_addr": A, "delegator_addr": CAROL.address}),
        ("UnbondingDelegation", {"validator_addr": A, "delegator_addr": CAROL.address}),
        ("DelegatorDelegations", {"delegator_addr": CAROL.address}),
        ("DelegatorUnbondingDelegations", {"delegator_addr": CAROL.address}),
        ("Redelegations", {"delegator_addr": CAROL.address}),
        ("DelegatorValidators", {"delegator_addr": CAROL.address}),
        ("DelegatorValidator", {"delegator_addr": CAROL.address, "validator_addr": A}),
        ("Pool", {}),
    ],
)
def test_query__should_say_what_staking_says(
    chain: Chain, query: str, fields: dict[str, object]
) -> None:
    act(chain)
    shown = ask(chain, THEIRS + query, **fields)
    assert in_cosmos_words(shown) == ask(chain, COSMOS + query, **fields)
    assert shown


def test_validator__should_say_that_only_native_coins_are_staked(chain: Chain) -> None:
    found = ask(chain, THEIRS + "Validator", validator_addr=A)["validator"]
    assert (found["tokensNative"], found["tokensAVS"]) == (str(STAKE), "0")
    assert found["tokens_bedrock"] == []


def test_validator__should_be_made_and_edited_in_zrchains_words(chain: Chain) -> None:
    account = {"delegator_address": "", **creation(CAROL, 3_000_000)}
    made = json_format.ParseDict(account, wire.MsgCreateValidator())
    made.commission.rate = made.commission.max_rate = str(10**17)
    made.commission.max_change_rate = "0"
    assert sent(chain, CAROL, made) == (0, "")
    edit = wire.MsgEditValidator(validator_address=made.validator_address)
    edit.description.moniker = "third"
    for name in ("identity", "website", "security_contact", "details"):
        setattr(edit.description, name, "[do-not-modify]")
    assert sent(chain, CAROL, edit) == (0, "")
    found = ask(chain, THEIRS + "Validator", validator_addr=made.validator_address)["validator"]
    assert found["description"]["moniker"] == "third"
    powers = ask(chain, THEIRS + "ValidatorPower")
    by_operator = {each["operator_addr"]: each["power"] for each in powers["validator_power"]}
    assert by_operator == {A: "10", B: "5", made.validator_address: "3"}
    assert (powers["total_power"], powers["height"]) == ("18", str(chain.app.tip.height))
    assert all(each["cons_addr"].startswith("zenvalcons1") for each in powers["validator_power"])


@pytest.mark.parametrize("name", [m.name for m in wire.DESCRIPTOR.services_by_name["Msg"].methods])
def test_message__should_be_signed_by_whom_it_is_about(chain: Chain, name: str) -> None:
    handlers = [
        chain.app.registry.handler(f"/{package}.Msg{name}")
        for package in ("zrchain.validation", "cosmos.staking.v1beta1")
    ]
    assert len({(each.signer, each.operator) for each in handlers}) == 1


def test_stake_that_is_not_there__should_not_be_found(chain: Chain) -> None:
    with pytest.raises(NotFound):
        ask(chain, THEIRS + "Delegation", validator_addr=A, delegator_addr=BOB.address)
