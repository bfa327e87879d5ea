"""The SDK without `await`, for scripts and notebooks: the same calls, which return when it is done.

    with blocking.of(load_network()) as zr:
        wallet = zr.request_key(EVM).key()
        signature = zr.sign_data(EVM, wallet.index, "eip155:31337", b"hello").signature()

Signatures and errors are those of `ZrSign` and `Handle`. One thread runs the loop of each
connection, so that this works where a loop runs already, as in a notebook.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any, Concatenate, ParamSpec, TypeVar

from zrsign.sdk.client import Handle, ZrSign

P = ParamSpec("P")
R = TypeVar("R")
Run = Callable[[Coroutine[Any, Any, Any]], Any]
"""Runs something to its end on the connection's loop, and returns what it returned."""


def _of_handle(
    method: Callable[Concatenate[Handle, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[BlockingHandle, P], R]:
    @functools.wraps(method)
    def call(self: BlockingHandle, /, *args: P.args, **options: P.kwargs) -> R:
        found: R = self.run(method(self.handle, *args, **options))
        return found

    return call


def _of_client(
    method: Callable[Concatenate[ZrSign, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[BlockingZrSign, P], R]:
    @functools.wraps(method)
    def call(self: BlockingZrSign, /, *args: P.args, **options: P.kwargs) -> R:
        found: R = self.run(method(self.client, *args, **options))
        return found

    return call


def _asking(
    method: Callable[Concatenate[ZrSign, P], Coroutine[Any, Any, Handle]],
) -> Callable[Concatenate[BlockingZrSign, P], BlockingHandle]:
    @functools.wraps(method)
    def call(self: BlockingZrSign, /, *args: P.args, **options: P.kwargs) -> BlockingHandle:
        return BlockingHandle(self.run(method(self.client, *args, **options)), self.run)

    return call


@dataclass(frozen=True)
class BlockingHandle:
    """A request on its way, as `Handle`."""

    handle: Handle
    run: Run

    request = _of_handle(Handle.request)
    key = _of_handle(Handle.key)
    signature = _of_handle(Handle.signature)
    transaction = _of_handle(Handle.transaction)


@dataclass(frozen=True)
class BlockingZrSign:
    """Requests of one account to one contract, as `ZrSign`."""

    client: ZrSign
    run: Run

    request_key = _asking(ZrSign.request_key)
    sign_hash = _asking(ZrSign.sign_hash)
    sign_data = _asking(ZrSign.sign_data)
    sign_tx = _asking(ZrSign.sign_tx)
    sign_simple_tx = _asking(ZrSign.sign_simple_tx)
    request_of = _asking(ZrSign.request_of)
    sign_ledger_tx = _asking(ZrSign.sign_ledger_tx)
    wallet_address = _of_client(ZrSign.wallet_address)


def _connecting(
    connect: Callable[P, AbstractAsyncContextManager[ZrSign]],
) -> Callable[P, AbstractContextManager[BlockingZrSign]]:
    @functools.wraps(connect)
    @contextmanager
    def call(*args: P.args, **options: P.kwargs) -> Iterator[BlockingZrSign]:
        with own_loop() as run:
            connecting = connect(*args, **options)
            client = run(connecting.__aenter__())
            try:
                yield BlockingZrSign(client, run)
            finally:
                run(connecting.__aexit__(None, None, None))

    return call


@contextmanager
def own_loop() -> Iterator[Run]:
    """A loop in a thread of its own, for as long as the context lasts."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="zrsign", daemon=True)
    thread.start()
    try:
        yield lambda work: asyncio.run_coroutine_threadsafe(work, loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


connect = _connecting(ZrSign.connect)
"""Connect as `ZrSign.connect` does."""
of = _connecting(ZrSign.of)
"""Connect as `ZrSign.of` does."""
