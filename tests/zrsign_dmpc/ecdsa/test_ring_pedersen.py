"""Ring-Pedersen: the trapdoor changes the cost and nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zrsign_dmpc.ecdsa.builders import TINY, prime, seeded, trapdoor
from zrsign_dmpc.ecdsa import ring_pedersen
from zrsign_dmpc.ecdsa.arithmetic import FAST
from zrsign_dmpc.ecdsa.errors import MalformedValueError
from zrsign_dmpc.ecdsa.ring_pedersen import RingPedersen

OWNER = trapdoor(0)
SMALL_TABLES = RingPedersen(TINY, *OWNER.items(), table_bytes=50_000)
SMALL_TABLES.prepare()
SIDES = [
    SMALL_TABLES,
    OWNER,
    OWNER.public,
    trapdoor(0, fast=False),
    trapdoor(0, fast=False).public,
]
integers = st.integers(-(2**1600), 2**1600)


@settings(max_examples=20)
@given(integers, integers)
def test_commit__should_be_the_same_for_everybody(x: int, y: int) -> None:
    s, t, modulus = int(OWNER.s), int(OWNER.t), int(OWNER.N_hat)
    expected = pow(s, x, modulus) * pow(t, y, modulus) % modulus
    for side in SIDES:
        assert side.commit(x, y) == expected
        assert side.power_of_s(x) == pow(s, x, modulus)
        assert side.power_of_t(y) == pow(t, y, modulus)
        assert side.power(expected, x) == pow(expected, x, modulus)


def test_opens__should_accept_openings_only() -> None:
    A, S = OWNER.commit(10, 20), OWNER.commit(3, 4)  # noqa: N806
    for side in SIDES:
        assert side.opens(10 - 7 * 3, 20 - 7 * 4, A, S, -7)
        assert not side.opens(10 - 7 * 3, 20 - 7 * 4 + 1, A, S, -7)
        assert not side.opens(10 - 7 * 3, 20 - 7 * 4, A, OWNER.N_hat - S, -7)


def test_well_formed__should_refuse_bad_sizes_and_bases() -> None:
    N, s, t, p = OWNER.N_hat, OWNER.s, OWNER.t, OWNER.modulus.left  # noqa: N806
    bad = [
        (N >> 1 | 1, s >> 2, t >> 2),
        (N + 1, s, t),
        (-N, s, t),
        (N, -s, t),
        (N, s, -t),
        (0, 0, 0),
        *((N, base, t) for base in (0, 1, N - 1, N, N + s, p)),
        *((N, s, base) for base in (0, 1, N - 1, N, N + t, p)),
    ]
    OWNER.public.require_well_formed()
    for items in bad:
        with pytest.raises(MalformedValueError):
            RingPedersen(TINY, *items).require_well_formed()


def test_commitments__should_be_units() -> None:
    for value in (0, -1, OWNER.N_hat, OWNER.modulus.left):
        with pytest.raises(MalformedValueError, match="S is not a unit"):
            OWNER.require_commitment("S", value)


def test_generate__should_make_a_square_base_and_refuse_other_primes() -> None:
    made = ring_pedersen.generate(TINY, prime(2), prime(3), seeded(1), FAST)
    left, right = made.modulus.left, made.modulus.right
    assert pow(int(made.t), int((left - 1) // 2), int(left)) == 1
    assert pow(int(made.t), int((right - 1) // 2), int(right)) == 1
    with pytest.raises(MalformedValueError):
        ring_pedersen.generate(TINY, prime(2), prime(2), seeded(1))
