"""Safe primes of the right size and form, from the given randomness only."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.zrsign_dmpc.ecdsa.builders import TINY, found, search, seeded
from zrsign_dmpc.ecdsa.arithmetic import is_prime, release_gil
from zrsign_dmpc.ecdsa.errors import EcdsaError
from zrsign_dmpc.ecdsa.pool import Pool
from zrsign_dmpc.ecdsa.primes import primorial, safe_prime, safe_prime_maker, small_primes
from zrsign_dmpc.ecdsa.sampling import below, symmetric, unit
from zrsign_dmpc.errors import ParameterError


@pytest.mark.parametrize("size", [64, 129, 256, 600])
def test_safe_prime__should_have_its_size_and_form(size: int) -> None:
    for seed in range(4):
        p = safe_prime(size, seeded(seed))
        assert is_prime(p)
        assert is_prime((p - 1) // 2)
        assert p % 4 == 3
        assert p >> (size - 2) == 3


def test_primes_of_the_tests__should_be_those_that_are_searched_for() -> None:
    assert found()[0] == search(0, TINY.prime)
    assert len(set(found())) == len(found())
    for p in found():
        assert is_prime(p)
        assert is_prime((p - 1) // 2)
        assert p >> (TINY.prime - 2) == 3


def test_safe_prime__should_depend_on_its_randomness_alone() -> None:
    assert safe_prime(256, seeded("a")) == safe_prime(256, seeded("a"))
    assert safe_prime(256, seeded("a")) != safe_prime(256, seeded("b"))


def test_small_primes__should_be_the_primes() -> None:
    assert small_primes(30) == (2, 3, 5, 7, 11, 13, 17, 19, 23, 29)
    assert primorial(12) == 2 * 3 * 5 * 7 * 11


def test_sampling__should_stay_in_its_range_and_end() -> None:
    rng = seeded("sampling")
    assert {below(rng, 3) for _ in range(100)} == {0, 1, 2}
    assert {symmetric(rng, 1) for _ in range(100)} == {-1, 0, 1}
    assert {unit(rng, 15) for _ in range(200)} == {1, 2, 4, 7, 8, 11, 13, 14}
    with pytest.raises(EcdsaError, match="not uniform"):
        below(lambda count: b"\xff" * count, 5)
    with pytest.raises(EcdsaError, match="not uniform"):
        unit(lambda count: bytes(count), 15)


def test_pool__should_hand_out_each_value_once() -> None:
    counter = iter(range(1000))
    with ThreadPoolExecutor(2, initializer=release_gil) as executor:
        pool = Pool(lambda: next(counter), executor, 4)
        pool.fill()
        taken = [pool.take() for _ in range(50)]
    assert len(set(taken)) == 50
    assert len({pool.take() for _ in range(10)} | set(taken)) == 60


def test_pool__should_work_on_when_closed_or_empty() -> None:
    with ThreadPoolExecutor(1) as executor:
        pool = Pool(safe_prime_maker(64), executor, 2)
        assert is_prime(pool.take())
        pool.close()
        assert pool.ready() == 0
        assert is_prime(pool.take())
        assert pool.ready() == 0
        with pytest.raises(ParameterError):
            Pool(safe_prime_maker(64), executor, 0)
