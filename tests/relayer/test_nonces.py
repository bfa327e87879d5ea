"""Nonces of a gas account: the pure rules, and the whole life against a model of a chain."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from relayer.nonces import Fees, Reservation, bumped, next_nonce, overtaken

NONCES = st.integers(0, 50)
WEI = st.integers(0, 10**12)


@given(NONCES, NONCES, st.sets(NONCES))
def test_next_nonce__should_be_the_lowest_that_is_free(
    latest: int, pending: int, reserved: set[int]
) -> None:
    nonce = next_nonce(latest, pending, reserved)
    assert nonce >= max(latest, pending)
    assert nonce not in reserved
    assert all(lower in reserved for lower in range(max(latest, pending), nonce))


@given(WEI, WEI, WEI, WEI, WEI)
def test_bumped__should_rise_by_an_eighth_and_respect_the_cap(
    fee: int, tip: int, market_fee: int, market_tip: int, cap: int
) -> None:
    old = Fees(fee, min(fee, tip))
    market = Fees(market_fee, min(market_fee, market_tip))
    new = bumped(old, market, cap)
    if new is None:
        assert max(old.max_fee * 1.125, market.max_fee) + 2 > cap
        return
    assert new.max_fee <= cap
    assert new.max_fee * 1000 >= old.max_fee * 1125
    assert new.priority_fee * 1000 >= old.priority_fee * 1125
    assert new.priority_fee <= new.max_fee
    assert new.max_fee >= market.max_fee


class GasAccount(RuleBasedStateMachine):
    """Items reserve, send, land, are dropped or lost to a foreign use of the account."""

    def __init__(self) -> None:
        super().__init__()
        self.latest = 0
        self.pool: dict[int, str] = {}
        self.reserved: dict[str, int] = {}
        self.landed: dict[str, int] = {}
        self.items = 0

    def pending(self) -> int:
        nonce = self.latest
        while nonce in self.pool:
            nonce += 1
        return nonce

    @rule()
    def build(self) -> None:
        self.items += 1
        item = f"item {self.items}"
        self.reserved[item] = next_nonce(self.latest, self.pending(), self.reserved.values())

    @precondition(lambda self: self.reserved)
    @rule(data=st.data())
    def send(self, data: st.DataObject) -> None:
        item = data.draw(st.sampled_from(sorted(self.reserved)))
        nonce = self.reserved[item]
        if nonce >= self.latest:
            self.pool.setdefault(nonce, item)

    @precondition(lambda self: self.latest in self.pool)
    @rule()
    def mine(self) -> None:
        owner = self.pool.pop(self.latest)
        if owner in self.reserved:
            self.landed[owner] = self.latest
        self.latest += 1

    @precondition(lambda self: self.pool)
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        del self.pool[data.draw(st.sampled_from(sorted(self.pool)))]

    @rule()
    def foreign_use(self) -> None:
        """Somebody else sends from the account and it is mined at once."""
        self.pool.pop(self.latest, None)
        self.latest += 1

    @rule()
    def settle(self) -> None:
        """What landed ends; what lost its nonce is built again."""
        held = [Reservation(item, nonce, Fees(1, 1)) for item, nonce in self.reserved.items()]
        for one in overtaken(self.latest, held):
            del self.reserved[one.item]
            if one.item not in self.landed:
                others = self.reserved.values()
                self.reserved[one.item] = next_nonce(self.latest, self.pending(), others)

    @invariant()
    def no_nonce_is_held_twice(self) -> None:
        assert len(set(self.reserved.values())) == len(self.reserved)

    @invariant()
    def every_open_item_can_land(self) -> None:
        """From any state: settle, send all, mine; nothing waits behind a gap for ever."""
        latest, pool, reserved = self.latest, dict(self.pool), dict(self.reserved)
        held = [Reservation(item, nonce, Fees(1, 1)) for item, nonce in reserved.items()]
        for one in overtaken(latest, held):
            del reserved[one.item]
        reachable = set(pool) | set(reserved.values())
        assert next_nonce(latest, latest, reachable) <= latest + len(reachable)


GasAccount.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestGasAccount = GasAccount.TestCase
