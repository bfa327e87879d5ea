"""Whatever administrators try, an index, a party and an identity never change their meaning."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zrchain_lite.modules.operators.world import OperatorsWorld, member
from zrchain_lite.errors import LedgerError
from zrchain_lite.wire.zrsign.operators import operators_pb2 as wire

# (index, party, identity, endpoint) of each member, and the threshold.
Attempt = tuple[list[tuple[int, int, int, int]], int]
DISTINCT = st.lists(st.integers(0, 3), min_size=3, max_size=3, unique=True)
MEMBERS = st.tuples(DISTINCT, DISTINCT, DISTINCT, DISTINCT).map(
    lambda facets: list(zip(*facets, strict=True))
)
SAME = st.permutations(range(4)).map(lambda chosen: [(i, i, i, i) for i in chosen[:3]])
ATTEMPTS: st.SearchStrategy[list[Attempt]] = st.lists(
    st.tuples(st.one_of(SAME, MEMBERS), st.integers(2, 3)), max_size=12
)


def attempted(world: OperatorsWorld, attempt: Attempt) -> None:
    members, threshold = attempt
    world.set_group(
        *(
            member(
                index + 1,
                world.parties[party],
                identity_key=bytes([identity]) * 32,
                tls_certificate=bytes([endpoint + 1]),
                endpoint=f"host:{endpoint + 1}",
            )
            for index, party, identity, endpoint in members
        ),
        threshold=threshold,
    )


def shape(group: wire.Group) -> tuple[int, str, tuple[int, ...]]:
    return group.threshold, group.level, tuple(each.index for each in group.members)


@settings(max_examples=100, deadline=None)
@given(ATTEMPTS)
def test_index__should_name_one_operator_for_ever(attempts: list[Attempt]) -> None:
    world = OperatorsWorld()
    meaning: dict[int, tuple[str, bytes]] = {}
    known = world.settings()
    for attempt in attempts:
        before = world.snapshot()
        try:
            attempted(world, attempt)
        except LedgerError:
            assert world.snapshot() == before
        now = world.settings()
        for group in now.groups:
            for each in group.members:
                told = (each.party, each.identity_key)
                assert meaning.setdefault(each.index, told) == told
        assert len({identity for _, identity in meaning.values()}) == len(meaning)
        assert [group.number for group in now.groups] == list(range(1, len(now.groups) + 1))
        assert [shape(g) for g in now.groups[: len(known.groups)]] == [
            shape(g) for g in known.groups
        ]
        assert (now == known) == (now.settings_version == known.settings_version)
        known = now


@settings(max_examples=50, deadline=None)
@given(ATTEMPTS)
def test_groups__should_follow_each_other_with_another_shape(attempts: list[Attempt]) -> None:
    world = OperatorsWorld()
    for attempt in attempts:
        with suppress(LedgerError):
            attempted(world, attempt)
    shapes = [shape(group) for group in world.settings().groups]
    assert all(one != next_ for one, next_ in pairwise(shapes))
