"""Deadlines: what is overdue, in which order, and how much of it at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zrchain_lite.modules.policy.deadlines import MAX_SWEPT, Deadlines
from zrchain_lite.store.kv import MemoryStore

ENTRY = st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))


@given(st.sets(ENTRY, max_size=20), st.integers(0, 2**64))
def test_overdue__should_be_what_lies_below_the_height(
    entries: set[tuple[int, int]], height: int
) -> None:
    store, deadlines = MemoryStore(), Deadlines("test/deadline")
    other = Deadlines("test/deadline_of_others")
    for last, id_ in entries:
        deadlines.add(store, last, id_)
        other.add(store, 0, id_)
    expected = [id_ for last, id_ in sorted(entries) if last < height]
    assert deadlines.overdue(store, height) == expected
    for last, id_ in entries:
        deadlines.remove(store, last, id_)
    assert deadlines.overdue(store, 2**64) == []


def test_overdue__should_leave_the_rest_for_the_next_block() -> None:
    store, deadlines = MemoryStore(), Deadlines("test/deadline")
    for id_ in range(MAX_SWEPT + 5):
        deadlines.add(store, 1, id_)
    first = deadlines.overdue(store, 2)
    assert first == list(range(MAX_SWEPT))
    for id_ in first:
        deadlines.remove(store, 1, id_)
    assert deadlines.overdue(store, 2) == list(range(MAX_SWEPT, MAX_SWEPT + 5))
