"""Powers by libcrypto equal Python's, whatever is asked, on any thread; and who may see what."""

import ctypes.util
import gc
import math
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import gmpy2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zrsign_dmpc.ecdsa.builders import TINY, seeded
from tests.zrsign_dmpc.ecdsa.parties import aux_infos, aux_secrets, key_shares, parties, run
from tests.zrsign_dmpc.ecdsa.signers import make_setup
from zrsign_dmpc.ecdsa import arithmetic, libcrypto
from zrsign_dmpc.ecdsa.arithmetic import power, power_pair, public_power, release_gil
from zrsign_dmpc.ecdsa.aux_info import aux_info_execution
from zrsign_dmpc.ecdsa.aux_info.protocol import CommitRound
from zrsign_dmpc.ecdsa.presign import presign_execution
from zrsign_dmpc.ecdsa.presign.protocol import NonceRound
from zrsign_dmpc.ecdsa.presign.signer import Signer
from zrsign_dmpc.run.rounds import Result

Power = Callable[[int, int, int], int]
CONSTANT_TIME, VARIABLE_TIME = "BN_mod_exp_mont_consttime", "BN_mod_exp_mont"
PRIME = (1 << 521) - 1

both = pytest.mark.parametrize("raise_to", [power, public_power])
anywhere = pytest.mark.parametrize("library", ["libcrypto", "gmp"], indirect=True)
sizes = st.integers(2, 700)
odd = sizes.flatmap(lambda bits: st.integers(1, (1 << bits) - 1)).map(lambda half: 2 * half + 1)
any_size = sizes.flatmap(lambda bits: st.integers(-(1 << bits), 1 << bits))


@pytest.fixture(scope="module")
def library(request: pytest.FixtureRequest) -> Any:
    """Each back end in turn. Without libcrypto half of this would try nothing, and fails."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "gmp":
            patch.setattr(arithmetic, "LIBCRYPTO", None)
        else:
            assert arithmetic.LIBCRYPTO is not None
        yield request.param


@anywhere
@both
@given(base=any_size, exponent=st.integers(0, 1 << 300), modulus=odd)
def test_power__should_equal_pythons(
    library: str, raise_to: Power, base: int, exponent: int, modulus: int
) -> None:
    expected = pow(base, exponent, modulus)
    assert raise_to(base, exponent, modulus) == expected
    assert raise_to(arithmetic.big(base), arithmetic.big(exponent), modulus) == expected


@anywhere
@both
@pytest.mark.parametrize("modulus", [1, 2, 3, 4, 2**64 - 1, 2**64, 2**64 + 1, PRIME, 2 * PRIME])
@pytest.mark.parametrize("exponent", [0, 1, 2, 2**64 - 1, 2**64, 2**512 + 1])
def test_power__should_serve_every_edge(
    library: str, raise_to: Power, exponent: int, modulus: int
) -> None:
    for base in (0, 1, 2, modulus - 1, modulus, modulus + 1, -1, 3 * modulus + 2):
        assert raise_to(base, exponent, modulus) == pow(base, exponent, modulus)


@anywhere
@both
def test_power__should_invert_units_and_nothing_else(library: str, raise_to: Power) -> None:
    assert raise_to(3, -5, PRIME) == pow(3, -5, PRIME)
    assert raise_to(3, -5, 2**100) == pow(3, -5, 2**100)
    with pytest.raises(ValueError, match="not invertible"):
        raise_to(3 * PRIME, -1, 9)
    with pytest.raises(ValueError, match="cannot be 0"):
        raise_to(3, 5, 0)


@anywhere
@given(st.tuples(any_size, any_size, odd), st.tuples(any_size, any_size, odd), st.booleans())
def test_power_pair__should_equal_two_powers(
    library: str, left: libcrypto.Term, right: libcrypto.Term, keep: bool
) -> None:
    expected = []
    for base, exponent, modulus in (left, right):
        if exponent < 0 and math.gcd(base, modulus) != 1:
            with pytest.raises(ValueError, match="not invertible"):
                power_pair(left, right, keep=keep)
            return
        expected.append(pow(base, exponent, modulus))
    assert power_pair(left, right, keep=keep) == tuple(expected)


@anywhere
@pytest.mark.parametrize("modulus", [1, 2, 9, 10, PRIME, 2**1024 - 105, 2**1024 - 104])
def test_power_pair__should_serve_every_edge(library: str, modulus: int) -> None:
    other = (3, modulus + 5, PRIME)
    for base in (0, 1, modulus - 1, modulus + 2, -7):
        for exponent in (0, 1, modulus - 1, modulus * modulus):
            term = (base, exponent, modulus)
            made = (pow(*term), pow(*other))
            assert power_pair(term, other) == made
            assert power_pair(other, term, keep=False) == made[::-1]


def test_libcrypto__should_raise_secret_exponents_in_constant_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = libcrypto.find()
    assert own is not None
    used: list[str] = []
    for handle in (own._keeping, own._releasing):
        for name in (CONSTANT_TIME, VARIABLE_TIME):
            function = getattr(handle, name)

            def spy(*arguments: Any, name: str = name, function: Any = function) -> Any:
                used.append(name)
                return function(*arguments)

            monkeypatch.setattr(handle, name, spy)
    monkeypatch.setattr(arithmetic, "LIBCRYPTO", own)
    for raise_to, name in ((power, CONSTANT_TIME), (public_power, VARIABLE_TIME)):
        for exponent in (-5, 0, 5, PRIME):
            used.clear()
            assert raise_to(3, exponent, PRIME) == pow(3, exponent, PRIME)
            assert used == [name]
    used.clear()
    assert power_pair((3, 5, PRIME), (3, -5, PRIME)) == (pow(3, 5, PRIME), pow(3, -5, PRIME))
    assert VARIABLE_TIME not in used


def test_gmp__should_raise_secret_exponents_in_constant_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: int) -> int:
        raise AssertionError("a secret exponent is not for this function")

    monkeypatch.setattr(arithmetic, "LIBCRYPTO", None)
    expected = pow(3, PRIME - 2, PRIME)
    with monkeypatch.context() as patch:
        patch.setattr(gmpy2, "powmod", refuse)
        assert power(3, PRIME - 2, PRIME) == expected
    monkeypatch.setattr(gmpy2, "powmod_sec", refuse)
    assert public_power(3, PRIME - 2, PRIME) == expected


def test_protocols__should_call_no_exponent_public_but_a_modulus(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Auxiliary information and a presigning: r^N and z^N are all that has a public exponent."""
    public: list[int] = []
    raised = arithmetic._power

    def spy(base: int, exponent: int, modulus: int, *, secret: bool) -> int:
        if not secret:
            public.append(exponent)
        return raised(base, exponent, modulus, secret=secret)

    monkeypatch.setattr(arithmetic, "_power", spy)
    who = (1, 2, 3)
    execution = aux_info_execution(TINY, parties(*who), b"e" * 32)
    secrets = {i: aux_secrets(i) for i in who}
    run(
        execution,
        {i: partial(CommitRound, execution, TINY, i, secrets[i], seeded(i)) for i in who},
    )
    setup, aux, shares = make_setup(who), aux_infos(*who), key_shares(2, *who)
    presigning = presign_execution(setup, parties(*who), b"whose exponents these are")
    outcomes = run(
        presigning,
        {
            i: partial(NonceRound, Signer.of(presigning, setup, shares[i], aux[i], seeded(i)))
            for i in who
        },
    )
    assert all(isinstance(outcome, Result) for outcome in outcomes.values())
    moduli = {aux[i].key.N for i in who} | {secrets[i].key.N for i in who}
    assert public
    assert set(public) <= moduli


def test_libcrypto__should_serve_many_threads_and_more_moduli_than_it_keeps() -> None:
    own = libcrypto.find()
    assert own is not None
    moduli = [PRIME + 2 * i for i in range(libcrypto.MAX_CONTEXTS + 50)]

    def work(start: int) -> bool:
        return all(
            own.power(start + 3, PRIME - i, m, secret=bool(i % 2), release_gil=bool(start % 2))
            == pow(start + 3, PRIME - i, m)
            and own.power_pair((2, i, m), (3, i, m + 2), keep=bool(i % 3), release_gil=True)
            == (pow(2, i, m), pow(3, i, m + 2))
            for i, m in enumerate(moduli[start:] + moduli[:start])
        )

    with ThreadPoolExecutor(8, initializer=release_gil) as threads:
        assert all(threads.map(work, range(8)))


def test_libcrypto__should_free_what_a_thread_used_when_it_ends() -> None:
    own = libcrypto.find()
    assert own is not None
    made: list[weakref.ref[Any]] = []

    def work() -> None:
        assert own.power(3, 5, PRIME, secret=True) == 243
        scratch = own._scratch
        made.extend(weakref.ref(each) for each in (scratch.context, scratch.first))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    gc.collect()
    assert [each() for each in made] == [None, None]
    assert own.power(3, 5, PRIME, secret=True) == 243


@pytest.mark.parametrize("name", ["libcrypto-of-nobody.so", ctypes.util.__file__])
def test_find__should_take_the_well_known_name_or_none(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("_hashlib.__file__", name)
    monkeypatch.setattr(libcrypto, "_NAME", name)
    assert libcrypto.find() is None


def test_find__should_refuse_a_library_that_lacks_a_function_or_computes_wrongly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        more = (*libcrypto._SIGNATURES, ("BN_of_nobody", None, ()))
        patch.setattr(libcrypto, "_SIGNATURES", more)
        assert libcrypto.find() is None
    monkeypatch.setattr(libcrypto.Libcrypto, "power", lambda *_, **__: 1)
    assert libcrypto.find() is None
