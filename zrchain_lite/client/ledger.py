"""The client itself: typed queries, and transactions that are signed, sent and awaited."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from google.protobuf.message import Message

from zrchain_lite.client.account import Account
from zrchain_lite.client.believed import TrustedRoot, TrustSettings
from zrchain_lite.client.connection import HELD, Connection, Metadata, once_above
from zrchain_lite.client.endpoints import Endpoints
from zrchain_lite.client.errors import (
    AccountUnknown,
    LedgerUnavailable,
    ObjectNotFound,
    TxFailed,
    TxNotIncluded,
)
from zrchain_lite.client.signed import Signed, found_anywhere, signed
from zrchain_lite.tx import TxSigner, build, tx_hash
from zrchain_lite.wire.cosmos.auth.v1beta1 import query_pb2 as auth
from zrchain_lite.wire.cosmos.base.abci.v1beta1.abci_pb2 import TxMsgData, TxResponse
from zrchain_lite.wire.cosmos.base.tendermint.v1beta1 import query_pb2 as tm
from zrchain_lite.wire.cosmos.tx.v1beta1 import service_pb2 as txs
from zrchain_lite.wire.tendermint.abci.types_pb2 import Event

if TYPE_CHECKING:
    from zrchain_lite.client.verifier import Verifier

M = TypeVar("M", bound=Message)

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
ALREADY_KNOWN = ("sdk", 19)
WRONG_SEQUENCE = ("sdk", 32)
OUT_OF_GAS = ("sdk", 11)
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


class Access(Protocol):
    """What settings say of the ledger; `root` is text, as in `TrustedRoot.parse`."""

    @property
    def grpc(self) -> str:
        """The node that is asked first."""

    @property
    def endpoints(self) -> Sequence[str]:
        """Further nodes of the chain."""

    @property
    def root(self) -> str | None:
        """The block that is trusted; without one the nodes are."""

    @property
    def max_age_s(self) -> float:
        """How old the newest block may be, in seconds."""

    @property
    def trust_days(self) -> float:
        """How long a verified block is trusted."""

    @property
    def trust_dir(self) -> Path | None:
        """The folder that keeps the last verified block."""

    @property
    def ca(self) -> Path | None:
        """The certificates that a node's is verified by."""


class LedgerClient:
    """The ledger at `grpc`: host:port, or https://host:port for TLS, or at any of `endpoints`.

    Over TLS a node's name is verified against the certificates in the PEM file `ca`, or those that
    the system trusts. With `trust`, what a query of the state answers is verified, and a node that
    lies is left for another; without it the first node that answers is believed.

    With an `account` it can send; the account's transactions go one after the other. Every call is
    tried up to `attempts` times while no node can be reached.
    """

    def __init__(
        self,
        grpc: str,
        *,
        endpoints: Sequence[str] = (),
        account: Account | None = None,
        ca: Path | None = None,
        trust: TrustSettings | None = None,
        timeout_s: float = 15.0,
        attempts: int = 10,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: Callable[[], float] = random.random,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        nodes = [
            Connection(each, ca=ca, timeout_s=timeout_s, sleep=sleep, rng=rng)
            for each in dict.fromkeys((grpc, *endpoints))
        ]
        self._endpoints = Endpoints(nodes, time.monotonic)
        self._verifier = None if trust is None else _verifier(self._endpoints, trust, now_ns)
        self._account = account
        self._attempts = -(-attempts // len(nodes))
        self._writer = asyncio.Lock()
        self._position: _Position | None = None

    @classmethod
    def of(
        cls, access: Access, account: Account | None = None, folder: Path | None = None
    ) -> LedgerClient:
        """A client of what settings name; `folder` keeps the last verified block and evidence."""
        trust = None
        if access.root is not None:
            trust = TrustSettings(
                TrustedRoot.parse(access.root),
                access.max_age_s,
                access.trust_dir or folder,
                access.trust_days * 86_400,
            )
        return cls(
            access.grpc, endpoints=access.endpoints, account=account, ca=access.ca, trust=trust
        )

    async def close(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        for node in self._endpoints.nodes:
            await node.close()

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

    @property
    def left(self) -> Mapping[str, str]:
        """The nodes that lied, and how."""
        return self._endpoints.left

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
        """Call a gRPC method path; raises LedgerUnavailable, ObjectNotFound or QueryFailed.

        NotVerified, for a query of the state by a client with `trust`, when no node shows an answer
        that follows from the root.
        """
        attempts = attempts or self._attempts
        if self._verifier is not None and self._verifier.covers(method):
            return await self._verifier.query(method, request, response, metadata, attempts)
        return await self._endpoints.ask(
            lambda node: node.call(method, request, response, metadata=metadata, attempts=attempts)
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

        With `filled` only where one of them has a transaction, or was not seen by itself. With a
        trusted root they are told one block later, when what they did can be verified.

        A wake-up, not a record: raises LedgerUnavailable when the node stays away.
        """
        seen = await self.height()
        verifies = owed = self._verifier is not None
        while True:
            block = (await self._latest(*once_above(seen))).block
            height, before = block.header.height, seen
            seen = max(seen, height)
            if height <= before:
                continue
            several = height > before + 1
            news = not filled or several or bool(block.data.txs)
            if several or (owed if verifies else news):
                yield height - verifies
            owed = news

    async def _latest(self, *metadata: tuple[str, str]) -> tm.GetLatestBlockResponse:
        return await self.query(
            _LATEST_BLOCK, tm.GetLatestBlockRequest(), tm.GetLatestBlockResponse, metadata=metadata
        )

    async def signed(self, search: str, kind: type[M], signers: Iterable[str]) -> list[Signed[M]]:
        """Messages of a kind that one of these accounts has signed, among the last that a search
        over events finds, the newest first. Raises ClientError.

        All nodes are asked: a signature is worth the same from any.
        """
        path = "/cosmos.auth.v1beta1.Query/AccountInfo"
        accounts: dict[str, int] = {}
        for address in signers:
            request = auth.QueryAccountInfoRequest(address=address)
            with suppress(ObjectNotFound):
                answer = await self.query(path, request, auth.QueryAccountInfoResponse)
                accounts[address] = answer.info.account_number
        chain_id = await self._signed_chain()
        raw = await found_anywhere(self._endpoints.usable(), search)
        return [each for tx in raw for each in signed(tx, kind, accounts, chain_id)]

    # -- transactions ----------------------------------------------------------------------------

    async def broadcast(
        self, *msgs: Message, memo: str = "", gas_limit: int | None = None
    ) -> TxResult:
        """Sign, send, and wait until the transaction is in a block.

        Its gas limit follows the messages unless one is given; when that is too little, it is
        sent once more with `GAS_LIMIT`.

        Raises TxFailed when it was refused or failed, TxNotIncluded after 30 s, LedgerUnavailable,
        AccountUnknown, NotVerified where a verified block does not hold it. A wrong sequence
        (another process used the account) is corrected once.
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
        if self._verifier is not None:
            await self._verifier.included(tx, response.height)
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
            metadata=HELD,
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
                answer = await self.query(f"{_TX}/GetTx", request, txs.GetTxResponse, metadata=HELD)
                return answer.tx_response
            except ObjectNotFound:
                if loop.time() >= deadline:
                    raise TxNotIncluded(hash_, INCLUSION_TIMEOUT_S) from None
            await self._submit(tx)

    async def _signed_chain(self) -> str:
        """The id of the chain for which this client signs: with a root, of its chain."""
        if self._verifier is not None:
            return await self._verifier.chain_id()
        return await self.chain_id()

    async def _find_position(self) -> _Position:
        # The tip's, which is no state that a header commits to yet: a lie costs a refusal at most,
        # because the chain's id is the verified one.
        chain_id = await self._signed_chain()
        request = auth.QueryAccountInfoRequest(address=self.account.address)
        try:
            answer = await self._endpoints.ask(
                lambda node: node.call(
                    "/cosmos.auth.v1beta1.Query/AccountInfo",
                    request,
                    auth.QueryAccountInfoResponse,
                    attempts=self._attempts,
                )
            )
        except ObjectNotFound as error:
            raise AccountUnknown(error.method, error.status, error.detail) from None
        self._position = _Position(chain_id, answer.info.account_number, answer.info.sequence)
        return self._position


def gas_limit_of(msgs: Sequence[Message]) -> int:
    """What a transaction with these messages asks for first.

    A simulation would cost a call and an execution, and would not know what an answer meets: the
    one that makes a request complete costs more than those before it.
    """
    size = sum(message.ByteSize() for message in msgs)
    return min(TX_GAS + MESSAGE_GAS * len(msgs) + BYTE_GAS * size, GAS_LIMIT)


def _tx_failed(response: TxResponse) -> TxFailed:
    return TxFailed(
        response.codespace,
        response.code,
        response.raw_log,
        hash_=response.txhash,
        height=response.height,
    )


def _verifier(endpoints: Endpoints, trust: TrustSettings, now_ns: Callable[[], int]) -> Verifier:
    # What runs queries here is most of a node: who believes nodes need not load it.
    from zrchain_lite.client.verifier import Verifier

    return Verifier(endpoints, trust, now_ns)


def _items_field(response: type[Message]) -> str:
    """The one repeated field of a list response."""
    repeated = [field.name for field in response.DESCRIPTOR.fields if field.is_repeated]
    if len(repeated) != 1 or "pagination" not in response.DESCRIPTOR.fields_by_name:
        raise TypeError(f"{response.DESCRIPTOR.full_name} is no list response")
    return repeated[0]
