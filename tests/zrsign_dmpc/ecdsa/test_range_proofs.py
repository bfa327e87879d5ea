"""Malicious provers of the range proofs: out of range, foreign witnesses, batches."""

# ruff: noqa: N806 - letters are the paper's
from dataclasses import replace
from types import ModuleType

import pytest

from tests.zrsign_dmpc.ecdsa.builders import TINY, seeded, trapdoor
from tests.zrsign_dmpc.ecdsa.cases import G, Side, aff_g_inputs, dec_inputs, enc_elg_inputs, q
from zrsign_dmpc.ecdsa.errors import MalformedValueError, ProofError
from zrsign_dmpc.ecdsa.proofs import aff_g, aff_g_star, dec, elog, enc_elg
from zrsign_dmpc.ecdsa.proofs.batch import AffineEquation, EncryptionBatch
from zrsign_dmpc.ecdsa.sampling import symmetric

SIDE = Side(TINY, fast=True)
SLACK = TINY.ell + TINY.epsilon


def first_draw(monkeypatch: pytest.MonkeyPatch, module: ModuleType, *values: int) -> None:
    """Let a prover's first secret masks be these values."""
    left = list(values)
    monkeypatch.setattr(
        module, "symmetric", lambda rng, bound: left.pop(0) if left else symmetric(rng, bound)
    )


@pytest.mark.parametrize("x", [1 << 600, -(1 << 600), 5 + (q << 300)])
def test_enc_elg__should_refuse_a_plaintext_out_of_range(x: int) -> None:
    statement, witness = enc_elg_inputs(SIDE, x)
    proof = enc_elg.prove(SIDE.context, statement, witness, SIDE.rp.public, seeded(1))
    with pytest.raises(ProofError, match="z1 is outside its range"):
        enc_elg.verify(SIDE.context, statement, proof, SIDE.rp)


@pytest.mark.parametrize(("alpha", "accepted"), [(1 << SLACK, True), ((1 << SLACK) + 1, False)])
@pytest.mark.parametrize("sign", [1, -1])
def test_enc_elg__should_end_its_range_exactly(
    monkeypatch: pytest.MonkeyPatch, alpha: int, accepted: bool, sign: int
) -> None:
    statement, witness = enc_elg_inputs(SIDE, 0)
    first_draw(monkeypatch, enc_elg, sign * alpha)
    proof = enc_elg.prove(SIDE.context, statement, witness, SIDE.rp.public, seeded(1))
    if accepted:
        enc_elg.verify(SIDE.context, statement, proof, SIDE.rp)
    else:
        with pytest.raises(ProofError, match="z1 is outside its range"):
            enc_elg.verify(SIDE.context, statement, proof, SIDE.rp)


def test_enc_elg__should_refuse_a_point_that_holds_another_value() -> None:
    statement, witness = enc_elg_inputs(SIDE, 7)
    for wrong in (
        replace(statement, X=statement.X + G(1)),
        replace(statement, B=statement.B + G(1)),
        replace(statement, A=statement.A + G(1)),
        replace(statement, C=statement.N.add(statement.C, statement.C)),
    ):
        proof = enc_elg.prove(SIDE.context, wrong, witness, SIDE.rp.public, seeded(1))
        with pytest.raises(ProofError):
            enc_elg.verify(SIDE.context, wrong, proof, SIDE.rp)


@pytest.mark.parametrize(
    ("x", "y", "bad"),
    [
        (5 + (q << 300), 5, "z1"),
        (5, 1 << (TINY.ell_prime + TINY.epsilon + 10), "z2"),
        (5, -(1 << (TINY.ell_prime + TINY.epsilon + 10)), "z2"),
    ],
)
def test_aff_g__should_refuse_secrets_out_of_range(x: int, y: int, bad: str) -> None:
    statement, witness = aff_g_inputs(SIDE, x, y)
    proof = aff_g.prove(SIDE.context, statement, witness, SIDE.rp.public, seeded(1))
    with pytest.raises(ProofError, match=f"{bad} is outside its range"):
        aff_g.verify(SIDE.context, statement, proof, SIDE.rp)
    star = aff_g_star.prove(SIDE.context, statement, witness, seeded(1))
    with pytest.raises(ProofError, match="is outside its range"):
        aff_g_star.verify(SIDE.context, statement, star)


@pytest.mark.parametrize("sign", [1, -1])
def test_aff_g__should_end_its_ranges_exactly(monkeypatch: pytest.MonkeyPatch, sign: int) -> None:
    statement, witness = aff_g_inputs(SIDE, 5, 0)
    wide = sign << (TINY.ell_prime + TINY.epsilon)
    first_draw(monkeypatch, aff_g, 7, wide)
    proof = aff_g.prove(SIDE.context, statement, witness, SIDE.rp.public, seeded(1))
    aff_g.verify(SIDE.context, statement, proof, SIDE.rp)
    first_draw(monkeypatch, aff_g, 7, wide + sign)
    proof = aff_g.prove(SIDE.context, statement, witness, SIDE.rp.public, seeded(1))
    with pytest.raises(ProofError, match="z2 is outside its range"):
        aff_g.verify(SIDE.context, statement, proof, SIDE.rp)


@pytest.mark.parametrize("field", ["C", "D", "Y", "X"])
@pytest.mark.parametrize("proof_kind", [aff_g, aff_g_star])
def test_aff_g__should_refuse_a_false_statement(field: str, proof_kind: ModuleType) -> None:
    statement, witness = aff_g_inputs(SIDE, 5, 6)
    N0, N1 = statement.N0, statement.N1
    wrong = {
        "C": N0.add(statement.C, statement.C),
        "D": N0.add(statement.D, statement.D),
        "Y": N1.add(statement.Y, statement.Y),
        "X": statement.X + G(1),
    }
    false = replace(statement, **{field: wrong[field]})  # type: ignore[arg-type]
    if proof_kind is aff_g:
        proof = aff_g.prove(SIDE.context, false, witness, SIDE.rp.public, seeded(1))
        with pytest.raises(ProofError):
            aff_g.verify(SIDE.context, false, proof, SIDE.rp)
        with pytest.raises(ProofError):
            aff_g.verify(SIDE.context, replace(false, N0=SIDE.receiver), proof, SIDE.rp)
    else:
        star = aff_g_star.prove(SIDE.context, false, witness, seeded(1))
        with pytest.raises(ProofError):
            aff_g_star.verify(SIDE.context, false, star)


def test_aff_g__should_convince_the_owner_over_plaintexts_for_the_same_reasons() -> None:
    statement, witness = aff_g_inputs(SIDE, 5, 6)
    owner = replace(statement, N0=SIDE.receiver)
    proof = aff_g.prove(SIDE.context, statement, witness, SIDE.rp.public, seeded(1))
    aff_g.verify(SIDE.context, owner, proof, SIDE.rp)
    for field in ("A", "B_y", "E", "S", "F", "T", "z1", "z2", "z3", "z4", "w_y"):
        wrong = replace(proof, **{field: getattr(proof, field) + 1})
        with pytest.raises(MalformedValueError):
            aff_g.verify(SIDE.context, owner, wrong, SIDE.rp)


@pytest.mark.parametrize("non_unit", ["zero", "factor", "too large"])
@pytest.mark.parametrize("field", ["C", "D"])
def test_statements__should_hold_units_only(field: str, non_unit: str) -> None:
    N = SIDE.receiver
    value = {"zero": 0, "factor": N.p, "too large": N.N2 + 1}[non_unit]
    statement, witness = aff_g_inputs(SIDE, 5, 6)
    proof = aff_g.prove(SIDE.context, statement, witness, SIDE.rp.public, seeded(1))
    with pytest.raises(MalformedValueError, match=f"{field} is not a unit"):
        aff_g.verify(SIDE.context, replace(statement, **{field: value}), proof, SIDE.rp)  # type: ignore[arg-type]


def test_dec__should_refuse_false_statements_and_long_secrets() -> None:
    statement, witness = dec_inputs(SIDE, 5, 6)
    for false in (
        replace(statement, X=statement.X + G(1)),
        replace(statement, S=statement.S + G(1)),
        replace(statement, D=statement.N.add(statement.D, statement.K)),
        replace(statement, K=statement.N.add(statement.D, statement.K)),
    ):
        proof = dec.prove(SIDE.context, false, witness, seeded(1))
        with pytest.raises(ProofError):
            dec.verify(SIDE.context, false, proof)
    for x, y in ((1 << 500, 6), (5, 1 << (dec.ell_y(TINY, 5) + TINY.epsilon + 1))):
        statement, witness = dec_inputs(SIDE, x, y)
        proof = dec.prove(SIDE.context, statement, witness, seeded(1))
        with pytest.raises(ProofError, match="outside its range"):
            dec.verify(SIDE.context, statement, proof)


@pytest.mark.parametrize("field", ["L", "M", "X", "Y", "h"])
def test_elog__should_refuse_a_false_statement(field: str) -> None:
    X, h = G(1234), G(4321)
    statement = elog.Statement(G(7), G(5) + 7 * X, X, 5 * h, h)
    false = replace(statement, **{field: getattr(statement, field) + G(1)})
    proof = elog.prove(SIDE.context, false, elog.Witness(5, 7), seeded(1))
    with pytest.raises(ProofError):
        elog.verify(SIDE.context, false, proof)


def batch_of(count: int) -> tuple[EncryptionBatch, list[tuple[enc_elg.Statement, enc_elg.Proof]]]:
    made = []
    for x in range(1, count + 1):
        statement, witness = enc_elg_inputs(SIDE, x)
        statement = replace(statement, N=SIDE.prover.public)
        proof = enc_elg.prove(SIDE.context, statement, witness, SIDE.rp.public, seeded(x))
        made.append((statement, proof))
    return EncryptionBatch(seeded("batch")), made


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_batch__should_accept_honest_proofs(count: int) -> None:
    batch, made = batch_of(count)
    for statement, proof in made:
        enc_elg.verify(SIDE.context, statement, proof, SIDE.rp, batch)
    batch.require()


@pytest.mark.parametrize("at", [0, 1, 2])
def test_batch__should_refuse_one_wrong_plaintext_among_many(at: int) -> None:
    batch, made = batch_of(3)
    statement, witness = enc_elg_inputs(SIDE, at + 1)
    # The curve part is for x, the ciphertext for x + 1: only the equation modulo N² can tell.
    other = replace(
        statement, N=SIDE.prover.public, C=statement.N.add(statement.C, 1 + statement.N.N)
    )
    made[at] = (
        other,
        enc_elg.prove(SIDE.context, other, witness, SIDE.rp.public, seeded("cheat")),
    )
    for each, proof in made:
        enc_elg.verify(SIDE.context, each, proof, SIDE.rp, batch)
    with pytest.raises(ProofError, match="one of a batch"):
        batch.require()


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("field", ["A", "D", "C", "z2"])
def test_batch__should_refuse_one_wrong_product_among_many(at: int, field: str) -> None:
    """Over plaintexts, as the owner of N0 verifies: one decryption for all."""
    N0, pairs = SIDE.receiver, [aff_g_inputs(SIDE, 5 + i, 6 + i) for i in range(3)]
    equations = []
    for i, (statement, witness) in enumerate(pairs):
        alpha, beta, e = 1000 + i, 2000 + i, -7
        r = N0.make_randomizer(seeded(i))
        A = N0.power(statement.C, alpha) * N0.encrypt(beta, r) % N0.N2
        w = r.r * N0.power_mod_N(witness.rho, e) % N0.N
        z1, z2 = alpha + e * witness.x, beta + e * witness.y
        equations.append(AffineEquation(statement.C, z1, z2, w, A, statement.D, e))
    for key in (N0, N0.public):
        batch = EncryptionBatch(seeded("affine"))
        for equation in equations:
            batch.add_affine(key, equation)
        batch.require()
        wrong = equations.copy()
        value = getattr(wrong[at], field)
        change: dict[str, int] = {field: value + 1 if field == "z2" else N0.add(value, 1 + N0.N)}
        wrong[at] = replace(wrong[at], **change)
        batch = EncryptionBatch(seeded("affine"))
        for equation in wrong:
            batch.add_affine(key, equation)
        with pytest.raises(ProofError, match="one of a batch"):
            batch.require()


def test_batch__should_keep_foreign_keys_apart() -> None:
    batch, made = batch_of(2)
    for statement, proof in made:
        enc_elg.verify(SIDE.context, statement, proof, SIDE.rp, batch)
    affine, witness = aff_g_inputs(SIDE, 5, 6)
    other = aff_g.prove(SIDE.context, affine, witness, trapdoor(1).public, seeded(1))
    public = replace(affine, N1=SIDE.prover.public)
    aff_g.verify(SIDE.context, public, other, SIDE.rp, batch)
    batch.require()
