"""The levels that are used outside tests: one full run of every protocol at each."""

from hashlib import sha256

import pytest
from coincurve import PublicKey

from tests.zrsign_dmpc.builders import fresh_ledger
from tests.zrsign_dmpc.ecdsa.builders import seeded
from tests.zrsign_dmpc.ecdsa.parties import T, aux_secrets, identity, key_shares, parties
from zrsign_dmpc.ecdsa.aux_info import aux_info_execution, start_aux_info
from zrsign_dmpc.ecdsa.order import Order
from zrsign_dmpc.ecdsa.presign import PresignSetup, presign_execution, start_presign
from zrsign_dmpc.ecdsa.security import PAILLIER_2048, PAILLIER_3072, SecurityLevel
from zrsign_dmpc.ecdsa.signing import sign_execution, start_sign
from zrsign_dmpc.run.rounds import Result
from zrsign_dmpc.run.session import Session
from zrsign_dmpc.run.simulator import Simulation

GROUP = parties(1, 2)


def values(sessions: dict[int, Session[T]]) -> dict[int, T]:
    outcomes = Simulation(sessions, 0).run()
    assert all(isinstance(outcome, Result) for outcome in outcomes.values()), outcomes
    return {i: outcome.value for i, outcome in outcomes.items() if isinstance(outcome, Result)}


@pytest.mark.parametrize("level", [PAILLIER_2048, PAILLIER_3072], ids=lambda level: level.name)
def test_level__should_carry_a_key_from_auxiliary_info_to_a_signature(level: SecurityLevel) -> None:
    execution = aux_info_execution(level, GROUP, b"a run at a real level")
    aux = values(
        {
            i: start_aux_info(
                execution, level, i, identity(i), aux_secrets(i - 1, level=level), seeded(i)
            )
            for i in (1, 2)
        }
    )
    shares = key_shares(2, 1, 2)
    setup = PresignSetup(shares[1].info, aux[1].public, (1, 2))
    execution = presign_execution(setup, GROUP, b"a run at a real level")
    made = values(
        {
            i: start_presign(execution, setup, shares[i], aux[i], identity(i), seeded(i))
            for i in (1, 2)
        }
    )
    digest = sha256(level.name.encode()).digest()
    order = Order(made[1].public, digest, beacon=sha256(b"a block").digest(), shift=5)
    execution = sign_execution(order, GROUP, 2, b"a run at a real level")
    signatures = values(
        {i: start_sign(execution, order, made[i], identity(i), fresh_ledger()) for i in (1, 2)}
    )
    assert signatures[1] == signatures[2]
    signed = signatures[1].encode()
    recovered = PublicKey.from_signature_and_message(signed, digest, hasher=None)
    assert recovered.format() == order.public_key.encode()
