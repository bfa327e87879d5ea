"""Whatever people, time and faults do to stake, the books of stake and rewards are right."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.zrchain_lite.chain import ALICE, BOB
from tests.zrchain_lite.modules.staking.stake import (
    PEOPLE,
    STAKE,
    UNBONDING_S,
    Stake,
    consensus_key,
    creation,
    staked,
)
from zrchain_lite import decimals
from zrchain_lite.client import Account
from zrchain_lite.errors import LedgerError
from zrchain_lite.light.hashes import address
from zrchain_lite.module import Misbehavior, Vote
from zrchain_lite.modules.auth.keeper import FEE_COLLECTOR
from zrchain_lite.modules.distribution import state as rewards
from zrchain_lite.modules.staking import state
from zrchain_lite.store.kv import Overlay
from zrchain_lite.validator_addresses import operator_of
from zrchain_lite.wire.cosmos.staking.v1beta1.staking_pb2 import Validator

people = st.sampled_from(PEOPLE)
validators = st.sampled_from((ALICE, BOB))
amounts = st.one_of(st.integers(1, 20), st.integers(1, 3 * STAKE))


class Books(RuleBasedStateMachine):
    """Two validators, three people, and a model that earns what each block gives, exactly."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        chain = staked(
            Path(self.folder.name),
            creation(ALICE),
            creation(BOB, 7_654_321),
            distribution={"params": {"community_tax": "0.02"}},
            slashing={"params": {"signed_blocks_window": 5, "downtime_jail_duration": "20s"}},
        )
        self.stake = Stake(chain)
        self.rewards = chain.keepers.distribution
        self.minted = 0
        self.earned: dict[tuple[str, str], Fraction] = {}
        self.paid: dict[tuple[str, str], int] = {}
        self.steps = 0

    def teardown(self) -> None:
        self.stake.chain.close()
        self.folder.cleanup()

    def attempt(self, work: object) -> None:
        """All or nothing, as a transaction is."""
        stake, store = self.stake, self.stake.store
        overlay = Overlay(store)
        stake.ctx.store, stake.ctx.events = overlay, []
        try:
            work()  # type: ignore[operator]
        except LedgerError:
            pass
        else:
            overlay.commit()
            self.note_payments()
        finally:
            stake.ctx.store = store

    def note_payments(self) -> None:
        for event in self.stake.ctx.events:
            if event.type == "withdraw_rewards":
                told = dict(event.attributes)
                key = (told["validator"], told["delegator"])
                amount = int(told["amount"].removesuffix("urock"))
                self.paid[key] = self.paid.get(key, 0) + amount
                self.steps += 1
        self.stake.ctx.events.clear()

    @rule(who=people, validator=validators, tokens=amounts)
    def delegate(self, who: Account, validator: Account, tokens: int) -> None:
        def work() -> None:
            chosen = self.stake.validator(validator)
            self.stake.keeper.delegate(self.stake.ctx, who.address, chosen, tokens)

        self.attempt(work)

    @rule(who=people, validator=validators, tokens=amounts)
    def undelegate(self, who: Account, validator: Account, tokens: int) -> None:
        operator = operator_of(validator.address)
        keeper, ctx = self.stake.keeper, self.stake.ctx
        self.attempt(lambda: keeper.undelegate(ctx, who.address, operator, tokens))

    @rule(who=people, tokens=amounts, back=st.booleans())
    def redelegate(self, who: Account, tokens: int, back: bool) -> None:
        source, target = (BOB, ALICE) if back else (ALICE, BOB)
        keeper, ctx = self.stake.keeper, self.stake.ctx
        names = operator_of(source.address), operator_of(target.address)
        self.attempt(lambda: keeper.redelegate(ctx, who.address, *names, tokens))

    @rule(who=people, validator=validators, tokens=amounts, ago=st.integers(0, 5))
    def cancel(self, who: Account, validator: Account, tokens: int, ago: int) -> None:
        operator, keeper, ctx = operator_of(validator.address), self.stake.keeper, self.stake.ctx
        height = ctx.height - ago
        self.attempt(lambda: keeper.cancel_unbonding(ctx, who.address, operator, tokens, height))

    @rule(who=people, validator=validators)
    def withdraw(self, who: Account, validator: Account) -> None:
        operator, ctx = operator_of(validator.address), self.stake.ctx
        self.attempt(lambda: self.rewards.withdraw(ctx, who.address, operator))

    @rule(validator=validators)
    def withdraw_commission(self, validator: Account) -> None:
        operator, ctx = operator_of(validator.address), self.stake.ctx
        self.attempt(lambda: self.rewards.withdraw_commission(ctx, operator))

    @rule(validator=validators)
    def unjail(self, validator: Account) -> None:
        slashing = self.stake.chain.keepers.slashing
        operator, ctx = operator_of(validator.address), self.stake.ctx
        self.attempt(lambda: slashing.unjail(ctx, operator))

    @rule(
        fees=st.integers(0, 10**7),
        seconds=st.sampled_from([1, 5, UNBONDING_S]),
        signs=st.tuples(st.booleans(), st.booleans()),
        twice=st.sampled_from([None, None, None, None, 0, 1]),
        ago=st.integers(1, 4),
    )
    def block(
        self, fees: int, seconds: int, signs: tuple[bool, bool], twice: int | None, ago: int
    ) -> None:
        stake = self.stake
        collector = stake.bank.module_address(FEE_COLLECTOR)
        if fees:
            stake.bank.mint(stake.ctx, collector, fees)
        votes, faults = [], []
        for place, account in enumerate((ALICE, BOB)):
            operator = operator_of(account.address)
            power = state.LAST_POWERS.get(stake.store, operator)
            if power is not None:
                key = address(consensus_key(account))
                votes.append(Vote(key, power.value, signs[place]))
                if place == twice:
                    height, time_ms = stake.ctx.height - ago, stake.ctx.time_ms
                    faults.append(Misbehavior(key, height, time_ms, power.value))
        # What was collected while nobody was bonded waits for those who are.
        self.earn(stake.bank.balance(stake.ctx, collector), votes)
        stake.block(seconds, votes=tuple(votes), misbehavior=tuple(faults))
        self.note_payments()

    def earn(self, fees: int, votes: list[Vote]) -> None:
        """What each delegation earns of a block's fees, without any rounding."""
        total = sum(vote.power for vote in votes)
        for vote in votes:
            validator = self.stake.keeper.by_consensus(self.stake.ctx, vote.address)
            if validator is None or not fees:
                continue
            share = Fraction(fees) * Fraction(98, 100) * Fraction(vote.power, total)
            rate = Fraction(int(validator.commission.commission_rates.rate), decimals.ONE)
            for delegation in state.DELEGATIONS.values(self.stake.store):
                if delegation.validator_address == validator.operator_address:
                    part = Fraction(int(delegation.shares), int(validator.delegator_shares))
                    key = (validator.operator_address, delegation.delegator_address)
                    self.earned[key] = self.earned.get(key, Fraction()) + share * (1 - rate) * part

    @invariant()
    def stake_is_sound(self) -> None:
        self.stake.require_sound()

    @invariant()
    def rewards_come_from_fees_alone(self) -> None:
        stake, store = self.stake, self.stake.store
        owed = self.rewards.community_pool(stake.ctx)
        for validator in state.VALIDATORS.values(store):
            outstanding = self.rewards.outstanding(stake.ctx, validator.operator_address)
            commission = self.rewards.commission(stake.ctx, validator.operator_address)
            assert 0 <= commission <= outstanding
            owed += outstanding
        held = stake.bank.balance(stake.ctx, self.rewards.account)
        assert held * decimals.ONE == owed

    @invariant()
    def everybody_is_paid_what_the_blocks_gave(self) -> None:
        """Each withdrawal drops less than one urock; roundings of shares cost far less."""
        for key, paid in self.paid.items():
            earned = self.earned.get(key, Fraction())
            assert paid <= earned + Fraction(1, 1000)
        for delegation in state.DELEGATIONS.values(self.stake.store):
            key = (delegation.validator_address, delegation.delegator_address)
            ctx = self.stake.ctx
            overlay = Overlay(ctx.store)
            now = type(ctx)(overlay, ctx.height + 1, ctx.time_ms, ctx.chain_id)
            ending = self.rewards.end_period(now, key[0])
            waiting = Fraction(self.rewards.earned(now, *key, ending), decimals.ONE)
            received = self.paid.get(key, 0) + waiting
            earned = self.earned.get(key, Fraction())
            assert earned - received < 1 + self.steps + Fraction(1, 1000)
            assert received <= earned + Fraction(1, 1000)

    @invariant()
    def periods_are_kept_while_something_stands_on_them(self) -> None:
        store = self.stake.store
        kept = sum(each.reference_count for each in rewards.HISTORICAL.values(store))
        delegations = sum(1 for _ in rewards.STARTING.values(store))
        slashes = sum(1 for _ in rewards.SLASHES.values(store))
        running = sum(1 for _ in state.VALIDATORS.values(store))
        assert kept == delegations + slashes + running

    @invariant()
    def the_order_of_power_is_that_of_the_tokens(self) -> None:
        store = self.stake.store
        everybody: list[Validator] = list(state.VALIDATORS.values(store))
        free = [each for each in everybody if not each.jailed]
        ordered = sorted(free, key=lambda each: (-state.power_of(each), each.operator_address))
        assert list(state.ranked(store)) == [each.operator_address for each in ordered]


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)
