"""Online signing of many digests at once: one session, one message a signer, one durable write.

Each digest has its own presignature; all presignatures are of one signer set, not necessarily of
one key. Every share is checked as in `signing`, so a wrong one anywhere names its sender. It also
ends the batch: every presignature in it is burned, and the digests are signed again by others.
`MAX_BATCH` bounds what one cheat can burn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from zrsign_dmpc.ecdsa.presign.presignature import Presignature, PublicPresignature
from zrsign_dmpc.ecdsa.signing import (
    WRONG_SHARE,
    EcdsaSignature,
    combine,
    require_signable,
    share_is_right,
    share_of,
)
from zrsign_dmpc.errors import DmpcError, ParameterError
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_dmpc.kept.single_use import SingleUseLedger
from zrsign_dmpc.run.board import Board
from zrsign_dmpc.run.execution import Execution, Heard, IdentityKey, Parties, Protocol, RoundSpec
from zrsign_dmpc.run.rounds import Outgoing, Result, Round
from zrsign_dmpc.run.session import Session
from zrsign_dmpc.wire.encoding import Value
from zrsign_dmpc.wire.records import Record

NAME: Final = "zrsign-cggmp24-sign-batch-v1"
MAX_BATCH: Final = 64


@dataclass(frozen=True)
class Order:
    """A digest, and the presignature that signs it."""

    presignature: PublicPresignature
    digest: bytes


@dataclass(frozen=True)
class SignatureShares(Record):
    """Round 1, broadcast: σ_i of every order."""

    TAG: ClassVar[str] = "sign-shares"

    sigmas: tuple[int, ...]


def sign_batch_execution(
    orders: Sequence[Order], parties: Parties, threshold: int, execution_id: bytes
) -> Execution:
    """One signing of 1 to MAX_BATCH digests, which the caller computed or checked.

    Raises:
        ParameterError: too few or too many, a presignature twice, other signers, or what
            `sign_execution` refuses.
    """
    if not 1 <= len(orders) <= MAX_BATCH:
        raise ParameterError(f"a batch has 1 to {MAX_BATCH} digests, not {len(orders)}")
    if len({order.presignature.id for order in orders}) != len(orders):
        raise ParameterError("a presignature signs one digest, ever: one is in the batch twice")
    if len(signers := {order.presignature.signers for order in orders}) != 1:
        raise ParameterError(f"the presignatures of a batch are of one signer set, not {signers}")
    for order in orders:
        require_signable(order.presignature, order.digest)

    def wrong_share(board: Heard, suspect: int, _: Value) -> bool:
        sigmas = board.broadcast(1, suspect, SignatureShares).sigmas
        return len(sigmas) != len(orders) or not all(
            share_is_right(order.presignature, order.digest, suspect, sigma)
            for order, sigma in zip(orders, sigmas, strict=True)
        )

    protocol = Protocol(
        name=NAME,
        rounds=(RoundSpec(broadcast=SignatureShares),),
        faults={WRONG_SHARE: wrong_share},
        context=_context(orders),
    )
    return Execution(protocol, execution_id, parties.subset(signers.pop()), threshold, SECP256K1)


def start_sign_batch(
    execution: Execution,
    presignatures: Sequence[Presignature],
    digests: Sequence[bytes],
    identity: IdentityKey,
    ledger: SingleUseLedger,
) -> Session[tuple[EcdsaSignature, ...]]:
    """This signer's side; signatures come in the order of the digests.

    `Session.start` raises AlreadyConsumed if any presignature was used, and uses none then.
    """
    first = BatchRound(execution, presignatures, digests, ledger)
    return Session(execution, presignatures[0].index, identity, first)


class BatchRound(Round[tuple[EcdsaSignature, ...]]):
    """The only round. All presignatures are struck off before the first share is computed."""

    number = 1

    def __init__(
        self,
        execution: Execution,
        presignatures: Sequence[Presignature],
        digests: Sequence[bytes],
        ledger: SingleUseLedger,
    ) -> None:
        pairs = zip(presignatures, digests, strict=True)
        self._orders = tuple(Order(made.public, digest) for made, digest in pairs)
        if execution.protocol.context != _context(self._orders):
            raise ParameterError("the execution is for other presignatures or digests")
        if len({made.index for made in presignatures}) != 1:
            raise ParameterError("the presignatures are of different parties")
        self._presignatures = tuple(presignatures)
        self._ledger = ledger

    def outgoing(self) -> Outgoing:
        self._ledger.consume_all([order.presignature.item for order in self._orders])
        pairs = zip(self._presignatures, self._orders, strict=True)
        return Outgoing(
            broadcast=SignatureShares(tuple(share_of(made, order.digest) for made, order in pairs))
        )

    def finalize(self, board: Board) -> Result[tuple[EcdsaSignature, ...]]:
        shares = [each.sigmas for each in board.broadcasts(1, SignatureShares).values()]
        if all(len(sigmas) == len(self._orders) for sigmas in shares):
            found = [
                combine(order.presignature, order.digest, sigmas)
                for order, sigmas in zip(self._orders, zip(*shares, strict=True), strict=True)
            ]
            signatures = tuple(signature for signature in found if signature is not None)
            if len(signatures) == len(found):
                return Result(signatures)
        board.require_innocence(WRONG_SHARE)
        raise DmpcError("a signature is wrong and all shares are right: presignature damaged")


def _context(orders: Sequence[Order]) -> Value:
    return tuple((order.presignature.digest, order.digest) for order in orders)
