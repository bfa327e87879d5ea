"""The rounds of a presigning that open what was made, and confirm it or name the culprit."""

# ruff: noqa: N806 - letters are the paper's
from collections.abc import Callable
from typing import Final

from zrsign_dmpc.ecdsa.presign.messages import Nonces, Openings, Products, Verdict
from zrsign_dmpc.ecdsa.presign.presignature import Presignature, assemble
from zrsign_dmpc.ecdsa.presign.signer import Mask, NonceSecrets, Signer, witness
from zrsign_dmpc.ecdsa.proofs import aff_g_star, dec, elog
from zrsign_dmpc.errors import DmpcError
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_dmpc.run.board import Board
from zrsign_dmpc.run.rounds import Outgoing, Result, Round

q: Final = SECP256K1.order


class OpeningRound(Round[Presignature]):
    """Round 3: open δ, and k and χ in the exponent of Γ."""

    number = 3

    def __init__(
        self,
        signer: Signer,
        secrets: NonceSecrets,
        masks: dict[int, Mask],
        hat_masks: dict[int, Mask],
        board: Board,
    ) -> None:
        self._signer = signer
        self._secrets = secrets
        self._masks = masks
        self._hat_masks = hat_masks
        self._delta = secrets.gamma * secrets.k + self._shares(board, masks, "D")
        self._chi = signer.x * secrets.k + self._shares(board, hat_masks, "D_hat")
        self._said = self._opening(board)

    def _shares(self, board: Board, masks: dict[int, Mask], name: str) -> int:
        """Σ (α_ij - y_ij) over the integers."""
        signer, total = self._signer, 0
        for j in signer.others:
            at = signer.execution.others(j).index(signer.me)
            D = getattr(board.broadcast(2, j, Products), name)[at]
            total += signer.key.decrypt(D) - masks[j].y
        return total

    def _opening(self, board: Board) -> Openings:
        signer, k = self._signer, self._secrets.k
        Gamma = signer.checks.nonce_point(board)
        Delta = k * Gamma
        mine = board.broadcast(1, signer.me, Nonces)
        context = signer.checks.context(signer.execution, signer.me)
        statement = signer.checks.opening_statement(mine, Delta, Gamma)
        witness = elog.Witness(k, self._secrets.a)
        return Openings(
            delta=self._delta % q,
            Delta=Delta,
            S=self._chi % q * Gamma,
            psi=elog.prove(context, statement, witness, signer.rng),
        )

    def outgoing(self) -> Outgoing:
        return Outgoing(broadcast=self._said)

    def finalize(self, board: Board) -> Round[Presignature]:
        board.require_innocence("wrong opening")
        failure = self._signer.checks.failure(board)
        if failure == "nonce":
            verdict = self._verdict(board, failure, self._secrets.gamma, self._delta, self._masks)
            return VerdictRound(verdict, None)
        if failure == "chi":
            verdict = self._verdict(board, failure, self._signer.x, self._chi, self._hat_masks)
            return VerdictRound(verdict, None)
        return VerdictRound(Verdict((), ()), lambda: self._presignature(board))

    def _verdict(
        self, board: Board, failure: str, x: int, y: int, masks: dict[int, Mask]
    ) -> Verdict:
        signer, checks = self._signer, self._signer.checks
        context = checks.context(signer.execution, signer.me)
        statement = checks.dec_statement(board, signer.me, failure)
        N = signer.key
        rho = N.nth_root(N.power(statement.K, x) * statement.D % N.N2)
        return Verdict(
            dec=(dec.prove(context, statement, dec.Witness(x, y, rho), signer.rng),),
            aff_g_star=tuple(
                aff_g_star.prove(
                    context,
                    checks.aff_g_star_statement(board, signer.me, j, failure),
                    witness(x, masks[j]),
                    signer.rng,
                )
                for j in signer.others
            ),
        )

    def _presignature(self, board: Board) -> Presignature:
        signer = self._signer
        said = board.broadcasts(3, Openings)
        delta = sum(message.delta for message in said.values()) % q
        if delta == 0:
            raise DmpcError("δ is zero: start a new execution")
        public = assemble(
            signer.checks.setup,
            signer.execution.sid,
            signer.checks.nonce_point(board),
            delta,
            {j: (message.Delta, message.S) for j, message in said.items()},
        )
        inverse = pow(delta, -1, q)
        k, chi = self._secrets.k * inverse % q, int(self._chi * inverse % q)
        return Presignature(public, signer.me, k, chi)


class VerdictRound(Round[Presignature]):
    """Round 4: confirm, or show that somebody else is the reason of the failure."""

    number = 4

    def __init__(self, verdict: Verdict, finish: Callable[[], Presignature] | None) -> None:
        self._verdict = verdict
        self._finish = finish

    def outgoing(self) -> Outgoing:
        return Outgoing(broadcast=self._verdict)

    def finalize(self, board: Board) -> Result[Presignature]:
        board.require_innocence("wrong verdict")
        if self._finish is None:
            raise DmpcError("all others are innocent: this party's own state is damaged")
        return Result(self._finish())
