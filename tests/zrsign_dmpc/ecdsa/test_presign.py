"""Presigning and signing: signatures verify everywhere, every cheat is named with evidence."""

# ruff: noqa: N806 - letters are the paper's
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from coincurve import PublicKey
from eth_keys.datatypes import Signature
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zrsign_dmpc.ecdsa.builders import seeded
from tests.zrsign_dmpc.ecdsa.parties import (
    altering,
    aux_infos,
    bump,
    identity,
    key_shares,
    parties,
    require_blamed,
    run,
)
from tests.zrsign_dmpc.ecdsa.signers import first_rounds, make_setup, order, presignatures, signed
from zrsign_dmpc.ecdsa.presign import (
    Presignature,
    PresignSetup,
    checks,
    presign_execution,
    protocol,
    signer,
    start_presign,
)
from zrsign_dmpc.ecdsa.presign.messages import (
    NonceProofs,
    Nonces,
    Openings,
    ProductProofs,
    Products,
    Verdict,
)
from zrsign_dmpc.ecdsa.presign.opening import OpeningRound
from zrsign_dmpc.ecdsa.presign.protocol import NonceRound
from zrsign_dmpc.ecdsa.presign.signer import Signer
from zrsign_dmpc.ecdsa.proofs.context import ProofContext
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_dmpc.run.execution import Execution
from zrsign_dmpc.run.rounds import Abort, Result, Round
from zrsign_dmpc.run.session import Session
from zrsign_dmpc.run.simulator import Alteration, Deviation, Simulation
from zrsign_dmpc.wire.records import Record

G, q = SECP256K1.base_mul, SECP256K1.order
EVERYBODY = (1, 2, 3)


def presign(
    cheats: dict[int, Alteration] | None = None, signers: tuple[int, ...] = EVERYBODY
) -> tuple[Execution, dict[int, Result[Presignature] | Abort]]:
    setup = make_setup(signers)
    execution = presign_execution(setup, parties(1, 2, 3), b"presigning number 1")
    return execution, run(execution, first_rounds(execution, setup), cheats)


@pytest.mark.parametrize("signers", [(1, 2), (1, 3), (2, 3), (1, 2, 3)])
def test_presign__should_give_shares_of_one_nonce_and_the_key(signers: tuple[int, ...]) -> None:
    made = presignatures(signers)
    public = made[signers[0]].public
    assert all(made[i].public == public for i in signers)
    assert public.is_consistent()
    assert public.signers == signers
    k = sum(presignature.k for presignature in made.values())
    x = sum(presignature.chi for presignature in made.values()) * pow(k, -1, q)
    assert public.Gamma == G(pow(k, -1, q))
    assert public.public_key == G(x) == key_shares(2, 1, 2, 3)[1].info.public_key
    assert str(made[signers[0]].k) not in repr(made[signers[0]])


def test_presign__should_refuse_strangers_and_other_setups() -> None:
    setup = make_setup((1, 2))
    execution = presign_execution(setup, parties(1, 2, 3), b"presigning number 1")
    shares, aux = key_shares(2, 1, 2, 3), aux_infos(1, 2, 3)
    for share, info in (
        (shares[3], aux[3]),
        (shares[1], aux[2]),
        (key_shares(3, 1, 2, 3)[1], aux[1]),
    ):
        with pytest.raises(ParameterError):
            start_presign(execution, setup, share, info, identity(1), seeded(1))
    with pytest.raises(ParameterError, match="have no auxiliary information"):
        replace(setup, aux=aux_infos(1, 3)[1].public)
    for signers in ((2, 1), (1,), (1, 1), (1, 4)):
        with pytest.raises(ParameterError):
            replace(setup, signers=signers)


def test_presign__should_be_bound_to_key_signers_and_keys() -> None:
    setup = make_setup((1, 2, 3))
    other_key = PresignSetup(key_shares(3, 1, 2, 3)[1].info, setup.aux, (1, 2, 3))
    other_aux = replace(setup, aux=aux_infos(1, 2, 3, 4)[1].public)
    setups = [setup, make_setup((1, 2)), other_aux, other_key]
    sids = {presign_execution(s, parties(1, 2, 3), b"presigning number 1").sid for s in setups}
    assert len(sids) == len(setups)


@pytest.mark.parametrize(
    ("cheat", "fault"),
    [
        (altering(Nonces, bump("K")), "wrong nonce proof"),
        (altering(Nonces, bump("G")), "wrong nonce proof"),
        (altering(Nonces, bump("A2")), "wrong nonce proof"),
        (altering(NonceProofs, bump("psi_0", "z1")), "wrong nonce proof"),
        (altering(NonceProofs, bump("psi_1", "w")), "wrong nonce proof"),
        (altering(NonceProofs, bump("psi_1", "S"), only_to=3), "wrong nonce proof"),
        (altering(Products, bump("Gamma")), "wrong nonce point"),
        (altering(Products, bump("psi", "u")), "wrong nonce point"),
        (altering(Products, bump("D")), "wrong product proof"),
        (altering(Products, bump("F_hat")), "wrong product proof"),
        (altering(ProductProofs, bump("psi", "z2")), "wrong product proof"),
        (altering(ProductProofs, bump("psi_hat", "w_y"), only_to=1), "wrong product proof"),
        (altering(Openings, bump("Delta")), "wrong opening"),
        (altering(Openings, bump("psi", "z")), "wrong opening"),
        (altering(Openings, lambda r: replace(r, delta=0)), "wrong opening"),  # type: ignore[call-arg]
        (altering(Openings, lambda r: replace(r, delta=q)), "wrong opening"),  # type: ignore[call-arg]
        (altering(Products, lambda r: replace(r, D=())), "misshapen products"),  # type: ignore[call-arg]
        (altering(Products, lambda r: replace(r, F=r.F * 2)), "misshapen products"),  # type: ignore[attr-defined, call-arg]
        (altering(Products, lambda r: replace(r, D_hat=(0, 0))), "misshapen products"),  # type: ignore[call-arg]
    ],
)
def test_presign__should_name_who_alters_a_message(cheat: Alteration, fault: str) -> None:
    execution, outcomes = presign({2: cheat})
    require_blamed(execution, outcomes, 2, fault)


def cheating(monkeypatch: pytest.MonkeyPatch, kind: Any, name: str, change: Any) -> None:
    """Let signer 2 change the result of a method of its rounds."""
    honest = getattr(kind, name)

    def method(self: Any, *args: Any) -> Any:
        result = honest(self, *args)
        return change(result) if self._signer.me == 2 else result

    monkeypatch.setattr(kind, name, method)


FOLLOW: dict[int, Alteration] = {2: lambda round_, recipient, record: record}


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        (lambda said: replace(said, delta=(said.delta + 1) % q), "nonce"),
        (lambda said: replace(said, S=said.S + G(1)), "chi"),
    ],
)
def test_presign__should_name_who_opens_another_value(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Openings], Openings], failure: str
) -> None:
    """The error rounds of Fig. 9: only the culprit cannot prove its innocence."""
    cheating(monkeypatch, OpeningRound, "_opening", change)
    seen: list[str] = []
    honest = OpeningRound._verdict

    def verdict(self: OpeningRound, board: Any, kind: str, *args: Any) -> Verdict:
        seen.append(kind)
        return honest(self, board, kind, *args)

    monkeypatch.setattr(OpeningRound, "_verdict", verdict)
    execution, outcomes = presign(FOLLOW)
    require_blamed(execution, outcomes, 2, "wrong verdict")
    assert seen == [failure] * 3


@pytest.mark.parametrize("failure", ["nonce", "chi"])
def test_presign__should_name_who_multiplied_wrongly_for_a_silent_friend(
    monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    """Signer 3 lets a wrong product of signer 2 pass; Πaff-g* still names signer 2."""
    field = "D" if failure == "nonce" else "D_hat"
    aux = aux_infos(1, 2, 3)

    def add_one(said: Products) -> Products:
        N = aux[3].key
        first, second = getattr(said, field)
        wrong: Any = {field: (first, N.add(second, 1 + N.N))}
        return replace(said, **wrong)

    cheating(monkeypatch, protocol.ProductRound, "_products", add_one)
    honest = checks.require_together

    def careless(all_checks: Any, board: Any, rule: Any, fault: str, me: int, rng: Any) -> None:
        if me != 3:
            honest(all_checks, board, rule, fault, me, rng)

    monkeypatch.setattr(protocol, "require_together", careless)
    execution, outcomes = presign({**FOLLOW, 3: FOLLOW[2]})
    outcome = outcomes[1]
    assert isinstance(outcome, Abort)
    assert outcome.culprits == (2,)
    assert "wrong verdict" in outcome.reason
    assert all(evidence.proves_fault(execution) for evidence in outcome.evidence)


@pytest.mark.parametrize(
    "change",
    [lambda verdict: Verdict((), ()), lambda verdict: replace(verdict, aff_g_star=())],
)
def test_presign__should_name_who_keeps_silent_about_a_failure(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Verdict], Verdict]
) -> None:
    cheating(
        monkeypatch, OpeningRound, "_opening", lambda said: replace(said, delta=said.delta ^ 1)
    )
    cheating(monkeypatch, OpeningRound, "_verdict", change)
    execution, outcomes = presign(FOLLOW)
    require_blamed(execution, outcomes, 2, "wrong verdict")


def test_presign__should_name_who_opens_different_values_to_different_peers() -> None:
    execution, outcomes = presign({2: altering(Openings, bump("S"), only_to=1)})
    for index in (1, 3):
        outcome = outcomes[index]
        assert isinstance(outcome, Abort)
        assert outcome.culprits == (2,)
        assert all(evidence.proves_fault(execution) for evidence in outcome.evidence)


@pytest.mark.parametrize("secret", ["k", "gamma"])
@pytest.mark.parametrize("value", [1 << 600, 5 + (q << 300)])
def test_presign__should_name_who_encrypts_a_nonce_out_of_range(
    monkeypatch: pytest.MonkeyPatch, secret: str, value: int
) -> None:
    """Alpha-Rays: a huge k would leak the key share through the product."""
    honest = signer.NonceSecrets

    def secrets(**fields: Any) -> signer.NonceSecrets:
        return honest(**fields | {secret: value})

    setup = make_setup(EVERYBODY)
    execution = presign_execution(setup, parties(1, 2, 3), b"presigning number 1")
    firsts = first_rounds(execution, setup)

    def cheat() -> Round[Presignature]:
        monkeypatch.setattr(protocol, "NonceSecrets", secrets)
        made = firsts[2]()
        monkeypatch.undo()
        return made

    outcomes = run(execution, firsts | {2: cheat}, FOLLOW)
    require_blamed(execution, outcomes, 2, "wrong nonce proof")


@pytest.mark.parametrize(
    ("which", "change"),
    [
        ("_mask", lambda mask: replace(mask, y=1 << 800)),
        ("_mask", lambda mask: replace(mask, y=-(1 << 900))),
    ],
)
def test_presign__should_name_who_masks_out_of_range(
    monkeypatch: pytest.MonkeyPatch, which: str, change: Any
) -> None:
    cheating(monkeypatch, protocol.ProductRound, which, change)
    execution, outcomes = presign(FOLLOW)
    require_blamed(execution, outcomes, 2, "wrong product proof")


def test_presign__should_name_who_multiplies_by_another_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """x' = x + q·2^300 is the same on the curve and not in the product."""
    honest = Signer.of

    def of(execution: Any, setup: Any, share: Any, aux: Any, rng: Any) -> Signer:
        signer = honest(execution, setup, share, aux, rng)
        return replace(signer, x=signer.x + (q << 300)) if share.index == 2 else signer

    monkeypatch.setattr(Signer, "of", staticmethod(of))
    execution, outcomes = presign(FOLLOW)
    require_blamed(execution, outcomes, 2, "wrong product proof")


def test_presign__should_send_nothing_after_an_unproven_nonce() -> None:
    """Verify before answering: no product of the key share with an unproven K."""
    setup = make_setup(EVERYBODY)
    execution = presign_execution(setup, parties(1, 2, 3), b"presigning number 1")
    firsts = first_rounds(execution, setup)
    cheat = altering(NonceProofs, bump("psi_0", "z1"))
    sessions: dict[int, Session[Presignature]] = {
        i: Session(execution, i, identity(i), firsts[i]()) for i in (1, 3)
    }
    sessions[2] = Deviation(execution, 2, identity(2), firsts[2](), cheat)
    Simulation(sessions, 0).run()
    assert all(isinstance(sessions[i]._round, NonceRound) for i in (1, 3))


@pytest.mark.parametrize(
    ("secret", "reason"), [("gamma", "nonce point is the identity"), ("k", "δ is zero")]
)
def test_presign__should_end_without_culprits_when_nonces_cancel_out(
    monkeypatch: pytest.MonkeyPatch, secret: str, reason: str
) -> None:
    """It takes all signers together, or luck: nobody is to blame, and nothing is made."""
    values, honest = iter((5, 7, q - 12)), signer.NonceSecrets
    monkeypatch.setattr(
        protocol, "NonceSecrets", lambda **fields: honest(**fields | {secret: next(values)})
    )
    _, outcomes = presign()
    for outcome in outcomes.values():
        assert isinstance(outcome, Abort)
        assert (outcome.culprits, outcome.evidence) == ((), ())
        assert reason in outcome.reason


def test_presign__should_refuse_messages_of_another_presigning() -> None:
    """CVE-2022-47930: a recorded proof is worthless in the next execution."""
    recorded: dict[int, NonceProofs] = {}

    def record(_: int, recipient: int, message: Record) -> Record:
        if isinstance(message, NonceProofs):
            recorded[recipient] = message
        return message

    setup = make_setup(EVERYBODY)
    other = presign_execution(setup, parties(1, 2, 3), b"presigning number 2")
    run(other, first_rounds(other, setup), {2: record})

    def replay(_: int, recipient: int, message: Record) -> Record:
        return recorded[recipient] if isinstance(message, NonceProofs) else message

    execution, outcomes = presign({2: replay})
    require_blamed(execution, outcomes, 2, "wrong nonce proof")
    assert ProofContext(execution.sid, setup.aux.level, 2).execution_id != other.sid


@settings(max_examples=6, deadline=None)
@given(
    st.sampled_from([(1, 2), (2, 3), (1, 2, 3)]),
    st.one_of(st.just(0), st.integers(0, q - 1)),
    st.integers(1, 2**256 - 1).filter(lambda m: m != q),
)
def test_presignatures__should_sign_for_any_child_as_other_libraries_verify(
    signers: tuple[int, ...], shift: int, m: int
) -> None:
    made, digest = presignatures(signers), m.to_bytes(32, "big")
    signature = signed(made, order(made, digest, shift))
    assert signature.s <= q // 2
    recovered = PublicKey.from_signature_and_message(signature.encode(), digest, hasher=None)
    child = made[signers[0]].public.public_key + G(shift)
    assert recovered.format() == child.encode()
    eth = Signature(signature.encode())
    assert eth.recover_public_key_from_msg_hash(digest).to_bytes() == recovered.format(False)[1:]
