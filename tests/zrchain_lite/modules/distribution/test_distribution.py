"""Fees become rewards: who earns how much, and how it is taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.zrchain_lite.chain import ALICE, BOB, CAROL, Chain
from tests.zrchain_lite.modules.staking.stake import STAKE, Stake, creation, staked
from tests.zrchain_lite.modules.staking.test_staking import A, B, coin, delegate, sent
from zrchain_lite import decimals
from zrchain_lite.api.json_codec import to_json
from zrchain_lite.errors import InvalidArgument
from zrchain_lite.light.hashes import address
from zrchain_lite.module import Vote
from zrchain_lite.modules.auth.keeper import FEE_COLLECTOR
from zrchain_lite.modules.distribution import state
from zrchain_lite.wire.cosmos.distribution.v1beta1 import tx_pb2 as tx
from zrchain_lite.wire.cosmos.distribution.v1beta1.distribution_pb2 import Params


def ask(chain: Chain, name: str, **fields: object) -> Any:
    path = f"/cosmos.distribution.v1beta1.Query/{name}"
    request = chain.app.registry.query(path).request(**fields)
    return to_json(chain.app.answer(path, request))


def withdraw(account: object) -> tx.MsgWithdrawDelegatorReward:
    return tx.MsgWithdrawDelegatorReward(
        delegator_address=account.address,  # type: ignore[attr-defined]
        validator_address=A,
    )


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return staked(tmp_path / "home")


def test_fees__should_be_shared_by_stake_less_tax_and_commission(tmp_path: Path) -> None:
    stake = Stake(staked(tmp_path))
    rewards = stake.chain.keepers.distribution
    keeper = stake.keeper
    keeper.delegate(stake.ctx, CAROL.address, stake.validator(ALICE), STAKE)
    stake.block()
    stake.bank.mint(stake.ctx, stake.bank.module_address(FEE_COLLECTOR), 1_000_000)
    mine = stake.chain.validator
    stake.block(votes=(Vote(mine.address, 20, True),))
    assert rewards.community_pool(stake.ctx) == 20_000 * decimals.ONE
    assert rewards.commission(stake.ctx, A) == 98_000 * decimals.ONE
    assert rewards.withdraw(stake.ctx, CAROL.address, A) == 441_000
    assert rewards.withdraw(stake.ctx, CAROL.address, A) == 0
    assert rewards.withdraw_commission(stake.ctx, A) == 98_000
    assert rewards.withdraw(stake.ctx, ALICE.address, A) == 441_000
    assert rewards.outstanding(stake.ctx, A) == 0


def test_fees_that_nobody_with_stake_has_earned__should_belong_to_all(tmp_path: Path) -> None:
    stake = Stake(staked(tmp_path))
    stake.bank.mint(stake.ctx, stake.bank.module_address(FEE_COLLECTOR), 1_000)
    stake.block(votes=(Vote(address(b"stranger"), 5, True),))
    pool = stake.chain.keepers.distribution.community_pool(stake.ctx)
    assert pool == 1_000 * decimals.ONE


def test_wallet__should_see_and_take_what_it_has_earned(chain: Chain) -> None:
    assert sent(chain, CAROL, delegate(CAROL, A, 30_000_000))[0] == 0
    fund = tx.MsgFundCommunityPool(depositor=BOB.address, amount=[coin(21)])
    assert sent(chain, BOB, fund) == (0, "")
    chain.engine.make_block()
    shown = ask(chain, "DelegationTotalRewards", delegator_address=CAROL.address)
    (mine,) = shown["rewards"]
    assert mine["validator_address"] == A
    assert shown["total"] == mine["reward"]
    earned = int(decimals.parse(shown["total"][0]["amount"]))
    assert earned // decimals.ONE > 0
    before = chain.balance(CAROL)
    assert sent(chain, CAROL, withdraw(CAROL))[0] == 0
    assert chain.balance(CAROL) == before - 100 + earned // decimals.ONE
    pool = ask(chain, "CommunityPool")["pool"]
    assert decimals.parse(pool[0]["amount"]) >= 21 * decimals.ONE
    assert ask(chain, "DelegatorValidators", delegator_address=CAROL.address) == {"validators": [A]}


def test_rewards__should_go_where_the_delegator_says(chain: Chain) -> None:
    there = tx.MsgSetWithdrawAddress(delegator_address=CAROL.address, withdraw_address=BOB.address)
    module = chain.keepers.bank.module_address(FEE_COLLECTOR)
    closed = tx.MsgSetWithdrawAddress(delegator_address=CAROL.address, withdraw_address=module)
    sent(chain, CAROL, delegate(CAROL, A, 30_000_000))
    assert sent(chain, CAROL, there)[0] == 0
    assert sent(chain, CAROL, closed)[0] == 4
    chain.engine.make_block()
    before = chain.balance(BOB)
    assert sent(chain, CAROL, withdraw(CAROL))[0] == 0
    assert chain.balance(BOB) > before


def test_nothing__should_not_be_taken(chain: Chain) -> None:
    assert sent(chain, BOB, withdraw(BOB))[0] == 19
    commission = tx.MsgWithdrawValidatorCommission(validator_address=A)
    stake = Stake(chain)
    stake.chain.keepers.distribution._set_commission(stake.ctx, A, 0)
    with pytest.raises(LookupError, match="no validator commission"):
        stake.chain.keepers.distribution.withdraw_commission(stake.ctx, A)
    assert sent(chain, ALICE, commission)[0] in (0, 10)


def test_validator_that_goes__should_leave_nothing_behind(tmp_path: Path) -> None:
    stake = Stake(staked(tmp_path, creation(ALICE), creation(BOB)))
    rewards = stake.chain.keepers.distribution
    rewards._reward(stake.ctx, stake.validator(BOB), 0)
    stake.keeper.undelegate(stake.ctx, BOB.address, B, STAKE)
    stake.block()
    stake.block(10**6)
    stake.block(10**6)
    for kept in (state.HISTORICAL, state.CURRENT, state.OUTSTANDING, state.STARTING):
        assert not [key for key, _ in stake.store.iterate(kept.prefix) if B.encode() in key]


def test_parameters__should_be_changed_by_governance_alone(chain: Chain) -> None:
    keeper = chain.keepers.distribution
    message = tx.MsgUpdateParams(authority=ALICE.address, params=Params(community_tax="0"))
    assert sent(chain, ALICE, message)[0] == 4
    spend = tx.MsgCommunityPoolSpend(
        authority=ALICE.address, recipient=ALICE.address, amount=[coin(1)]
    )
    assert sent(chain, ALICE, spend)[0] == 4
    for wrong in (Params(community_tax=str(decimals.ONE + 1)), Params(base_proposer_reward="1")):
        with pytest.raises(InvalidArgument):
            keeper.set_params(chain.ctx, wrong)
