"""Validators that do not sign, or sign twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.zrchain_lite.chain import ALICE, BOB
from tests.zrchain_lite.modules.staking.stake import (
    STAKE,
    UNBONDING_S,
    Stake,
    consensus_key,
    creation,
    staked,
)
from tests.zrchain_lite.modules.staking.test_staking import B, create, sent, undelegate
from zrchain_lite.errors import Conflict, InvalidArgument
from zrchain_lite.genesis import GenesisError
from zrchain_lite.light.hashes import address
from zrchain_lite.module import Misbehavior, Vote
from zrchain_lite.modules.slashing.keeper import CHUNK_BITS, INFOS, MISSED, NEVER_S
from zrchain_lite.modules.staking.messages import StakingMessages
from zrchain_lite.validator_addresses import consensus_text
from zrchain_lite.wire.cosmos.slashing.v1beta1 import tx_pb2 as tx
from zrchain_lite.wire.cosmos.slashing.v1beta1.slashing_pb2 import Params

BOBS = address(consensus_key(BOB))
WINDOW = 10


@pytest.fixture
def stake(tmp_path: Path) -> Stake:
    params = {"signed_blocks_window": str(WINDOW), "min_signed_per_window": "0.5"}
    chain = staked(tmp_path, creation(ALICE), creation(BOB), slashing={"params": params})
    return Stake(chain)


def votes(stake: Stake, bob_signs: bool) -> tuple[Vote, ...]:
    return (Vote(stake.chain.validator.address, 10, True), Vote(BOBS, 10, bob_signs))


def missed(stake: Stake) -> int:
    info = INFOS.get(stake.store, BOBS)
    assert info is not None
    return info.missed_blocks_counter


def away(stake: Stake, blocks: int) -> None:
    for _ in range(blocks):
        stake.block(votes=votes(stake, bob_signs=False))


def test_window__should_forget_what_is_older(stake: Stake) -> None:
    away(stake, 4)
    assert missed(stake) == 4
    for _ in range(WINDOW - 4):
        stake.block(votes=votes(stake, bob_signs=True))
    assert missed(stake) == 4
    for left in (3, 2, 1, 0):
        stake.block(votes=votes(stake, bob_signs=True))
        assert missed(stake) == left


def test_validator_that_is_away__should_be_slashed_and_jailed_after_its_window(
    stake: Stake,
) -> None:
    away(stake, WINDOW - stake.ctx.height)
    assert not stake.validator(BOB).jailed
    away(stake, 1)
    found = stake.validator(BOB)
    assert found.jailed
    assert int(found.tokens) == STAKE * 99 // 100
    assert missed(stake) == 0
    stake.require_sound()
    with pytest.raises(Conflict, match="jailed until"):
        stake.chain.keepers.slashing.unjail(stake.ctx, B)
    stake.block(601)
    stake.chain.keepers.slashing.unjail(stake.ctx, B)
    assert stake.block() == {consensus_key(BOB): 9}
    with pytest.raises(Conflict, match="not jailed"):
        stake.chain.keepers.slashing.unjail(stake.ctx, B)


def test_validator_that_signs_half__should_stay(stake: Stake) -> None:
    for number in range(3 * WINDOW):
        stake.block(votes=votes(stake, bob_signs=number % 2 == 0))
    assert not stake.validator(BOB).jailed


def test_validator_that_signs_twice__should_be_jailed_for_good(stake: Stake) -> None:
    twice = Misbehavior(BOBS, stake.ctx.height - 1, stake.ctx.time_ms, 10)
    stake.block(misbehavior=(twice, twice))
    found = stake.validator(BOB)
    assert found.jailed
    assert int(found.tokens) == STAKE * 95 // 100
    info = INFOS.get(stake.store, BOBS)
    assert info is not None
    assert info.tombstoned
    assert info.jailed_until.seconds == NEVER_S
    stake.block(10**9)
    with pytest.raises(Conflict, match="for good"):
        stake.chain.keepers.slashing.unjail(stake.ctx, B)
    stake.require_sound()


def test_key_that_signed_twice__should_make_no_other_validator(stake: Stake) -> None:
    """Its faults would cost nothing any more."""
    stake.block(misbehavior=(Misbehavior(BOBS, stake.ctx.height - 1, stake.ctx.time_ms, 10),))
    left = int(stake.validator(BOB).tokens)
    stake.keeper.undelegate(stake.ctx, BOB.address, B, left)
    stake.block(UNBONDING_S + 1)
    stake.block(UNBONDING_S + 1)
    messages = StakingMessages(stake.keeper, stake.bank)
    with pytest.raises(Conflict, match="make another"):
        messages.create_validator(stake.ctx, create(BOB))


def test_fault_of_who_has_left__should_cost_nothing(stake: Stake) -> None:
    stake.keeper.undelegate(stake.ctx, BOB.address, B, STAKE)
    stake.block()
    stake.block(UNBONDING_S + 1)
    before = stake.bank.supply(stake.ctx)
    stake.block(misbehavior=(Misbehavior(BOBS, 1, 0, 10), Misbehavior(bytes(20), 1, 0, 10)))
    assert stake.bank.supply(stake.ctx) == before


def test_unjail__should_want_the_stake_that_was_promised(tmp_path: Path) -> None:
    promise = creation(BOB, min_self_delegation="9000000")
    chain = staked(tmp_path, creation(ALICE), promise)
    sent(chain, BOB, undelegate(BOB, B, 2_000_000))
    code, log = sent(chain, BOB, tx.MsgUnjail(validator_addr=B))
    assert (code, "delegate more first" in log) == (7, True)
    sent(chain, BOB, undelegate(BOB, B, 8_000_000))
    assert sent(chain, BOB, tx.MsgUnjail(validator_addr=B))[0] == 6


def test_long_window__should_be_kept_in_pieces(stake: Stake) -> None:
    slashing = stake.chain.keepers.slashing
    params = slashing.params(stake.ctx)
    params.signed_blocks_window = 3 * CHUNK_BITS
    slashing.set_params(stake.ctx, params)
    away(stake, CHUNK_BITS + 5)
    sizes = [len(each.value) for each in MISSED.values(stake.store, under=(BOBS,))]
    assert sizes == [CHUNK_BITS // 8, 1]
    assert missed(stake) == CHUNK_BITS + 5
    params.signed_blocks_window = 20
    slashing.set_params(stake.ctx, params)
    assert missed(stake) == 0
    assert not list(MISSED.values(stake.store, under=(BOBS,)))


def test_signing_info__should_be_found_by_the_consensus_address(stake: Stake) -> None:
    app = stake.chain.app
    path = "/cosmos.slashing.v1beta1.Query/SigningInfo"
    request = app.registry.query(path).request(cons_address=consensus_text(BOBS))
    assert app.answer(path, request).val_signing_info.address == consensus_text(BOBS)  # type: ignore[attr-defined]
    path = "/cosmos.slashing.v1beta1.Query/SigningInfos"
    assert len(app.answer(path, app.registry.query(path).request()).info) == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "params",
    [
        {"signed_blocks_window": "0"},
        {"signed_blocks_window": "100001"},
        {"slash_fraction_downtime": "1.1"},
        {"slash_fraction_downtime": "-1"},
        {"downtime_jail_duration": "0s"},
        {"unknown": 1},
    ],
)
def test_parameters_that_cannot_be__should_be_refused(
    tmp_path: Path, params: dict[str, object]
) -> None:
    with pytest.raises(GenesisError, match="slashing"):
        staked(tmp_path, slashing={"params": params})


def test_parameters__should_be_changed_by_governance_alone(stake: Stake) -> None:
    message = tx.MsgUpdateParams(authority=ALICE.address, params=Params(signed_blocks_window=1))
    assert sent(stake.chain, ALICE, message)[0] == 4
    with pytest.raises(InvalidArgument):
        stake.chain.keepers.slashing.set_params(stake.ctx, Params())
