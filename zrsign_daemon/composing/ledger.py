"""The ledger as a composer sees it: what waits, what is under way, and what is proposed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum

from zrchain_lite.client import LedgerClient
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_chains import chain_for, simple_tx

RECEIVER = "/zrsign.receiver.Query/"
# Statuses in which a request's transaction may still reach its chain.
UNDER_WAY = (
    receiver.REQUEST_STATUS_APPROVING,
    receiver.REQUEST_STATUS_SIGNING,
    receiver.REQUEST_STATUS_AUTHORISING,
    receiver.REQUEST_STATUS_DELIVERING,
)
ENDED = (
    receiver.REQUEST_STATUS_ANSWERED,
    receiver.REQUEST_STATUS_CONFIRMED,
    receiver.REQUEST_STATUS_REJECTED,
)
MAX_REASON = 240
MAX_ENDED = 100
NO_CAP = 2**63


class Fate(StrEnum):
    """What may become of a request's transaction."""

    # It is under way.
    OPEN = "open"
    # The request has ended, and its transaction is signed and public: its chain decides.
    PUBLIC = "public"
    # The request has ended, and nothing was signed that the network would send.
    VOID = "void"


def _is_public(request: receiver.Request) -> bool:
    """Whether the transaction of a rejected request is signed and may be sent by anybody."""
    rejected = request.status == receiver.REQUEST_STATUS_REJECTED
    return rejected and bool(request.signatures) and bool(request.unsigned_transaction)


def transactions(request: receiver.Request) -> tuple[bytes, ...]:
    """The request's unsigned transactions, of which one may land; that of the highest fee last."""
    replaced = (one.unsigned_transaction for one in request.replacements)
    return (request.unsigned_transaction, *replaced)


def _is_on_its_way(request: receiver.Request) -> bool:
    signed = all(one.signed for one in request.replacements)
    return signed and any(
        delivery.kind == receiver.DELIVERY_KIND_TRANSACTION
        and delivery.status in (receiver.DELIVERY_STATUS_OPEN, receiver.DELIVERY_STATUS_SUBMITTED)
        for delivery in request.deliveries
    )


class ComposerLedger:
    """Queries and messages over one client, whose account is a registered composer's."""

    def __init__(self, client: LedgerClient):
        self._client = client
        self._address = client.account.address

    async def composable(self, chain: str) -> list[receiver.Composable]:
        """Simple transactions for the CAIP-2 id `chain` that wait for a composer."""
        query = receiver.QueryComposableRequest(namespace=chain.partition(":")[0])
        pages = self._client.page(RECEIVER + "Composable", query, receiver.QueryComposableResponse)
        return [one async for one in pages if one.request.destination == chain]

    async def approving(self, chain: str) -> list[receiver.Composable]:
        """Simple transactions for `chain` that are composed and wait for approvals."""
        found = []
        async for request in self._requests(status=receiver.REQUEST_STATUS_APPROVING):
            simple = request.kind == receiver.REQUEST_KIND_SIMPLE_TX
            if simple and request.destination == chain and request.action_id:
                found.append(await self.composed(request))
        return found

    async def delivering(self, chain: str) -> list[receiver.Request]:
        """Simple transactions that are on their way to `chain`, and not being signed anew."""
        return [
            request
            async for request in self._requests(status=receiver.REQUEST_STATUS_DELIVERING)
            if request.kind == receiver.REQUEST_KIND_SIMPLE_TX
            and request.destination == chain
            and _is_on_its_way(request)
        ]

    async def under_way(self, request: receiver.Request) -> dict[int, bytes]:
        """Other unsigned transactions of the same key for the same chain that may still land.

        By request id, whoever composed them.
        """
        found = {}
        for status in UNDER_WAY:
            async for other in self._requests(owner=request.owner_id, status=status):
                same = (other.key_id, other.destination) == (request.key_id, request.destination)
                if same and other.id != request.id and other.unsigned_transaction:
                    found[other.id] = transactions(other)[-1]
        return found

    async def given_up(self, request: receiver.Request) -> dict[int, tuple[bytes, ...]]:
        """Unsigned transactions of the same key and chain that were signed and called failed.

        By request id; the newest `MAX_ENDED` rejected requests of the owner are looked at.
        """
        rejected = await self._newest(request, receiver.REQUEST_STATUS_REJECTED)
        return {other.id: transactions(other) for other in rejected if _is_public(other)}

    async def confirmed(self, request: receiver.Request) -> list[bytes]:
        """Unsigned transactions of the same key and chain that are called confirmed.

        The newest `MAX_ENDED` confirmed requests of the owner are looked at, and of each what has
        the highest fee: all of one request hold the same place.
        """
        confirmed = await self._newest(request, receiver.REQUEST_STATUS_CONFIRMED)
        return [transactions(other)[-1] for other in confirmed if other.unsigned_transaction]

    async def fate(self, request_id: int) -> Fate:
        """What may become of the request's transaction. Raises ObjectNotFound."""
        request = await self._request(request_id)
        if request.status not in ENDED:
            return Fate.OPEN
        sent = request.status == receiver.REQUEST_STATUS_CONFIRMED or _is_public(request)
        return Fate.PUBLIC if sent else Fate.VOID

    async def transactions(self, request_id: int) -> tuple[bytes, ...]:
        """The request's unsigned transactions, the newest last. Raises ObjectNotFound."""
        return transactions(await self._request(request_id))

    async def waits_since(self, request_id: int) -> float:
        """Unix seconds of the request's last step."""
        return (await self._request(request_id)).steps[-1].time_ms / 1000

    async def propose(
        self,
        request_id: int,
        unsigned_transaction: bytes,
        *,
        supersedes_action_id: int = 0,
        replaces: int = 0,
    ) -> None:
        """Hand a transaction in. Raises TxFailed when the ledger refuses it.

        `supersedes_action_id` names the action that waits with a transaction gone stale,
        `replaces` the sign-transaction request whose transaction is stuck.
        """
        await self._client.broadcast(
            receiver.MsgProposeTransaction(
                composer=self._address,
                request_id=request_id,
                unsigned_transaction=unsigned_transaction,
                supersedes_action_id=supersedes_action_id,
                replaces_sign_transaction_request_id=replaces,
            )
        )

    async def reject(self, request_id: int, reason: str) -> None:
        """End a request that cannot be composed. Raises TxFailed when the ledger refuses that."""
        await self._client.broadcast(
            receiver.MsgRejectComposition(
                composer=self._address, request_id=request_id, reason=reason[:MAX_REASON]
            )
        )

    async def composed(self, request: receiver.Request) -> receiver.Composable:
        """What a composer was told of a request, read again."""
        asked = simple_tx.decode(request.event.sign.payload)
        wallets = await self._client.query(
            RECEIVER + "Wallets",
            receiver.QueryWalletsRequest(owner=request.owner_id),
            receiver.QueryWalletsResponse,
        )
        wallet = next(one for one in wallets.wallets if one.key_id == request.key_id)
        params = await self._client.query(
            RECEIVER + "Params", receiver.QueryParamsRequest(), receiver.QueryParamsResponse
        )
        caps = params.params.max_network_fee
        return receiver.Composable(
            request=request,
            public_key=wallet.public_key,
            **{"from": chain_for(request.destination).address(wallet.public_key)},
            to=asked.to,
            value=str(asked.value),
            data=asked.data,
            # Without a cap of its own the ledger has a default; it checks what is proposed.
            max_network_fee=caps.get(request.destination.partition(":")[0]) or str(NO_CAP),
        )

    async def _request(self, request_id: int) -> receiver.Request:
        answer = await self._client.query(
            RECEIVER + "Request",
            receiver.QueryRequestRequest(id=request_id),
            receiver.QueryRequestResponse,
        )
        return answer.request

    async def _newest(
        self, request: receiver.Request, status: receiver.RequestStatus
    ) -> list[receiver.Request]:
        """The newest requests of the owner in a status that are of the same key and chain."""
        query = receiver.QueryRequestsRequest(owner=request.owner_id, status=status)
        query.pagination.limit, query.pagination.reverse = MAX_ENDED, True
        answer = await self._client.query(
            RECEIVER + "Requests", query, receiver.QueryRequestsResponse
        )
        wanted = (request.key_id, request.destination)
        return [one for one in answer.requests if (one.key_id, one.destination) == wanted]

    async def _requests(
        self, *, status: receiver.RequestStatus, owner: str = ""
    ) -> AsyncIterator[receiver.Request]:
        query = receiver.QueryRequestsRequest(owner=owner, status=status)
        async for request in self._client.page(
            RECEIVER + "Requests", query, receiver.QueryRequestsResponse
        ):
            yield request
