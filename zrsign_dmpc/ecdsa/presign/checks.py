"""Statements and checks of presigning, the same for provers, verifiers and judges of evidence."""

# ruff: noqa: N803, N806 - letters are the paper's
from collections.abc import Callable

from zrsign_dmpc.ecdsa.arithmetic import inverse
from zrsign_dmpc.ecdsa.aux_info.info import AuxInfo
from zrsign_dmpc.ecdsa.errors import MalformedValueError
from zrsign_dmpc.ecdsa.paillier import PaillierKey
from zrsign_dmpc.ecdsa.presign.messages import (
    NonceProofs,
    Nonces,
    Openings,
    ProductProofs,
    Products,
    Verdict,
)
from zrsign_dmpc.ecdsa.presign.setup import PresignSetup
from zrsign_dmpc.ecdsa.proofs import aff_g, aff_g_star, dec, elog, enc_elg
from zrsign_dmpc.ecdsa.proofs.batch import EncryptionBatch
from zrsign_dmpc.ecdsa.proofs.context import ProofContext, fails
from zrsign_dmpc.ecdsa.ring_pedersen import RingPedersen
from zrsign_dmpc.ecdsa.spread import IN_ORDER, Spread
from zrsign_dmpc.group.curves import SECP256K1, Point, Rng
from zrsign_dmpc.run.board import Board
from zrsign_dmpc.run.execution import Check, Execution, Heard
from zrsign_dmpc.wire.encoding import Value

G = SECP256K1.base_mul


class PresignChecks:
    """The checks of a presigning, each true when the suspect's messages break the rule.

    With `mine`, one signer's own keys stand in for its public ones: same results, less work.
    """

    def __init__(
        self, setup: PresignSetup, mine: AuxInfo | None = None, spread: Spread = IN_ORDER
    ) -> None:
        self.spread = spread
        self.setup = setup
        self.level = setup.aux.level
        self.paillier: dict[int, PaillierKey] = dict(setup.aux.paillier)
        self.ring_pedersen: dict[int, RingPedersen] = dict(setup.aux.ring_pedersen)
        if mine is not None:
            self.paillier[mine.index] = mine.key
            self.ring_pedersen[mine.index] = mine.trapdoor

    def faults(self) -> dict[str, Check]:
        """The checks by the names that accusations use."""
        return {
            "wrong nonce proof": self._judging(self.require_nonces),
            "misshapen products": self._check(self.require_shape),
            "wrong nonce point": self._check(self.require_nonce_point),
            "wrong product proof": self._judging(self.require_products),
            "wrong opening": self._check(self.require_opening),
            "wrong verdict": self._check(self.require_verdict),
        }

    def _check(self, rule: Callable[[Heard, int], None]) -> Check:
        def check(board: Heard, suspect: int, _: Value) -> bool:
            return fails(lambda: rule(board, suspect))

        return check

    def _judging(self, rule: Callable[[Heard, int, int], None]) -> Check:
        """A check of what the suspect sent to one recipient; the witness is the recipient."""

        def check(board: Heard, suspect: int, witness: Value) -> bool:
            if not isinstance(witness, int) or witness not in board.execution.others(suspect):
                return False
            recipient = int(witness)
            return fails(lambda: rule(board, suspect, recipient))

        return check

    def context(self, execution: Execution, prover: int) -> ProofContext:
        """Proofs are bound to the session id: key, epoch, keys, signers and execution."""
        return ProofContext(execution.sid, self.level, prover)

    # Round 1

    def enc_elg_statements(
        self, i: int, said: Nonces
    ) -> tuple[enc_elg.Statement, enc_elg.Statement]:
        """K holds the k of (A1, A2), G the γ of (B1, B2)."""
        N = self.paillier[i]
        return (
            enc_elg.Statement(N, said.K, said.Y, said.A1, said.A2),
            enc_elg.Statement(N, said.G, said.Y, said.B1, said.B2),
        )

    def require_nonces(
        self, board: Heard, i: int, to: int, batch: EncryptionBatch | None = None
    ) -> None:
        """Πenc-elg of signer i to signer `to`. Raises MalformedValueError."""
        context, rp = self.context(board.execution, i), self.ring_pedersen[to]
        proofs = board.direct(1, i, to, NonceProofs)
        statements = self.enc_elg_statements(i, board.broadcast(1, i, Nonces))
        for statement, proof in zip(statements, (proofs.psi_0, proofs.psi_1), strict=True):
            enc_elg.verify(context, statement, proof, rp, batch)

    # Round 2

    def aff_g_statements(
        self, execution: Execution, i: int, to: int, K: int, said: Products
    ) -> tuple[aff_g.Statement, aff_g.Statement]:
        """D = K^γ enc(y) and D̂ = K^x enc(ŷ) under N_to, with y and ŷ in F and F̂ under N_i."""
        at = execution.others(i).index(to)
        N0, N1 = self.paillier[to], self.paillier[i]
        return (
            aff_g.Statement(N0, N1, K, said.D[at], said.F[at], said.Gamma),
            aff_g.Statement(N0, N1, K, said.D_hat[at], said.F_hat[at], self.setup.X(i)),
        )

    def require_shape(self, board: Heard, i: int) -> None:
        """One unit for every other signer in each list. Raises MalformedValueError."""
        if fault := board.derive(f"shape {i}", lambda: self._misshape(board, i)):
            raise MalformedValueError(fault)

    def _misshape(self, board: Heard, i: int) -> str:
        said = board.broadcast(2, i, Products)
        others = board.execution.others(i)
        for name in ("D", "F", "D_hat", "F_hat"):
            values = getattr(said, name)
            if len(values) != len(others):
                return f"{name} has {len(values)} entries, not {len(others)}"
            for peer, value in zip(others, values, strict=True):
                key = self.paillier[peer if name.startswith("D") else i]
                if not key.is_ciphertext(value):
                    return f"{name} for party {peer} is not a unit modulo N²"
        return ""

    def nonce_point_statement(self, said: Nonces, Gamma: Point) -> elog.Statement:
        """Γ_i = γ_i G for the γ_i of (B1, B2)."""
        return elog.Statement(said.B1, said.B2, said.Y, Gamma, SECP256K1.generator)

    def require_nonce_point(self, board: Heard, i: int) -> None:
        """Πelog of Γ_i. Raises MalformedValueError."""
        said = board.broadcast(2, i, Products)
        statement = self.nonce_point_statement(board.broadcast(1, i, Nonces), said.Gamma)
        elog.verify(self.context(board.execution, i), statement, said.psi)

    def require_products(
        self, board: Heard, i: int, to: int, batch: EncryptionBatch | None = None
    ) -> None:
        """Πaff-g of signer i to signer `to`. Raises MalformedValueError."""
        self.require_shape(board, i)
        context, rp = self.context(board.execution, i), self.ring_pedersen[to]
        proofs = board.direct(2, i, to, ProductProofs)
        K, said = board.broadcast(1, to, Nonces).K, board.broadcast(2, i, Products)
        statements = self.aff_g_statements(board.execution, i, to, K, said)
        for statement, proof in zip(statements, (proofs.psi, proofs.psi_hat), strict=True):
            aff_g.verify(context, statement, proof, rp, batch)

    # Round 3

    def nonce_point(self, board: Heard) -> Point:
        """Γ = Σ Γ_j, the nonce point of the signature."""
        said = board.broadcasts(2, Products)
        return board.derive("Gamma", lambda: SECP256K1.sum(p.Gamma for p in said.values()))

    def opening_statement(self, said: Nonces, Delta: Point, Gamma: Point) -> elog.Statement:
        """Δ_i = k_i Γ for the k_i of (A1, A2)."""
        return elog.Statement(said.A1, said.A2, said.Y, Delta, Gamma)

    def require_opening(self, board: Heard, i: int) -> None:
        """δ_i in 1 to q - 1, and Πelog of Δ_i. Raises MalformedValueError."""
        said, Gamma = board.broadcast(3, i, Openings), self.nonce_point(board)
        if not 0 < said.delta < SECP256K1.order:
            raise MalformedValueError("δ is not in 1 to q - 1")
        statement = self.opening_statement(board.broadcast(1, i, Nonces), said.Delta, Gamma)
        elog.verify(self.context(board.execution, i), statement, said.psi)

    # Round 4

    def failure(self, board: Heard) -> str:
        """'nonce' if δG is not Σ Δ_j, 'chi' if then Σ S_j is not δX, else ''."""
        said = board.broadcasts(3, Openings).values()
        delta = sum(message.delta for message in said) % SECP256K1.order
        if G(delta) != SECP256K1.sum(message.Delta for message in said):
            return "nonce"
        if SECP256K1.sum(message.S for message in said) != delta * self.setup.public_key:
            return "chi"
        return ""

    def dec_statement(self, board: Heard, i: int, failure: str) -> dec.Statement:
        """δ_i (or χ_i) is the plaintext of K_i^γ_i (or K_i^x_i) times what i got and gave."""
        N, execution = self.paillier[i], board.execution
        D = 1
        for j in execution.others(i):
            theirs, mine = board.broadcast(2, j, Products), board.broadcast(2, i, Products)
            got, gave = execution.others(j).index(i), execution.others(i).index(j)
            if failure == "nonce":
                D = D * theirs.D[got] * inverse(mine.F[gave], N.N2) % N.N2
            else:
                D = D * theirs.D_hat[got] * inverse(mine.F_hat[gave], N.N2) % N.N2
        K, opened = board.broadcast(1, i, Nonces).K, board.broadcast(3, i, Openings)
        parties = len(execution.parties.indices)
        if failure == "nonce":
            X = board.broadcast(2, i, Products).Gamma
            return dec.Statement(N, K, D, X, G(opened.delta), SECP256K1.generator, parties)
        return dec.Statement(N, K, D, self.setup.X(i), opened.S, self.nonce_point(board), parties)

    def aff_g_star_statement(self, board: Heard, i: int, to: int, failure: str) -> aff_g.Statement:
        """The statement of the failed half, for everybody."""
        K, said = board.broadcast(1, to, Nonces).K, board.broadcast(2, i, Products)
        pair = self.aff_g_statements(board.execution, i, to, K, said)
        return pair[0] if failure == "nonce" else pair[1]

    def require_verdict(self, board: Heard, i: int) -> None:
        """No proofs if all is well, all proofs if not. Raises MalformedValueError."""
        said, others = board.broadcast(4, i, Verdict), board.execution.others(i)
        failure = board.derive("failure", lambda: self.failure(board))
        expected = (1, len(others)) if failure else (0, 0)
        if (len(said.dec), len(said.aff_g_star)) != expected:
            raise MalformedValueError(f"a verdict on '{failure}' has {expected} proofs")
        if not failure:
            return
        for party in board.execution.parties.indices:
            self.require_shape(board, party)
        context = self.context(board.execution, i)
        dec.verify(context, self.dec_statement(board, i, failure), said.dec[0])
        for to, proof in zip(others, said.aff_g_star, strict=True):
            statement = self.aff_g_star_statement(board, i, to, failure)
            aff_g_star.verify(context, statement, proof)


def require_together(
    checks: PresignChecks,
    board: Board,
    rule: Callable[[Heard, int, int, EncryptionBatch], None],
    fault: str,
    me: int,
    rng: Rng,
) -> None:
    """All others' proofs to me at once; on a failure one by one, as a judge would.

    Raises:
        Blamed: with those whose proofs fail.
    """
    batch = EncryptionBatch(rng)
    try:
        for peer in board.execution.others(me):
            rule(board, peer, me, batch)
        batch.require(checks.spread)
    except MalformedValueError:
        board.require_innocence(fault, witness=me)
        raise
