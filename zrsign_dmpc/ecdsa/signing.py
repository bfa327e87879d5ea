"""Online signing (CGGMP24, Fig. 10): one round, one scalar a signer, every scalar checked.

σ_i = k̃'_i·m + r·χ̃'_i, with the presignature re-randomised as `order` has it. A share is right when
σ_i·Γ' = m·Δ̃_i + r·(S̃_i + shift·Δ̃_i), so a wrong one names its sender without any proof. A
presignature signs one message, ever: two would reveal the key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from zrsign_dmpc.ecdsa.order import Order
from zrsign_dmpc.ecdsa.presign.presignature import Presignature
from zrsign_dmpc.errors import DmpcError, ParameterError
from zrsign_dmpc.group.curves import SECP256K1, Point
from zrsign_dmpc.kept.single_use import SingleUseLedger
from zrsign_dmpc.run.board import Board
from zrsign_dmpc.run.execution import Execution, Heard, IdentityKey, Parties, Protocol, RoundSpec
from zrsign_dmpc.run.rounds import Outgoing, Result, Round
from zrsign_dmpc.run.session import Session
from zrsign_dmpc.wire.encoding import Value
from zrsign_dmpc.wire.records import Record

NAME: Final = "zrsign-cggmp24-sign-v2"
WRONG_SHARE: Final = "wrong signature share"
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
    order: Order, parties: Parties, threshold: int, execution_id: bytes
) -> Execution:
    """One signing. The order's signers are those of its presignature."""

    def wrong_share(board: Heard, suspect: int, _: Value) -> bool:
        return not order.is_right(suspect, board.broadcast(1, suspect, SignatureShare).sigma)

    protocol = Protocol(
        name=NAME,
        rounds=(RoundSpec(broadcast=SignatureShare),),
        faults={WRONG_SHARE: wrong_share},
        context=order.value(),
    )
    signers = parties.subset(order.presignature.signers)
    return Execution(protocol, execution_id, signers, threshold, SECP256K1)


def start_sign(
    execution: Execution,
    order: Order,
    presignature: Presignature,
    identity: IdentityKey,
    ledger: SingleUseLedger,
) -> Session[EcdsaSignature]:
    """This signer's side. `Session.start` raises AlreadyConsumed for a used presignature."""
    first = ShareRound(execution, order, presignature, ledger)
    return Session(execution, presignature.index, identity, first)


class ShareRound(Round[EcdsaSignature]):
    """The only round. The presignature is struck off before the share is computed."""

    number = 1

    def __init__(
        self,
        execution: Execution,
        order: Order,
        presignature: Presignature,
        ledger: SingleUseLedger,
    ) -> None:
        if execution.protocol.context != order.value():
            raise ParameterError("the execution is for another order")
        if presignature.public != order.presignature:
            raise ParameterError("the order is for another presignature")
        self._presignature = presignature
        self._order = order
        self._ledger = ledger

    def outgoing(self) -> Outgoing:
        self._ledger.consume(self._presignature.public.item)
        return Outgoing(broadcast=SignatureShare(self._order.share(self._presignature)))

    def finalize(self, board: Board) -> Result[EcdsaSignature]:
        sigmas = [share.sigma for share in board.broadcasts(1, SignatureShare).values()]
        signature = combine(self._order, sigmas)
        if signature is None:
            board.require_innocence(WRONG_SHARE)
            raise DmpcError("the signature is wrong and all shares are right: presignature damaged")
        return Result(signature)


def combine(order: Order, sigmas: Sequence[int]) -> EcdsaSignature | None:
    """The signature of everybody's shares; None when some share is wrong."""
    s = sum(sigmas) % q
    canonical = all(0 <= sigma < q for sigma in sigmas)
    return finish(order.Gamma, s) if canonical and order.is_signed_by(s) else None


def finish(nonce_point: Point, s: int) -> EcdsaSignature:
    """Low s, and the recovery id: parity of the point's y, flipped with s; 2 more when x ≥ q."""
    encoded = nonce_point.encode()
    x = int.from_bytes(encoded[1:], "big")
    odd, high = encoded[0] == 3, s > q // 2
    return EcdsaSignature(x % q, q - s if high else s, int(odd != high) | 2 * int(x >= q))
