"""Subscriptions of one WebSocket: new blocks, and transactions that match a query.

What a door says of a block is rendered once, however many listen.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from starlette.websockets import WebSocketDisconnect

from zrchain_lite.api import event_query, rpc_view
from zrchain_lite.api.event_query import Query
from zrchain_lite.engine.reading import Reading
from zrchain_lite.engine.records import BlockRecord, TxRecord
from zrchain_lite.engine.subscriptions import Committed, SlowSubscriber
from zrchain_lite.errors import Conflict, InvalidArgument, NotFound

_log = logging.getLogger(__name__)
MAX_SUBSCRIPTIONS = 10
EVENTS = ("NewBlock", "NewBlockHeader", "Tx")

GONE = (WebSocketDisconnect, RuntimeError)
"""How Starlette says that the peer went away while something is sent."""

Send = Callable[[str], Awaitable[None]]


class Telling:
    """What one door tells of the blocks that not all of its listeners have heard of."""

    def __init__(self) -> None:
        self._blocks: WeakKeyDictionary[Committed, _Block] = WeakKeyDictionary()

    def of(self, committed: Committed) -> _Block:
        """The texts of a block, made where nobody wanted them before."""
        told = self._blocks.get(committed)
        if told is None:
            told = self._blocks[committed] = _Block(committed.record, committed.txs())
        return told


class _Block:
    def __init__(self, record: BlockRecord, txs: Sequence[TxRecord]) -> None:
        self._record, self._records = record, txs

    def told(self, query: Query) -> Iterator[str]:
        """`data` and `events` of each message that a subscription to this query gets."""
        if query.event == "NewBlock":
            yield self._whole
        elif query.event == "NewBlockHeader":
            yield self._header
        else:
            yield from (tx.text for tx in self._txs if query.matches(tx.record, tx.values))

    @cached_property
    def _whole(self) -> str:
        record = self._record
        value = {
            "block": rpc_view.block(record),
            "block_id": rpc_view.block_id(record.id),
            "result_finalize_block": rpc_view.block_results(record),
        }
        return _text("NewBlock", value, {"tm.event": ["NewBlock"]})

    @cached_property
    def _header(self) -> str:
        value = {"header": rpc_view.header(self._record.block.header)}
        return _text("NewBlockHeader", value, {"tm.event": ["NewBlockHeader"]})

    @cached_property
    def _txs(self) -> Sequence[_Tx]:
        return [_Tx(record) for record in self._records]


class _Tx:
    def __init__(self, record: TxRecord) -> None:
        self.record = record
        self.values = event_query.values(record.result.events)

    @cached_property
    def text(self) -> str:
        shown = rpc_view.transaction(self.record)
        shown["result"] = shown.pop("tx_result")
        return _text("Tx", {"TxResult": shown}, rpc_view.tx_events(self.record, self.values))


def _text(event: str, value: Any, events: dict[str, list[str]]) -> str:
    data = {"type": f"tendermint/event/{event}", "value": value}
    return f'"data":{json.dumps(data)},"events":{json.dumps(events)}'


class Subscriptions:
    """A WebSocket's subscriptions by their query text, as CometBFT keeps them."""

    def __init__(self, engine: Reading, telling: Telling, send: Send) -> None:
        self._engine, self._telling = engine, telling
        self._send = send
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def handle(self, method: str, id_: Any, params: Any) -> None:
        """subscribe, unsubscribe, unsubscribe_all; raises InvalidArgument, Conflict or NotFound."""
        if method == "unsubscribe_all":
            for task in self._tasks.values():
                task.cancel()
            self._tasks.clear()
            return
        text = _query_text(params)
        if method == "subscribe":
            self._subscribe(text, id_)
        else:
            if text not in self._tasks:
                raise NotFound("subscription not found")
            self._tasks.pop(text).cancel()

    async def close(self) -> None:
        """End every subscription of the connection and wait for its tasks."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _subscribe(self, text: str, id_: Any) -> None:
        query = event_query.parse(text)
        if query.event not in EVENTS:
            raise InvalidArgument(f"a subscription names tm.event, one of {', '.join(EVENTS)}")
        if text in self._tasks:
            raise Conflict("already subscribed")
        if len(self._tasks) >= MAX_SUBSCRIPTIONS:
            raise Conflict(f"max_subscriptions_per_client {MAX_SUBSCRIPTIONS} reached")
        self._tasks[text] = asyncio.create_task(self._forward(text, query, id_))

    async def _forward(self, text: str, query: Query, id_: Any) -> None:
        subscription = self._engine.subscribe()
        head = f'{{"jsonrpc":"2.0","id":{json.dumps(id_)},"result":{{"query":{json.dumps(text)},'
        try:
            async for committed in subscription:
                for told in self._telling.of(committed).told(query):
                    await self._send(f"{head}{told}}}}}")
        except SlowSubscriber as error:
            detail = {"code": -32000, "message": "Server error", "data": str(error)}
            with contextlib.suppress(*GONE):
                await self._send(json.dumps({"jsonrpc": "2.0", "id": id_, "error": detail}))
        except GONE:
            _log.debug("websocket closed under a subscription")
        finally:
            subscription.close()
            if self._tasks.get(text) is asyncio.current_task():
                del self._tasks[text]


def _query_text(params: Any) -> str:
    text = params[0] if isinstance(params, list) and params else None
    text = params.get("query") if isinstance(params, dict) else text
    if not isinstance(text, str):
        raise InvalidArgument(f"parameter 'query' is missing in {json.dumps(params)[:80]}")
    return text
