"""A tiny level, deterministic randomness, and keys for tests of threshold ECDSA."""

import hashlib
from functools import cache
from pathlib import Path

from zrsign_dmpc.ecdsa import paillier, ring_pedersen
from zrsign_dmpc.ecdsa.arithmetic import FAST, REFERENCE, big
from zrsign_dmpc.ecdsa.paillier import PaillierPrivateKey
from zrsign_dmpc.ecdsa.primes import safe_prime
from zrsign_dmpc.ecdsa.proofs.context import ProofContext
from zrsign_dmpc.ecdsa.ring_pedersen import RingPedersenTrapdoor
from zrsign_dmpc.ecdsa.security import SecurityLevel
from zrsign_dmpc.group.curves import Rng

TINY = SecurityLevel(
    name="TINY_FOR_TESTS",
    security=32,
    modulus=1200,
    ell=256,
    ell_prime=634,
    epsilon=82,
    challenge=40,
    statistical=40,
    m=32,
    m_root=2,
)


def seeded(seed: str | int) -> Rng:
    """A stream of bytes that is the same in every run."""
    counter = 0

    def rng(count: int) -> bytes:
        nonlocal counter
        counter += 1
        return hashlib.shake_256(f"{seed}/{counter}".encode()).digest(count)

    return rng


QUICK = {
    1024: (50, 4, 45, 17, 36, 18, 37, 29),
    1536: (25, 16, 9, 20, 8, 27, 15, 28),
}
"""Seeds of the first real-size primes that are found soon."""


FOUND = Path(__file__).parents[2] / "vectors" / "tiny-primes.txt"
"""The first of the tiny level, which take longer to find than most tests."""


@cache
def found() -> tuple[int, ...]:
    return tuple(big(int(line, 16)) for line in FOUND.read_text().split())


@cache
def prime(index: int, size: int = TINY.prime) -> int:
    """The index-th safe prime of a fixed sequence."""
    if size == TINY.prime and index < len(found()):
        return found()[index]
    return search(index, size)


def search(index: int, size: int) -> int:
    seed = QUICK[size][index] if size in QUICK else index
    return safe_prime(size, seeded(f"prime {size} {seed}"))


@cache
def paillier_key(index: int, fast: bool = True, level: SecurityLevel = TINY) -> PaillierPrivateKey:
    """The index-th key; both back ends get the same primes."""
    p, q = prime(4 * index, level.prime), prime(4 * index + 1, level.prime)
    return paillier.generate(level, p, q, FAST if fast else REFERENCE)


@cache
def trapdoor(index: int, fast: bool = True, level: SecurityLevel = TINY) -> RingPedersenTrapdoor:
    """The index-th ring-Pedersen parameters with their trapdoor."""
    p, q = prime(4 * index + 2, level.prime), prime(4 * index + 3, level.prime)
    rng = seeded(f"rp {index}")
    return ring_pedersen.generate(level, p, q, rng, FAST if fast else REFERENCE)


def context(
    prover: int = 1, execution_id: bytes = b"execution", level: SecurityLevel = TINY
) -> ProofContext:
    """What a proof is bound to."""
    return ProofContext(execution_id, level, prover)
