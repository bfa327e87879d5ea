"""The client itself: typed queries, and transactions that are signed, sent and awaited."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Any, TypeVar

from google.protobuf.message import Message
from grpc import StatusCode, ssl_channel_credentials
from grpc.aio import AioRpcError, Channel, insecure_channel, secure_channel

from zrchain_lite.client.account import Account
from zrchain_lite.client.errors import (
    AccountUnknown,
    LedgerUnavailable,
    ObjectNotFound,
    QueryFailed,
    TxFailed,
    TxNotIncluded,
)
from zrchain_lite.tx import TxSigner, build, tx_hash
from zrchain_lite.wire.cosmos.auth.v1beta1 import query_pb2 as auth
from zrchain_lite.wire.cosmos.base.abci.v1beta1.abci_pb2 import TxMsgData, TxResponse
from zrchain_lite.wire.cosmos.base.tendermint.v1beta1 import query_pb2 as tm
from zrchain_lite.wire.cosmos.tx.v1beta1 import service_pb2 as txs
from zrchain_lite.wire.tendermint.abci.types_pb2 import Event

M = TypeVar("M", bound=Message)
Metadata = Sequence[tuple[str, str]]

GAS_LIMIT = 20_000_000
"""The most that a transaction asks for by itself: half of a block."""
TX_GAS = 300_000
MESSAGE_GAS = 150_000
BYTE_GAS = 20
"""What a transaction asks for first: this, for each of its messages and their bytes.

Threefold what most take; a block holds the transactions of many daemons. See `gas_limit_of`.
"""
GAS_PRICE = Decimal("0.0001")
"""The price of one unit of gas in urock; the fee is the gas limit times this."""
INCLUSION_TIMEOUT_S = 30.0
HOLD_MS = 2_000
"""How long the node may hold an answer back while there is nothing new."""
_HELD = (("x-wait-ms", str(HOLD_MS)),)
ALREADY_KNOWN = ("sdk", 19)
WRONG_SEQUENCE = ("sdk", 32)
OUT_OF_GAS = ("sdk", 11)
_TRANSIENT = (StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED, StatusCode.CANCELLED)
"""What a node says that stops, or nobody says; one's own cancellation is no answer of a call."""
_OPTIONS = (("grpc.max_receive_message_length", -1), ("grpc.max_reconnect_backoff_ms", 2_000))
_TLS = "https://"
_TX = "/cosmos.tx.v1beta1.Service"
_LATEST_BLOCK = "/cosmos.base.tendermint.v1beta1.Service/GetLatestBlock"


@dataclass(frozen=True)
class TxResult:
    """A transaction in a block, code 0. `hash` is upper-case hexadecimal."""

    hash: str
    height: int
    responses: list[Any]
    events: list[Event]

    def response(self, type_: type[M]) -> M:
        """The first message's response."""
        message = type_()
        if not self.responses or not self.responses[0].Unpack(message):
            raise TypeError(f"the first response is no {message.DESCRIPTOR.full_name}")
        return message


@dataclass
class _Position:
    """Where the account stands on the chain."""

    chain_id: str
    account_number: int
    sequence: int


def _channel(target: str, ca: Path | None) -> Channel:
    if not target.startswith(_TLS):
        return insecure_channel(target, options=_OPTIONS)
    credentials = ssl_channel_credentials(ca.read_bytes() if ca else None)
    return secure_channel(target.removeprefix(_TLS), credentials, options=_OPTIONS)


class LedgerClient:
    """One connection to `grpc`: host:port, or https://host:port for TLS.

    Over TLS the node's name is verified against the certificates in the PEM file `ca`, or those
    that the system trusts.

    With an `account` it can send; the account's transactions go one after the other. Every call is
    tried up to `attempts` times while the node cannot be reached.
    """

    def __init__(
        self,
        grpc: str,
        *,
        account: Account | None = None,
        ca: Path | None = None,
        timeout_s: float = 15.0,
        attempts: int = 10,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self._target = grpc
        self._channel = _channel(grpc, ca)
        self._account = account
        self._timeout_s, self._attempts = timeout_s, attempts
        self._sleep, self._rng = sleep, rng
        self._writer = asyncio.Lock()
        self._position: _Position | None = None

    async def close(self) -> None:
        """Close the connection; the client cannot be used afterwards."""
        await self._channel.close()

    async def __aenter__(self) -> LedgerClient:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    @property
    def account(self) -> Account:
        """The account that signs; raises ValueError when the client was made without one."""
        if self._account is None:
            raise ValueError("this client has no account: pass account=… to send transactions")
        return self._account

    # -- queries ---------------------------------------------------------------------------------

    async def query(
        self,
        method: str,
        request: Message,
        response: type[M],
        *,
        metadata: Metadata = (),
        attempts: int | None = None,
    ) -> M:
        """Call a gRPC method path; raises LedgerUnavailable, ObjectNotFound or QueryFailed."""
        attempts = attempts or self._attempts
        call: Any = self._channel.unary_unary(
            method,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )
        detail: str | None = None
        for attempt in range(attempts):
            try:
                answer: M = await call(request, timeout=self._timeout_s, metadata=tuple(metadata))
                return answer
            except AioRpcError as error:
                if error.code() not in _TRANSIENT:
                    raise _failure(method, error) from None
                detail = error.details()
            if attempt + 1 < attempts:
                await self._sleep(min(0.1 * 2**attempt, 2.0) * (0.5 + self._rng() / 2))
        raise LedgerUnavailable(
            f"no answer from the ledger at {self._target} after {attempts} attempts "
            f"({detail}); is the node running?"
        )

    async def page(
        self, method: str, request: Any, response: type[Message], *, limit: int = 100
    ) -> AsyncIterator[Any]:
        """Every item of a list query, page by page."""
        field = _items_field(response)
        asked = type(request)()
        asked.CopyFrom(request)
        asked.pagination.limit = limit
        while True:
            answer: Any = await self.query(method, asked, response)
            for item in getattr(answer, field):
                yield item
            if not answer.pagination.next_key:
                return
            asked.pagination.Clear()
            asked.pagination.key, asked.pagination.limit = answer.pagination.next_key, limit

    async def height(self) -> int:
        """The last committed height."""
        return (await self._latest()).block.header.height

    async def chain_id(self) -> str:
        """The id of the chain that the node serves."""
        return (await self._latest()).block.header.chain_id

    async def new_blocks(self, *, filled: bool = False) -> AsyncIterator[int]:
        """Heights as they are committed, without end; several blocks may be told as one.

        With `filled` only where one of them has a transaction, or was not seen by itself.

        A wake-up, not a record: raises LedgerUnavailable when the node stays away.
        """
        seen = await self.height()
        while True:
            block = (await self._latest(*once_above(seen))).block
            height, before = block.header.height, seen
            seen = max(seen, height)
            if height > before and (not filled or block.data.txs or height > before + 1):
                yield height

    async def _latest(self, *metadata: tuple[str, str]) -> tm.GetLatestBlockResponse:
        return await self.query(
            _LATEST_BLOCK, tm.GetLatestBlockRequest(), tm.GetLatestBlockResponse, metadata=metadata
        )

    # -- transactions ----------------------------------------------------------------------------

    async def broadcast(
        self, *msgs: Message, memo: str = "", gas_limit: int | None = None
    ) -> TxResult:
        """Sign, send, and wait until the transaction is in a block.

        Its gas limit follows the messages unless one is given; when that is too little, it is
        sent once more with `GAS_LIMIT`.

        Raises TxFailed when it was refused or failed, TxNotIncluded after 30 s, LedgerUnavailable,
        AccountUnknown. A wrong sequence (another process used the account) is corrected once.
        """
        if gas_limit is not None:
            return await self._broadcast(msgs, memo, gas_limit)
        first = gas_limit_of(msgs)
        try:
            return await self._broadcast(msgs, memo, first)
        except TxFailed as error:
            if (error.codespace, error.code) != OUT_OF_GAS or first == GAS_LIMIT:
                raise
        return await self._broadcast(msgs, memo, GAS_LIMIT)

    async def _broadcast(self, msgs: Sequence[Message], memo: str, gas_limit: int) -> TxResult:
        async with self._writer:
            try:
                return await self._send(msgs, memo, gas_limit)
            except TxFailed as error:
                # One that a block holds took its sequence, and the next one has the next.
                if not error.height:
                    self._position = None
                if (error.codespace, error.code) not in (WRONG_SEQUENCE, ALREADY_KNOWN):
                    raise
            except BaseException:
                self._position = None
                raise
            return await self._send(msgs, memo, gas_limit)

    async def _send(self, msgs: Sequence[Message], memo: str, gas_limit: int) -> TxResult:
        position = self._position or await self._find_position()
        signer = TxSigner(self.account.secret, position.account_number, position.sequence)
        fee = int((GAS_PRICE * gas_limit).to_integral_value(ROUND_CEILING))
        tx = build(
            msgs, [signer], chain_id=position.chain_id, gas_limit=gas_limit, fee=fee, memo=memo
        )
        # Known before it was sent: another process used this sequence for the very same messages.
        response = TxResponse()
        with suppress(LedgerUnavailable):
            response = await self._submit(tx, known_is_refused=True, attempts=1)
        if not response.height:
            response = await self._included(tx)
        self._position = _Position(
            position.chain_id, position.account_number, position.sequence + 1
        )
        if response.code:
            raise _tx_failed(response)
        data = TxMsgData.FromString(bytes.fromhex(response.data))
        return TxResult(
            response.txhash, response.height, list(data.msg_responses), list(response.events)
        )

    async def _submit(
        self, tx: bytes, *, known_is_refused: bool = False, attempts: int | None = None
    ) -> TxResponse:
        """Send, which twice is once; raises TxFailed when CheckTx refuses.

        What became of it, if it was in a block soon; else the answer's height is 0.
        """
        request = txs.BroadcastTxRequest(tx_bytes=tx, mode=txs.BROADCAST_MODE_SYNC)
        answer = await self.query(
            f"{_TX}/BroadcastTx",
            request,
            txs.BroadcastTxResponse,
            metadata=_HELD,
            attempts=attempts,
        )
        response = answer.tx_response
        known = (response.codespace, response.code) == ALREADY_KNOWN
        if response.code and not response.height and (known_is_refused or not known):
            raise _tx_failed(response)
        return response

    async def _included(self, tx: bytes) -> TxResponse:
        """Ask until it is in a block; sent again meanwhile, in case the node restarted."""
        hash_ = tx_hash(tx).hex().upper()
        request = txs.GetTxRequest(hash=hash_)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + INCLUSION_TIMEOUT_S
        while True:
            try:
                answer = await self.query(
                    f"{_TX}/GetTx", request, txs.GetTxResponse, metadata=_HELD
                )
                return answer.tx_response
            except ObjectNotFound:
                if loop.time() >= deadline:
                    raise TxNotIncluded(hash_, INCLUSION_TIMEOUT_S) from None
            await self._submit(tx)

    async def _find_position(self) -> _Position:
        latest = await self._latest()
        request = auth.QueryAccountInfoRequest(address=self.account.address)
        try:
            answer = await self.query(
                "/cosmos.auth.v1beta1.Query/AccountInfo", request, auth.QueryAccountInfoResponse
            )
        except ObjectNotFound as error:
            raise AccountUnknown(error.method, error.status, error.detail) from None
        self._position = _Position(
            latest.block.header.chain_id, answer.info.account_number, answer.info.sequence
        )
        return self._position


def once_above(height: int) -> tuple[tuple[str, str], ...]:
    """Metadata of a query that the node answers when a block above this one is there.

    It is not held back for longer than `HOLD_MS`.
    """
    return (("x-above-height", str(height)), *_HELD)


def gas_limit_of(msgs: Sequence[Message]) -> int:
    """What a transaction with these messages asks for first.

    A simulation would cost a call and an execution, and would not know what an answer meets: the
    one that makes a request complete costs more than those before it.
    """
    size = sum(message.ByteSize() for message in msgs)
    return min(TX_GAS + MESSAGE_GAS * len(msgs) + BYTE_GAS * size, GAS_LIMIT)


def _failure(method: str, error: AioRpcError) -> QueryFailed:
    kind = ObjectNotFound if error.code() is StatusCode.NOT_FOUND else QueryFailed
    return kind(method, error.code().name, error.details() or "")


def _tx_failed(response: TxResponse) -> TxFailed:
    return TxFailed(
        response.codespace,
        response.code,
        response.raw_log,
        hash_=response.txhash,
        height=response.height,
    )


def _items_field(response: type[Message]) -> str:
    """The one repeated field of a list response."""
    repeated = [field.name for field in response.DESCRIPTOR.fields if field.is_repeated]
    if len(repeated) != 1 or "pagination" not in response.DESCRIPTOR.fields_by_name:
        raise TypeError(f"{response.DESCRIPTOR.full_name} is no list response")
    return repeated[0]
