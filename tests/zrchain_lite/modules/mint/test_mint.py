"""New coins: how many there are, and who gets them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zrchain_lite.chain import ALICE, Chain, genesis
from tests.zrchain_lite.modules.staking.stake import Stake, staked
from tests.zrchain_lite.modules.staking.test_staking import sent
from zrchain_lite import decimals
from zrchain_lite.genesis import GenesisError
from zrchain_lite.module import Vote
from zrchain_lite.modules.mint.module import DEFAULT_PARAMS, next_inflation
from zrchain_lite.wire.cosmos.mint.v1beta1 import tx_pb2 as tx
from zrchain_lite.wire.cosmos.mint.v1beta1.mint_pb2 import Params

rates = st.integers(0, decimals.ONE)


@given(rates, rates, st.integers(0, 10**15), st.integers(1, 10**15), st.integers(1, 10**7))
def test_rate__should_move_as_an_independent_computation_says(
    change: int, before: int, bonded: int, supply: int, blocks: int
) -> None:
    bonded = min(bonded, supply)
    params = Params(
        inflation_rate_change=str(change),
        inflation_max=str(decimals.ONE),
        inflation_min="0",
        goal_bonded=DEFAULT_PARAMS.goal_bonded,
        blocks_per_year=blocks,
    )
    goal = Fraction(67, 100)
    moved = Fraction(before) + (1 - Fraction(bonded, supply) / goal) * change / blocks
    wanted = min(max(moved, Fraction(0)), Fraction(decimals.ONE))
    assert abs(next_inflation(params, before, bonded, supply) - wanted) <= 3


def test_chain__should_mint_nothing_unless_it_is_told_to(tmp_path: Path) -> None:
    stake = Stake(staked(tmp_path))
    before = stake.bank.supply(stake.ctx)
    stake.block()
    assert stake.bank.supply(stake.ctx) == before


def test_minted_coins__should_go_to_those_who_stake(tmp_path: Path) -> None:
    params = {"inflation_max": "0.1", "inflation_min": "0.1", "blocks_per_year": "1000"}
    chain = staked(tmp_path, mint={"params": params, "inflation": "0.1"})
    stake = Stake(chain)
    before = stake.bank.supply(stake.ctx)
    mine = chain.validator
    stake.block(votes=(Vote(mine.address, 10, True),))
    minted = before // 10_000
    assert stake.bank.supply(stake.ctx) == before + minted
    rewards = chain.keepers.distribution
    held = stake.bank.balance(stake.ctx, rewards.account)
    assert held >= minted
    stake.require_sound()


def test_chain_without_stake__should_mint_nothing(tmp_path: Path) -> None:
    params = {"inflation_max": "1", "inflation_min": "1", "blocks_per_year": "1"}
    chain = Chain(tmp_path, first=genesis(mint={"params": params, "inflation": "1"}))
    before = chain.keepers.bank.supply(chain.ctx)
    chain.engine.make_block()
    assert chain.keepers.bank.supply(chain.ctx) == before
    chain.close()


@pytest.mark.parametrize(
    "params",
    [
        {"inflation_max": "1.1"},
        {"inflation_max": "0.1", "inflation_min": "0.2"},
        {"blocks_per_year": "0"},
        {"goal_bonded": "0"},
        {"mint_denom": "other"},
    ],
)
def test_parameters_that_cannot_be__should_be_refused(
    tmp_path: Path, params: dict[str, str]
) -> None:
    with pytest.raises(GenesisError, match="mint"):
        Chain(tmp_path, first=genesis(mint={"params": params}))


def test_parameters__should_be_changed_by_governance_alone(tmp_path: Path) -> None:
    chain = staked(tmp_path)
    message = tx.MsgUpdateParams(authority=ALICE.address, params=DEFAULT_PARAMS)
    assert sent(chain, ALICE, message)[0] == 4
