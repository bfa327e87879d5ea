"""Malicious moduli and ring-Pedersen parameters (BitForge, TSSHOCK): each is refused."""

# ruff: noqa: N803, N806 - letters are the paper's
from collections.abc import Callable

import gmpy2
import pytest

from tests.zrsign_dmpc.ecdsa.builders import TINY, context, paillier_key, prime, seeded, trapdoor
from zrsign_dmpc.ecdsa.arithmetic import FactoredModulus, gcd, power
from zrsign_dmpc.ecdsa.errors import MalformedValueError, ProofError
from zrsign_dmpc.ecdsa.paillier import PaillierPrivateKey
from zrsign_dmpc.ecdsa.proofs import fac, mod, prm
from zrsign_dmpc.ecdsa.proofs.context import ProofContext
from zrsign_dmpc.ecdsa.ring_pedersen import RingPedersen, RingPedersenTrapdoor
from zrsign_dmpc.ecdsa.sampling import below, bits
from zrsign_dmpc.group.curves import Rng
from zrsign_dmpc.wire.transcript import Transcript

CONTEXT = context()


def blum(size: int, seed: str, residue: int = 3) -> int:
    """A prime of `size` bits with its two highest bits set, `residue` modulo 4."""
    candidate = bits(seeded(seed), size) | (3 << (size - 2)) | 3
    candidate = gmpy2.next_prime(candidate)
    while candidate % 4 != residue:
        candidate = gmpy2.next_prime(candidate)
    return int(candidate)


@pytest.mark.parametrize(
    ("modulus", "reason"),
    [
        (lambda: 65519 * blum(1184, "a"), "prime factor below"),
        (lambda: blum(600, "b") * blum(597, "c"), "is not a positive number of 1200 bits"),
        (lambda: blum(601, "b") * blum(602, "c"), "is not a positive number of 1200 bits"),
        (
            lambda: -blum(600, "d") * blum(600, "e", residue=1),
            "is not a positive number of 1200 bits",
        ),
        (lambda: 0, "is not a positive number of 1200 bits"),
        (lambda: blum(600, "d") * blum(600, "d"), "is a square"),
        (lambda: blum(600, "d") * blum(600, "e", residue=1), "is not 1 modulo 4"),
        (lambda: blum(600, "d") * (blum(600, "e") + 1), "is not 1 modulo 4"),
    ],
)
def test_modulus__should_be_refused_for_its_form(modulus: Callable[[], int], reason: str) -> None:
    with pytest.raises(MalformedValueError, match=reason):
        mod.require_modulus(TINY, modulus())


def test_prime_modulus__should_be_refused() -> None:
    with pytest.raises(MalformedValueError, match="is a prime"):
        mod.require_modulus(TINY, blum(1200, "prime", residue=1))


def best_effort(left: int, right: int, right_order: int) -> PaillierPrivateKey:
    """A key for the honest algorithm, with the true order of the units modulo `right`."""
    key = PaillierPrivateKey(left, right)
    object.__setattr__(key, "phi", (left - 1) * right_order)
    object.__setattr__(key, "modulus", FactoredModulus(left, right, left - 1, right_order))
    return key


P400, Q400, R400 = blum(400, "p"), blum(400, "q"), blum(400, "r", 1)
P600, Q600 = blum(600, "p", 1), blum(600, "q", 1)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(best_effort(P600, Q600, Q600 - 1), id="both primes 1 modulo 4"),
        pytest.param(best_effort(R400, P400 * Q400, (P400 - 1) * (Q400 - 1)), id="three primes"),
    ],
)
def test_mod__should_refuse_moduli_that_are_not_two_blum_primes(key: PaillierPrivateKey) -> None:
    proof = mod.prove(CONTEXT, key, seeded("mod"))
    with pytest.raises(ProofError, match=r"x\^4"):
        mod.verify(CONTEXT, key.public, proof)
    # Its N-th roots are right: only the fourth roots give it away.
    assert power(proof.z[0], key.N, key.N) == mod._challenges(CONTEXT, key.N, proof.w)[0]


@pytest.mark.parametrize("square", [True, False])
def test_mod__should_refuse_a_modulus_that_shares_a_factor_with_its_totient(
    monkeypatch: pytest.MonkeyPatch, square: bool
) -> None:
    """N = p²·q and N = p·(2kp + 1): the N-th power map is not onto, so N-th roots are missing."""
    left, right, order = _sharing(square)
    key = best_effort(left, right, order)
    assert gcd(key.N, key.phi) > 1
    monkeypatch.setattr(mod, "inverse", lambda value, modulus: 1)
    proof = mod.prove(CONTEXT, key, seeded("mod"))
    with pytest.raises(ProofError, match=r"x\^4" if square else r"z\^N"):
        mod.verify(CONTEXT, key.public, proof)


def _sharing(square: bool) -> tuple[int, int, int]:
    if square:
        return blum(401, "r", 1), P400**2, P400 * (P400 - 1)
    p = blum(595, "shared")
    k = next(k for k in range(385, 9999, 2) if gmpy2.is_prime(2 * k * p + 1))
    shift = TINY.modulus - (p * (2 * k * p + 1)).bit_length()
    assert shift == 0
    return p, 2 * k * p + 1, 2 * k * p


@pytest.mark.parametrize("w", ["square", "shares a factor"])
def test_mod__should_refuse_a_bad_w(monkeypatch: pytest.MonkeyPatch, w: str) -> None:
    key = paillier_key(0)
    value = 4 if w == "square" else key.p
    monkeypatch.setattr(mod, "unit", lambda rng, modulus: value)
    monkeypatch.setattr(mod, "jacobi", lambda a, b: -1 if a == value else gmpy2.jacobi(a, b))
    proof = mod.prove(CONTEXT, key, seeded(1))
    monkeypatch.undo()
    with pytest.raises(MalformedValueError):
        mod.verify(CONTEXT, key.public, proof)


@pytest.mark.parametrize("size", [17, 100, 250])
def test_fac__should_refuse_a_small_factor_that_mod_lets_pass(size: int) -> None:
    left = blum(size, "small")
    key = PaillierPrivateKey(left, _cofactor(left))
    mod.verify(CONTEXT, key.public, mod.prove(CONTEXT, key, seeded("mod")))
    rp = trapdoor(1)
    with pytest.raises(ProofError, match="is outside its range"):
        fac.verify(CONTEXT, key.N, fac.prove(CONTEXT, key, rp.public, seeded(1)), rp)


def _cofactor(left: int) -> int:
    """A Blum prime that completes `left` to the size of the level."""
    right = gmpy2.next_prime((3 << (TINY.modulus - 2)) // left)
    while right % 4 != 3:
        right = gmpy2.next_prime(right)
    return int(right)


def test_fac__should_refuse_other_factors_than_those_of_the_modulus() -> None:
    rp, key = trapdoor(1), paillier_key(0)
    forged = PaillierPrivateKey(key.p, key.q)
    object.__setattr__(forged, "p", key.p + 2)
    proof = fac.prove(CONTEXT, forged, rp.public, seeded(1))
    with pytest.raises(ProofError, match="Q\\^z1"):
        fac.verify(CONTEXT, key.N, proof, rp)


def outside_the_group(kind: str) -> RingPedersenTrapdoor:
    """Parameters whose s is not a power of t, with the λ of an honest-looking proof."""
    made = RingPedersenTrapdoor(TINY, (prime(2), prime(3)), 9, 12345)
    p, N = made.modulus.left, made.N_hat
    factor = {
        "minus one": N - 1,
        "a root of one": made.modulus.combine(1, made.modulus.right - 1),
        "a non-residue": next(x for x in range(2, 99) if power(x, (p - 1) // 2, p) == p - 1),
    }[kind]
    object.__setattr__(made, "s", made.s * factor % N)
    return made


@pytest.mark.parametrize("kind", ["minus one", "a root of one", "a non-residue"])
def test_prm__should_refuse_an_s_outside_the_group_of_t(kind: str) -> None:
    cheat = outside_the_group(kind)
    proof = prm.prove(CONTEXT, cheat, seeded(1))
    with pytest.raises(ProofError, match="A s"):
        prm.verify(CONTEXT, cheat.public, proof)


@pytest.mark.parametrize("kind", ["minus one", "a root of one"])
def test_prm__should_refuse_a_prover_who_guesses_challenges(kind: str) -> None:
    """With a guess g, A = t^a u^-g passes for e = g only: all m guesses must be right."""
    cheat = outside_the_group(kind)
    u = cheat.s * power(cheat.t, -cheat.lambda_, cheat.N_hat) % cheat.N_hat
    proof = _guessing_prover(cheat, u, seeded("guess"))
    with pytest.raises(ProofError, match="A s"):
        prm.verify(CONTEXT, cheat.public, proof)


def _guessing_prover(cheat: RingPedersenTrapdoor, u: int, rng: Rng) -> prm.Proof:
    guesses = [below(rng, 2) for _ in range(TINY.m)]
    a = [below(rng, cheat.phi) for _ in guesses]
    A = tuple(
        power(cheat.t, a_i, cheat.N_hat) * power(u, -g, cheat.N_hat) % cheat.N_hat
        for a_i, g in zip(a, guesses, strict=True)
    )
    e = _challenges(CONTEXT, cheat.public, A)
    assert list(e) != guesses
    z = tuple((a_i + e_i * cheat.lambda_) % cheat.phi for a_i, e_i in zip(a, e, strict=True))
    return prm.Proof(A, z)


def _challenges(context: ProofContext, rp: RingPedersen, A: tuple[int, ...]) -> tuple[int, ...]:
    transcript: Transcript = context.transcript(prm.NAME)
    transcript.absorb("statement", rp.items())
    transcript.absorb("commitments", A)
    return transcript.challenge_bits("e", context.level.m)


def test_prm__should_accept_a_guess_for_exactly_its_own_challenges() -> None:
    """The attack above is the right one: it passes as soon as the guesses are the challenges."""
    cheat = outside_the_group("minus one")
    single = tuple(_guessing_prover(cheat, cheat.N_hat - 1, seeded(seed)) for seed in range(3))
    passed = 0
    for proof in single:
        e = _challenges(CONTEXT, cheat.public, proof.A)
        for A_i, z_i, e_i in zip(proof.A, proof.z, e, strict=True):
            right = A_i * power(cheat.s, e_i, cheat.N_hat) % cheat.N_hat
            passed += power(cheat.t, z_i, cheat.N_hat) == right
    assert 0 < passed < 3 * TINY.m


def test_prm__should_refuse_shuffled_commitments() -> None:
    """TSSHOCK α-shuffle: the order of the commitments is part of the challenge."""
    mine = trapdoor(0)
    proof = prm.prove(CONTEXT, mine, seeded(1))
    order = [*range(1, TINY.m), 0]
    shuffled = prm.Proof(tuple(proof.A[i] for i in order), tuple(proof.z[i] for i in order))
    with pytest.raises(ProofError):
        prm.verify(CONTEXT, mine.public, shuffled)


@pytest.mark.parametrize("count", [0, 1, TINY.m - 1, TINY.m + 1])
def test_prm__should_refuse_any_other_number_of_challenges(count: int) -> None:
    mine = trapdoor(0)
    proof = prm.prove(CONTEXT, mine, seeded(1))
    A, z = (proof.A * 2)[:count], (proof.z * 2)[:count]
    with pytest.raises(ProofError, match=f"{count} entries, not {TINY.m}"):
        prm.verify(CONTEXT, mine.public, prm.Proof(A, z))
