"""Skipping over a chain whose validators change, and everything that a lying node may show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from tests.cost import processor_seconds
from tests.zrchain_lite.light.chain import (
    CHAIN_ID,
    TRUST,
    Chain,
    key,
    moment,
    signed,
    timestamp,
)
from zrchain_lite.light import (
    Attack,
    BadBlock,
    FromTheFuture,
    LightBlock,
    LightError,
    NotCommitted,
    NotEnoughTrust,
    TooManySteps,
    Trust,
    TrustExpired,
    Validator,
    ValidatorSet,
    fork,
    hashes,
    steps,
    verify,
    verify_commit,
)
from zrchain_lite.light.blocks import MAX_POWER
from zrchain_lite.light.forks import holds
from zrchain_lite.wire.tendermint.types.types_pb2 import BLOCK_ID_FLAG_NIL, CommitSig

SIXTY = range(60)
NOW = moment(1_000)


def moving(height: int) -> range:
    """Sixty validators, of whom one leaves and one comes every hundred blocks."""
    return range(height // 100, height // 100 + 60)


def resigned(block: LightBlock, change: Callable[[CommitSig], None], *places: int) -> LightBlock:
    """The block with some of its signatures changed."""
    commit = type(block.commit)()
    commit.CopyFrom(block.commit)
    for place in places:
        change(commit.signatures[place])
    return LightBlock.of(block.header, commit, block.validators)


def spoiled(vote: CommitSig) -> None:
    vote.signature = bytes(64)


def test_skipping__should_need_few_blocks_of_a_changing_set() -> None:
    chain = Chain(moving)
    believed = chain.follow(chain.block(1), 10_000)
    assert believed[-1].height == 10_000
    assert [block.height for block in believed] == sorted({block.height for block in believed})
    assert len(chain.asked) < 12


def test_skipping__should_ask_for_one_block_of_a_set_that_stays() -> None:
    chain = Chain(lambda height: SIXTY)
    chain.follow(chain.block(1), 10_000)
    assert chain.asked == [10_000]


def test_skipping__should_walk_from_block_to_block_where_all_validators_change() -> None:
    chain = Chain(lambda height: range(4 * height, 4 * height + 4))
    assert [block.height for block in chain.follow(chain.block(1), 6)] == [2, 3, 4, 5, 6]


def test_skipping__should_end_at_its_bound() -> None:
    chain = Chain(lambda height: range(4 * height, 4 * height + 4))
    walk = steps(chain.block(1), 64, TRUST, NOW, max_blocks=5)
    wanted = next(walk)
    for _ in range(4):
        wanted = walk.send(chain.block(wanted))
    with pytest.raises(TooManySteps):
        walk.send(chain.block(wanted))


def test_skipping__should_refuse_another_height_than_it_asked_for() -> None:
    chain = Chain(lambda height: range(4))
    walk = steps(chain.block(1), 9, TRUST, NOW)
    assert next(walk) == 9
    with pytest.raises(BadBlock, match="asked for"):
        walk.send(chain.block(8))


@pytest.mark.parametrize("height", [2, 50])
def test_two_thirds_of_the_power__should_not_be_enough(height: int) -> None:
    chain = Chain(lambda height: SIXTY)
    with pytest.raises(NotCommitted):
        verify(chain.block(1), chain.block(height, absent=range(20)), TRUST, NOW)
    verify(chain.block(1), chain.block(height, absent=range(19)), TRUST, NOW)


def test_a_third_of_the_trusted_power__should_not_be_enough() -> None:
    chain = Chain(lambda height: SIXTY if height < 10 else range(40, 100))
    with pytest.raises(NotEnoughTrust):
        verify(chain.block(1), chain.block(20), TRUST, NOW)
    more = Chain(lambda height: SIXTY if height < 10 else range(39, 99))
    verify(more.block(1), more.block(20), TRUST, NOW)
    with pytest.raises(NotEnoughTrust):
        verify(more.block(1), more.block(20), replace(TRUST, level=Fraction(1, 2)), NOW)


def test_next_block__should_have_the_validators_that_were_announced() -> None:
    chain, other = Chain(lambda height: range(4)), Chain(lambda height: range(4, 8))
    with pytest.raises(BadBlock, match="announced"):
        verify(chain.block(1), other.block(2), TRUST, NOW)


def test_signature_that_is_there_twice__should_not_count_twice() -> None:
    """Four strangers stand in the set beside one who was trusted and signs in three places."""
    chain = Chain(lambda height: range(3) if height < 10 else (0, *range(10, 14)))
    block = chain.block(20)
    copy = type(block.commit)()
    copy.CopyFrom(block.commit)
    copy.signatures[1].CopyFrom(copy.signatures[0])
    copy.signatures[2].CopyFrom(copy.signatures[0])
    with pytest.raises(LightError):
        verify(chain.block(1), LightBlock.of(block.header, copy, block.validators), TRUST, NOW)
    with pytest.raises(BadBlock, match="twice"):
        ValidatorSet([Validator(bytes(key(0).verify_key), 10)] * 2)


@pytest.mark.parametrize("height", [2, 50])
def test_votes_of_another_chain__should_not_count(height: int) -> None:
    chain = Chain(lambda height: range(4))
    header = chain.header(height)
    stolen = signed(header, range(4), chain_id="another-1")
    with pytest.raises((NotCommitted, NotEnoughTrust)):
        verify(chain.block(1), LightBlock.of(header, stolen, chain.validators(height)), TRUST, NOW)
    with pytest.raises(BadBlock, match="not of chain"):
        verify(chain.block(1), chain.block(height), Trust("another-1"), NOW)


@pytest.mark.parametrize("height", [2, 50])
def test_votes_for_no_block__should_not_count(height: int) -> None:
    chain = Chain(lambda height: range(4))

    def to_nil(vote: CommitSig) -> None:
        vote.block_id_flag = BLOCK_ID_FLAG_NIL

    with pytest.raises((NotCommitted, NotEnoughTrust)):
        verify(chain.block(1), resigned(chain.block(height), to_nil, 0, 1), TRUST, NOW)


@pytest.mark.parametrize("height", [2, 50])
def test_one_bad_signature__should_neither_count_nor_stop_the_others(height: int) -> None:
    chain = Chain(lambda height: range(4))
    verify(chain.block(1), resigned(chain.block(height), spoiled, 0), TRUST, NOW)
    with pytest.raises(NotCommitted):
        verify(chain.block(1), resigned(chain.block(height), spoiled, 0, 1), TRUST, NOW)


def test_signature_of_another_time__should_not_count() -> None:
    chain = Chain(lambda height: range(1))

    def later(vote: CommitSig) -> None:
        vote.timestamp.CopyFrom(timestamp(moment(51)))

    with pytest.raises(NotCommitted):
        verify_commit(resigned(chain.block(50), later, 0))


def test_expired_trust__should_believe_nothing_more() -> None:
    chain = Chain(lambda height: range(4))
    end = moment(1) + TRUST.period_ns
    verify(chain.block(1), chain.block(2), TRUST, end - 1)
    with pytest.raises(TrustExpired):
        verify(chain.block(1), chain.block(2), TRUST, end)


def test_block_of_the_future__should_be_refused() -> None:
    chain = Chain(lambda height: range(4))
    drift = TRUST.max_clock_drift_ns
    verify(chain.block(1), chain.block(50), TRUST, moment(50) - drift + 1)
    with pytest.raises(FromTheFuture):
        verify(chain.block(1), chain.block(50), TRUST, moment(50) - drift)


@pytest.mark.parametrize("height", [49, 50])
def test_block_that_is_not_later__should_be_refused(height: int) -> None:
    chain = Chain(lambda height: range(4))
    with pytest.raises(BadBlock, match="does not come after"):
        verify(chain.block(50), chain.block(height), TRUST, NOW)


def test_power__should_not_run_over() -> None:
    keys = [bytes(key(each).verify_key) for each in range(2)]
    assert ValidatorSet([Validator(keys[0], MAX_POWER)]).power == MAX_POWER
    for powers in ((MAX_POWER, 1), (2**63 - 1, 2**63 - 1), (0, 1), (-1, 5)):
        with pytest.raises(BadBlock):
            ValidatorSet(Validator(each, power) for each, power in zip(keys, powers, strict=True))


def test_parts_that_do_not_belong_together__should_be_refused() -> None:
    chain = Chain(lambda height: range(4))
    block, other = chain.block(5), Chain(lambda height: range(4), mark=b"other").block(5)
    with pytest.raises(BadBlock, match="another header"):
        LightBlock.of(other.header, block.commit, block.validators)
    with pytest.raises(BadBlock, match="validators are not"):
        LightBlock.of(block.header, block.commit, Chain(lambda height: range(5)).validators(5))
    with pytest.raises(BadBlock, match="stands under"):
        LightBlock.of(block.header, chain.block(6).commit, block.validators)
    fewer = signed(block.header, range(3))
    with pytest.raises(BadBlock, match="3 signatures of 4"):
        LightBlock.of(block.header, fewer, block.validators)


def test_signature_in_another_ones_place__should_be_refused() -> None:
    chain = Chain(lambda height: range(4))

    def renamed(vote: CommitSig) -> None:
        vote.validator_address = hashes.address(bytes(key(1).verify_key))

    with pytest.raises(BadBlock):
        verify(chain.block(1), resigned(chain.block(2), renamed, 0), TRUST, NOW)


def test_commit_of_a_thousand_bad_signatures__should_cost_little() -> None:
    chain = Chain(lambda height: range(1_000))
    block = chain.block(2)
    bad = resigned(block, spoiled, *range(1_000))
    with processor_seconds(2), pytest.raises(NotCommitted):
        verify_commit(bad)


def test_fork__should_name_those_who_signed_both_blocks() -> None:
    chain, other = Chain(lambda height: range(4)), Chain(lambda height: range(4), mark=b"other")
    header = other.header(50)
    header.app_hash = chain.header(50).app_hash
    twin = LightBlock.of(header, signed(header, range(4), absent=[3]), other.validators(50))
    found = fork(chain.block(1), chain.block(50), twin, TRUST, NOW)
    assert found is not None
    assert found.attack is Attack.EQUIVOCATION
    assert found.culprits == tuple(chain.validators(50))[:3]
    assert holds(found, TRUST, NOW)


def test_fork_with_a_state_of_its_own__should_name_its_signers() -> None:
    chain, other = Chain(lambda height: range(4)), Chain(lambda height: range(4), mark=b"other")
    found = fork(chain.block(1), chain.block(50), other.block(50, absent=[0]), TRUST, NOW)
    assert found is not None
    assert found.attack is Attack.LUNATIC
    assert found.culprits == tuple(chain.validators(50))[1:]


def test_fork_over_two_rounds__should_name_nobody() -> None:
    chain, other = Chain(lambda height: range(4)), Chain(lambda height: range(4), mark=b"other")
    header = other.header(50)
    header.app_hash = chain.header(50).app_hash
    commit = signed(header, range(4), round_=1)
    twin = LightBlock.of(header, commit, other.validators(50))
    found = fork(chain.block(1), chain.block(50), twin, TRUST, NOW)
    assert found is not None
    assert (found.attack, found.culprits) == (Attack.AMNESIA, ())


def test_evidence_against_honest_validators__should_fail() -> None:
    chain = Chain(lambda height: range(4))
    block = chain.block(50)
    assert fork(chain.block(1), block, chain.block(50, absent=[1]), TRUST, NOW) is None
    other = Chain(lambda height: range(4), mark=b"other")
    unsigned = resigned(other.block(50), spoiled, 0, 1, 2)
    with pytest.raises(LightError):
        fork(chain.block(1), block, unsigned, TRUST, NOW)
    found = fork(chain.block(1), block, other.block(50, absent=[0]), TRUST, NOW)
    assert found is not None
    assert not holds(replace(found, culprits=tuple(chain.validators(50))), TRUST, NOW)
    assert not holds(replace(found, conflicting=block), TRUST, NOW)


def test_trust__should_not_go_below_a_third() -> None:
    for level in (Fraction(1, 4), Fraction(4, 3)):
        with pytest.raises(ValueError, match="1/3 to 1"):
            Trust(CHAIN_ID, level=level)
