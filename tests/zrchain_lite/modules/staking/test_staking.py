"""Validators and delegators, by the messages that they send."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from tests.zrchain_lite.chain import ALICE, BOB, CAROL, FUNDS, Chain, genesis, node_config
from tests.zrchain_lite.liar import trusting
from tests.zrchain_lite.modules.staking.stake import (
    STAKE,
    UNBONDING_S,
    Stake,
    consensus_key,
    creation,
    staked,
)
from zrchain_lite import decimals
from zrchain_lite.api.json_codec import to_json
from zrchain_lite.client import Account
from zrchain_lite.errors import InvalidArgument, NotFound
from zrchain_lite.genesis import GenesisError
from zrchain_lite.light.hashes import address
from zrchain_lite.module import Misbehavior
from zrchain_lite.modules.staking import state
from zrchain_lite.modules.staking.messages import COMMISSION_PAUSE_MS, UNCHANGED
from zrchain_lite.modules.staking.queries import StakingQueries
from zrchain_lite.node import serving
from zrchain_lite.validator_addresses import account_of, operator_of
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.cosmos.staking.v1beta1 import tx_pb2 as tx
from zrchain_lite.wire.cosmos.staking.v1beta1.query_pb2 import (
    QueryRedelegationsRequest,
    QueryValidatorsRequest,
    QueryValidatorsResponse,
)
from zrchain_lite.wire.cosmos.staking.v1beta1.staking_pb2 import (
    BOND_STATUS_BONDED,
    BOND_STATUS_UNBONDED,
    BOND_STATUS_UNBONDING,
    Validator,
)
from zrsign.node import modules

A, B, C = (operator_of(account.address) for account in (ALICE, BOB, CAROL))


def coin(amount: int, denom: str = "urock") -> Coin:
    return Coin(denom=denom, amount=str(amount))


def sent(chain: Chain, account: Account, *messages: object) -> tuple[int, str]:
    """Code and log of a transaction in a block of its own."""
    bytes_ = chain.tx(account, *messages, gas_limit=1_000_000, fee=100)  # type: ignore[arg-type]
    (result,) = chain.block(bytes_).results.tx_results
    return result.code, result.log


def create(account: Account, tokens: int = STAKE, **fields: Any) -> tx.MsgCreateValidator:
    message = json_format.ParseDict(creation(account, tokens, **fields), tx.MsgCreateValidator())
    decimals.take_written(message)
    return message


def delegate(account: Account, operator: str, amount: int) -> tx.MsgDelegate:
    return tx.MsgDelegate(
        delegator_address=account.address, validator_address=operator, amount=coin(amount)
    )


def undelegate(account: Account, operator: str, amount: int) -> tx.MsgUndelegate:
    return tx.MsgUndelegate(
        delegator_address=account.address, validator_address=operator, amount=coin(amount)
    )


def redelegate(account: Account, source: str, target: str, amount: int) -> tx.MsgBeginRedelegate:
    return tx.MsgBeginRedelegate(
        delegator_address=account.address,
        validator_src_address=source,
        validator_dst_address=target,
        amount=coin(amount),
    )


def ask(chain: Chain, name: str, **fields: object) -> Any:
    path = f"/cosmos.staking.v1beta1.Query/{name}"
    request = chain.app.registry.query(path).request(**fields)
    return to_json(chain.app.answer(path, request))


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return staked(tmp_path / "home", creation(ALICE), creation(BOB, 5_000_000))


def test_validator_of_genesis__should_be_bonded_with_its_own_coins(chain: Chain) -> None:
    answer = ask(chain, "Validators", status="BOND_STATUS_BONDED")
    first, second = answer["validators"]
    assert {first["operator_address"], second["operator_address"]} == {A, B}
    assert first["commission"]["commission_rates"]["rate"] == "0.100000000000000000"
    assert chain.balance(ALICE) == FUNDS - STAKE
    assert ask(chain, "Pool") == {
        "pool": {"not_bonded_tokens": "0", "bonded_tokens": str(STAKE + 5_000_000)}
    }


def test_new_validator__should_be_told_to_the_engine_by_power(chain: Chain) -> None:
    assert sent(chain, CAROL, create(CAROL, 7_999_999)) == (0, "")
    height = chain.app.tip.height
    record = chain.engine.records.block(height)
    assert record is not None
    (update,) = record.results.validator_updates
    assert (update.pub_key.ed25519, update.power) == (consensus_key(CAROL), 7)
    ranked = list(state.ranked(chain.store.state))
    assert ranked == [A, C, B]


def test_weakest_validator__should_make_room_and_unbond(tmp_path: Path) -> None:
    chain = staked(tmp_path, creation(ALICE), creation(BOB, 5_000_000))
    stake = Stake(chain)
    params = stake.keeper.params(stake.ctx)
    params.max_validators = 2
    state.PARAMS.set(stake.store, b"", params)
    stake.keeper.register(stake.ctx, _unbonded(CAROL))
    stake.keeper.delegate(stake.ctx, CAROL.address, stake.validator(CAROL), 6_000_000)
    assert stake.block() == {consensus_key(CAROL): 6, consensus_key(BOB): 0}
    assert stake.validator(BOB).status == BOND_STATUS_UNBONDING
    stake.require_sound()
    assert stake.block(UNBONDING_S) == {}
    assert stake.validator(BOB).status == BOND_STATUS_UNBONDED
    stake.keeper.delegate(stake.ctx, BOB.address, stake.validator(BOB), 2_000_000)
    assert stake.block() == {consensus_key(BOB): 7, consensus_key(CAROL): 0}
    stake.require_sound()


def _unbonded(account: Account) -> Validator:
    wanted = create(account)
    validator = Validator(
        operator_address=operator_of(account.address),
        consensus_pubkey=wanted.pubkey,
        status=BOND_STATUS_UNBONDED,
        tokens="0",
        delegator_shares="0",
        min_self_delegation="1",
    )
    validator.commission.commission_rates.CopyFrom(wanted.commission)
    return validator


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"min_self_delegation": "0"}, 16),
        ({"min_self_delegation": str(STAKE + 1)}, 16),
        ({"min_self_delegation": "x"}, 18),
        ({"commission": {"rate": "0.3", "max_rate": "0.2", "max_change_rate": "0"}}, 11),
        ({"commission": {"rate": "0", "max_rate": "1.1", "max_change_rate": "0"}}, 10),
        ({"commission": {"rate": "0", "max_rate": "0.1", "max_change_rate": "0.2"}}, 14),
        ({"description": {"moniker": ""}}, 18),
        ({"description": {"moniker": "x" * 71}}, 18),
        ({"value": {"denom": "other", "amount": "5"}}, 18),
        ({"value": {"denom": "urock", "amount": str(FUNDS)}}, 5),
        (
            {
                "pubkey": {
                    "@type": "/cosmos.crypto.ed25519.PubKey",
                    "key": base64.b64encode(b"short").decode(),
                }
            },
            6,
        ),
        (
            {
                "pubkey": {
                    "@type": "/cosmos.crypto.ed25519.PubKey",
                    "key": base64.b64encode(consensus_key(ALICE)).decode(),
                }
            },
            5,
        ),
    ],
)
def test_validator_that_cannot_be__should_be_refused(
    chain: Chain, changed: dict[str, Any], code: int
) -> None:
    before = ask(chain, "Pool")
    assert sent(chain, CAROL, create(CAROL, **changed))[0] == code
    assert ask(chain, "Pool") == before
    with pytest.raises(NotFound):
        ask(chain, "Validator", validator_addr=C)


def test_second_validator_of_one_operator__should_be_refused(chain: Chain) -> None:
    key = base64.b64encode(b"k" * 32).decode()
    other = {"@type": "/cosmos.crypto.ed25519.PubKey", "key": key}
    assert sent(chain, ALICE, create(ALICE, pubkey=other))[0] == 4


def test_operator__should_sign_for_its_validator_alone(chain: Chain) -> None:
    for message in (create(CAROL), tx.MsgEditValidator(validator_address=A)):
        check = chain.send(chain.tx(BOB, message))
        assert "does not belong" in check.log
        assert check.code != 0


def test_stake__should_go_and_come_back_after_its_time(chain: Chain) -> None:
    assert sent(chain, CAROL, delegate(CAROL, A, 3_000_000))[0] == 0
    assert sent(chain, CAROL, undelegate(CAROL, A, 1_000_000))[0] == 0
    shown = ask(chain, "Delegation", delegator_addr=CAROL.address, validator_addr=A)
    assert shown["delegation_response"]["balance"]["amount"] == "2000000"
    waiting = ask(chain, "DelegatorUnbondingDelegations", delegator_addr=CAROL.address)
    (leaving,) = waiting["unbonding_responses"]
    assert leaving["entries"][0]["balance"] == "1000000"
    before = chain.balance(CAROL)
    chain.clock.ms += (UNBONDING_S - 1) * 1000
    chain.engine.make_block()
    assert chain.balance(CAROL) == before
    chain.clock.ms += 2000
    chain.engine.make_block()
    assert chain.balance(CAROL) == before + 1_000_000
    Stake(chain).require_sound()


def test_all_stake__should_leave_and_take_the_validator_along(chain: Chain) -> None:
    assert sent(chain, BOB, undelegate(BOB, B, 5_000_000))[0] == 0
    chain.clock.ms += UNBONDING_S * 1000 + 1000
    chain.engine.make_block()
    with pytest.raises(NotFound):
        ask(chain, "Validator", validator_addr=B)
    assert sent(chain, BOB, create(BOB, 2_000_000))[0] == 0


def test_unbonding__should_be_cancelled_in_part(chain: Chain) -> None:
    sent(chain, CAROL, delegate(CAROL, A, 3_000_000))
    sent(chain, CAROL, undelegate(CAROL, A, 1_000_000))
    height = chain.app.tip.height

    def cancel(amount: int, at: int = height) -> tx.MsgCancelUnbondingDelegation:
        return tx.MsgCancelUnbondingDelegation(
            delegator_address=CAROL.address,
            validator_address=A,
            amount=coin(amount),
            creation_height=at,
        )

    assert sent(chain, CAROL, cancel(1_000_001))[0] == 18
    assert sent(chain, CAROL, cancel(1, height + 1))[0] == 26
    assert sent(chain, CAROL, cancel(400_000))[0] == 0
    assert sent(chain, CAROL, cancel(600_000))[0] == 0
    assert (
        ask(chain, "DelegatorUnbondingDelegations", delegator_addr=CAROL.address)[
            "unbonding_responses"
        ]
        == []
    )
    Stake(chain).require_sound()


def test_redelegation__should_not_go_on_before_it_is_complete(chain: Chain) -> None:
    sent(chain, CAROL, delegate(CAROL, A, 3_000_000))
    assert sent(chain, CAROL, redelegate(CAROL, A, B, 2_000_000))[0] == 0
    assert sent(chain, CAROL, redelegate(CAROL, B, A, 1_000_000))[0] == 32
    assert sent(chain, CAROL, redelegate(CAROL, A, A, 1))[0] == 29
    answer = ask(chain, "Redelegations", delegator_addr=CAROL.address)
    (moved,) = answer["redelegation_responses"]
    assert moved["entries"][0]["balance"] == "2000000"
    chain.clock.ms += UNBONDING_S * 1000 + 1000
    chain.engine.make_block()
    assert sent(chain, CAROL, redelegate(CAROL, B, A, 1_000_000))[0] == 0
    Stake(chain).require_sound()


def test_entries__should_be_bounded(chain: Chain) -> None:
    sent(chain, CAROL, delegate(CAROL, A, 3_000_000))
    for _ in range(7):
        assert sent(chain, CAROL, undelegate(CAROL, A, 1))[0] == 0
        assert sent(chain, CAROL, redelegate(CAROL, A, B, 1))[0] == 0
    assert sent(chain, CAROL, undelegate(CAROL, A, 1))[0] == 27
    assert sent(chain, CAROL, redelegate(CAROL, A, B, 1))[0] == 33


def test_more_than_is_delegated__should_be_refused(chain: Chain) -> None:
    sent(chain, CAROL, delegate(CAROL, A, 3_000_000))
    assert sent(chain, CAROL, undelegate(CAROL, A, 3_000_001))[0] == 18
    assert sent(chain, CAROL, undelegate(CAROL, B, 1))[0] == 19
    assert sent(chain, CAROL, delegate(CAROL, C, 1))[0] == 3
    assert sent(chain, CAROL, delegate(CAROL, CAROL.address, 1))[0] == 7


def test_operator_below_its_promise__should_be_jailed(tmp_path: Path) -> None:
    promise = creation(ALICE, min_self_delegation="9000000")
    chain = staked(tmp_path, promise, creation(BOB))
    assert sent(chain, ALICE, undelegate(ALICE, A, 1_000_001))[0] == 0
    found = Stake(chain).validator(ALICE)
    assert found.jailed
    assert found.status == BOND_STATUS_UNBONDING
    assert list(state.ranked(chain.store.state)) == [B]


def test_edit__should_keep_to_what_was_promised(chain: Chain) -> None:
    def edit(rate: str = "", promise: str = "", **texts: str) -> tx.MsgEditValidator:
        message = tx.MsgEditValidator(validator_address=A, min_self_delegation=promise)
        for field in message.description.DESCRIPTOR.fields:
            setattr(message.description, field.name, texts.get(field.name, UNCHANGED))
        message.commission_rate = str(decimals.parse(rate)) if rate else ""
        return message

    assert sent(chain, ALICE, edit(website="https://validator.example"))[0] == 0
    found = Stake(chain).validator(ALICE)
    assert found.description.website == "https://validator.example"
    assert found.description.moniker == creation(ALICE)["description"]["moniker"]  # type: ignore[index]
    assert found.status == BOND_STATUS_BONDED
    chain.clock.ms += COMMISSION_PAUSE_MS + 1
    assert sent(chain, ALICE, edit("0.12"))[0] == 15
    assert sent(chain, ALICE, edit("0.21"))[0] == 11
    assert sent(chain, ALICE, edit("0.11"))[0] == 0
    assert sent(chain, ALICE, edit("0.1"))[0] == 12
    assert sent(chain, ALICE, edit(promise="1"))[0] == 17
    assert sent(chain, ALICE, edit(promise=str(STAKE + 1)))[0] == 16
    assert sent(chain, ALICE, edit(promise="5"))[0] == 0


def test_slash__should_reach_what_left_after_the_fault_and_nothing_before(tmp_path: Path) -> None:
    chain = staked(tmp_path, creation(ALICE), creation(BOB))
    stake = Stake(chain)
    keeper = stake.keeper
    keeper.delegate(stake.ctx, CAROL.address, stake.validator(ALICE), 5_000_000)
    keeper.undelegate(stake.ctx, CAROL.address, A, 1_000_000)
    stake.block()
    fault = stake.ctx.height
    keeper.undelegate(stake.ctx, CAROL.address, A, 1_000_000)
    keeper.redelegate(stake.ctx, CAROL.address, A, B, 2_000_000)
    stake.block()
    power = 14
    fraction = decimals.parse("0.1")
    before = stake.bank.supply(stake.ctx)
    burned = chain.keepers.slashing.slashes.slash(
        stake.ctx, stake.validator(ALICE), fault, power, fraction
    )
    first, second = state.UNBONDINGS.get(stake.store, (A, CAROL.address)).entries  # type: ignore[union-attr]
    assert (first.balance, second.balance) == ("1000000", "900000")
    moved = keeper.delegation(stake.ctx, CAROL.address, B)
    assert int(moved.shares) == 1_800_000 * decimals.ONE
    assert burned == 1_400_000 - 100_000 - 200_000
    assert before - stake.bank.supply(stake.ctx) == 1_400_000
    stake.require_sound()


def test_stake_that_went_on__should_be_slashed_once(tmp_path: Path) -> None:
    """Redelegated and then taken back: the entry that waits pays before the shares do."""
    chain = staked(tmp_path, creation(ALICE), creation(BOB))
    stake, keeper = (made := Stake(chain)), made.keeper
    keeper.delegate(stake.ctx, CAROL.address, stake.validator(ALICE), 4_000_000)
    stake.block()
    fault = stake.ctx.height
    keeper.redelegate(stake.ctx, CAROL.address, A, B, 4_000_000)
    keeper.undelegate(stake.ctx, CAROL.address, B, 3_000_000)
    stake.block()
    before = stake.bank.supply(stake.ctx)
    fraction = decimals.parse("0.5")
    chain.keepers.slashing.slashes.slash(stake.ctx, stake.validator(ALICE), fault, 14, fraction)
    (entry,) = state.UNBONDINGS.get(stake.store, (B, CAROL.address)).entries  # type: ignore[union-attr]
    assert entry.balance == "1000000"
    assert keeper.delegation(stake.ctx, CAROL.address, B).shares == str(1_000_000 * decimals.ONE)
    assert before - stake.bank.supply(stake.ctx) == 7_000_000
    stake.require_sound()


def test_slash__should_never_take_more_than_there_is(tmp_path: Path) -> None:
    chain = staked(tmp_path, creation(ALICE), creation(BOB))
    stake, keeper = (made := Stake(chain)), made.keeper
    key = address(consensus_key(BOB))
    twice = Misbehavior(key, stake.ctx.height, stake.ctx.time_ms, 10**6)
    stake.block(misbehavior=(twice,))
    assert stake.validator(BOB).tokens == "0"
    stake.require_sound()
    with pytest.raises(InvalidArgument, match="slashed to nothing"):
        keeper.delegate(stake.ctx, CAROL.address, stake.validator(BOB), 1)


def test_history__should_keep_the_newest_heights(tmp_path: Path) -> None:
    chain = staked(tmp_path)
    stake = Stake(chain)
    params = stake.keeper.params(stake.ctx)
    params.historical_entries = 3
    state.PARAMS.set(stake.store, b"", params)
    for _ in range(8):
        stake.block()
    kept = [each.header.height for each in state.HISTORY.values(stake.store)]
    newest = stake.ctx.height
    assert kept == [newest - 2, newest - 1, newest]


@pytest.mark.parametrize(
    ("staking", "words"),
    [
        ({"validators": [{}]}, "zenvaloper|bech32"),
        ({"validators": [creation(ALICE, 999_999)]}, "power of 1"),
        ({"validators": [creation(ALICE)], "params": {"max_validators": 1001}}, "1 to 1000"),
        ({"validators": [creation(ALICE), creation(ALICE)]}, "has a validator"),
        ({"validator": []}, "validator"),
        ({"validators": [creation(ALICE)], "params": {"bond_denom": "x"}}, "urock"),
    ],
)
def test_genesis_that_cannot_be__should_be_refused(
    tmp_path: Path, staking: dict[str, object], words: str
) -> None:
    with pytest.raises(GenesisError, match=words):
        Chain(tmp_path, first=genesis(staking=staking))


def test_chain_without_stake__should_have_no_place_for_validators(tmp_path: Path) -> None:
    chain = Chain(tmp_path)
    code, log = sent(chain, ALICE, create(ALICE))
    assert code == 4
    assert "no stake" in log
    assert ask(chain, "Pool") == {"pool": {"not_bonded_tokens": "0", "bonded_tokens": "0"}}
    chain.close()


def test_genesis_of_the_page__should_begin_a_chain_with_stake(tmp_path: Path) -> None:
    page = (Path(__file__).parents[4] / "docs" / "ledger.md").read_text()
    (block,) = [
        each for each in re.findall(r"```json\n(.*?)```", page, re.DOTALL) if "staking" in each
    ]
    state_ = json.loads(block)
    operator = state_["staking"]["validators"][0]["validator_address"]
    coins = [{"denom": "urock", "amount": "10000000"}]
    rich = {"balances": [{"address": account_of(operator), "coins": coins}]}
    chain = Chain(tmp_path, first=genesis(bank=rich, **state_))
    assert ask(chain, "Pool")["pool"]["bonded_tokens"] == "10000000"
    chain.close()


def test_books_of_stake__should_not_make_one_block_after_the_other(chain: Chain) -> None:
    """Each block changes them, and needs a further one that commits to them."""
    chain.engine.make_block()
    assert not chain.engine._unproven
    assert sent(chain, CAROL, delegate(CAROL, A, 1))[0] == 0
    assert chain.engine._unproven


def test_redelegation_to_who_has_gone__should_be_listed(chain: Chain) -> None:
    """The second validator's last stake is taken back; the first one's fault can still come."""
    stake = Stake(chain)
    keeper = stake.keeper
    keeper.delegate(stake.ctx, CAROL.address, stake.validator(ALICE), 10)
    keeper.set_jailed(stake.ctx, stake.validator(BOB), jailed=True)
    stake.block()
    stake.block(UNBONDING_S + 1)
    keeper.redelegate(stake.ctx, CAROL.address, A, B, 10)
    keeper.undelegate(stake.ctx, CAROL.address, B, 10)
    keeper.undelegate(stake.ctx, BOB.address, B, 5_000_000)
    with pytest.raises(NotFound):
        stake.validator(BOB)
    asked = QueryRedelegationsRequest(src_validator_addr=A)
    answer = StakingQueries(keeper, stake.bank).redelegations(stake.ctx, asked)
    (moved,) = answer.redelegation_responses
    assert moved.entries[0].balance == "0"


async def test_client_with_a_root__should_verify_what_it_reads_of_stake(tmp_path: Path) -> None:
    first = genesis(staking={"validators": [creation(ALICE)]})
    config = node_config(tmp_path, first)
    async with (
        serving(config, modules, asyncio.Event()) as (node, _),
        trusting(node) as ledger,
    ):
        path = "/cosmos.staking.v1beta1.Query/Validators"
        answer = await ledger.query(path, QueryValidatorsRequest(), QueryValidatorsResponse)
    assert [each.operator_address for each in answer.validators] == [A]
