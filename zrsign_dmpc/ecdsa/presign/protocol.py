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
from typing import Final

from zrsign_dmpc.ecdsa.aux_info.info import AuxInfo
from zrsign_dmpc.ecdsa.paillier import PaillierKey
from zrsign_dmpc.ecdsa.presign.checks import PresignChecks, require_together
from zrsign_dmpc.ecdsa.presign.messages import (
    NonceProofs,
    Nonces,
    Openings,
    ProductProofs,
    Products,
    Verdict,
)
from zrsign_dmpc.ecdsa.presign.opening import OpeningRound
from zrsign_dmpc.ecdsa.presign.presignature import Presignature
from zrsign_dmpc.ecdsa.presign.setup import PresignSetup
from zrsign_dmpc.ecdsa.presign.signer import Mask, NonceSecrets, Signer, witness
from zrsign_dmpc.ecdsa.proofs import aff_g, elog, enc_elg
from zrsign_dmpc.ecdsa.sampling import symmetric
from zrsign_dmpc.ecdsa.spread import IN_ORDER, Spread
from zrsign_dmpc.errors import DmpcError
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
from zrsign_dmpc.run.rounds import Outgoing, Round
from zrsign_dmpc.run.session import Session

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
            witness(self._secrets.gamma, self._masks[peer]),
            witness(signer.x, self._hat_masks[peer]),
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
