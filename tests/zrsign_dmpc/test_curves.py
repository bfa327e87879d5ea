"""Both groups: laws, canonical points only, and nothing of small order."""

from __future__ import annotations

import contextlib
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zrsign_dmpc.builders import seeded
from zrsign_dmpc.errors import GroupMismatch, InvalidPoint, InvalidScalar, ParameterError
from zrsign_dmpc.group.curves import ED25519, GROUPS, SECP256K1, Group, group_by_name
from zrsign_dmpc.group.sharing import (
    commit,
    evaluate,
    evaluate_commitments,
    interpolate_at_zero,
    lagrange,
    random_polynomial,
)

groups = pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
scalars = st.integers(0, 2**260)

# Points of order 1, 2, 4 and 8 of edwards25519, and encodings of y ≥ p (RFC 8032 §5.1.3).
SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
]
NOT_CANONICAL = [
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0100000000000000000000000000000000000000000000000000000000000080",
]


@groups
@given(a=scalars, b=scalars)
def test_group__should_obey_its_laws(group: Group, a: int, b: int) -> None:
    p, q = group.base_mul(a), group.base_mul(b)
    assert p + q == q + p == group.base_mul(a + b)
    assert p - q == group.base_mul(a - b)
    assert b * p == p * b == group.base_mul(a * b)
    assert (p - p).is_identity
    assert p + group.identity == p
    assert group.sum([p, q, -p]) == q
    assert group.multi_mul([a, b], [p, q]) == a * p + b * q
    assert group.multi_mul([], []) == group.identity


@groups
@given(k=st.integers(1, 2**256))
def test_points__should_survive_the_wire(group: Group, k: int) -> None:
    point = group.base_mul(k)
    if not point.is_identity:
        assert group.decode(point.encode()) == point
        assert len(point.encode()) == group.point_bytes
        assert hash(group.decode(point.encode())) == hash(point)


@pytest.mark.parametrize("group", GROUPS)
def test_small_multiples__should_be_sums(group: Group) -> None:
    """Small multipliers may go another way than others: both give what additions give."""
    point, total = group.base_mul(group.random_scalar(seeded("small"))), group.identity
    for k in range(70):
        assert k * point == total
        assert (group.order + k) * point == total
        total = total + point
    assert 7 * group.identity == group.identity


@groups
def test_identity__should_have_no_encoding(group: Group) -> None:
    with pytest.raises(InvalidPoint):
        group.base_mul(group.order).encode()


@pytest.mark.parametrize("encoded", SMALL_ORDER + NOT_CANONICAL)
def test_ed25519__should_refuse_small_order_and_non_canonical_points(encoded: str) -> None:
    with pytest.raises(InvalidPoint):
        ED25519.decode(bytes.fromhex(encoded))


def test_ed25519__should_refuse_a_point_with_a_small_order_part() -> None:
    from nacl import bindings as sodium

    torsion = bytes.fromhex(SMALL_ORDER[4])
    mixed = sodium.crypto_core_ed25519_add(ED25519.generator.encode(), torsion)
    with pytest.raises(InvalidPoint):
        ED25519.decode(mixed)


@pytest.mark.parametrize(
    "encoded",
    [
        "04" + SECP256K1.generator.encode().hex()[2:],
        "00" + SECP256K1.generator.encode().hex()[2:],
        "02" + "ff" * 32,
        "02" + "00" * 31 + "05",
        "",
        SECP256K1.generator.encode().hex() + "00",
    ],
)
def test_secp256k1__should_refuse_what_is_not_a_compressed_point(encoded: str) -> None:
    with pytest.raises(InvalidPoint):
        SECP256K1.decode(bytes.fromhex(encoded))


@groups
@given(data=st.binary(min_size=32, max_size=33))
def test_decode__should_answer_any_bytes_with_a_point_or_invalid_point(
    group: Group, data: bytes
) -> None:
    with contextlib.suppress(InvalidPoint):
        assert group.decode(data).encode() == data


@groups
@given(k=st.integers(0, 2**256 - 1))
def test_scalars__should_be_canonical(group: Group, k: int) -> None:
    if k < group.order:
        assert group.decode_scalar(group.encode_scalar(k)) == k
    else:
        with pytest.raises(InvalidScalar):
            group.encode_scalar(k)


@pytest.mark.parametrize(
    ("group", "byte_order"), [(SECP256K1, "big"), (ED25519, "little")], ids=["secp256k1", "ed25519"]
)
def test_scalars__should_have_one_encoding(
    group: Group, byte_order: Literal["big", "little"]
) -> None:
    assert group.decode_scalar((group.order - 1).to_bytes(32, byte_order)) == group.order - 1
    for encoded in (group.order.to_bytes(32, byte_order), b"\xff" * 32, b"", bytes(31), bytes(33)):
        with pytest.raises(InvalidScalar):
            group.decode_scalar(encoded)


def test_groups__should_not_mix() -> None:
    for one, other in ((SECP256K1, ED25519), (ED25519, SECP256K1)):
        assert one.generator != other.generator
        with pytest.raises(GroupMismatch):
            one.generator + other.generator
        with pytest.raises(GroupMismatch):
            one.sum([other.generator])


def test_group_by_name__should_know_both_and_no_other() -> None:
    assert [group_by_name(group.name) for group in GROUPS] == list(GROUPS)
    with pytest.raises(ParameterError):
        group_by_name("p256")


@groups
@given(t=st.integers(2, 6), extra=st.integers(0, 3), seed=st.integers(0, 2**32))
def test_sharing__should_reconstruct_from_any_t_and_match_its_commitments(
    group: Group, t: int, extra: int, seed: int
) -> None:
    coefficients = random_polynomial(group, t, seeded(seed))
    indices = range(1, t + extra + 1)
    values = {i: evaluate(coefficients, i, group.order) for i in indices}
    commitments = commit(group, coefficients)
    assert all(
        evaluate_commitments(commitments, i) == group.base_mul(value) for i, value in values.items()
    )
    chosen = [(i, values[i]) for i in list(indices)[extra:]]
    assert interpolate_at_zero(chosen, group.order) == coefficients[0]
    assert interpolate_at_zero(chosen[1:], group.order) != coefficients[0]


@groups
def test_lagrange__should_refuse_indices_that_are_zero_or_equal_modulo_the_order(
    group: Group,
) -> None:
    q = group.order
    for indices, i in (([0, 1], 1), ([q, 1], 1), ([1, q + 1], 1), ([1, 1], 1), ([1, 2], 3)):
        with pytest.raises(ParameterError):
            lagrange(indices, i, q)
