"""Hypothesis strategies for values that have an encoding."""

from __future__ import annotations

from hypothesis import strategies as st

from zrsign_dmpc.group.curves import GROUPS, Point
from zrsign_dmpc.wire.encoding import Tagged, Value


def points() -> st.SearchStrategy[Point]:
    def make(place: int, scalar: int) -> Point:
        return GROUPS[place].base_mul(scalar)

    return st.builds(make, st.integers(0, len(GROUPS) - 1), st.integers(1, 2**64))


def leaves() -> st.SearchStrategy[Value]:
    integers = st.integers(-(2**600), 2**600) | st.integers(-300, 300)
    texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    # Bytes that look like headers of this encoding provoke confusion of item boundaries.
    tricky = st.binary(max_size=12) | st.sampled_from([b"", b"$", b"\x03\0\0\0\0", b"\0" * 5])
    return integers | texts | tricky | points()


def values() -> st.SearchStrategy[Value]:
    def containers(children: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
        lists = st.lists(children, max_size=4).map(tuple)
        return lists | st.builds(Tagged, st.text("ab$", max_size=3), lists)

    return st.recursive(leaves(), containers, max_leaves=12)
