"""The two back ends agree, and agree with Python's own integers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmpc.ecdsa.arithmetic import (
    FAST,
    NARROW,
    REFERENCE,
    WIDE,
    CombTable,
    FactoredModulus,
    power,
    product,
)

P, Q = 1000003, 998244353
MODULUS = FactoredModulus(P, Q, P - 1, Q - 1)
units = st.integers(1, P * Q - 1).filter(lambda x: x % P and x % Q)
exponents = st.integers(-(2**80), 2**80)


@given(units, exponents)
def test_power_known__should_equal_plain_power(base: int, exponent: int) -> None:
    expected = pow(base, exponent, P * Q)
    assert FAST.power_known(base, exponent, MODULUS) == expected
    assert REFERENCE.power_known(base, exponent, MODULUS) == expected


@pytest.mark.parametrize("window", [NARROW, WIDE])
@given(exponent=exponents)
def test_comb_table__should_equal_plain_power_beyond_its_size_too(
    window: int, exponent: int
) -> None:
    table = CombTable(7, P * Q, 60, window)
    expected = pow(7, exponent, P * Q)
    assert table.power(exponent) == expected
    assert REFERENCE.fixed_base(7, P * Q, 60).power(exponent) == expected


@pytest.mark.parametrize("window", [NARROW, WIDE])
@pytest.mark.parametrize("bits", [1, 7, 8, 9, 255, 256, 257])
def test_comb_table__should_serve_every_length(bits: int, window: int) -> None:
    table = CombTable(5, P, bits, window)
    for exponent in (0, 1, (1 << bits) - 1, 1 << bits, -(1 << bits)):
        assert table.power(exponent) == pow(5, exponent, P)


@given(st.lists(st.integers(0, 10**9)))
def test_product__should_multiply_all(values: list[int]) -> None:
    expected = 1
    for value in values:
        expected = expected * value % P
    assert product(values, P) == expected


def test_power__should_refuse_to_invert_a_non_unit() -> None:
    with pytest.raises(ValueError, match="not invertible"):
        power(P, -1, P * Q)
