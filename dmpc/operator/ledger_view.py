"""The ledger as this operator sees it: the open requests of its keyring, in the ledger's order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

from dmpc.operator.approval import Approved, approve
from dmpc.operator.errors import NotApproved
from zrchain_lite.client import LedgerClient
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire

QUERY: Final = "/zrchain.treasury.Query/"
OPEN: Final = (wire.SIGN_REQUEST_STATUS_PENDING, wire.SIGN_REQUEST_STATUS_PARTIAL)
OPEN_KEYS: Final = (wire.KEY_REQUEST_STATUS_PENDING, wire.KEY_REQUEST_STATUS_PARTIAL)
LIMIT: Final = 500
"""Requests looked at in one turn; the rest come when these are answered."""


@dataclass(frozen=True)
class KeyAsked:
    """An open key request."""

    request_id: int
    key_type: str
    public_key: bytes
    """What a party answered already; empty: nobody did."""
    answered: frozenset[str]
    """The parties that answered."""


@dataclass(frozen=True)
class SignAsked:
    """An open signature request that this operator approves of."""

    approved: Approved
    signature: bytes
    """What a party answered already, as the ledger stores it."""
    answered: frozenset[str]


@dataclass(frozen=True)
class View:
    """At one moment."""

    keys: dict[int, KeyAsked] = field(default_factory=dict)
    signatures: dict[int, SignAsked] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    """Signature requests that must not be answered, and why."""


class LedgerView:
    """Reads `View`s. Parsed approvals are kept while their requests are open."""

    def __init__(self, ledger: LedgerClient, keyring: str) -> None:
        self._ledger = ledger
        self._keyring = keyring
        self._judged: dict[int, Approved | str] = {}

    async def read(self) -> View:
        """Raises ClientError."""
        keys, pages = await asyncio.gather(
            self._open_keys(),
            asyncio.gather(*(self._sign_requests(status) for status in OPEN)),
        )
        found = {request.id: request for page in pages for request in page}
        await self._judge(found)
        view = View(keys)
        for request_id, sign_request in sorted(found.items()):
            judged = self._judged.get(request_id)
            if isinstance(judged, Approved):
                view.signatures[request_id] = _asked(judged, sign_request)
            elif judged is not None:
                view.refused[request_id] = judged
        self._judged = {i: judged for i, judged in self._judged.items() if i in found}
        return view

    async def _open_keys(self) -> dict[int, KeyAsked]:
        pages = await asyncio.gather(*(self._key_requests(status) for status in OPEN_KEYS))
        return {
            request.id: KeyAsked(
                request.id,
                request.key_type,
                request.public_key,
                frozenset(each.creator for each in request.keyring_party_sigs),
            )
            for page in pages
            for request in page
        }

    async def _judge(self, found: dict[int, wire.SignReqResponse]) -> None:
        new = [r for r in found.values() if r.id not in self._judged and not r.child_req_ids]
        if not new:
            return
        transactions = await self._transactions()
        for request in new:
            root = found.get(request.parent_req_id, request)
            if request.parent_req_id and root is request:
                # The family ended while it was read.
                continue
            try:
                self._judged[request.id] = approve(request, root, transactions.get(root.id))
            except NotApproved as error:
                self._judged[request.id] = str(error)

    async def _transactions(self) -> dict[int, wire.SignTxReqResponse]:
        """Open sign-transaction requests, by signature request."""
        known = {}
        for status in OPEN:
            query = wire.QuerySignTransactionRequestsRequest(status=status)
            pages: AsyncIterator[Any] = self._ledger.page(
                QUERY + "SignTransactionRequests", query, wire.QuerySignTransactionRequestsResponse
            )
            async for each in pages:
                transaction = each.sign_transaction_requests
                known[transaction.sign_request_id] = transaction
        return known

    async def _key_requests(self, status: wire.KeyRequestStatus) -> list[wire.KeyReqResponse]:
        query = wire.QueryKeyRequestsRequest(keyring_addr=self._keyring, status=status)
        return await self._some("KeyRequests", query, wire.QueryKeyRequestsResponse)

    async def _sign_requests(self, status: wire.SignRequestStatus) -> list[wire.SignReqResponse]:
        query = wire.QuerySignatureRequestsRequest(keyring_addr=self._keyring, status=status)
        return await self._some("SignatureRequests", query, wire.QuerySignatureRequestsResponse)

    async def _some(self, method: str, query: Any, response: Any) -> list[Any]:
        found = []
        async for each in self._ledger.page(QUERY + method, query, response):
            found.append(each)
            if len(found) == LIMIT:
                break
        return found


def _asked(approved: Approved, request: wire.SignReqResponse) -> SignAsked:
    signature = request.signed_data[0].signed_data if request.signed_data else b""
    answered = frozenset(each.creator for each in request.keyring_party_sigs)
    return SignAsked(approved, signature, answered)
