"""The ledger's side of a request: find it by its source event and follow it to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from zrchain_lite.client import LedgerClient, ObjectNotFound
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as wire
from zrsign.errors import AnswerTimeout
from zrsign.sdk.answers import is_final, unfinished
from zrsign.sdk.request import RequestRef
from zrsign.sdk.waiting import Tell, Waiting, awaited

QUERY = "/zrsign.receiver.Query/"
POLL_S = 0.05
"""The first pause between two looks at a request, in seconds; the next ones get longer."""
MAX_POLL_S = 0.5


class Receiver:
    """Queries of the receiver module over one ledger client."""

    def __init__(self, client: LedgerClient) -> None:
        self.client = client

    async def request(self, request_id: int) -> wire.Request:
        """Fetch the ledger's record of a request. Raises ObjectNotFound."""
        answer = await self.client.query(
            QUERY + "Request", wire.QueryRequestRequest(id=request_id), wire.QueryRequestResponse
        )
        return answer.request

    async def by_source(self, ref: RequestRef) -> wire.Request | None:
        """Return the request of a source event; None while no observer reported it."""
        source = wire.SourceId(
            chain=ref.chain, contract=ref.contract, tx_hash=ref.tx_hash, log_index=ref.log_index
        )
        try:
            answer = await self.client.query(
                QUERY + "RequestBySource",
                wire.QueryRequestBySourceRequest(source=source),
                wire.QueryRequestResponse,
            )
        except ObjectNotFound:
            return None
        return answer.request

    async def by_trace(self, chain: str, contract: str, trace_id: int) -> wire.Request:
        """Fetch the request of a trace id of one contract. Raises ObjectNotFound."""
        answer = await self.client.query(
            QUERY + "RequestByTrace",
            wire.QueryRequestByTraceRequest(
                chain=chain, contract=contract, trace_id=trace_id.to_bytes(32, "big")
            ),
            wire.QueryRequestResponse,
        )
        return answer.request

    async def requests(
        self, *, owner: str = "", tx_hash: bytes = b""
    ) -> AsyncIterator[wire.Request]:
        """Yield every request of an owner, or of a source transaction, or all, by id."""
        async for request in self.client.page(
            QUERY + "Requests",
            wire.QueryRequestsRequest(owner=owner, tx_hash=tx_hash),
            wire.QueryRequestsResponse,
        ):
            yield request

    async def wallets(self, owner: str) -> list[wire.Wallet]:
        """List the wallets of an owner, in the order of coin type and index."""
        answer = await self.client.query(
            QUERY + "Wallets", wire.QueryWalletsRequest(owner=owner), wire.QueryWalletsResponse
        )
        return list(answer.wallets)

    async def wait(
        self,
        ref: RequestRef,
        timeout_s: float | None,
        until: Callable[[wire.Request], bool] = is_final,
        tell: Tell | None = None,
    ) -> wire.Request:
        """Wait until `until` holds for the request, or it is final.

        `tell` hears what it waits for, at once and when that changes. Raises AnswerTimeout after
        `timeout_s` seconds, if that is not None; the request itself goes on.
        """
        seen: wire.Request | None = None
        look = _Look(self.client, tell)
        pause_s = POLL_S
        try:
            async with asyncio.timeout(timeout_s):
                while (seen := await self.by_source(ref)) is None or not (
                    until(seen) or is_final(seen)
                ):
                    await look.at(seen)
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 1.1, MAX_POLL_S)
        except TimeoutError:
            if seen is None:
                raise AnswerTimeout(
                    f"The ledger has not seen {ref} of {ref.chain} within {timeout_s:.0f} s.",
                    "Is the listener running, and is the contract registered? zrsign status",
                ) from None
            raise unfinished(seen, look.waiting, f" after {timeout_s:.0f} s") from None
        return seen


class _Look:
    """What a request waits for, asked again when it has taken a step."""

    def __init__(self, client: LedgerClient, tell: Tell | None) -> None:
        self._client, self._tell = client, tell
        self._step: tuple[int, int] | None = None
        self.waiting: Waiting | None = None

    async def at(self, request: wire.Request | None) -> None:
        """Look, and tell what is new."""
        if request is None or self._step == (request.status, request.step_count):
            return
        self._step = (request.status, request.step_count)
        before, self.waiting = self.waiting, await awaited(self._client, request)
        if self._tell is not None and self.waiting is not None and self.waiting != before:
            self._tell(self.waiting)
