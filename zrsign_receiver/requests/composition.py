"""Simple transactions: a composer proposes the transaction, the ledger holds it against what was
asked.

An approval is about one transaction, so a simple transaction is composed before the policy sees it.
One that goes stale while it waits for approvals (a Solana blockhash expires, an EVM nonce is taken)
is replaced by a new proposal that names the waiting action: that action can no longer execute, and
approvals start again under a new one. What is signed and stuck is `replacements`' business.
"""

from __future__ import annotations

from zrchain_lite.errors import Conflict, InvalidArgument, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.modules.treasury.keeper import TreasuryKeeper
from zrchain_lite.modules.treasury.transactions import MAX_TRANSACTION, Prepared
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains import ChainError, chain_for
from zrsign_receiver.errors import Reason, Rejection
from zrsign_receiver.journey import Journey
from zrsign_receiver.requests import payloads
from zrsign_receiver.requests.signing import COMPOSING_BLOCKS, Signing, status_of
from zrsign_receiver.state import ReceiverState


class Composition:
    """Takes what composers propose, and gives it to be signed."""

    def __init__(
        self,
        state: ReceiverState,
        journey: Journey,
        treasury_keeper: TreasuryKeeper,
        signing: Signing,
    ) -> None:
        self._state = state
        self._journey = journey
        self._treasury = treasury_keeper
        self._signing = signing

    def propose(
        self, ctx: Context, msg: pb.MsgProposeTransaction
    ) -> pb.MsgProposeTransactionResponse:
        """A composer's transaction for a simple transaction; the ledger holds it against what was
        asked.
        """
        request = self.composed_by(ctx, msg.composer, msg.request_id)
        if not self._is_known_proposal(request, msg):
            self._require_proposable(request, msg)
            prepared = self.verified(ctx, request, msg.unsigned_transaction)
            self._state.remove_composable(ctx.store, request)
            request.unsigned_transaction = msg.unsigned_transaction
            self._state.keep_composed(ctx.store, request)
            request.action_id = 0
            self._journey.note(ctx, request, "composed", f"by {msg.composer}")
            try:
                self._signing.submit(ctx, request, prepared)
            except Rejection as rejection:
                self._journey.reject(ctx, request, rejection)
        return pb.MsgProposeTransactionResponse(
            sign_transaction_request_id=request.sign_transaction_request_id,
            action_id=request.action_id,
        )

    def reject(self, ctx: Context, msg: pb.MsgRejectComposition) -> None:
        """A composer says why the transaction cannot be built; the request ends."""
        request = self.composed_by(ctx, msg.composer, msg.request_id)
        if request.status == pb.REQUEST_STATUS_REJECTED:
            return
        if request.status != pb.REQUEST_STATUS_COMPOSING:
            raise Conflict(f"request {request.id} is {status_of(request)}, not COMPOSING")
        if not msg.reason:
            raise InvalidArgument("a composition is rejected with a reason")
        self._state.remove_composable(ctx.store, request)
        rejection = Rejection(Reason.COMPOSITION_REJECTED, msg.reason)
        self._journey.reject(ctx, request, rejection)

    def sweep(self, ctx: Context) -> None:
        """End the simple transactions that no composer could build in time."""
        self._state.composing.sweep(ctx, self._compose_no_longer)

    def _compose_no_longer(self, ctx: Context, request_id: int) -> None:
        request = self._state.request(ctx.store, request_id)
        if request.status == pb.REQUEST_STATUS_COMPOSING:
            self._state.remove_composable(ctx.store, request)
            why = f"no composer proposed a transaction within {COMPOSING_BLOCKS} blocks"
            self._journey.reject(ctx, request, Rejection(Reason.COMPOSITION_TIMEOUT, why))

    def composed_by(self, ctx: Context, composer: str, request_id: int) -> pb.Request:
        """The simple transaction that a registered composer names.

        Raises Unauthorized, NotFound or Conflict.
        """
        if composer not in self._state.params(ctx.store).composers:
            raise Unauthorized(f"{composer} is not a registered composer")
        request = self._state.request(ctx.store, request_id)
        if request.kind != pb.REQUEST_KIND_SIMPLE_TX:
            raise Conflict(
                f"request {request.id} is no simple transaction; nothing is composed for it"
            )
        return request

    def _is_known_proposal(self, request: pb.Request, msg: pb.MsgProposeTransaction) -> bool:
        return bool(msg.unsigned_transaction) and (
            msg.unsigned_transaction == request.unsigned_transaction
        )

    def _require_proposable(self, request: pb.Request, msg: pb.MsgProposeTransaction) -> None:
        if len(msg.unsigned_transaction) > MAX_TRANSACTION:
            raise InvalidArgument(f"a transaction has at most {MAX_TRANSACTION} bytes")
        if request.status == pb.REQUEST_STATUS_COMPOSING and not msg.supersedes_action_id:
            return
        waits = request.status == pb.REQUEST_STATUS_APPROVING
        if waits and msg.supersedes_action_id == request.action_id:
            return
        raise Conflict(
            f"request {request.id} is {status_of(request)} (action {request.action_id}): propose "
            "while it is COMPOSING, or name the waiting action in supersedes_action_id"
        )

    def verified(self, ctx: Context, request: pb.Request, unsigned: bytes) -> Prepared:
        """The proposal, if it does what was asked; raises InvalidArgument."""
        chain = chain_for(request.destination)
        asked = payloads.simple(chain, request.event.sign.payload)
        intent = payloads.intent(chain, asked, self._state.params(ctx.store).max_network_fee)
        public_key = self._treasury.key(ctx, request.key_id).public_key
        try:
            prepared = payloads.transaction(chain, unsigned, public_key)
            chain.verify_intent(prepared.parsed, intent, public_key)
        except (ChainError, Rejection) as error:
            raise InvalidArgument(
                f"the proposal for request {request.id} is refused: {error}"
            ) from error
        return prepared
