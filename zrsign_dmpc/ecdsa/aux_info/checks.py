"""What the messages must satisfy, as pure checks for parties and for judges of evidence."""

# ruff: noqa: N806 - letters are the paper's
from math import gcd

from zrsign_dmpc.ecdsa.arithmetic import FAST, Arithmetic
from zrsign_dmpc.ecdsa.aux_info.messages import (
    SEED_BYTES,
    Commitment,
    FactorProof,
    ModulusProof,
    Opening,
)
from zrsign_dmpc.ecdsa.paillier import PaillierKey
from zrsign_dmpc.ecdsa.proofs import fac, mod, prm
from zrsign_dmpc.ecdsa.proofs.context import ProofContext, fails
from zrsign_dmpc.ecdsa.ring_pedersen import RingPedersen
from zrsign_dmpc.ecdsa.security import SecurityLevel
from zrsign_dmpc.run.execution import Check, Execution, Heard
from zrsign_dmpc.wire.encoding import Value
from zrsign_dmpc.wire.transcript import Transcript


def commitment_to(execution: Execution, party: int, opening: Opening) -> bytes:
    """V of round 1."""
    transcript = execution.transcript("commitment", party)
    transcript.absorb("opening", opening.to_value())
    return transcript.challenge_bytes("V", SEED_BYTES)


class AuxChecks:
    """The checks at one level. Each is true when the suspect's messages break the rule."""

    def __init__(self, level: SecurityLevel, arithmetic: Arithmetic = FAST) -> None:
        self.level = level
        self._arithmetic = arithmetic

    def faults(self) -> dict[str, Check]:
        """The checks by the names that accusations use, in the order in which a party runs them."""
        return {
            "misshapen opening": self.misshapen_opening,
            "wrong opening": self.wrong_opening,
            "bad modulus": self.bad_modulus,
            "shared factor": self.shared_factor,
            "wrong ring-Pedersen proof": self.wrong_prm,
            "wrong modulus proof": self.wrong_mod,
            "wrong factor proof": self.wrong_fac,
        }

    def setup_context(self, execution: Execution, prover: int) -> ProofContext:
        """The context of Πprm, which is made before rid is known."""
        return ProofContext(execution.sid, self.level, prover)

    def context(self, board: Heard, prover: int) -> ProofContext:
        """The context of Πmod and Πfac, bound to everybody's contribution to rid."""
        return ProofContext(board.derive("rid", lambda: _joint_id(board)), self.level, prover)

    def ring_pedersen(self, board: Heard, party: int) -> RingPedersen:
        """The party's parameters as opened; its own party puts the trapdoor here."""

        def read() -> RingPedersen:
            opening = board.broadcast(2, party, Opening)
            items = (opening.N_hat, opening.s, opening.t)
            members = len(board.execution.parties.indices)
            return RingPedersen.for_group(self.level, items, members, self._arithmetic)

        return board.derive(f"ring-Pedersen {party}", read)

    def misshapen_opening(self, board: Heard, suspect: int, _: Value) -> bool:
        """rid and blind have 32 bytes."""
        opening = board.broadcast(2, suspect, Opening)
        return len(opening.rid) != SEED_BYTES or len(opening.blind) != SEED_BYTES

    def wrong_opening(self, board: Heard, suspect: int, _: Value) -> bool:
        """The opening is not what was committed to."""
        opening = board.broadcast(2, suspect, Opening)
        committed = board.broadcast(1, suspect, Commitment).digest
        return commitment_to(board.execution, suspect, opening) != committed

    def bad_modulus(self, board: Heard, suspect: int, _: Value) -> bool:
        """N or N̂ has the wrong size or form, or s or t is no proper unit."""
        return board.derive(f"bad modulus {suspect}", lambda: self._bad_modulus(board, suspect))

    def _bad_modulus(self, board: Heard, suspect: int) -> bool:
        opening = board.broadcast(2, suspect, Opening)
        parameters = RingPedersen(self.level, opening.N_hat, opening.s, opening.t)

        def verify() -> None:
            mod.require_modulus(self.level, opening.N)
            mod.require_modulus(self.level, opening.N_hat)
            parameters.require_well_formed()

        return fails(verify)

    def shared_factor(self, board: Heard, suspect: int, _: Value) -> bool:
        """A modulus has a factor in common with another, and its owner went on to round 3.

        Honest moduli are as likely to share a factor as to be factored: nobody knows another's
        before committing to its own.
        """
        board.broadcast(3, suspect, ModulusProof)
        opening = board.broadcast(2, suspect, Opening)
        product = 1
        for party, other in board.broadcasts(2, Opening).items():
            if party != suspect:
                product *= other.N * other.N_hat
        return gcd(opening.N, opening.N_hat) != 1 or gcd(opening.N * opening.N_hat, product) != 1

    def wrong_prm(self, board: Heard, suspect: int, _: Value) -> bool:
        """The suspect's Πprm for its ring-Pedersen parameters fails."""
        if self.bad_modulus(board, suspect, ()):
            return False
        proof = board.broadcast(2, suspect, Opening).prm
        context = self.setup_context(board.execution, suspect)
        return fails(lambda: prm.verify(context, self.ring_pedersen(board, suspect), proof))

    def wrong_mod(self, board: Heard, suspect: int, _: Value) -> bool:
        """The suspect's Πmod for its Paillier modulus fails."""
        if self._unfit(board, suspect):
            return False
        key = PaillierKey(board.broadcast(2, suspect, Opening).N)
        proof = board.broadcast(3, suspect, ModulusProof).mod
        return fails(lambda: mod.verify(self.context(board, suspect), key, proof))

    def wrong_fac(self, board: Heard, suspect: int, witness: Value) -> bool:
        """Πfac to the recipient fails; the witness is the recipient."""
        if not isinstance(witness, int) or witness not in board.execution.others(suspect):
            return False
        if self._unfit(board, suspect) or self._unfit(board, witness):
            return False
        N = board.broadcast(2, suspect, Opening).N
        proof = board.direct(3, suspect, witness, FactorProof).fac
        context = self.context(board, suspect)
        parameters = self.ring_pedersen(board, witness)
        return fails(lambda: fac.verify(context, N, proof, parameters))

    def _unfit(self, board: Heard, party: int) -> bool:
        """A misshapen opening ended the execution in round 2; later faults are moot."""
        return self.misshapen_opening(board, party, ()) or self.bad_modulus(board, party, ())


def _joint_id(board: Heard) -> bytes:
    transcript = Transcript("auxiliary rid")
    transcript.absorb("sid", board.execution.sid)
    for party, opening in board.broadcasts(2, Opening).items():
        transcript.absorb("rid", (party, opening.rid))
    return transcript.challenge_bytes("rid", SEED_BYTES)
