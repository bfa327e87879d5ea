"""Auxiliary information: four rounds, after which all hold each other's verified keys.

1. every party commits to its Paillier modulus N, its ring-Pedersen parameters (N̂, s, t) with Πprm,
   and its part of rid;
2. all open; form, size and Πprm are checked, and rid is fixed;
3. all broadcast Πmod(N), and send Πfac(N) to each other under the recipient's parameters;
   moduli that share a factor are refused;
4. each confirms: whoever has all confirmations knows that everybody verified everything.

Both moduli are products of safe primes; N̂ and N are different (CGGMP24). The primes must be fresh
and must never be used again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from zrsign_dmpc.ecdsa import paillier, ring_pedersen
from zrsign_dmpc.ecdsa.arithmetic import FAST, Arithmetic
from zrsign_dmpc.ecdsa.aux_info.checks import AuxChecks, commitment_to
from zrsign_dmpc.ecdsa.aux_info.info import AuxInfo, PublicAuxInfo
from zrsign_dmpc.ecdsa.aux_info.messages import (
    SEED_BYTES,
    Commitment,
    Confirmation,
    FactorProof,
    ModulusProof,
    Opening,
)
from zrsign_dmpc.ecdsa.paillier import PaillierKey, PaillierPrivateKey
from zrsign_dmpc.ecdsa.proofs import fac, mod, prm
from zrsign_dmpc.ecdsa.ring_pedersen import RingPedersenTrapdoor
from zrsign_dmpc.ecdsa.security import SecurityLevel
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.group.curves import SECP256K1, Rng, system_rng
from zrsign_dmpc.kept.keys import require_aux_epoch
from zrsign_dmpc.run.board import Board
from zrsign_dmpc.run.execution import Execution, IdentityKey, Parties, Protocol, RoundSpec
from zrsign_dmpc.run.rounds import Outgoing, Result, Round
from zrsign_dmpc.run.session import Session

NAME: Final = "zrsign-cggmp24-aux-info-v1"


def aux_info_execution(
    level: SecurityLevel,
    parties: Parties,
    execution_id: bytes,
    arithmetic: Arithmetic = FAST,
    epoch: int = 0,
) -> Execution:
    """One making of auxiliary information; there is no threshold, all must take part.

    Raises ParameterError for an epoch that is none.
    """
    require_aux_epoch(epoch)
    protocol = Protocol(
        name=NAME,
        rounds=(
            RoundSpec(broadcast=Commitment),
            RoundSpec(broadcast=Opening),
            RoundSpec(broadcast=ModulusProof, direct=FactorProof),
            RoundSpec(broadcast=Confirmation),
        ),
        faults=AuxChecks(level, arithmetic).faults(),
        context=(level.items(), epoch),
    )
    return Execution(
        protocol, execution_id, parties, len(parties.indices), SECP256K1, level=level.name
    )


@dataclass(frozen=True)
class AuxSecrets:
    """The two fresh keys of one party."""

    key: PaillierPrivateKey = field(repr=False)
    trapdoor: RingPedersenTrapdoor = field(repr=False)

    @classmethod
    def generate(
        cls,
        level: SecurityLevel,
        take_prime: Callable[[], int],
        rng: Rng = system_rng,
        arithmetic: Arithmetic = FAST,
    ) -> "AuxSecrets":
        """Two keys from four fresh safe primes; `take_prime` is for instance `Pool.take`."""
        key = paillier.generate(level, take_prime(), take_prime(), arithmetic)
        trapdoor = ring_pedersen.generate(level, take_prime(), take_prime(), rng, arithmetic)
        return cls(key, trapdoor)


def start_aux_info(
    execution: Execution,
    level: SecurityLevel,
    me: int,
    identity: IdentityKey,
    secrets: AuxSecrets,
    rng: Rng = system_rng,
) -> Session[AuxInfo]:
    """This party's side. Raises ParameterError for an execution at another level."""
    return Session(execution, me, identity, CommitRound(execution, level, me, secrets, rng))


class _AuxRound(Round[AuxInfo]):
    """What all rounds know."""

    def __init__(
        self, execution: Execution, level: SecurityLevel, me: int, secrets: AuxSecrets, rng: Rng
    ) -> None:
        match execution.protocol.context:
            case (items, int(epoch)) if items == level.items():
                self._epoch = epoch
            case _:
                raise ParameterError(f"the execution makes nothing at level {level.name}")
        self._execution = execution
        self._level = level
        self._checks = AuxChecks(level, secrets.key.arithmetic)
        self._me = me
        self._secrets = secrets
        self._rng = rng


class CommitRound(_AuxRound):
    """Round 1: choose, prove s in the group of t, and commit to all of it."""

    number = 1

    def outgoing(self) -> Outgoing:
        key, trapdoor = self._secrets.key, self._secrets.trapdoor
        context = self._checks.setup_context(self._execution, self._me)
        self._opening = Opening(
            N=key.N,
            N_hat=trapdoor.N_hat,
            s=trapdoor.s,
            t=trapdoor.t,
            prm=prm.prove(context, trapdoor, self._rng),
            rid=self._rng(SEED_BYTES),
            blind=self._rng(SEED_BYTES),
        )
        digest = commitment_to(self._execution, self._me, self._opening)
        return Outgoing(broadcast=Commitment(digest))

    def finalize(self, board: Board) -> Round[AuxInfo]:
        return OpenRound(
            self._execution, self._level, self._me, self._secrets, self._rng, self._opening
        )


class OpenRound(_AuxRound):
    """Round 2: open once everybody has committed; check form and Πprm."""

    number = 2

    def __init__(
        self,
        execution: Execution,
        level: SecurityLevel,
        me: int,
        secrets: AuxSecrets,
        rng: Rng,
        opening: Opening,
    ) -> None:
        super().__init__(execution, level, me, secrets, rng)
        self._opening = opening

    def outgoing(self) -> Outgoing:
        return Outgoing(broadcast=self._opening)

    def finalize(self, board: Board) -> Round[AuxInfo]:
        for fault in (
            "misshapen opening",
            "wrong opening",
            "bad modulus",
            "wrong ring-Pedersen proof",
        ):
            board.require_innocence(fault)
        return ProveRound(self._execution, self._level, self._me, self._secrets, self._rng, board)


class ProveRound(_AuxRound):
    """Round 3: Πmod to all, Πfac to each."""

    number = 3

    def __init__(
        self,
        execution: Execution,
        level: SecurityLevel,
        me: int,
        secrets: AuxSecrets,
        rng: Rng,
        board: Board,
    ) -> None:
        super().__init__(execution, level, me, secrets, rng)
        board.derive(f"ring-Pedersen {me}", lambda: secrets.trapdoor)
        context, key = self._checks.context(board, me), secrets.key
        self._outgoing = Outgoing(
            broadcast=ModulusProof(mod.prove(context, key, rng)),
            direct={
                peer: FactorProof(
                    fac.prove(context, key, self._checks.ring_pedersen(board, peer), rng)
                )
                for peer in execution.others(me)
            },
        )

    def outgoing(self) -> Outgoing:
        return self._outgoing

    def finalize(self, board: Board) -> Round[AuxInfo]:
        board.require_innocence("shared factor")
        board.require_innocence("wrong modulus proof")
        board.require_innocence("wrong factor proof", witness=self._me)
        openings = board.broadcasts(2, Opening)
        arithmetic = self._secrets.key.arithmetic
        public = PublicAuxInfo(
            self._level,
            {i: PaillierKey(opening.N, arithmetic) for i, opening in openings.items()},
            {i: self._checks.ring_pedersen(board, i) for i in openings}
            | {self._me: self._secrets.trapdoor.public},
            self._execution.sid,
            self._epoch,
        )
        return ConfirmRound(AuxInfo(public, self._me, self._secrets.key, self._secrets.trapdoor))


class ConfirmRound(Round[AuxInfo]):
    """Round 4: tell the others, and wait until all have told."""

    number = 4

    def __init__(self, info: AuxInfo) -> None:
        self._info = info

    def outgoing(self) -> Outgoing:
        return Outgoing(broadcast=Confirmation())

    def finalize(self, board: Board) -> Result[AuxInfo]:
        return Result(self._info)
