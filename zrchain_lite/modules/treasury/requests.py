"""What key and signature requests have in common: being open, deadlines, reasons, hooks."""

from __future__ import annotations

from typing import Protocol

from zrchain_lite.errors import Conflict
from zrchain_lite.module import Context
from zrchain_lite.modules.policy.deadlines import require_blocks
from zrchain_lite.wire.zrchain.identity.identity_pb2 import Keyring
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrchain_lite.wire.zrchain.treasury.treasury_pb2 import (
    KeyRequest,
    Params,
    SignRequest,
    SignTransactionRequest,
)

# Blocks that a keyring has for its answer when the parameters say 0.
FALLBACK_BTL = 20
MAX_REASON = 512
NO_REASON = "rejected with no reason provided"

# Key requests and signature requests number their statuses alike.
PENDING = wire.SIGN_REQUEST_STATUS_PENDING
PARTIAL = wire.SIGN_REQUEST_STATUS_PARTIAL
FULFILLED = wire.SIGN_REQUEST_STATUS_FULFILLED
REJECTED = wire.SIGN_REQUEST_STATUS_REJECTED
OPEN = (PENDING, PARTIAL)


class FeeTooHigh(Conflict):
    """The keyring asks more than the request accepts."""


class TreasuryHooks(Protocol):
    """Whoever is told when a request is final, and when a transaction is to be signed."""

    def key_request_ended(self, ctx: Context, req: KeyRequest) -> None:
        """Hear that a key request was fulfilled, rejected or timed out."""
        ...

    def sign_request_ended(self, ctx: Context, req: SignRequest) -> None:
        """A single request or a parent; children are not told."""
        ...

    def sign_transaction_created(self, ctx: Context, req: SignTransactionRequest) -> None:
        """Hear that a transaction was asked to be signed."""
        ...


def last_height(ctx: Context, params: Params, mpc_btl: int) -> int:
    """The last block at which an answer counts; `mpc_btl` in blocks, 0 takes the default."""
    blocks = mpc_btl or params.default_btl or FALLBACK_BTL
    return ctx.height + require_blocks(blocks, "mpc_btl")


def require_fee(keyring: Keyring, fee: int, most: int) -> int:
    """The fee of a request, in urock; raises FeeTooHigh above `most`, where 0 is no limit."""
    if most and fee > most:
        raise FeeTooHigh(f"keyring {keyring.address} asks {fee} urock for this, above {most}")
    return fee


def require_open(ctx: Context, request: KeyRequest | SignRequest) -> None:
    """Raises Conflict for a request that is final, or whose last block has passed."""
    if request.status not in OPEN:
        status = wire.SignRequestStatus.Name(request.status).removeprefix("SIGN_REQUEST_STATUS_")
        raise Conflict(f"request {request.id} is not open but {status}")
    if ctx.height > request.mpc_btl:
        raise Conflict(f"request {request.id} timed out after block {request.mpc_btl}")


def reason_text(reason: str) -> str:
    """A stored reason: never empty, never long."""
    return reason.strip()[:MAX_REASON] or NO_REASON
