"""Work in the background stands still for what somebody waits for, and not for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from zrsign_dmpc.ecdsa.arithmetic import big, power
from zrsign_operator.work.yielding import GIVE_WAY_S, GivingWay


class Watched(GivingWay):
    """Its time passes only in waits; it counts them."""

    def __init__(self) -> None:
        self.now, self.waits = 0.0, 0
        super().__init__(lambda: self.now)

    def _stand_still(self) -> bool:
        self.waits += 1
        if not self._free.is_set():
            self.now += GIVE_WAY_S
        return self._free.is_set()


def background(giving_way: GivingWay, powers: int) -> int:
    with ThreadPoolExecutor(1, initializer=giving_way.prepare_thread) as threads:
        return threads.submit(lambda: [power(big(2), 10, 1000) for _ in range(powers)][-1]).result()


def test_power_in_the_background__should_wait_while_something_is_urgent() -> None:
    giving_way = Watched()
    assert background(giving_way, 1) == 24
    assert (giving_way.waits, giving_way.now) == (1, 0.0)
    giving_way.show(urgent=True)
    assert background(giving_way, 1) == 24
    assert giving_way.now == GIVE_WAY_S
    giving_way.show(urgent=False)
    assert background(giving_way, 3) == 24
    assert giving_way.now == GIVE_WAY_S


def test_urgency_without_end__should_leave_half_of_the_time() -> None:
    giving_way = Watched()
    giving_way.show(urgent=True)
    with ThreadPoolExecutor(1, initializer=giving_way.prepare_thread) as threads:
        for round_ in (1, 2, 3):
            for _ in range(5):
                assert threads.submit(power, big(2), 10, 1000).result() == 24
            assert giving_way.waits == round_
            giving_way.now += GIVE_WAY_S


@pytest.mark.parametrize("powers", [1, 3])
def test_power_elsewhere__should_wait_for_nothing(powers: int) -> None:
    giving_way = Watched()
    giving_way.show(urgent=True)
    for _ in range(powers):
        assert power(big(2), 10, 1000) == 24
    assert giving_way.waits == 0
