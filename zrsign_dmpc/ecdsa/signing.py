"""Online signing (CGGMP24, Fig. 10): one round, one scalar a signer, every scalar checked.

σ_i = k̃_i·m + r·χ̃_i. A share is right when σ_i·Γ = m·Δ̃_i + r·S̃_i, so a wrong one names its sender
without any proof. A presignature signs one message, ever: two would reveal the key.
"""

# ruff: noqa: N803 - letters are the paper's
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from zrsign_dmpc.ecdsa.presign.presignature import Presignature, PublicPresignature
from zrsign_dmpc.errors import DmpcError, ParameterError
from zrsign_dmpc.group.curves import SECP256K1, Point
from zrsign_dmpc.kept.single_use import SingleUseLedger
from zrsign_dmpc.run.board import Board
from zrsign_dmpc.run.execution import Execution, Heard, IdentityKey, Parties, Protocol, RoundSpec
from zrsign_dmpc.run.rounds import Outgoing, Result, Round
from zrsign_dmpc.run.session import Session
from zrsign_dmpc.wire.encoding import Value
from zrsign_dmpc.wire.records import Record

NAME: Final = "zrsign-cggmp24-sign-v1"
WRONG_SHARE: Final = "wrong signature share"
DIGEST_BYTES: Final = 32
q: Final = SECP256K1.order


@dataclass(frozen=True)
class SignatureShare(Record):
    """Round 1, broadcast: σ_i."""

    TAG: ClassVar[str] = "sign-share"

    sigma: int


@dataclass(frozen=True)
class EcdsaSignature:
    """r, s with s at most q/2 (BIP 146, EIP-2), and the recovery id, 0 to 3."""

    r: int
    s: int
    recovery_id: int

    def encode(self) -> bytes:
        """r ‖ s ‖ recovery id: 65 bytes."""
        return self.r.to_bytes(32, "big") + self.s.to_bytes(32, "big") + bytes([self.recovery_id])


def sign_execution(
    presignature: PublicPresignature,
    message_digest: bytes,
    parties: Parties,
    threshold: int,
    execution_id: bytes,
) -> Execution:
    """One signing. The digest must be a hash that the engine's caller computed or checked."""
    require_signable(presignature, message_digest)

    def wrong_share(board: Heard, suspect: int, _: Value) -> bool:
        sigma = board.broadcast(1, suspect, SignatureShare).sigma
        return not share_is_right(presignature, message_digest, suspect, sigma)

    protocol = Protocol(
        name=NAME,
        rounds=(RoundSpec(broadcast=SignatureShare),),
        faults={WRONG_SHARE: wrong_share},
        context=(presignature.digest, message_digest),
    )
    signers = parties.subset(presignature.signers)
    return Execution(protocol, execution_id, signers, threshold, SECP256K1)


def require_signable(presignature: PublicPresignature, message_digest: bytes) -> None:
    """Raises ParameterError for a digest of another size or a presignature that cannot sign."""
    if len(message_digest) != DIGEST_BYTES:
        raise ParameterError(f"a digest has {DIGEST_BYTES} bytes, not {len(message_digest)}")
    if not presignature.is_consistent():
        raise ParameterError("the presignature does not fit its public key")


def start_sign(
    execution: Execution,
    presignature: Presignature,
    message_digest: bytes,
    identity: IdentityKey,
    ledger: SingleUseLedger,
) -> Session[EcdsaSignature]:
    """This signer's side. `Session.start` raises AlreadyConsumed for a used presignature."""
    first = ShareRound(execution, presignature, message_digest, ledger)
    return Session(execution, presignature.index, identity, first)


class ShareRound(Round[EcdsaSignature]):
    """The only round. The presignature is struck off before the share is computed."""

    number = 1

    def __init__(
        self,
        execution: Execution,
        presignature: Presignature,
        message_digest: bytes,
        ledger: SingleUseLedger,
    ) -> None:
        if execution.protocol.context != (presignature.public.digest, message_digest):
            raise ParameterError("the execution is for another presignature or digest")
        self._presignature = presignature
        self._digest = message_digest
        self._ledger = ledger

    def outgoing(self) -> Outgoing:
        self._ledger.consume(self._presignature.public.item)
        return Outgoing(broadcast=SignatureShare(share_of(self._presignature, self._digest)))

    def finalize(self, board: Board) -> Result[EcdsaSignature]:
        sigmas = [share.sigma for share in board.broadcasts(1, SignatureShare).values()]
        signature = combine(self._presignature.public, self._digest, sigmas)
        if signature is None:
            board.require_innocence(WRONG_SHARE)
            raise DmpcError("the signature is wrong and all shares are right: presignature damaged")
        return Result(signature)


def share_of(presignature: Presignature, message_digest: bytes) -> int:
    """σ_i. The presignature must have been struck off."""
    r, m = nonce_x(presignature.public), int.from_bytes(message_digest, "big")
    return (presignature.k * m + r * presignature.chi) % q


def combine(
    public: PublicPresignature, message_digest: bytes, sigmas: Sequence[int]
) -> EcdsaSignature | None:
    """The signature of everybody's shares; None when some share is wrong."""
    s = sum(sigmas) % q
    canonical = all(0 <= sigma < q for sigma in sigmas)
    if not canonical or not _fits(public, message_digest, s, public.public_key):
        return None
    return finish(public.Gamma, s)


def nonce_x(public: PublicPresignature) -> int:
    """r, the x coordinate of Γ modulo q."""
    return int.from_bytes(public.Gamma.encode()[1:], "big") % q


def share_is_right(
    public: PublicPresignature, message_digest: bytes, signer: int, sigma: int
) -> bool:
    """0 ≤ σ < q and σΓ = mΔ̃ + rS̃."""
    place = public.signers.index(signer)
    m, r = int.from_bytes(message_digest, "big"), nonce_x(public)
    right = SECP256K1.multi_mul((m, r), (public.Delta[place], public.S[place]))
    return 0 <= sigma < q and sigma * public.Gamma == right


def _fits(public: PublicPresignature, message_digest: bytes, s: int, X: Point) -> bool:
    """sΓ = mG + rX, which is ECDSA's verification; r and s are not zero."""
    m, r = int.from_bytes(message_digest, "big"), nonce_x(public)
    return 0 not in (r, s) and s * public.Gamma == SECP256K1.base_mul(m) + r * X


def finish(Gamma: Point, s: int) -> EcdsaSignature:
    """Low s, and the recovery id: parity of Γ's y, flipped with s; 2 more when Γ's x is over q."""
    encoded = Gamma.encode()
    x = int.from_bytes(encoded[1:], "big")
    odd, high = encoded[0] == 3, s > q // 2
    return EcdsaSignature(x % q, q - s if high else s, int(odd != high) | 2 * int(x >= q))
