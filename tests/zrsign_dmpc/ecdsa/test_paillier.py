"""Paillier: the owner's shortcuts equal the public operations, in both back ends."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zrsign_dmpc.ecdsa.builders import TINY, paillier_key, prime, seeded
from zrsign_dmpc.ecdsa import paillier
from zrsign_dmpc.ecdsa.arithmetic import jacobi
from zrsign_dmpc.ecdsa.errors import MalformedValueError
from zrsign_dmpc.ecdsa.paillier import PaillierPrivateKey

KEYS = [paillier_key(0), paillier_key(0, fast=False)]
plaintexts = st.integers(-(KEYS[0].N // 2), KEYS[0].N // 2)


@pytest.mark.parametrize("key", KEYS, ids=["fast", "reference"])
@settings(max_examples=15)
@given(m=plaintexts, other=plaintexts, factor=st.integers(-(2**300), 2**300), seed=st.integers())
def test_key__should_be_homomorphic(
    key: PaillierPrivateKey, m: int, other: int, factor: int, seed: int
) -> None:
    rng = seeded(seed)
    C = key.public.encrypt(m, key.public.make_randomizer(rng))  # noqa: N806
    D = key.encrypt(other, key.make_randomizer(rng))  # noqa: N806
    assert key.decrypt(C) == m
    assert key.decrypt(key.add(C, D)) == key.centred(m + other)
    assert key.decrypt(key.power(C, factor)) == key.centred(m * factor)
    assert key.power(C, factor) == key.public.power(C, factor)


@settings(max_examples=15)
@given(m=plaintexts, seed=st.integers())
def test_back_ends__should_agree(m: int, seed: int) -> None:
    fast, reference = KEYS
    r = reference.make_randomizer(seeded(seed))
    C = fast.encrypt_with(m, r.r)  # noqa: N806
    assert C == reference.encrypt(m, r) == fast.public.encrypt_with(m, r.r)
    assert fast.decrypt(C) == reference.decrypt(C) == m
    assert fast.nth_root(C) == reference.nth_root(C) == r.r
    assert fast.power_mod_N(r.r, -m) == reference.power_mod_N(r.r, -m) == pow(r.r, -m, fast.N)


def test_own_randomizers__should_be_honest_and_reach_every_class_of_units() -> None:
    key, rng = KEYS[0], seeded("own")
    made = [key.make_randomizer(rng) for _ in range(60)]
    assert all(r.r_N == pow(int(r.r), int(key.N), int(key.N2)) for r in made)
    assert len({r.r for r in made}) == 60
    assert {(jacobi(r.r, key.p), jacobi(r.r, key.q)) for r in made} == {
        (1, 1),
        (1, -1),
        (-1, 1),
        (-1, -1),
    }


def test_centred__should_be_the_nearest_representative() -> None:
    key = KEYS[0]
    half = key.N // 2
    assert [key.centred(m) for m in (0, -1, half, half + 1, key.N)] == [0, -1, half, -half, 0]


def test_values_outside_their_group__should_be_refused() -> None:
    key = KEYS[0].public
    p = KEYS[0].p
    for C in (0, -1, key.N2, key.N2 + 1, key.N, p, p * 5):  # noqa: N806
        with pytest.raises(MalformedValueError, match="C is not a unit"):
            key.require_ciphertext("C", C)
    for r in (0, -1, key.N, key.N + 1, p):
        with pytest.raises(MalformedValueError, match="r is not a unit"):
            key.require_unit("r", r)
    key.require_ciphertext("C", key.N2 - 1)
    key.require_unit("r", key.N - 1)


def test_generate__should_refuse_primes_of_another_size_or_twice_the_same() -> None:
    for p, q in ((prime(0), prime(0)), (prime(0), prime(0, 256)), (prime(0, 256), prime(0))):
        with pytest.raises(MalformedValueError, match="two different safe primes"):
            paillier.generate(TINY, p, q)


@pytest.mark.parametrize("key", KEYS, ids=["fast", "reference"])
def test_opens_affine__should_say_the_same_to_the_owner_and_to_everybody(
    key: PaillierPrivateKey,
) -> None:
    rng = seeded("affine")
    x, y, alpha, beta, e, k = 5, -(2**400), 2**300, 2**410, -(2**39) + 1, 77
    rho, r = key.make_randomizer(rng), key.make_randomizer(rng)
    C = key.encrypt(k, key.make_randomizer(rng))  # noqa: N806
    D = key.power(C, x) * key.encrypt(y, rho) % key.N2  # noqa: N806
    A = key.power(C, alpha) * key.encrypt(beta, r) % key.N2  # noqa: N806
    z1, z2, w = alpha + e * x, beta + e * y, r.r * key.power_mod_N(rho.r, e) % key.N
    for side in (key, key.public):
        assert side.opens_affine(C, z1, z2, w, A, D, e)
        assert not side.opens_affine(C, z1 + 1, z2, w, A, D, e)
        assert not side.opens_affine(C, z1, z2 + 1, w, A, D, e)
        assert not side.opens_affine(C, z1, z2, w, A, D, e + 1)
        assert not side.opens_affine(C, z1, z2, w, key.add(A, C), D, e)
