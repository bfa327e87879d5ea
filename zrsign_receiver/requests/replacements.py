"""A simple transaction that is stuck: the same payment is signed again at a higher fee.

    DELIVERING ──proposed──▶ being signed ──▶ relayers carry it beside those before

Only the fee may differ, and it stays within the cap, so the approval that the workspace gave holds,
as long as its policy still guards the key. Of all that are signed only one can land: they share a
nonce, or their first coins. The request itself, and what a contract is answered, stay as they were.
"""

from __future__ import annotations

from zrchain_lite.errors import Conflict, InvalidArgument
from zrchain_lite.module import Context
from zrchain_lite.modules.policy.keeper import PolicyKeeper
from zrchain_lite.modules.treasury.keeper import TreasuryKeeper
from zrchain_lite.modules.treasury.transactions import MAX_TRANSACTION, Prepared
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrchain_lite.wire.zrsign.receiver import state_pb2 as kept
from zrsign_chains import ChainError, chain_for
from zrsign_receiver.answers.deliveries import Deliveries
from zrsign_receiver.journey import Journey
from zrsign_receiver.requests.composition import Composition
from zrsign_receiver.state import ReceiverState, max_keyring_fee

MAX_REPLACEMENTS = 10
"""How often one request's transaction is replaced: each time the keyring is paid."""


class Replacements:
    """Takes proposals for what is on its way already, and their signatures."""

    def __init__(
        self,
        state: ReceiverState,
        journey: Journey,
        policy: PolicyKeeper,
        treasury_keeper: TreasuryKeeper,
        composition: Composition,
        deliveries: Deliveries,
    ) -> None:
        self._state = state
        self._journey = journey
        self._policy = policy
        self._treasury = treasury_keeper
        self._composition = composition
        self._deliveries = deliveries

    def propose(
        self, ctx: Context, msg: pb.MsgProposeTransaction
    ) -> pb.MsgProposeTransactionResponse:
        """Have a composer's transaction signed in place of the newest that is stuck.

        The same proposal again changes nothing. Raises Unauthorized, InvalidArgument, Conflict, or
        what keeps the keyring from being asked.
        """
        request = self._composition.composed_by(ctx, msg.composer, msg.request_id)
        if not self._is_known(ctx, request, msg):
            self._require_replaceable(ctx, request, msg)
            prepared = self._verified(ctx, request, msg.unsigned_transaction)
            self._require_approved(ctx, request)
            self._ask_keyring(ctx, request, prepared)
        newest = request.replacements[-1].sign_transaction_request_id
        return pb.MsgProposeTransactionResponse(
            sign_transaction_request_id=newest, action_id=request.action_id
        )

    def ended(self, ctx: Context, request: pb.Request, sign_request: treasury.SignRequest) -> None:
        """Treasury hook: a replacement is signed, or will not be."""
        newest = request.replacements[-1]
        if sign_request.status != treasury.SIGN_REQUEST_STATUS_FULFILLED:
            del request.replacements[-1]
            self._journey.note(ctx, request, "replacement_failed", sign_request.reject_reason)
            return
        newest.signed = True
        carried = self._deliveries.carries(request)
        if carried:
            self._deliveries.replace(ctx, request, newest)
        step = "replaced" if carried else "replacement_unused"
        detail = f"sign-transaction request {newest.sign_transaction_request_id}"
        self._journey.note(ctx, request, step, detail)

    def _is_known(self, ctx: Context, request: pb.Request, msg: pb.MsgProposeTransaction) -> bool:
        return bool(request.replacements) and (
            msg.unsigned_transaction == self._newest(ctx, request).unsigned_transaction
        )

    def _require_replaceable(
        self, ctx: Context, request: pb.Request, msg: pb.MsgProposeTransaction
    ) -> None:
        if len(msg.unsigned_transaction) > MAX_TRANSACTION:
            raise InvalidArgument(f"a transaction has at most {MAX_TRANSACTION} bytes")
        if not self._deliveries.carries(request):
            raise Conflict(f"request {request.id} has no transaction on its way")
        newest = self._newest(ctx, request).id
        if msg.replaces_sign_transaction_request_id != newest:
            raise Conflict(
                f"the newest transaction of request {request.id} is that of sign-transaction "
                f"request {newest}, not {msg.replaces_sign_transaction_request_id}"
            )
        if request.replacements and not request.replacements[-1].signed:
            raise Conflict(f"sign-transaction request {newest} is being signed already")
        if len(request.replacements) >= MAX_REPLACEMENTS:
            raise Conflict(f"request {request.id} was replaced {MAX_REPLACEMENTS} times already")

    def _verified(self, ctx: Context, request: pb.Request, unsigned: bytes) -> Prepared:
        prepared = self._composition.verified(ctx, request, unsigned)
        chain = chain_for(request.destination)
        try:
            stuck = chain.parse(self._newest(ctx, request).unsigned_transaction)
            chain.verify_replacement(stuck, prepared.parsed)
        except ChainError as error:
            raise InvalidArgument(
                f"the replacement for request {request.id} is refused: {error}"
            ) from error
        return prepared

    def _require_approved(self, ctx: Context, request: pb.Request) -> None:
        """Raises Conflict when another policy guards the key than the one that agreed."""
        key = self._treasury.key(ctx, request.key_id)
        action = self._policy.action(ctx, request.action_id)
        self._policy.require_current(action, self._treasury.sign_policy_id(ctx, key))

    def _ask_keyring(self, ctx: Context, request: pb.Request, prepared: Prepared) -> None:
        params = self._state.params(ctx.store)
        asked = self._treasury.request_sign_transaction(
            ctx,
            prepared,
            creator=request.owner_id,
            key_ids=[request.key_id] * len(prepared.items),
            no_broadcast=False,
            fee_payer=params.fee_payer,
            max_fee=max_keyring_fee(params),
        )
        link = kept.SignatureLink(request_id=request.id, replacement=True)
        self._state.links.set(ctx.store, asked.sign_request_id, link)
        request.replacements.add(sign_transaction_request_id=asked.id)
        detail = f"sign request {asked.sign_request_id} under action {request.action_id}"
        self._journey.note(ctx, request, "replacing", detail)

    def _newest(self, ctx: Context, request: pb.Request) -> treasury.SignTransactionRequest:
        number = request.sign_transaction_request_id
        if request.replacements:
            number = request.replacements[-1].sign_transaction_request_id
        return self._treasury.sign_transaction_request(ctx, number)
