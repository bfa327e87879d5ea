"""Presigning on threads makes the same thing and names the same cheats."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.zrsign_dmpc.ecdsa.builders import seeded
from tests.zrsign_dmpc.ecdsa.parties import (
    altering,
    aux_infos,
    bump,
    key_shares,
    parties,
    require_blamed,
    run,
)
from tests.zrsign_dmpc.ecdsa.signers import make_setup
from zrsign_dmpc.ecdsa.arithmetic import release_gil
from zrsign_dmpc.ecdsa.presign import Presignature, presign_execution
from zrsign_dmpc.ecdsa.presign.messages import NonceProofs, ProductProofs
from zrsign_dmpc.ecdsa.presign.protocol import NonceRound
from zrsign_dmpc.ecdsa.presign.signer import Signer
from zrsign_dmpc.ecdsa.spread import IN_ORDER, Spread
from zrsign_dmpc.run.rounds import Abort, Result, Round
from zrsign_dmpc.run.simulator import Alteration

SIGNERS = (1, 2, 3)


def presign(
    spread: Spread, cheats: dict[int, Alteration] | None = None
) -> dict[int, Result[Presignature] | Abort]:
    setup, aux, shares = make_setup(SIGNERS), aux_infos(1, 2, 3), key_shares(2, 1, 2, 3)
    execution = presign_execution(setup, parties(*SIGNERS), b"spread presigning")

    def first(i: int) -> Callable[[], Round[Presignature]]:
        return lambda: NonceRound(Signer.of(execution, setup, shares[i], aux[i], seeded(i), spread))

    outcomes = run(execution, {i: first(i) for i in SIGNERS}, cheats)
    if cheats:
        (culprit,) = cheats
        require_blamed(execution, outcomes, culprit, "proof")
    return outcomes


def test_spread__should_keep_the_order_of_values() -> None:
    with ThreadPoolExecutor(4, initializer=release_gil) as threads:
        for spread in (IN_ORDER, Spread(threads)):
            assert spread(lambda x: x * x, range(50)) == [x * x for x in range(50)]


def test_presign__should_end_on_threads_as_without() -> None:
    with ThreadPoolExecutor(4, initializer=release_gil) as threads:
        outcomes = presign(Spread(threads))
    made = [o.value.public for o in outcomes.values() if isinstance(o, Result)]
    assert len(made) == 3
    assert made[0] == made[1] == made[2]
    assert made[0].is_consistent()


def test_presign__should_name_a_cheat_on_threads() -> None:
    with ThreadPoolExecutor(4, initializer=release_gil) as threads:
        presign(Spread(threads), {2: altering(NonceProofs, bump("psi_0", "z1"))})
        presign(Spread(threads), {3: altering(ProductProofs, bump("psi_hat", "z1"))})
