"""Presigning and signing among parties in memory."""

from collections.abc import Callable
from functools import cache
from hashlib import sha256

from tests.zrsign_dmpc.builders import fresh_ledger
from tests.zrsign_dmpc.ecdsa.builders import seeded
from tests.zrsign_dmpc.ecdsa.parties import aux_infos, key_shares, parties, run
from zrsign_dmpc.ecdsa.order import Order
from zrsign_dmpc.ecdsa.presign import Presignature, PresignSetup, presign_execution
from zrsign_dmpc.ecdsa.presign.protocol import NonceRound
from zrsign_dmpc.ecdsa.presign.signer import Signer
from zrsign_dmpc.ecdsa.signing import EcdsaSignature, ShareRound, sign_execution
from zrsign_dmpc.run.execution import Execution
from zrsign_dmpc.run.rounds import Abort, Result, Round
from zrsign_dmpc.run.simulator import Alteration

BEACON = sha256(b"the block that approved it").digest()


def make_setup(signers: tuple[int, ...]) -> PresignSetup:
    """Of a 2-of-3 key."""
    return PresignSetup(key_shares(2, 1, 2, 3)[1].info, aux_infos(1, 2, 3)[1].public, signers)


def first_rounds(
    execution: Execution, setup: PresignSetup
) -> dict[int, Callable[[], Round[Presignature]]]:
    shares, aux = key_shares(2, 1, 2, 3), aux_infos(1, 2, 3)

    def first(i: int) -> Callable[[], Round[Presignature]]:
        return lambda: NonceRound(
            Signer.of(execution, setup, shares[i], aux[i], seeded(f"presign {i}"))
        )

    return {i: first(i) for i in setup.signers}


@cache
def presignatures(
    signers: tuple[int, ...], name: bytes = b"an honest presigning"
) -> dict[int, Presignature]:
    """An honest presigning."""
    setup = make_setup(signers)
    execution = presign_execution(setup, parties(1, 2, 3), name)
    outcomes = run(execution, first_rounds(execution, setup))
    made = {i: outcome.value for i, outcome in outcomes.items() if isinstance(outcome, Result)}
    assert set(made) == set(signers), outcomes
    return made


def order(
    made: dict[int, Presignature], digest: bytes, shift: int = 0, beacon: bytes = BEACON
) -> Order:
    return Order(next(iter(made.values())).public, digest, beacon, shift)


def signing(asked: Order) -> Execution:
    return sign_execution(asked, parties(1, 2, 3), 2, b"signing number 0001")


def sign(
    made: dict[int, Presignature], asked: Order, cheats: dict[int, Alteration] | None = None
) -> dict[int, Result[EcdsaSignature] | Abort]:
    execution = signing(asked)

    def first(i: int) -> Callable[[], Round[EcdsaSignature]]:
        return lambda: ShareRound(execution, asked, made[i], fresh_ledger())

    return run(execution, {i: first(i) for i in made}, cheats)


def signed(made: dict[int, Presignature], asked: Order) -> EcdsaSignature:
    """The signature that all signers end with."""
    (signature,) = {o.value for o in sign(made, asked).values() if isinstance(o, Result)}
    return signature
