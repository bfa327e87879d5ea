"""What peers do that nobody can prove: counted over time, and with a consequence."""

from __future__ import annotations

import pytest

from tests.zrsign_operator.cluster import Clock
from zrsign_operator.peers.conduct import (
    CREDIT,
    EXCLUDED_S,
    FORGOTTEN_S,
    LIMIT,
    MAX_EXCLUDED_S,
    PRICES,
    Conduct,
    Offence,
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize("offence", Offence)
def test_peer__should_be_excluded_for_what_it_does_again_and_again(
    clock: Clock, offence: Offence
) -> None:
    conduct, times = Conduct(clock), 0
    while not conduct.charge(2, offence, "again"):
        assert conduct.excluded() == set()
        times += 1
    assert times == -(-LIMIT // PRICES[offence]) - 1
    assert conduct.excluded() == {2}
    clock.now += EXCLUDED_S
    assert conduct.excluded() == set()


def test_exclusion__should_last_longer_each_time(clock: Clock) -> None:
    conduct, lasted = Conduct(clock), []
    for _ in range(20):
        lasted.append(conduct.charge(2, Offence.FLOOD, "again"))
        # What is done while it lasts makes it no longer.
        assert conduct.charge(2, Offence.FLOOD, "meanwhile") == 0.0
        clock.now += lasted[-1]
    assert lasted[:3] == [EXCLUDED_S, 2 * EXCLUDED_S, 4 * EXCLUDED_S]
    assert lasted[-1] == MAX_EXCLUDED_S


def test_debt__should_be_forgotten_with_time_and_with_what_ends_well(clock: Clock) -> None:
    conduct = Conduct(clock)
    for _ in range(1000):
        assert conduct.charge(2, Offence.REFUSED, "a race") == 0.0
        for _ in range(round(PRICES[Offence.REFUSED] / CREDIT)):
            conduct.credit(2)
    for _ in range(1000):
        assert conduct.charge(3, Offence.LOST, "now and then") == 0.0
        clock.now += FORGOTTEN_S * PRICES[Offence.LOST] / LIMIT


def test_refusing_for_a_living__should_not_stay_below_the_limit(clock: Clock) -> None:
    """One refusal for every five executions that end well ruins a sixth of them: too much."""
    conduct = Conduct(clock)
    for _ in range(1000):
        for _ in range(5):
            conduct.credit(2)
        if conduct.charge(2, Offence.REFUSED, "again"):
            return
        clock.now += 1
    pytest.fail("it was never excluded")


def test_proposer__should_not_be_excluded_for_what_a_member_refuses_it(clock: Clock) -> None:
    """Until the proposer does without that member, the others see it call off."""
    conduct, refused = Conduct(clock), 0
    while not conduct.charge(3, Offence.REFUSED, "by the culprit, to its proposer"):
        refused += 1
        assert conduct.charge(2, Offence.CALLED_OFF, "by its proposer, to the others") == 0.0
    assert refused > 30


def test_pardon__should_forget_all(clock: Clock) -> None:
    conduct = Conduct(clock)
    conduct.charge(2, Offence.MALFORMED, "junk")
    assert conduct.describe() == {
        "2": {"counts": {"malformed": 1}, "owed": 0.0, "excluded": "malformed: junk"}
    }
    conduct.pardon(2)
    assert conduct.excluded() == set()
    assert conduct.describe() == {}
