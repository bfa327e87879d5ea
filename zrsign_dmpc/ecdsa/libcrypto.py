"""Powers by OpenSSL's libcrypto, through ctypes: no compiler and no further package is needed.

CPython's own `_hashlib` is linked with libcrypto, and its handle finds the functions wherever the
library lies. An interpreter that has it built in, or none, leaves a well-known name to try. Where
that fails too, or where the library computes a sample wrongly, there are no such powers, and
`arithmetic` uses GMP.

The functions are those of OpenSSL 3.0 and newer. Two powers at once take half the time where the
processor has AVX-512 IFMA and the moduli have 1024 bits, or another size that the library's version
knows a way for.
"""

import _hashlib
import ctypes
import threading
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, TypeAlias, cast

import gmpy2

MAX_CONTEXTS: Final = 256
"""How many moduli keep their Montgomery contexts: those of 32 parties, of two kilobytes each."""
_NAME: Final = "libcrypto.so.3"
_POINTER: Final = ctypes.c_void_p
_SIGNATURES: Final = (
    ("BN_new", _POINTER, ()),
    ("BN_CTX_new", _POINTER, ()),
    ("BN_MONT_CTX_new", _POINTER, ()),
    ("BN_clear_free", None, (_POINTER,)),
    ("BN_CTX_free", None, (_POINTER,)),
    ("BN_MONT_CTX_free", None, (_POINTER,)),
    ("BN_bin2bn", _POINTER, (ctypes.c_char_p, ctypes.c_int, _POINTER)),
    ("BN_bn2binpad", ctypes.c_int, (_POINTER, ctypes.c_char_p, ctypes.c_int)),
    ("BN_MONT_CTX_set", ctypes.c_int, (_POINTER,) * 3),
    ("BN_mod_exp_mont", ctypes.c_int, (_POINTER,) * 6),
    ("BN_mod_exp_mont_consttime", ctypes.c_int, (_POINTER,) * 6),
    ("BN_mod_exp_mont_consttime_x2", ctypes.c_int, (_POINTER,) * 11),
)

Term: TypeAlias = tuple[int, int, int]
"""Base, exponent and modulus, as `Libcrypto.power` takes them."""


class _Number:
    """A number of libcrypto's, overwritten when it is freed."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self.pointer: Final = _require(library.BN_new())

    def set(self, value: int) -> int:
        """Take this value, which is not negative; the pointer."""
        data = value.to_bytes((value.bit_length() + 7) // 8, "big")
        return _require(self._library.BN_bin2bn(data, len(data), self.pointer))

    def __del__(self) -> None:
        self._library.BN_clear_free(self.pointer)


class _Numbers:
    """The numbers of one power."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self.base, self.exponent, self.result = (_Number(library) for _ in range(3))


class _Context:
    """A BN_CTX, where libcrypto keeps what it needs meanwhile."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self.pointer: Final = _require(library.BN_CTX_new())

    def __del__(self) -> None:
        self._library.BN_CTX_free(self.pointer)


class _Scratch(threading.local):
    """What a power works in. Each thread has its own, which ends with the thread."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self.first, self.second = _Numbers(library), _Numbers(library)
        self.context = _Context(library)


class _Montgomery:
    """An odd modulus with its Montgomery context, which powers only read."""

    def __init__(self, library: ctypes.CDLL, modulus: int, context: int) -> None:
        self._library = library
        self.number: Final = _Number(library)
        self.size: Final = (modulus.bit_length() + 7) // 8
        self.pointer: Final = _require(library.BN_MONT_CTX_new())
        _require(library.BN_MONT_CTX_set(self.pointer, self.number.set(modulus), context))

    def __del__(self) -> None:
        self._library.BN_MONT_CTX_free(self.pointer)


class Libcrypto:
    """Modular powers by one libcrypto. Threads may share it."""

    def __init__(self, name: str | None) -> None:
        """Raises OSError without such a library, AttributeError when it lacks a function."""
        self._keeping: Final = _declared(ctypes.PyDLL(name))
        self._releasing: Final = _declared(ctypes.CDLL(name))
        self._scratch: Final = _Scratch(self._keeping)
        self._montgomery: Final = lru_cache(MAX_CONTEXTS)(self._prepared)

    def power(
        self, base: int, exponent: int, modulus: int, *, secret: bool, release_gil: bool = False
    ) -> int:
        """base^exponent mod modulus for 0 ≤ base < modulus, exponent ≥ 0, an odd modulus > 1.

        With `secret`, time and memory accesses depend on the exponent's length in machine words
        and not on its bits. `release_gil` lets other threads run Python meanwhile.
        """
        own, montgomery = self._scratch, self._montgomery(modulus)
        numbers = own.first
        library = self._releasing if release_gil else self._keeping
        raise_to = library.BN_mod_exp_mont_consttime if secret else library.BN_mod_exp_mont
        _require(
            raise_to(
                numbers.result.pointer,
                numbers.base.set(base),
                numbers.exponent.set(exponent),
                montgomery.number.pointer,
                own.context.pointer,
                montgomery.pointer,
            )
        )
        return self._read(numbers.result, montgomery.size)

    def power_pair(
        self, left: Term, right: Term, *, keep: bool, release_gil: bool = False
    ) -> tuple[int, int]:
        """Both powers, as with `secret`. `keep`: whether the moduli will be met again."""
        own, prepare = self._scratch, self._montgomery if keep else self._prepared
        contexts = [prepare(modulus) for _, _, modulus in (left, right)]
        arguments: list[int] = []
        pairs = zip((own.first, own.second), (left, right), contexts, strict=True)
        for numbers, (base, exponent, _), context in pairs:
            arguments += [numbers.result.pointer, numbers.base.set(base)]
            arguments += [numbers.exponent.set(exponent)]
            arguments += [context.number.pointer, context.pointer]
        library = self._releasing if release_gil else self._keeping
        _require(library.BN_mod_exp_mont_consttime_x2(*arguments, own.context.pointer))
        return (
            self._read(own.first.result, contexts[0].size),
            self._read(own.second.result, contexts[1].size),
        )

    def _read(self, number: _Number, size: int) -> int:
        written = ctypes.create_string_buffer(size)
        self._keeping.BN_bn2binpad(number.pointer, written, size)
        return cast(int, gmpy2.mpz.from_bytes(written.raw, "big"))

    def _prepared(self, modulus: int) -> _Montgomery:
        return _Montgomery(self._keeping, modulus, self._scratch.context.pointer)


def find() -> Libcrypto | None:
    """The interpreter's libcrypto, or one of a well-known name; None without one that works."""
    for name in (getattr(_hashlib, "__file__", None), _NAME):
        try:
            found = Libcrypto(name)
        except (OSError, TypeError, AttributeError):
            continue
        if all(_samples_right(found)):
            return found
    return None


def _samples_right(library: Libcrypto) -> Iterator[bool]:
    modulus = (1 << 521) - 1
    for secret in (False, True):
        for exponent in (0, 1, modulus // 3):
            made = library.power(3, exponent, modulus, secret=secret)
            yield made == pow(3, exponent, modulus)


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    for name, result, arguments in _SIGNATURES:
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def _require(result: int | None) -> int:
    """What a function of libcrypto gave. Raises MemoryError for its one failure here."""
    if not result:
        raise MemoryError("libcrypto could not allocate")
    return result
