"""Asks nodes for what a query reads, and runs it on what follows from the trusted root."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar, cast

from google.protobuf.message import Message

from zrchain_lite.client.believed import Believed, TrustSettings
from zrchain_lite.client.connection import Connection, Metadata, once_above
from zrchain_lite.client.endpoints import Endpoints
from zrchain_lite.client.errors import (
    ClientError,
    LedgerUnavailable,
    NodeBehind,
    NotVerified,
    QueryFailed,
)
from zrchain_lite.client.witnessed import Shown, handler_of
from zrchain_lite.light import LightBlock
from zrchain_lite.light.verification import SECOND_NS
from zrchain_lite.module import QueryHandler
from zrchain_lite.store import merkle
from zrchain_lite.tx import tx_hash
from zrchain_lite.wire.cosmos.base.tendermint.v1beta1 import query_pb2 as tm
from zrchain_lite.wire.tendermint.types.types_pb2 import LightBlock as WireLightBlock
from zrchain_lite.wire.zrsign.light import light_pb2 as wire

M = TypeVar("M", bound=Message)
LIGHT = "/zrsign.light.Query/"
_BLOCK = "/cosmos.base.tendermint.v1beta1.Service/GetBlockByHeight"
COMPARE_NS = 10 * SECOND_NS
"""How often what one node shows is compared with what the others show, in nanoseconds."""
CATCH_UP = 3
"""How often a node is asked again for what it has not shown yet."""


class Verifier:
    """One client's: all its nodes are held against the same blocks."""

    def __init__(
        self, endpoints: Endpoints, trust: TrustSettings, now_ns: Callable[[], int]
    ) -> None:
        self._endpoints, self._now_ns = endpoints, now_ns
        self._believed = Believed(trust)
        self._root = trust.root
        self._following = asyncio.Lock()
        self._written = 0
        self._compared_ns = now_ns()

    @staticmethod
    def covers(method: str) -> bool:
        """Whether a gRPC path is a module's query: what it answers follows from the state alone."""
        return method.split("/")[1].endswith(".Query") and not method.startswith(LIGHT)

    async def included(self, tx: bytes, height: int) -> None:
        """Make sure that a verified block holds a transaction, as the node said that was asked.

        What is read from now on is not older. Raises ClientError.
        """

        async def question(node: Connection) -> None:
            try:
                believed = await self._follow(node, await self._block(node, height))
            except NodeBehind as error:
                raise NotVerified(node.endpoint, f"{error}, where it has put something") from None
            asked = tm.GetBlockByHeightRequest(height=height)
            found = await node.call(_BLOCK, asked, tm.GetBlockByHeightResponse, attempts=1)
            held = found.block.data.txs
            root = merkle.root([tx_hash(each) for each in held])
            if root != believed.header.data_hash or tx not in held:
                raise NotVerified(node.endpoint, f"block {height} does not hold the transaction")

        await self._endpoints.ask_first(question)
        self._written = max(self._written, height)

    async def chain_id(self) -> str:
        """The id of the root's chain. Raises ClientError."""
        if not self._believed.chain_id:
            await self._endpoints.ask(self._begin)
        return self._believed.chain_id

    async def query(
        self, method: str, request: Message, response: type[M], metadata: Metadata, attempts: int
    ) -> M:
        """What the query answers on verified state. Raises ClientError."""
        handler = handler_of(method)
        if handler is None:
            raise NotVerified("any node", f"this client cannot run {method} by itself")
        asked = wire.QueryWitnessRequest(method=method, request=request.SerializeToString())

        async def question(node: Connection) -> tuple[Connection, Shown, Message]:
            shown = await self._shown(node, asked, metadata, attempts)
            return node, shown, shown.run(handler, request, node.endpoint)

        node, shown, answer = await self._endpoints.ask(question)
        if self._is_comparing():
            more = await self._compared(node, handler, asked, shown)
            answer = more.run(handler, request, node.endpoint)
        return cast(M, answer)

    # -- one node --------------------------------------------------------------------------------

    async def _shown(
        self,
        node: Connection,
        asked: wire.QueryWitnessRequest,
        metadata: Metadata,
        attempts: int,
    ) -> Shown:
        """What a node shows of the latest state, none before what was seen or written.

        Raises ClientError.
        """
        floor = max(self._believed.height - 1, self._written)
        for _ in range(CATCH_UP):
            answer = await self._witness(node, asked, metadata, attempts)
            block = await self._follow(node, answer.block)
            if block.height > floor:
                self._believed.require_fresh(block, node.endpoint, self._now_ns())
                return Shown.of(answer, node.endpoint)
            metadata = once_above(floor - 1)
        raise NodeBehind(node.endpoint, f"it shows nothing after block {floor}")

    async def _witness(
        self,
        node: Connection,
        asked: wire.QueryWitnessRequest,
        metadata: Metadata,
        attempts: int,
    ) -> wire.QueryWitnessResponse:
        try:
            return await node.call(
                LIGHT + "Witness",
                asked,
                wire.QueryWitnessResponse,
                metadata=metadata,
                attempts=attempts,
            )
        except QueryFailed as error:
            if error.status == "UNIMPLEMENTED":
                raise NotVerified(node.endpoint, "it shows no state: update the node") from None
            # It is the node's word alone that there is nothing.
            raise QueryFailed(asked.method, error.status, error.detail) from None

    async def _follow(self, node: Connection, shown: WireLightBlock) -> LightBlock:
        async with self._following:
            way = self._believed.follow(shown, node.endpoint, self._now_ns())
            try:
                wanted = next(way)
                while True:
                    try:
                        block = await self._block(node, wanted)
                    except NodeBehind as error:
                        wanted = way.throw(error)
                    else:
                        wanted = way.send(block)
            except StopIteration as done:
                return cast(LightBlock, done.value)

    async def _block(self, node: Connection, height: int) -> WireLightBlock:
        try:
            asked = wire.QueryLightBlockRequest(height=height)
            found = await node.call(
                LIGHT + "LightBlock", asked, wire.QueryLightBlockResponse, attempts=1
            )
        except QueryFailed as error:
            why = f"it shows no block {height}: {error.detail}"
            raise NodeBehind(node.endpoint, why) from None
        return found.block

    async def _begin(self, node: Connection) -> None:
        await self._follow(node, await self._block(node, self._root.height))

    # -- several nodes ---------------------------------------------------------------------------

    def _is_comparing(self) -> bool:
        due = self._now_ns() - self._compared_ns >= COMPARE_NS
        if due:
            self._compared_ns = self._now_ns()
        return due and len(self._endpoints.usable()) > 1

    async def _compared(
        self,
        node: Connection,
        handler: QueryHandler,
        asked: wire.QueryWitnessRequest,
        shown: Shown,
    ) -> Shown:
        """What all nodes show of one state; whoever left out what the query reads is left."""
        at = wire.QueryWitnessRequest()
        at.CopyFrom(asked)
        at.height = shown.header.height
        others = [each for each in self._endpoints.usable() if each is not node]
        answers = await asyncio.gather(*(self._same(each, at) for each in others))
        found, together = [(node, shown)], shown
        for other, same in zip(others, answers, strict=True):
            if same is not None:
                found.append((other, same))
                together = together.with_more(same)
        needed = together.needed(handler, asked.request)
        for each, said in found:
            missing = [key for key in needed if key not in said.reads]
            if missing:
                why = f"of what is to be read it leaves out {len(missing)}: {missing[0]!r}"
                self._endpoints.leave(each, why)
        return together

    async def _same(self, node: Connection, asked: wire.QueryWitnessRequest) -> Shown | None:
        """What another node shows of the same state; None where it has it no more, or not yet."""
        try:
            answer = await self._witness(node, asked, (), 1)
            await self._follow(node, answer.block)
            shown = Shown.of(answer, node.endpoint)
        except (LedgerUnavailable, QueryFailed, NodeBehind):
            return None
        except ClientError as error:
            self._endpoints.leave(node, str(error))
            return None
        return shown if shown.header.height == asked.height else None
