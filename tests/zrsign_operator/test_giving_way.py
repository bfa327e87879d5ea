"""Work in the background stands still for what somebody waits for, and not for ever."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from zrsign_dmpc.ecdsa.arithmetic import big, power
from zrsign_operator.work.yielding import LOOK_S, NICENESS, STILL_S, WORK_S, GivingWay


class Watched(GivingWay):
    """Its time passes only while it stands still."""

    def __init__(self, set_niceness: Callable[[int], None] = lambda _: None) -> None:
        self.now = 0.0
        super().__init__(lambda: self.now, set_niceness)

    def _is_free(self) -> bool:
        if not self._free.is_set():
            self.now = round(self.now + LOOK_S, 3)
        return self._free.is_set()


def background(
    giving_way: GivingWay, powers: int = 1, is_urgent: Callable[[], bool] = lambda: False
) -> None:
    """A step of so many powers in a thread of the pool."""

    def step() -> None:
        giving_way.begin(is_urgent)
        assert [power(big(2), 10, 1000) for _ in range(powers)] == [24] * powers

    with ThreadPoolExecutor(1, initializer=giving_way.prepare_thread) as threads:
        threads.submit(step).result()


def test_power_in_the_background__should_wait_while_something_is_urgent() -> None:
    giving_way = Watched()
    background(giving_way)
    assert giving_way.now == 0.0
    giving_way.show(urgent=True)
    background(giving_way)
    assert giving_way.now == pytest.approx(STILL_S)
    giving_way.show(urgent=False)
    background(giving_way, 3)
    assert giving_way.now == pytest.approx(STILL_S)


def test_urgency_without_end__should_leave_a_part_of_the_time() -> None:
    giving_way = Watched()
    giving_way.show(urgent=True)
    with ThreadPoolExecutor(1, initializer=giving_way.prepare_thread) as threads:
        for round_ in (1, 2, 3):
            for _ in range(5):
                assert threads.submit(power, big(2), 10, 1000).result() == 24
            assert giving_way.now == pytest.approx(round_ * STILL_S + (round_ - 1) * WORK_S)
            giving_way.now += WORK_S


def test_step_that_somebody_waits_for__should_not_stand_still() -> None:
    giving_way = Watched()
    giving_way.show(urgent=True)
    background(giving_way, 3, lambda: True)
    assert giving_way.now == 0.0


def test_step_that_becomes_urgent__should_stand_still_no_longer() -> None:
    giving_way = Watched()
    giving_way.show(urgent=True)
    background(giving_way, 3, lambda: giving_way.now >= STILL_S / 2)
    assert giving_way.now == pytest.approx(STILL_S / 2)


@pytest.mark.parametrize("powers", [1, 3])
def test_power_elsewhere__should_wait_for_nothing(powers: int) -> None:
    giving_way = Watched()
    giving_way.show(urgent=True)
    for _ in range(powers):
        assert power(big(2), 10, 1000) == 24
    assert giving_way.now == 0.0


def test_step_that_becomes_urgent__should_be_nice_no_longer_until_the_next_one() -> None:
    niceness: list[int] = []
    giving_way = Watched(niceness.append)
    background(giving_way)
    assert niceness == [NICENESS]
    giving_way.show(urgent=True)
    background(giving_way, 3, lambda: giving_way.now >= STILL_S / 2)
    assert niceness == [NICENESS, NICENESS, 0]
    with ThreadPoolExecutor(1, initializer=giving_way.prepare_thread) as threads:
        for is_urgent in (lambda: True, lambda: False):
            threads.submit(giving_way.begin, is_urgent).result()
            threads.submit(giving_way.wait).result()
    assert niceness[3:] == [NICENESS, 0, NICENESS]


def test_step__should_go_on_where_niceness_cannot_be_taken_back() -> None:
    def refuse(value: int) -> None:
        if value == 0:
            raise PermissionError

    giving_way = Watched(refuse)
    giving_way.show(urgent=True)
    background(giving_way, 3, lambda: True)
    assert giving_way.now == 0.0
