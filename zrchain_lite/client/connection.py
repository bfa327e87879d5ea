"""One node's gRPC: a call, tried again while nobody answers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from google.protobuf.message import Message
from grpc import StatusCode, ssl_channel_credentials
from grpc.aio import AioRpcError, Channel, insecure_channel, secure_channel

from zrchain_lite.client.errors import LedgerUnavailable, ObjectNotFound, QueryFailed

M = TypeVar("M", bound=Message)
Metadata = Sequence[tuple[str, str]]

HOLD_MS = 2_000
"""How long the node may hold an answer back while there is nothing new."""
HELD = (("x-wait-ms", str(HOLD_MS)),)
_TRANSIENT = (StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED, StatusCode.CANCELLED)
"""What a node says that stops, or nobody says; one's own cancellation is no answer of a call."""
_OPTIONS = (("grpc.max_receive_message_length", -1), ("grpc.max_reconnect_backoff_ms", 2_000))
_TLS = "https://"


class Connection:
    """Calls `endpoint`: host:port, or https://host:port for TLS, verified by the PEM file `ca`."""

    def __init__(
        self,
        endpoint: str,
        *,
        ca: Path | None = None,
        timeout_s: float = 15.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self.endpoint = endpoint
        self._channel = _channel(endpoint, ca)
        self._timeout_s, self._sleep, self._rng = timeout_s, sleep, rng

    async def close(self) -> None:
        """It cannot be used afterwards."""
        await self._channel.close()

    async def call(
        self,
        method: str,
        request: Message,
        response: type[M],
        *,
        metadata: Metadata = (),
        attempts: int,
    ) -> M:
        """Call a gRPC method path; raises LedgerUnavailable, ObjectNotFound or QueryFailed."""
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
            f"no answer from the ledger at {self.endpoint} after {attempts} attempts "
            f"({detail}); is the node running?"
        )


def once_above(height: int) -> tuple[tuple[str, str], ...]:
    """Metadata of a query that the node answers when a block above this one is there.

    It is not held back for longer than `HOLD_MS`.
    """
    return (("x-above-height", str(height)), *HELD)


def _channel(target: str, ca: Path | None) -> Channel:
    if not target.startswith(_TLS):
        return insecure_channel(target, options=_OPTIONS)
    credentials = ssl_channel_credentials(ca.read_bytes() if ca else None)
    return secure_channel(target.removeprefix(_TLS), credentials, options=_OPTIONS)


def _failure(method: str, error: AioRpcError) -> QueryFailed:
    kind = ObjectNotFound if error.code() is StatusCode.NOT_FOUND else QueryFailed
    return kind(method, error.code().name, error.details() or "")
