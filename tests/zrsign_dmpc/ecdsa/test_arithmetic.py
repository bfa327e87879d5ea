"""The two back ends agree, and agree with Python's own integers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zrsign_dmpc.ecdsa.arithmetic import FAST, REFERENCE, FactoredModulus, power, product
from zrsign_dmpc.ecdsa.combs import CombTables, comb_shape

P, Q = 1000003, 998244353
MODULUS = FactoredModulus(P, Q, P - 1, Q - 1)
units = st.integers(1, P * Q - 1).filter(lambda x: x % P and x % Q)
exponents = st.integers(-(2**80), 2**80)


@given(units, exponents)
def test_power_known__should_equal_plain_power(base: int, exponent: int) -> None:
    expected = pow(base, exponent, P * Q)
    assert FAST.power_known(base, exponent, MODULUS) == expected
    assert REFERENCE.power_known(base, exponent, MODULUS) == expected


budgets = pytest.mark.parametrize("table_bytes", [0, 1_000, 20_000, 400_000])


@budgets
@given(x=exponents, y=exponents)
def test_comb_tables__should_equal_plain_powers_beyond_their_sizes_too(
    table_bytes: int, x: int, y: int
) -> None:
    expected = pow(7, x, P * Q) * pow(11, y, P * Q) % (P * Q)
    for back_end in (FAST, REFERENCE):
        assert back_end.fixed_bases((7, 11), P * Q, (60, 75), table_bytes).power(x, y) == expected


@budgets
@pytest.mark.parametrize("bits", [1, 7, 8, 9, 255, 256, 257])
def test_comb_tables__should_serve_every_length(bits: int, table_bytes: int) -> None:
    tables = CombTables((5,), P, (bits,), table_bytes)
    top = 1 << bits
    for exponent in (0, 1, -1, top - 1, 1 - top, top, -top, top + 1, 3 * top):
        assert tables.power(exponent) == pow(5, exponent, P)


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=3), st.integers(0, 20_000))
def test_comb_shape__should_cover_the_exponents_within_its_budget(
    sizes: list[int], entries: int
) -> None:
    shape = comb_shape(tuple(sizes), entries)
    assert all(shape.teeth * c >= size for c, size in zip(shape.columns, sizes, strict=True))
    assert shape.entries <= max(entries, 4 * len(sizes))
    assert shape.operations <= comb_shape(tuple(sizes), entries // 2).operations


@given(st.lists(st.integers(0, 10**9)))
def test_product__should_multiply_all(values: list[int]) -> None:
    expected = 1
    for value in values:
        expected = expected * value % P
    assert product(values, P) == expected


def test_power__should_refuse_to_invert_a_non_unit() -> None:
    with pytest.raises(ValueError, match="not invertible"):
        power(P, -1, P * Q)
