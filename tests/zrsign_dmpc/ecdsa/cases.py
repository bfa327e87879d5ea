"""One honest proof of each kind, as a value that tests can vary."""

# ruff: noqa: N806 - letters are the paper's
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from tests.zrsign_dmpc.ecdsa.builders import TINY, context, paillier_key, seeded, trapdoor
from zrsign_dmpc.ecdsa.paillier import PaillierKey, PaillierPrivateKey, Randomizer
from zrsign_dmpc.ecdsa.proofs import aff_g, aff_g_star, dec, elog, enc_elg, fac, mod, prm
from zrsign_dmpc.ecdsa.proofs.context import ProofContext
from zrsign_dmpc.ecdsa.ring_pedersen import RingPedersenTrapdoor
from zrsign_dmpc.ecdsa.sampling import unit
from zrsign_dmpc.ecdsa.security import SecurityLevel
from zrsign_dmpc.group.curves import SECP256K1, Rng
from zrsign_dmpc.wire.records import Record

G = SECP256K1.base_mul
q = SECP256K1.order


@dataclass(frozen=True)
class Case:
    """A context, a proof, and how to verify a proof of its statement toward a verifier."""

    context: ProofContext
    proof: Record
    verify: Callable[[ProofContext, Record, RingPedersenTrapdoor], None]
    verifier: RingPedersenTrapdoor

    def check(self, proof: Record) -> None:
        """Verify another proof of the same statement."""
        self.verify(self.context, proof, self.verifier)


@dataclass(frozen=True)
class Side:
    """What the cases are made with."""

    level: SecurityLevel
    fast: bool

    @property
    def prover(self) -> PaillierPrivateKey:
        return paillier_key(0, self.fast, self.level)

    @property
    def receiver(self) -> PaillierPrivateKey:
        return paillier_key(1, self.fast, self.level)

    @property
    def rp(self) -> RingPedersenTrapdoor:
        return trapdoor(1, self.fast, self.level)

    @property
    def context(self) -> ProofContext:
        return context(level=self.level)


def randomizer(key: PaillierKey, rng: Rng) -> Randomizer:
    """The same for both back ends, unlike the owner's own way."""
    r = unit(rng, key.N)
    return Randomizer(r, key.nth_power(r))


def enc_elg_inputs(side: Side, x: int) -> tuple[enc_elg.Statement, enc_elg.Witness]:
    """The prover's statement that C holds x."""
    rng = seeded("enc-elg")
    r, a, b = randomizer(side.prover, rng), G(SECP256K1.random_scalar(rng)), 11
    C = side.prover.encrypt(x, r)
    statement = enc_elg.Statement(side.prover, C, a, G(b), b * a + G(x))
    return statement, enc_elg.Witness(x, r.r, b)


def aff_g_inputs(side: Side, x: int, y: int) -> tuple[aff_g.Statement, aff_g.Witness]:
    """The prover's statement that D is C to the x, plus y."""
    rng = seeded("aff-g")
    N0, N1 = side.receiver, side.prover
    C = N0.encrypt(SECP256K1.random_scalar(rng), randomizer(N0, rng))
    rho, rho_y = randomizer(N0, rng), randomizer(N1, rng)
    D = N0.power(C, x) * N0.encrypt(y, rho) % N0.N2
    statement = aff_g.Statement(N0.public, N1, C, D, N1.encrypt(y, rho_y), G(x))
    return statement, aff_g.Witness(x, y, rho.r, rho_y.r)


def dec_inputs(side: Side, x: int, y: int) -> tuple[dec.Statement, dec.Witness]:
    """The prover's statement that K^x D decrypts to the logarithm of S."""
    rng, N = seeded("dec"), side.prover
    K = N.encrypt(12345, randomizer(N, rng))
    rho, h = randomizer(N, rng), G(99)
    D = N.power(K, -x) * N.encrypt(y, rho) % N.N2
    return dec.Statement(N, K, D, G(x), y * h, h, parties=5), dec.Witness(x, y, rho.r)


def _enc_elg(side: Side) -> Case:
    statement, witness = enc_elg_inputs(side, x=q - 5)
    proof = enc_elg.prove(side.context, statement, witness, side.rp.public, seeded(1))
    public = enc_elg.Statement(
        side.prover.public, statement.C, statement.A, statement.B, statement.X
    )
    return Case(side.context, proof, lambda c, p, v: enc_elg.verify(c, public, p, v), side.rp)  # type: ignore[arg-type]


def _aff_g(side: Side) -> Case:
    level = side.level
    statement, witness = aff_g_inputs(side, x=q - 5, y=-(1 << level.ell_prime) + 3)
    proof = aff_g.prove(side.context, statement, witness, side.rp.public, seeded(2))
    return Case(side.context, proof, lambda c, p, v: aff_g.verify(c, statement, p, v), side.rp)  # type: ignore[arg-type]


def _aff_g_star(side: Side) -> Case:
    level = side.level
    statement, witness = aff_g_inputs(side, x=q - 5, y=(1 << level.ell_prime) - 3)
    proof = aff_g_star.prove(side.context, statement, witness, seeded(3))
    return Case(side.context, proof, lambda c, p, _: aff_g_star.verify(c, statement, p), side.rp)  # type: ignore[arg-type]


def _dec(side: Side) -> Case:
    statement, witness = dec_inputs(side, x=q - 5, y=-(1 << dec.ell_y(side.level, 5)))
    proof = dec.prove(side.context, statement, witness, seeded(4))
    return Case(side.context, proof, lambda c, p, _: dec.verify(c, statement, p), side.rp)  # type: ignore[arg-type]


def _elog(side: Side) -> Case:
    y, lambda_, X, h = 5, 7, G(1234), G(4321)
    statement = elog.Statement(G(lambda_), G(y) + lambda_ * X, X, y * h, h)
    proof = elog.prove(side.context, statement, elog.Witness(y, lambda_), seeded(5))
    return Case(side.context, proof, lambda c, p, _: elog.verify(c, statement, p), side.rp)  # type: ignore[arg-type]


def _mod(side: Side) -> Case:
    proof = mod.prove(side.context, side.prover, seeded(6))
    key = side.prover.public
    return Case(side.context, proof, lambda c, p, _: mod.verify(c, key, p), side.rp)  # type: ignore[arg-type]


def _prm(side: Side) -> Case:
    mine = trapdoor(0, side.fast, side.level)
    proof = prm.prove(side.context, mine, seeded(7))
    return Case(side.context, proof, lambda c, p, _: prm.verify(c, mine.public, p), side.rp)  # type: ignore[arg-type]


def _fac(side: Side) -> Case:
    proof = fac.prove(side.context, side.prover, side.rp.public, seeded(8))
    modulus = side.prover.N
    return Case(side.context, proof, lambda c, p, v: fac.verify(c, modulus, p, v), side.rp)  # type: ignore[arg-type]


MAKERS: dict[str, Callable[[Side], Case]] = {
    "enc-elg": _enc_elg,
    "aff-g": _aff_g,
    "aff-g*": _aff_g_star,
    "dec": _dec,
    "elog": _elog,
    "mod": _mod,
    "prm": _prm,
    "fac": _fac,
}
TO_ONE_VERIFIER = ("enc-elg", "aff-g", "fac")


@cache
def case(name: str, fast: bool = True, level: SecurityLevel = TINY) -> Case:
    """An honest proof; made once."""
    return MAKERS[name](Side(level, fast))
