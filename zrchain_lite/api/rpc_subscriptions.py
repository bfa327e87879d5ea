"""Subscriptions of one WebSocket: new blocks, and transactions that match a query."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from starlette.websockets import WebSocketDisconnect

from zrchain_lite.api import event_query, rpc_view
from zrchain_lite.api.event_query import Query
from zrchain_lite.engine.reading import Reading
from zrchain_lite.engine.subscriptions import Committed, SlowSubscriber
from zrchain_lite.errors import Conflict, InvalidArgument, NotFound

_log = logging.getLogger(__name__)
MAX_SUBSCRIPTIONS = 10
EVENTS = ("NewBlock", "NewBlockHeader", "Tx")

GONE = (WebSocketDisconnect, RuntimeError)
"""How Starlette says that the peer went away while something is sent."""

Send = Callable[[Any], Awaitable[None]]


class Subscriptions:
    """A WebSocket's subscriptions by their query text, as CometBFT keeps them."""

    def __init__(self, engine: Reading, send: Send) -> None:
        self._engine = engine
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
        try:
            async for committed in subscription:
                for data, events in _messages(query, committed):
                    result = {"query": text, "data": data, "events": events}
                    await self._send({"jsonrpc": "2.0", "id": id_, "result": result})
        except SlowSubscriber as error:
            detail = {"code": -32000, "message": "Server error", "data": str(error)}
            with contextlib.suppress(*GONE):
                await self._send({"jsonrpc": "2.0", "id": id_, "error": detail})
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


def _messages(
    query: Query, committed: Committed
) -> Iterator[tuple[dict[str, Any], dict[str, list[str]]]]:
    record = committed.record
    if query.event == "Tx":
        for tx in committed.txs():
            if query.matches(tx):
                value = {"TxResult": {**rpc_view.transaction(tx), "result": {}}}
                value["TxResult"]["result"] = value["TxResult"].pop("tx_result")
                yield {"type": "tendermint/event/Tx", "value": value}, rpc_view.tx_events(tx)
        return
    events = {"tm.event": [query.event or ""]}
    if query.event == "NewBlockHeader":
        value = {"header": rpc_view.header(record.block.header)}
        yield {"type": "tendermint/event/NewBlockHeader", "value": value}, events
    else:
        value = {
            "block": rpc_view.block(record),
            "block_id": rpc_view.block_id(record.id),
            "result_finalize_block": rpc_view.block_results(record),
        }
        yield {"type": "tendermint/event/NewBlock", "value": value}, events
