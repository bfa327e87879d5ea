"""Waits give up when nothing moves, and only then."""

from __future__ import annotations

import pytest

from tests import waiting
from tests.waiting import LOOK_S, STALLED_S, Progress, Stalled, until, wait_until


class Clock:
    """Moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_progress__should_outlast_any_time_while_something_moves() -> None:
    clock = Clock()
    progress = Progress("a block", clock)
    for height in range(1000):
        for _ in range(int(STALLED_S) - 1):
            clock.now += LOOK_S
            progress.see(height)
    assert clock.now > 100 * STALLED_S


def test_progress__should_say_what_never_came_and_what_it_saw() -> None:
    clock = Clock()
    progress = Progress("a block", clock)
    for _ in range(int(STALLED_S) + 1):
        progress.see("height 7")
        clock.now += LOOK_S
    with pytest.raises(Stalled, match=r"never: a block; .*height 7"):
        progress.see("height 7")


def test_progress__should_not_count_time_in_which_nobody_ran() -> None:
    """A stopped machine, or a test's process that got no core."""
    clock = Clock()
    progress = Progress("a block", clock)
    for _ in range(10):
        progress.see("height 7")
        clock.now += 100 * STALLED_S
    progress.see("height 7")


async def test_wait__should_go_on_while_what_it_watches_moves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without that sign it gives up at once."""
    monkeypatch.setattr(waiting, "STALLED_S", -1.0)
    monkeypatch.setattr(waiting, "LOOK_S", 0.0)
    monkeypatch.setattr(waiting, "PAUSE_S", (0.0, 0.0))
    signs = iter(range(100))
    asked = 0

    async def arrives() -> bool:
        nonlocal asked
        asked += 1
        return asked % 50 == 0

    async def moves() -> int:
        return next(signs)

    assert await until(arrives, "the fiftieth answer", moves)
    with pytest.raises(Stalled, match="the hundredth"):
        await until(arrives, "the hundredth answer")
    with pytest.raises(Stalled, match="anything"):
        wait_until(lambda: None, "anything")
    assert wait_until(lambda: "found", "it") == "found"
