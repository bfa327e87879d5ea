"""The real ledger modules in one process behind the client's interface, for tests of daemons."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, TypeVar, cast

from google.protobuf.message import Message

from tests.zrsign_receiver.world import Account, World
from zrchain_lite.client import LedgerClient, ObjectNotFound, TxFailed
from zrchain_lite.errors import LedgerError, NotFound

M = TypeVar("M", bound=Message)


class InProcessClient:
    """`LedgerClient` over a `World`: same calls, same errors, no socket."""

    def __init__(self, world: World, account: Account):
        self.world, self.account = world, account
        self.sent: list[Message] = []
        self.changed = asyncio.Event()
        world.listeners.append(self.changed.set)

    async def query(self, method: str, request: Message, response: type[M]) -> M:
        try:
            answer = self.world.registry.query(method).handle(self.world.reading(), request)
        except NotFound as error:
            raise ObjectNotFound(method, "NOT_FOUND", str(error)) from error
        return response.FromString(answer.SerializeToString())

    async def page(self, method: str, request: Any, response: type[Message]) -> AsyncIterator[Any]:
        answer: Any = await self.query(method, request, response)
        assert not answer.pagination.next_key, "a test's list fits on one page"
        field = next(field for field in response.DESCRIPTOR.fields if field.is_repeated)
        for item in getattr(answer, field.name):
            yield item

    async def broadcast(self, *msgs: Message) -> None:
        for msg in msgs:
            copy = type(msg).FromString(msg.SerializeToString())
            try:
                self.world.send(copy)
            except LedgerError as error:
                raise TxFailed(error.codespace, error.code, str(error)) from error
            self.sent.append(copy)

    async def new_blocks(self, *, filled: bool = False) -> AsyncIterator[int]:
        while True:
            await self.changed.wait()
            self.changed.clear()
            yield self.world.height

    async def close(self) -> None:
        pass


def client(world: World, account: Account) -> LedgerClient:
    return cast(LedgerClient, InProcessClient(world, account))
