"""Who may hold a connection to an HTTP door, and for how long without asking anything.

A door has places. One peer has half of them at most, and the last are kept for this machine's own
daemons, so that no stranger shuts a door for the others. A connection that asks nothing is closed.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

PLACES = 256
"""Connections that one door holds, event streams and WebSockets included."""
OF_ONE_PEER = PLACES // 2
RESERVED = PLACES // 8
"""Places that only this machine's own processes may take."""
IDLE_S = 10.0
"""How long a connection may ask nothing: a header has to be whole within this time."""
BODY_S = 30.0
"""How long a request's body may take."""


@dataclass
class Places:
    """The connections of one door by peer. A peer of IPv6 is a network of 64 bits."""

    total: int = PLACES
    of_one_peer: int = OF_ONE_PEER
    reserved: int = RESERVED
    _taken: Counter[str] = field(default_factory=Counter)

    def take(self, address: str) -> str | None:
        """The peer that takes a place, None when there is none for it."""
        peer, own = _peer(address)
        free = self.total - self._taken.total() - (0 if own else self.reserved)
        if free <= 0 or self._taken[peer] >= self.of_one_peer:
            return None
        self._taken[peer] += 1
        return peer

    def leave(self, peer: str) -> None:
        """Give the place of a peer back."""
        self._taken[peer] -= 1
        if self._taken[peer] <= 0:
            del self._taken[peer]


def _peer(address: str) -> tuple[str, bool]:
    """The name under which an address is counted, and whether it is this machine's."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address, False
    if parsed.version == 6 and not parsed.is_loopback:
        return str(ipaddress.ip_network((parsed, 64), strict=False)), False
    return str(parsed), parsed.is_loopback


class BoundedHttp(H11Protocol):
    """uvicorn's HTTP/1.1 on a connection that has a place and is closed when it asks nothing.

    `idle_s` and `body_s` are in seconds.
    """

    def __init__(
        self, *args: Any, places: Places, idle_s: float, body_s: float, **named: Any
    ) -> None:
        super().__init__(*args, **named)
        self._places, self._idle_s, self._body_s = places, idle_s, body_s
        self._peer: str | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a place, or end the connection at once."""
        super().connection_made(transport)
        self._peer = self._places.take(self.client[0] if self.client else "")
        if self._peer is None:
            transport.abort()
            return
        self._wait(self._idle_s, self._close_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self.leave()
        super().connection_lost(exc)

    def leave(self) -> None:
        """Give the place back, once."""
        if self._timer is not None:
            self._timer.cancel()
        if self._peer is not None:
            self._places.leave(self._peer)
            self._peer = None

    def on_response_complete(self) -> None:
        """Wait for the next request, for `idle_s` at most."""
        self._wait(self._idle_s, self._close_idle)
        super().on_response_complete()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Keep the place for as long as the WebSocket is open."""
        if self._timer is not None:
            self._timer.cancel()
        super().handle_websocket_upgrade(event)
        # The place is the connection's: it is given back when the WebSocket ends.
        upgraded: Any = self.transport.get_protocol()
        ended = upgraded.connection_lost

        def connection_lost(exc: Exception | None) -> None:
            self.leave()
            ended(exc)

        upgraded.connection_lost = connection_lost

    def _wait(self, seconds: float, then: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, then)

    def _close_idle(self) -> None:
        cycle: Any = self.cycle
        if cycle is None or cycle.response_complete:
            self.transport.abort()
        elif cycle.more_body:
            self._wait(self._body_s, self._close_unfinished)

    def _close_unfinished(self) -> None:
        if self.cycle.more_body and not self.cycle.response_complete:
            self.transport.abort()


def bounded(places: Places | None = None, *, idle_s: float = IDLE_S, body_s: float = BODY_S) -> Any:
    """What uvicorn makes a protocol with, for all connections of one door."""
    return partial(BoundedHttp, places=places or Places(), idle_s=idle_s, body_s=body_s)
