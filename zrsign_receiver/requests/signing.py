"""Sign requests: the wallet's sign policy first, then the keyring.

    hash, data, tx   -> APPROVING -> SIGNING
    simple tx        -> COMPOSING -> APPROVING -> SIGNING

What happens while a request is COMPOSING is in `composition`.
"""

from __future__ import annotations

import hashlib
from typing import Any, TypeAlias

from zrchain_lite.errors import (
    Conflict,
    InsufficientFunds,
    LedgerError,
)
from zrchain_lite.module import Context
from zrchain_lite.modules.policy.keeper import PolicyKeeper
from zrchain_lite.modules.treasury.keeper import TreasuryKeeper
from zrchain_lite.modules.treasury.requests import FeeTooHigh
from zrchain_lite.modules.treasury.transactions import Prepared, policy_data
from zrchain_lite.wire.zrchain.policy import policy_pb2 as policy_wire
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrchain_lite.wire.zrsign.receiver import state_pb2 as kept
from zrsign_chains import chain_for
from zrsign_receiver.answers.answers import ContractAnswers
from zrsign_receiver.errors import Reason, Rejection, unapproved
from zrsign_receiver.journey import Journey, savepoint
from zrsign_receiver.requests import payloads
from zrsign_receiver.requests.ownership import owner_id
from zrsign_receiver.state import ReceiverState, max_keyring_fee

EXECUTE_REQUEST = "/" + pb.ExecuteRequest.DESCRIPTOR.full_name

# A composer says sooner why it cannot; this is for where there is none.
COMPOSING_BLOCKS = 1000

_TRANSACTIONS = frozenset((pb.REQUEST_KIND_TX, pb.REQUEST_KIND_SIMPLE_TX))

# One item, or a transaction that was read already.
Signable: TypeAlias = bytes | Prepared


class Signing:
    """Starts sign requests; composers, the policy and the treasury move them on."""

    def __init__(
        self,
        state: ReceiverState,
        journey: Journey,
        policy: PolicyKeeper,
        treasury_keeper: TreasuryKeeper,
        answers: ContractAnswers,
    ) -> None:
        self._state = state
        self._journey = journey
        self._policy = policy
        self._treasury = treasury_keeper
        self._answers = answers
        policy.register_action(EXECUTE_REQUEST, self.execute)

    def start(self, ctx: Context, request: pb.Request) -> None:
        """Ask for the signature or a composition; raises Rejection when it cannot be served."""
        ask = request.event.sign
        request.owner_id = owner_id(request.event)
        payloads.check_shape(ask)
        wallet_type = payloads.wallet_type(ask.wallet_type_id)
        request.coin_type = wallet_type.coin_type
        destinations = self._state.params(ctx.store).destinations
        chain = payloads.destination(ask.dst_chain_id, wallet_type, destinations)
        request.destination = chain.caip2
        if ask.kind in _TRANSACTIONS:
            payloads.require_signable(chain)
        self._take_wallet(ctx, request)
        if ask.kind == pb.REQUEST_KIND_SIMPLE_TX:
            asked = payloads.simple(chain, ask.payload)
            self._state.add_composable(ctx.store, request)
            self._state.composing.add(ctx.store, ctx.height + COMPOSING_BLOCKS, request.id)
            detail = f"{asked.value} to {asked.to} on {request.destination}"
            self._journey.advance(ctx, request, pb.REQUEST_STATUS_COMPOSING, "composing", detail)
            return
        if ask.kind == pb.REQUEST_KIND_TX:
            request.unsigned_transaction = ask.payload
        self.submit(ctx, request, self._signable(ctx, request))

    # Policy

    def execute(
        self, ctx: Context, action: policy_wire.Action, msg: Any
    ) -> pb.ExecuteRequestResponse:
        """Policy callback: the workspace agrees. Raises Conflict when the action is about something
        else by now, or another policy guards the key than the one that agreed.
        """
        request = self._state.request(ctx.store, msg.request_id)
        superseded = request.action_id not in (0, action.id)
        if superseded or msg.subject_hash != _subject_hash(request):
            raise Conflict(
                f"action {action.id} is superseded: request {request.id} waits for action "
                f"{request.action_id}"
            )
        if request.status != pb.REQUEST_STATUS_APPROVING:
            raise Conflict(f"request {request.id} is {status_of(request)}, not APPROVING")
        key = self._treasury.key(ctx, request.key_id)
        self._policy.require_current(action, self._treasury.sign_policy_id(ctx, key))
        try:
            signable = self._signable(ctx, request)
        except Rejection as rejection:
            self._journey.reject(ctx, request, rejection)
            return pb.ExecuteRequestResponse()
        return self._approved(ctx, action, request, signable)

    def _approved(
        self, ctx: Context, action: policy_wire.Action, request: pb.Request, signable: Signable
    ) -> pb.ExecuteRequestResponse:
        request.action_id = action.id
        self._journey.note(ctx, request, "approved", f"action {action.id}")
        try:
            self._ask_keyring(ctx, request, signable)
        except Rejection as rejection:
            self._journey.reject(ctx, request, rejection)
        return pb.ExecuteRequestResponse(sign_request_id=request.sign_request_id)

    def action_approved(self, ctx: Context, action: policy_wire.Action, participant: str) -> None:
        """Policy hook: one participant approved."""
        if (request := self._waiting(ctx, action)) is not None:
            detail = f"{participant}, {len(action.approvers)} of action {action.id} so far"
            self._journey.note(ctx, request, "approval", detail)

    def action_ended(self, ctx: Context, action: policy_wire.Action) -> None:
        """Policy hook: an action was revoked or timed out."""
        if (request := self._waiting(ctx, action)) is not None:
            self._journey.reject(ctx, request, unapproved(action))

    def _waiting(self, ctx: Context, action: policy_wire.Action) -> pb.Request | None:
        """The request that waits for this action; None for any other action."""
        if action.msg.type_url != EXECUTE_REQUEST:
            return None
        msg = pb.ExecuteRequest.FromString(action.msg.value)
        request = self._state.request(ctx.store, msg.request_id)
        waits = request.status == pb.REQUEST_STATUS_APPROVING and request.action_id == action.id
        return request if waits else None

    # Treasury

    def ended(self, ctx: Context, request: pb.Request, sign_request: treasury.SignRequest) -> None:
        """Treasury hook: the sign request of this request is fulfilled or rejected."""
        if sign_request.status == treasury.SIGN_REQUEST_STATUS_FULFILLED:
            signatures = [signed.signed_data for signed in sign_request.signed_data]
            self._answers.signed(ctx, request, signatures)
        else:
            rejection = Rejection(Reason.SIGNATURE_REJECTED, sign_request.reject_reason)
            self._journey.reject(ctx, request, rejection)

    def _take_wallet(self, ctx: Context, request: pb.Request) -> None:
        """Find the wallet by owner, coin type and index alone: somebody else's cannot be named."""
        index = request.event.sign.wallet_index
        wallet = self._state.wallets.get(ctx.store, (request.owner_id, request.coin_type, index))
        if wallet is None:
            raise Rejection(
                Reason.UNKNOWN_WALLET,
                f"{request.owner_id} has no wallet {index} of coin type {request.coin_type}; "
                "request a key first",
            )
        request.key_id = wallet.key_id
        request.workspace_addr = wallet.workspace_addr

    def _signable(self, ctx: Context, request: pb.Request) -> Signable:
        """What the wallet's key signs; raises Rejection when there is nothing that it could."""
        chain = chain_for(request.destination)
        payload = request.event.sign.payload
        if request.kind == pb.REQUEST_KIND_HASH:
            return payloads.hash_item(payload)
        if request.kind == pb.REQUEST_KIND_DATA:
            return payloads.data_item(chain, payload)
        public_key = self._treasury.key(ctx, request.key_id).public_key
        return payloads.transaction(chain, request.unsigned_transaction, public_key)

    def submit(self, ctx: Context, request: pb.Request, signable: Signable) -> None:
        """Put the request under the key's or the workspace's sign policy; raises Rejection.

        Where the policy is satisfied at once, the request has moved on when this returns.
        """
        key = self._treasury.key(ctx, request.key_id)
        policy_id = self._treasury.sign_policy_id(ctx, key)
        data = policy_data([signable]) if isinstance(signable, bytes) else signable.policy_data()
        request.status = pb.REQUEST_STATUS_APPROVING
        try:
            with savepoint(ctx) as attempt:
                outcome = self._policy.submit(
                    attempt,
                    creator=request.owner_id,
                    policy_id=policy_id,
                    workspace=key.workspace_addr,
                    msg=pb.ExecuteRequest(
                        request_id=request.id, subject_hash=_subject_hash(request)
                    ),
                    policy_data=data,
                    at_once=lambda ctx, action: self._approved(ctx, action, request, signable),
                )
        except LedgerError as error:
            raise Rejection(Reason.POLICY_REFUSED, str(error)) from error
        if outcome.response is None:
            request.action_id = outcome.action_id
            detail = f"action {outcome.action_id} under policy {policy_id} of {key.workspace_addr}"
            self._journey.advance(ctx, request, pb.REQUEST_STATUS_APPROVING, "approving", detail)

    def _ask_keyring(self, ctx: Context, request: pb.Request, signable: Signable) -> None:
        """Ask the treasury for the signatures; raises Rejection."""
        try:
            with savepoint(ctx) as attempt:
                if isinstance(signable, bytes):
                    self._ask_item(attempt, request, signable)
                else:
                    self._ask_transaction(attempt, request, signable)
        except FeeTooHigh as error:
            raise Rejection(Reason.KEYRING_FEE_TOO_HIGH, str(error)) from error
        except InsufficientFunds as error:
            raise Rejection(Reason.KEYRING_FEE_UNPAID, str(error)) from error
        except LedgerError as error:
            raise Rejection(Reason.LEDGER_REFUSED, str(error)) from error
        link = kept.SignatureLink(request_id=request.id)
        self._state.links.set(ctx.store, request.sign_request_id, link)
        detail = f"sign request {request.sign_request_id} by key {request.key_id}"
        self._journey.advance(ctx, request, pb.REQUEST_STATUS_SIGNING, "signing", detail)

    def _ask_item(self, ctx: Context, request: pb.Request, item: bytes) -> None:
        params = self._state.params(ctx.store)
        asked = self._treasury.request_signature(
            ctx,
            creator=request.owner_id,
            key_ids=[request.key_id],
            items=[item],
            fee_payer=params.fee_payer,
            max_fee=max_keyring_fee(params),
        )
        request.sign_request_id = asked.id

    def _ask_transaction(self, ctx: Context, request: pb.Request, prepared: Prepared) -> None:
        params = self._state.params(ctx.store)
        asked = self._treasury.request_sign_transaction(
            ctx,
            prepared,
            creator=request.owner_id,
            key_ids=[request.key_id] * len(prepared.items),
            no_broadcast=not request.event.sign.broadcast,
            fee_payer=params.fee_payer,
            max_fee=max_keyring_fee(params),
        )
        request.sign_transaction_request_id = asked.id
        request.sign_request_id = asked.sign_request_id


def _subject_hash(request: pb.Request) -> bytes:
    transaction = request.kind in _TRANSACTIONS
    subject = request.unsigned_transaction if transaction else request.event.sign.payload
    return hashlib.sha256(subject).digest()


def status_of(request: pb.Request) -> str:
    """The name of a request's status, without its prefix."""
    return pb.RequestStatus.Name(request.status).removeprefix("REQUEST_STATUS_")
