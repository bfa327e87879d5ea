"""Key requests: one key for (owner, coin type, index). A request for a known key gets that key, one
for a key that is being made joins, and after a refusal a new request makes a new attempt.
"""

from __future__ import annotations

from zrchain_lite.errors import InsufficientFunds, LedgerError
from zrchain_lite.module import Context
from zrchain_lite.modules.treasury.keeper import TreasuryKeeper
from zrchain_lite.modules.treasury.requests import FeeTooHigh
from zrchain_lite.modules.treasury.wallets import KEY_TYPES
from zrchain_lite.store.collections import Key
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrchain_lite.wire.zrsign.receiver import state_pb2 as kept
from zrsign_chains import wallet_type_by_coin
from zrsign_receiver.answers.answers import ContractAnswers
from zrsign_receiver.errors import Reason, Rejection
from zrsign_receiver.journey import Journey, savepoint
from zrsign_receiver.requests import payloads
from zrsign_receiver.requests.ownership import (
    MAX_WALLET_INDEX,
    Workspaces,
    owner_id,
    wallet_address,
)
from zrsign_receiver.state import ReceiverState, max_keyring_fee

# Requests that join one key request: the answer to it ends them all in one transaction.
MAX_WAITING = 100


class Keys:
    """Starts key requests and ends them when the treasury says so."""

    def __init__(
        self,
        state: ReceiverState,
        journey: Journey,
        workspaces: Workspaces,
        treasury_keeper: TreasuryKeeper,
        answers: ContractAnswers,
    ) -> None:
        self._state = state
        self._journey = journey
        self._workspaces = workspaces
        self._treasury = treasury_keeper
        self._answers = answers

    def start(self, ctx: Context, request: pb.Request) -> None:
        """Ask the keyring for the key; raises Rejection when the request cannot be served."""
        ask = request.event.key
        request.owner_id = owner_id(request.event)
        wallet_type = payloads.wallet_type(ask.wallet_type_id)
        request.coin_type = wallet_type.coin_type
        if ask.wallet_index > MAX_WALLET_INDEX:
            raise Rejection(Reason.INVALID_WALLET_INDEX, f"{ask.wallet_index} is out of range")
        request.workspace_addr = self._workspace(ctx, request)
        slot = self._state.slots.get(ctx.store, _slot_key(request))
        if slot is not None and slot.key_id:
            wallet = self._state.wallets.get(ctx.store, _slot_key(request))
            assert wallet is not None  # noqa: S101 -- written together with the slot's key id
            request.key_request_id = slot.key_request_id
            self._answers.key_ready(ctx, request, wallet)
            return
        if slot is None:
            slot = self._ask(ctx, request, KEY_TYPES[wallet_type.key_algorithm])
        elif len(self._state.waiting.members(ctx.store, slot.key_request_id)) >= MAX_WAITING:
            raise Rejection(
                Reason.TOO_MANY_WAITING,
                f"{MAX_WAITING} requests wait for key request {slot.key_request_id} already",
            )
        request.key_request_id = slot.key_request_id
        self._state.waiting.add(ctx.store, slot.key_request_id, request.id)
        self._journey.advance(
            ctx,
            request,
            pb.REQUEST_STATUS_SIGNING,
            "key_requested",
            f"key request {slot.key_request_id} in {request.workspace_addr}",
        )

    def ended(self, ctx: Context, key_request: treasury.KeyRequest) -> None:
        """Treasury hook: the key request is fulfilled or rejected."""
        waiting = self._state.waiting.members(ctx.store, key_request.id)
        requests = [self._state.request(ctx.store, request_id) for request_id in waiting]
        if not requests:
            return
        fulfilled = key_request.status == treasury.KEY_REQUEST_STATUS_FULFILLED
        wallet = self._keep_wallet(ctx, requests[0], key_request) if fulfilled else None
        if wallet is None:
            self._state.slots.delete(ctx.store, _slot_key(requests[0]))
        for request in requests:
            self._state.waiting.remove(ctx.store, key_request.id, request.id)
            if wallet is None:
                rejected = Rejection(Reason.KEY_REJECTED, key_request.reject_reason)
                self._journey.reject(ctx, request, rejected)
            else:
                self._answers.key_ready(ctx, request, wallet)

    def _workspace(self, ctx: Context, request: pb.Request) -> str:
        try:
            with savepoint(ctx) as attempt:
                return self._workspaces.child(attempt, request.owner_id, request.coin_type)
        except LedgerError as error:
            raise Rejection(Reason.WORKSPACE_REFUSED, str(error)) from error

    def _ask(
        self, ctx: Context, request: pb.Request, key_type: treasury.KeyType
    ) -> kept.WalletSlot:
        params = self._state.params(ctx.store)
        try:
            with savepoint(ctx) as attempt:
                asked = self._treasury.request_key(
                    attempt,
                    creator=request.owner_id,
                    workspace=request.workspace_addr,
                    keyring=params.keyring_addr,
                    key_type=key_type,
                    index=request.event.key.wallet_index,
                    fee_payer=params.fee_payer,
                    max_fee=max_keyring_fee(params),
                )
        except FeeTooHigh as error:
            raise Rejection(Reason.KEYRING_FEE_TOO_HIGH, str(error)) from error
        except InsufficientFunds as error:
            raise Rejection(Reason.KEYRING_FEE_UNPAID, str(error)) from error
        except LedgerError as error:
            raise Rejection(Reason.LEDGER_REFUSED, str(error)) from error
        slot = kept.WalletSlot(key_request_id=asked.id)
        self._state.slots.set(ctx.store, _slot_key(request), slot)
        return slot

    def _keep_wallet(
        self, ctx: Context, request: pb.Request, key_request: treasury.KeyRequest
    ) -> pb.Wallet:
        key = self._treasury.key(ctx, key_request.id)
        wallet_type = wallet_type_by_coin(request.coin_type)
        destinations = self._state.params(ctx.store).destinations
        wallet = pb.Wallet(
            owner_id=request.owner_id,
            coin_type=request.coin_type,
            index=request.event.key.wallet_index,
            key_id=key.id,
            address=wallet_address(wallet_type, key.public_key, destinations),
            public_key=key.public_key,
            workspace_addr=request.workspace_addr,
        )
        slot = kept.WalletSlot(key_request_id=key_request.id, key_id=key.id)
        self._state.slots.set(ctx.store, _slot_key(request), slot)
        self._state.wallets.set(ctx.store, _slot_key(request), wallet)
        return wallet


def _slot_key(request: pb.Request) -> Key:
    return (request.owner_id, request.coin_type, request.event.key.wallet_index)
