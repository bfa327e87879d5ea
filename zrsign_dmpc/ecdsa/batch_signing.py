"""Online signing of many digests at once: one session, one message a signer, one durable write.

Each order has its own presignature; all presignatures are of one signer set, not necessarily of
one key. Every share is checked as in `signing`, so a wrong one anywhere names its sender. It also
ends the batch: every presignature in it is burned, and the digests are signed again by others.
`MAX_BATCH` bounds what one cheat can burn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from zrsign_dmpc.ecdsa.order import Order
from zrsign_dmpc.ecdsa.presign.presignature import Presignature
from zrsign_dmpc.ecdsa.signing import WRONG_SHARE, EcdsaSignature, combine
from zrsign_dmpc.errors import DmpcError, ParameterError
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_dmpc.kept.single_use import SingleUseLedger
from zrsign_dmpc.run.board import Board
from zrsign_dmpc.run.execution import (
    ONLINE_MESSAGE_BYTES,
    Execution,
    Heard,
    IdentityKey,
    Parties,
    Protocol,
    RoundSpec,
)
from zrsign_dmpc.run.rounds import Outgoing, Result, Round
from zrsign_dmpc.run.session import Session
from zrsign_dmpc.wire.encoding import Value
from zrsign_dmpc.wire.records import Record

NAME: Final = "zrsign-cggmp24-sign-batch-v2"
MAX_BATCH: Final = 64


@dataclass(frozen=True)
class SignatureShares(Record):
    """Round 1, broadcast: σ_i of every order."""

    TAG: ClassVar[str] = "sign-shares"

    sigmas: tuple[int, ...]


def sign_batch_execution(
    orders: Sequence[Order], parties: Parties, threshold: int, execution_id: bytes
) -> Execution:
    """One signing of 1 to MAX_BATCH orders.

    Raises:
        ParameterError: too few or too many, a presignature twice, or other signers.
    """
    if not 1 <= len(orders) <= MAX_BATCH:
        raise ParameterError(f"a batch has 1 to {MAX_BATCH} digests, not {len(orders)}")
    if len({order.presignature.id for order in orders}) != len(orders):
        raise ParameterError("a presignature signs one digest, ever: one is in the batch twice")
    if len(signers := {order.presignature.signers for order in orders}) != 1:
        raise ParameterError(f"the presignatures of a batch are of one signer set, not {signers}")

    def wrong_share(board: Heard, suspect: int, _: Value) -> bool:
        sigmas = board.broadcast(1, suspect, SignatureShares).sigmas
        return len(sigmas) != len(orders) or not all(
            order.is_right(suspect, sigma) for order, sigma in zip(orders, sigmas, strict=True)
        )

    protocol = Protocol(
        name=NAME,
        rounds=(RoundSpec(broadcast=SignatureShares, max_bytes=ONLINE_MESSAGE_BYTES),),
        faults={WRONG_SHARE: wrong_share},
        context=tuple(order.value() for order in orders),
    )
    return Execution(protocol, execution_id, parties.subset(signers.pop()), threshold, SECP256K1)


def start_sign_batch(
    execution: Execution,
    orders: Sequence[Order],
    presignatures: Sequence[Presignature],
    identity: IdentityKey,
    ledger: SingleUseLedger,
) -> Session[tuple[EcdsaSignature, ...]]:
    """This signer's side; signatures come in the sequence of the orders.

    `Session.start` raises AlreadyConsumed if any presignature was used, and uses none then.
    """
    first = BatchRound(execution, orders, presignatures, ledger)
    return Session(execution, presignatures[0].index, identity, first)


class BatchRound(Round[tuple[EcdsaSignature, ...]]):
    """The only round. All presignatures are struck off before the first share is computed."""

    number = 1

    def __init__(
        self,
        execution: Execution,
        orders: Sequence[Order],
        presignatures: Sequence[Presignature],
        ledger: SingleUseLedger,
    ) -> None:
        self._orders, self._presignatures = tuple(orders), tuple(presignatures)
        if execution.protocol.context != tuple(order.value() for order in orders):
            raise ParameterError("the execution is for other orders")
        if [made.public for made in presignatures] != [order.presignature for order in orders]:
            raise ParameterError("the orders are for other presignatures")
        if len({made.index for made in presignatures}) != 1:
            raise ParameterError("the presignatures are of different parties")
        self._ledger = ledger

    def outgoing(self) -> Outgoing:
        self._ledger.consume_all([made.public.item for made in self._presignatures])
        pairs = zip(self._orders, self._presignatures, strict=True)
        return Outgoing(broadcast=SignatureShares(tuple(o.share(made) for o, made in pairs)))

    def finalize(self, board: Board) -> Result[tuple[EcdsaSignature, ...]]:
        shares = [each.sigmas for each in board.broadcasts(1, SignatureShares).values()]
        if all(len(sigmas) == len(self._orders) for sigmas in shares):
            found = [
                combine(order, sigmas)
                for order, sigmas in zip(self._orders, zip(*shares, strict=True), strict=True)
            ]
            signatures = tuple(signature for signature in found if signature is not None)
            if len(signatures) == len(found):
                return Result(signatures)
        board.require_innocence(WRONG_SHARE)
        raise DmpcError("a signature is wrong and all shares are right: presignature damaged")
