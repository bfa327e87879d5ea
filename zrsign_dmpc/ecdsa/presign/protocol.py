"""Presigning in three rounds, and a fourth that confirms or names the culprit.

CGGMP24, Fig. 8: with k = Σ k_i and γ = Σ γ_i, the signers get shares of k/(kγ) = 1/γ and of
x·k/(kγ), and the nonce point Γ = γG. Products k_j γ_i and k_j x_i are shared by Paillier.

1. all broadcast encryptions of k_i and γ_i, and prove to each other that both are in range;
2. only when all proofs hold: Γ_i, and for every other signer j the products D = K_j^γ_i · enc(y)
   and D̂ = K_j^x_i · enc(ŷ), with y and ŷ also under the sender's own key (F, F̂), in range;
3. δ_i = γ_i k_i + Σ (α_ij - y_ij) and, in the exponent of Γ, Δ_i = k_i and S_i = χ_i;
4. if δG = Σ Δ_j and Σ S_j = δX, an empty message that makes round 3 reliable; if not, the proofs
   of Fig. 9 (Πdec, Πaff-g*), which the culprit cannot give.

Sign convention: F holds y and the sender's share of the product is -y, so that Πaff-g is proven as
its figure has it (CGGMP24 puts enc(-β) into D and β into F).
"""

# ruff: noqa: N806 - letters are the paper's
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from zrsign_dmpc.ecdsa.aux_info.info import AuxInfo
from zrsign_dmpc.ecdsa.paillier import PaillierKey, PaillierPrivateKey, Randomizer
from zrsign_dmpc.ecdsa.presign.checks import PresignChecks, require_together
from zrsign_dmpc.ecdsa.presign.messages import (
    NonceProofs,
    Nonces,
    Openings,
    ProductProofs,
    Products,
    Verdict,
)
from zrsign_dmpc.ecdsa.presign.presignature import Presignature, assemble
from zrsign_dmpc.ecdsa.presign.setup import PresignSetup
from zrsign_dmpc.ecdsa.proofs import aff_g, aff_g_star, dec, elog, enc_elg
from zrsign_dmpc.ecdsa.sampling import symmetric
from zrsign_dmpc.ecdsa.spread import IN_ORDER, Spread
from zrsign_dmpc.errors import DmpcError, ParameterError
from zrsign_dmpc.group.curves import SECP256K1, Rng, system_rng
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.run.board import Board
from zrsign_dmpc.run.execution import (
    ROUND_MESSAGE_BYTES,
    Execution,
    IdentityKey,
    Parties,
    Protocol,
    RoundSpec,
)
from zrsign_dmpc.run.rounds import Outgoing, Result, Round
from zrsign_dmpc.run.session import Session

M = TypeVar("M")
NAME: Final = "zrsign-cggmp24-presign-v2"
q: Final = SECP256K1.order
G: Final = SECP256K1.base_mul


def presign_execution(setup: PresignSetup, parties: Parties, execution_id: bytes) -> Execution:
    """One presigning among the setup's signers. `parties` may hold others too."""
    protocol = Protocol(
        name=NAME,
        rounds=(
            RoundSpec(broadcast=Nonces, direct=NonceProofs),
            RoundSpec(broadcast=Products, direct=ProductProofs),
            RoundSpec(broadcast=Openings),
            RoundSpec(broadcast=Verdict, max_bytes=_verdict_bytes(setup)),
        ),
        faults=PresignChecks(setup).faults(),
        context=setup.value(),
    )
    return Execution(
        protocol,
        execution_id,
        parties.subset(setup.signers),
        setup.key.threshold,
        SECP256K1,
        level=setup.aux.level.name,
    )


def _verdict_bytes(setup: PresignSetup) -> int:
    """The size of a verdict with all its proofs at most: six residues modulo N a repetition."""
    level = setup.aux.level
    return len(setup.signers) * level.m * (6 * level.modulus // 8 + 320) + ROUND_MESSAGE_BYTES


def start_presign(
    execution: Execution,
    setup: PresignSetup,
    share: KeyShare,
    aux: AuxInfo,
    identity: IdentityKey,
    rng: Rng = system_rng,
    spread: Spread = IN_ORDER,
) -> Session[Presignature]:
    """This signer's side. `spread` may bring threads, over which counterparties are spread."""
    first = NonceRound(Signer.of(execution, setup, share, aux, rng, spread))
    return Session(execution, share.index, identity, first)


@dataclass(frozen=True)
class Signer:
    """Who presigns: the values that all rounds share. x is the additive key share."""

    execution: Execution
    checks: PresignChecks
    me: int
    key: PaillierPrivateKey = field(repr=False)
    x: int = field(repr=False)
    rng: Rng = field(repr=False)

    @classmethod
    def of(
        cls,
        execution: Execution,
        setup: PresignSetup,
        share: KeyShare,
        aux: AuxInfo,
        rng: Rng,
        spread: Spread = IN_ORDER,
    ) -> "Signer":
        """Raises ParameterError for a share or auxiliary information of another setup."""
        if share.info.key_id != setup.key.key_id or aux.public.digest != setup.aux.digest:
            raise ParameterError("the share or the auxiliary information is not the setup's")
        if aux.index != share.index or share.index not in setup.signers:
            raise ParameterError(f"party {share.index} is not one of the signers {setup.signers}")
        checks = PresignChecks(setup, aux, spread)
        for signer in setup.signers:
            checks.ring_pedersen[signer].prepare()
        return cls(execution, checks, share.index, aux.key, setup.x(share), rng)

    @property
    def others(self) -> tuple[int, ...]:
        """The other signers."""
        return self.execution.others(self.me)

    def for_others(self, make: Callable[[int], M]) -> dict[int, M]:
        """What `make` makes for every other signer."""
        return dict(zip(self.others, self.checks.spread(make, self.others), strict=True))


@dataclass(frozen=True)
class Mask:
    """What hides one product: y, and the randomness of D and F."""

    y: int
    D: Randomizer
    F: Randomizer


@dataclass(frozen=True, repr=False)
class NonceSecrets:
    """k and γ with the randomness of their encryptions."""

    k: int
    gamma: int
    rho: Randomizer
    nu: Randomizer
    a: int
    b: int


class NonceRound(Round[Presignature]):
    """Round 1: choose k and γ, and prove them in range."""

    number = 1

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        group, rng, key = SECP256K1, signer.rng, signer.key
        self._secrets = secrets = NonceSecrets(
            k=group.random_scalar(rng),
            gamma=group.random_scalar(rng),
            rho=key.randomizer(rng),
            nu=key.randomizer(rng),
            a=group.random_scalar(rng),
            b=group.random_scalar(rng),
        )
        Y = G(group.random_scalar(rng))
        self._said = Nonces(
            K=key.encrypt(secrets.k, secrets.rho),
            G=key.encrypt(secrets.gamma, secrets.nu),
            Y=Y,
            A1=G(secrets.a),
            A2=secrets.a * Y + G(secrets.k),
            B1=G(secrets.b),
            B2=secrets.b * Y + G(secrets.gamma),
        )

    def outgoing(self) -> Outgoing:
        return Outgoing(broadcast=self._said, direct=self._signer.for_others(self._proofs))

    def _proofs(self, peer: int) -> NonceProofs:
        signer, secrets = self._signer, self._secrets
        context = signer.checks.context(signer.execution, signer.me)
        rp = signer.checks.ring_pedersen[peer]
        of_k, of_gamma = signer.checks.enc_elg_statements(signer.me, self._said)
        witness_k = enc_elg.Witness(secrets.k, secrets.rho.r, secrets.a)
        witness_gamma = enc_elg.Witness(secrets.gamma, secrets.nu.r, secrets.b)
        return NonceProofs(
            enc_elg.prove(context, of_k, witness_k, rp, signer.rng),
            enc_elg.prove(context, of_gamma, witness_gamma, rp, signer.rng),
        )

    def finalize(self, board: Board) -> Round[Presignature]:
        signer = self._signer
        rule = signer.checks.require_nonces
        require_together(signer.checks, board, rule, "wrong nonce proof", signer.me, signer.rng)
        return ProductRound(signer, self._secrets, self._said, board)


class ProductRound(Round[Presignature]):
    """Round 2: answer every verified K_j with masked products."""

    number = 2

    def __init__(self, signer: Signer, secrets: NonceSecrets, said: Nonces, board: Board) -> None:
        self._signer = signer
        self._secrets = secrets
        self._K = {j: board.broadcast(1, j, Nonces).K for j in signer.others}
        self._masks = {j: self._mask(j) for j in signer.others}
        self._hat_masks = {j: self._mask(j) for j in signer.others}
        self._said = self._products(said)

    def _mask(self, peer: int) -> Mask:
        signer = self._signer
        return Mask(
            symmetric(signer.rng, 1 << signer.checks.level.ell_prime),
            signer.checks.paillier[peer].randomizer(signer.rng),
            signer.key.randomizer(signer.rng),
        )

    def _products(self, said: Nonces) -> Products:
        signer, gamma = self._signer, self._secrets.gamma
        Gamma = G(gamma)
        statement = signer.checks.nonce_point_statement(said, Gamma)
        context = signer.checks.context(signer.execution, signer.me)
        witness = elog.Witness(gamma, self._secrets.b)
        masks, hats = self._masks, self._hat_masks
        return Products(
            Gamma=Gamma,
            D=tuple(signer.for_others(lambda j: self._affine(j, gamma, masks[j])).values()),
            F=tuple(signer.key.encrypt(masks[j].y, masks[j].F) for j in signer.others),
            D_hat=tuple(signer.for_others(lambda j: self._affine(j, signer.x, hats[j])).values()),
            F_hat=tuple(signer.key.encrypt(hats[j].y, hats[j].F) for j in signer.others),
            psi=elog.prove(context, statement, witness, signer.rng),
        )

    def _affine(self, peer: int, x: int, mask: Mask) -> int:
        """K^x · enc(y)."""
        N: PaillierKey = self._signer.checks.paillier[peer]
        return N.power(self._K[peer], x) * N.encrypt(mask.y, mask.D) % N.N2

    def outgoing(self) -> Outgoing:
        return Outgoing(broadcast=self._said, direct=self._signer.for_others(self._proofs))

    def _proofs(self, peer: int) -> ProductProofs:
        signer, checks = self._signer, self._signer.checks
        context = checks.context(signer.execution, signer.me)
        pair = checks.aff_g_statements(signer.execution, signer.me, peer, self._K[peer], self._said)
        witnesses = (
            _witness(self._secrets.gamma, self._masks[peer]),
            _witness(signer.x, self._hat_masks[peer]),
        )
        rp = checks.ring_pedersen[peer]
        return ProductProofs(
            aff_g.prove(context, pair[0], witnesses[0], rp, signer.rng),
            aff_g.prove(context, pair[1], witnesses[1], rp, signer.rng),
        )

    def finalize(self, board: Board) -> Round[Presignature]:
        signer = self._signer
        board.require_innocence("misshapen products")
        board.require_innocence("wrong nonce point")
        rule = signer.checks.require_products
        require_together(signer.checks, board, rule, "wrong product proof", signer.me, signer.rng)
        if signer.checks.nonce_point(board).is_identity:
            # The Γ_j were fixed in round 1: as likely as guessing a key.
            raise DmpcError("the nonce point is the identity: start a new execution")
        return OpeningRound(signer, self._secrets, self._masks, self._hat_masks, board)


def _witness(x: int, mask: Mask) -> aff_g.Witness:
    return aff_g.Witness(x, mask.y, mask.D.r, mask.F.r)


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
                    _witness(x, masks[j]),
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
