"""From key generation to a signature, with any signers, over networks that lose and garble."""

from hashlib import sha256

import pytest
from coincurve import PublicKey

from tests.zrsign_dmpc.builders import fresh_ledger
from tests.zrsign_dmpc.ecdsa.builders import seeded
from tests.zrsign_dmpc.ecdsa.parties import T, aux_infos, identity, parties
from tests.zrsign_dmpc.ecdsa.signers import BEACON, first_rounds, make_setup
from zrsign_dmpc.dkg.protocol import dkg_execution, start_dkg
from zrsign_dmpc.ecdsa.order import Order
from zrsign_dmpc.ecdsa.presign import Presignature, PresignSetup, presign_execution, start_presign
from zrsign_dmpc.ecdsa.signing import EcdsaSignature, sign_execution, start_sign
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.run.rounds import Abort, Result
from zrsign_dmpc.run.session import Session
from zrsign_dmpc.run.simulator import Simulation, disturbed

INDICES = (1, 2, 5, 7, 9)
GROUP = parties(*INDICES)
DIGEST = sha256(b"a message").digest()


def values(sessions: dict[int, Session[T]]) -> dict[int, T]:
    outcomes = Simulation(sessions, 0).run()
    made = {i: outcome.value for i, outcome in outcomes.items() if isinstance(outcome, Result)}
    assert set(made) == set(sessions), outcomes
    return made


@pytest.fixture(scope="module")
def shares() -> dict[int, KeyShare]:
    """A 3-of-5 key that no dealer knows."""
    execution = dkg_execution(SECP256K1, 3, GROUP, b"a key generation")
    return values({i: start_dkg(execution, i, identity(i), seeded(f"dkg {i}")) for i in INDICES})


@pytest.mark.parametrize("signers", [(1, 2, 5), (2, 7, 9), (1, 2, 5, 7, 9)])
def test_any_threshold_of_signers__should_sign_for_the_generated_key(
    shares: dict[int, KeyShare], signers: tuple[int, ...]
) -> None:
    aux = aux_infos(*INDICES)
    setup = PresignSetup(shares[1].info, aux[1].public, signers)
    execution = presign_execution(setup, GROUP, b"a presigning of some")
    made: dict[int, Presignature] = values(
        {
            i: start_presign(execution, setup, shares[i], aux[i], identity(i), seeded(i))
            for i in signers
        }
    )
    order = Order(made[signers[0]].public, DIGEST, BEACON)
    execution = sign_execution(order, GROUP, 3, b"a signing of some")
    signatures: dict[int, EcdsaSignature] = values(
        {i: start_sign(execution, order, made[i], identity(i), fresh_ledger()) for i in signers}
    )
    assert len(set(signatures.values())) == 1
    signed = signatures[signers[0]].encode()
    recovered = PublicKey.from_signature_and_message(signed, DIGEST, hasher=None)
    assert recovered.format() == shares[1].info.public_key.encode()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("drop", [0.0, 0.02])
def test_a_bad_network__should_convict_nobody(seed: int, drop: float) -> None:
    """Lost, late, repeated and garbled messages: at worst somebody seems silent."""
    setup = make_setup((1, 2, 3))
    execution = presign_execution(setup, parties(1, 2, 3), b"presigning in bad weather")
    firsts = first_rounds(execution, setup)
    sessions = {i: Session(execution, i, identity(i), firsts[i]()) for i in (1, 2, 3)}
    carrier = disturbed(drop=drop, delay=0.3, duplicate=0.3, alter=0.3)
    outcomes = Simulation(sessions, seed, carrier).run()
    for outcome in outcomes.values():
        if isinstance(outcome, Abort):
            assert drop
            assert not outcome.evidence
    finished = {o.value.public for o in outcomes.values() if isinstance(o, Result)}
    assert len(finished) <= 1
