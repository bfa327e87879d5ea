"""REST and server-sent events for people and dApps: `/zrsign/v1/…`. A thin door over the receiver's
queries.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Protocol, TypeVar

from fastapi import APIRouter, Depends, Header, Path, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from google.protobuf.message import Message

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageRequest
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains import WALLET_TYPES
from zrsign_receiver.journey import FINAL
from zrsign_receiver.rest.models import (
    ChainView,
    End,
    ParamsView,
    RequestPage,
    RequestStatus,
    RequestView,
    SourceView,
    StepView,
    WalletTypeView,
    WalletView,
)
from zrsign_receiver.rest.problems import ProblemRoute, TooManyStreams, documented

# A quarter of the places of the door.
MAX_STREAMS = 64
# A stream ends after this long; a browser then reconnects with Last-Event-ID and misses nothing.
MAX_STREAM_S = 900
# How long one wait for a block lasts before the stream looks again.
WAIT_S = 10.0
# All streams together look at most so often a second, however many there are and blocks come.
LOOKS_PER_S = 100
# A request may carry a payload of 64 KiB.
DEFAULT_PAGE, MAX_PAGE = 50, 100

M = TypeVar("M", bound=Message)

Id = Annotated[int, Path(ge=1, lt=2**64, description="Request id.")]
Chain = Annotated[str, Path(pattern=r"^eip155:[1-9][0-9]{0,31}$", examples=["eip155:1"])]
Contract = Annotated[str, Path(pattern=r"^0x[0-9a-fA-F]{40}$")]
TxHash = Annotated[str, Path(pattern=r"^0x[0-9a-fA-F]{64}$")]
LogIndex = Annotated[int, Path(ge=0, lt=2**32)]
TraceId = Annotated[
    str, Path(pattern=r"^([0-9]{1,78}|0x[0-9a-fA-F]{1,64})$", description="Decimal or 0x-hex.")
]
Owner = Annotated[
    str, Path(max_length=128, description="EIP-55 account, or CAIP-10 for a contract.")
]


class LedgerReads(Protocol):
    """What the API needs of the ledger it stands in front of; an engine has this shape."""

    def query(self, path: str, data: bytes) -> bytes:
        """Answer a gRPC query method from the last committed state; raises LedgerError."""
        ...

    async def wait_above(self, height: int, timeout_s: float) -> int:
        """The last height once it is above `height`, or when the time is over."""
        ...


def router(ledger: LedgerReads, *, clock: Callable[[], float] = time.monotonic) -> APIRouter:
    """All routes. Errors are RFC 9457 problem details."""
    api = APIRouter(prefix="/zrsign/v1", tags=["zrSign"], route_class=ProblemRoute)
    _add_configuration(api, ledger)
    _add_requests(api, ledger)
    _add_lookups(api, ledger)
    _add_events(api, ledger, clock)
    return api


def _add_configuration(api: APIRouter, ledger: LedgerReads) -> None:
    @api.get("/params")
    async def params() -> ParamsView:
        """Who observes, composes and relays, and which chains a request may name."""
        answer = _ask(ledger, "Params", pb.QueryParamsRequest(), pb.QueryParamsResponse)
        return ParamsView.of(answer.params)

    @api.get("/sources")
    async def sources() -> list[SourceView]:
        """The zrSign contracts that may ask."""
        answer = _ask(ledger, "Sources", pb.QuerySourcesRequest(), pb.QuerySourcesResponse)
        return [SourceView.of(source) for source in answer.sources]

    @api.get("/wallets/{owner}", responses=documented(400, 422))
    async def wallets(owner: Owner) -> list[WalletView]:
        """An owner's wallets, by coin type and index."""
        query = pb.QueryWalletsRequest(owner=owner)
        answer = _ask(ledger, "Wallets", query, pb.QueryWalletsResponse)
        return [WalletView.of(wallet) for wallet in answer.wallets]

    @api.get("/wallet-types")
    async def wallet_types() -> list[WalletTypeView]:
        """What a contract may ask a key for."""
        return [WalletTypeView.of(wallet_type) for wallet_type in WALLET_TYPES]

    @api.get("/chains")
    async def chains() -> list[ChainView]:
        """The destinations that a request may name, with the ids by which contracts name them."""
        answer = _ask(ledger, "Params", pb.QueryParamsRequest(), pb.QueryParamsResponse)
        return [ChainView.of(destination) for destination in answer.params.destinations]


def _add_requests(api: APIRouter, ledger: LedgerReads) -> None:
    @api.get("/requests", responses=documented(400, 422))
    async def requests(
        query: Annotated[pb.QueryRequestsRequest, Depends(_requests_query)],
    ) -> RequestPage:
        """Requests by owner, status or source transaction, a page at a time."""
        answer = _ask(ledger, "Requests", query, pb.QueryRequestsResponse)
        return RequestPage(
            requests=[RequestView.of(request) for request in answer.requests],
            next_key=answer.pagination.next_key.hex() or None,
            total=answer.pagination.total if query.pagination.count_total else None,
        )

    @api.get("/requests/{request_id}", responses=documented(404, 422))
    async def request(request_id: Id) -> RequestView:
        """One request with its whole road."""
        return RequestView.of(_request(ledger, request_id))


def _add_lookups(api: APIRouter, ledger: LedgerReads) -> None:
    @api.get(
        "/requests/by-source/{chain}/{contract}/{tx_hash}/{log_index}",
        responses=documented(400, 404, 422),
    )
    async def by_source(
        chain: Chain, contract: Contract, tx_hash: TxHash, log_index: LogIndex
    ) -> RequestView:
        """The request of one log of a zrSign contract."""
        source = pb.SourceId(
            chain=chain,
            contract=contract,
            tx_hash=bytes.fromhex(tx_hash[2:]),
            log_index=log_index,
        )
        query = pb.QueryRequestBySourceRequest(source=source)
        answer = _ask(ledger, "RequestBySource", query, pb.QueryRequestResponse)
        return RequestView.of(answer.request)

    @api.get(
        "/requests/by-trace/{chain}/{contract}/{trace_id}", responses=documented(400, 404, 422)
    )
    async def by_trace(chain: Chain, contract: Contract, trace_id: TraceId) -> RequestView:
        """The sign request with this trace id of a zrSign contract."""
        query = pb.QueryRequestByTraceRequest(
            chain=chain, contract=contract, trace_id=_uint256(trace_id)
        )
        answer = _ask(ledger, "RequestByTrace", query, pb.QueryRequestResponse)
        return RequestView.of(answer.request)


def _add_events(api: APIRouter, ledger: LedgerReads, clock: Callable[[], float]) -> None:
    streams = _Streams()

    async def known(request_id: Id) -> None:
        _request(ledger, request_id)

    @api.get(
        "/requests/{request_id}/events",
        response_class=EventSourceResponse,
        responses=documented(404, 422, 503),
        dependencies=[Depends(known), Depends(streams.slot)],
    )
    async def events(
        request_id: Id,
        last_event_id: Annotated[str, Header(pattern=r"^[0-9]{0,10}$")] = "",
    ) -> AsyncIterator[ServerSentEvent]:
        """Steps of a request as they happen (`step`), until it is final (`final`). Close the stream
        on `final`; after a lost connection, Last-Event-ID continues where it was.
        """
        deadline = clock() + MAX_STREAM_S
        seen, height = int(last_event_id or 0), 0
        while clock() < deadline:
            height = await ledger.wait_above(height, WAIT_S)
            await asyncio.sleep(streams.open / LOOKS_PER_S)
            request = _request(ledger, request_id)
            for step in request.steps:
                if step.number > seen:
                    seen = step.number
                    yield ServerSentEvent(data=StepView.of(step), event="step", id=str(seen))
            if request.status in FINAL:
                end = End(
                    status=RequestView.of(request).status, reject_reason=request.reject_reason
                )
                yield ServerSentEvent(data=end, event="final")
                return


class _Streams:
    """Counts open event streams."""

    def __init__(self) -> None:
        self.open = 0

    async def slot(self) -> AsyncIterator[None]:
        if self.open >= MAX_STREAMS:
            raise TooManyStreams(f"{self.open} event streams are open, which is the limit")
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1


def _requests_query(
    owner: Annotated[str, Query(max_length=128, description="EIP-55, or CAIP-10.")] = "",
    status: RequestStatus | None = None,
    tx_hash: Annotated[str | None, Query(pattern=r"^0x[0-9a-fA-F]{64}$")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE,
    key: Annotated[str, Query(pattern=r"^([0-9a-f]{16})?$", description="`next_key`.")] = "",
    reverse: Annotated[bool, Query(description="Newest first.")] = False,
    count_total: bool = False,
) -> pb.QueryRequestsRequest:
    """The query that the URL's parameters mean."""
    page = PageRequest(
        limit=limit, key=bytes.fromhex(key), reverse=reverse, count_total=count_total and not key
    )
    wanted = f"REQUEST_STATUS_{status}" if status else None
    return pb.QueryRequestsRequest(
        owner=owner,
        status=wanted,
        tx_hash=bytes.fromhex(tx_hash[2:]) if tx_hash else b"",
        pagination=page,
    )


def _request(ledger: LedgerReads, request_id: int) -> pb.Request:
    query = pb.QueryRequestRequest(id=request_id)
    return _ask(ledger, "Request", query, pb.QueryRequestResponse).request


def _ask(ledger: LedgerReads, name: str, request: Message, response: type[M]) -> M:
    raw = ledger.query("/zrsign.receiver.Query/" + name, request.SerializeToString())
    return response.FromString(raw)


def _uint256(text: str) -> bytes:
    value = int(text, 16 if text.startswith("0x") else 10)
    if value >= 2**256:
        raise InvalidArgument(f"trace id {text} is above 2^256 - 1")
    return value.to_bytes(32, "big")
