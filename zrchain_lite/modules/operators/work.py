"""What a keyring has to do, in one answer: its operators ask for it at every block."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge

from zrchain_lite.module import Context
from zrchain_lite.modules.operators import roots, state
from zrchain_lite.modules.treasury import state as treasury_state
from zrchain_lite.modules.treasury.keeper import TreasuryKeeper
from zrchain_lite.modules.treasury.requests import OPEN
from zrchain_lite.modules.treasury.responses import (
    key_request_response,
    key_response,
    sign_request_response,
    sign_transaction_response,
)
from zrchain_lite.store.collections import Index
from zrchain_lite.store.pagination import MAX_PAGE_BYTES
from zrchain_lite.wire.zrchain.identity.identity_pb2 import Keyring
from zrchain_lite.wire.zrchain.treasury.treasury_pb2 import SignRequest
from zrchain_lite.wire.zrsign.operators.operators_pb2 import QueryWorkResponse

DEFAULT_LIMIT = 200
# A higher limit counts as this one.
MAX_LIMIT = 500


def work(ctx: Context, treasury: TreasuryKeeper, keyring: Keyring, limit: int) -> QueryWorkResponse:
    """What a keyring has to do: at most `limit` requests of each kind, fewer when they are heavy.

    Only what is shown is loaded: the indexes of open requests are read as far as the limit.
    """
    standing = state.keyring_state(ctx.store, keyring.address)
    answer = QueryWorkResponse(
        height=ctx.height,
        group_number=standing.group_number,
        refresh_number=standing.refresh_number,
        settings_version=standing.settings_version,
        party_threshold=keyring.party_threshold,
        parties=keyring.parties,
    )
    most = min(limit or DEFAULT_LIMIT, MAX_LIMIT)
    _add_keys(ctx, treasury, keyring.address, answer, most)
    _add_signatures(ctx, treasury, keyring.address, answer, most)
    return answer


def _add_keys(
    ctx: Context, treasury: TreasuryKeeper, keyring: str, answer: QueryWorkResponse, most: int
) -> None:
    size = 0
    for request_id in _open(ctx, treasury_state.KEY_REQUESTS_BY_STATUS, keyring):
        if len(answer.keys) == most or size > MAX_PAGE_BYTES:
            answer.more = True
            return
        request = treasury.key_request(ctx, request_id)
        shown = key_request_response(request)
        answer.keys.append(shown)
        size += shown.ByteSize()
        if not _add_origin(ctx, request_id, answer):
            answer.reports.extend(roots.reports_of(ctx, request))


def _add_signatures(
    ctx: Context, treasury: TreasuryKeeper, keyring: str, answer: QueryWorkResponse, most: int
) -> None:
    size, parents, keys = 0, set[int](), set[int]()
    for request in _leaves(ctx, treasury, keyring):
        if len(answer.signatures) == most or size > MAX_PAGE_BYTES:
            answer.more = True
            return
        shown = sign_request_response(request)
        answer.signatures.append(shown)
        size += shown.ByteSize()
        root_id = request.parent_req_id or request.id
        if root_id not in parents:
            parents.add(root_id)
            size += _add_parent(ctx, treasury, request, answer)
        for key_id in request.key_ids:
            if key_id not in keys:
                keys.add(key_id)
                answer.signing_keys.append(key_response(treasury.key(ctx, key_id)))
                _add_origin(ctx, key_id, answer)


def _add_parent(
    ctx: Context, treasury: TreasuryKeeper, leaf: SignRequest, answer: QueryWorkResponse
) -> int:
    """Bytes that were added: a child's parent, its approval, the transaction to be signed."""
    size = 0
    if leaf.parent_req_id:
        parent = sign_request_response(treasury.sign_request(ctx, leaf.parent_req_id))
        answer.roots.append(parent)
        size += parent.ByteSize()
    root_id = leaf.parent_req_id or leaf.id
    approval = treasury_state.APPROVALS.get(ctx.store, root_id)
    if approval is not None:
        answer.approvals.append(approval)
        size += approval.ByteSize()
    transaction = treasury.sign_transaction_by_sign_request(ctx, root_id)
    if transaction is not None:
        shown = sign_transaction_response(transaction)
        answer.transactions.append(shown)
        size += shown.ByteSize()
    return size


def _add_origin(ctx: Context, key_id: int, answer: QueryWorkResponse) -> bool:
    """Whether the key is a child of a root, which the answer then says."""
    origin = state.ORIGINS.get(ctx.store, key_id)
    if origin is not None:
        answer.origins.append(origin)
    return origin is not None


def _leaves(ctx: Context, treasury: TreasuryKeeper, keyring: str) -> Iterator[SignRequest]:
    """Open requests that a keyring answers: those without children."""
    for request_id in _open(ctx, treasury_state.SIGN_REQUESTS_BY_STATUS, keyring):
        request = treasury.sign_request(ctx, request_id)
        if not request.child_req_ids:
            yield request


def _open(ctx: Context, by_status: Index, keyring: str) -> Iterator[int]:
    """Ids of PENDING and PARTIAL requests, ascending, as they are asked for."""
    return merge(*(by_status.ascending(ctx.store, (keyring, status)) for status in OPEN))
