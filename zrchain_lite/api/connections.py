"""Who may hold a connection to a door, and for how long without asking anything.

A door has places. One peer has half of them at most, and the last are kept for this machine's own
daemons, so that no stranger shuts a door for the others. A connection takes its place when it is
accepted, before anything is read of it, and keeps it until its socket is closed. One that asks
nothing of an HTTP door is closed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import weakref
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


class Door(socket.socket):
    """A listening socket that ends at once a connection for which there is no place."""

    def __init__(self, listener: socket.socket, places: Places | None = None) -> None:
        """Listen where `listener` is bound, which stays open for its owner to close."""
        super().__init__(fileno=os.dup(listener.fileno()))
        self._places = places or Places()

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection; raises ConnectionAbortedError for one that got no place."""
        connection, address = super().accept()
        peer = self._places.take(address[0])
        if peer is None:
            connection.close()
            raise ConnectionAbortedError(f"no place for {address[0]}")
        return _Placed(connection, self._places, peer), address


class _Placed(socket.socket):
    """A connection, whose place is given back with its socket."""

    def __init__(self, connection: socket.socket, places: Places, peer: str) -> None:
        super().__init__(fileno=connection.detach())
        self._leave = weakref.finalize(self, places.leave, peer)

    def close(self) -> None:
        """Close the socket, and give the place back once."""
        super().close()
        self._leave()


class BoundedHttp(H11Protocol):
    """uvicorn's HTTP/1.1 on a connection that is closed when it asks nothing.

    `idle_s` and `body_s` are in seconds.
    """

    def __init__(self, *args: Any, idle_s: float, body_s: float, **named: Any) -> None:
        super().__init__(*args, **named)
        self._idle_s, self._body_s = idle_s, body_s
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait(self._idle_s, self._close_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Wait for the next request, for `idle_s` at most."""
        self._wait(self._idle_s, self._close_idle)
        super().on_response_complete()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Leave the connection to the WebSocket."""
        self._stop_waiting()
        super().handle_websocket_upgrade(event)

    def _wait(self, seconds: float, then: Any) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(seconds, then)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _close_idle(self) -> None:
        cycle: Any = self.cycle
        if cycle is None or cycle.response_complete:
            self.transport.abort()
        elif cycle.more_body:
            self._wait(self._body_s, self._close_unfinished)

    def _close_unfinished(self) -> None:
        if self.cycle.more_body and not self.cycle.response_complete:
            self.transport.abort()


def bounded(*, idle_s: float = IDLE_S, body_s: float = BODY_S) -> Any:
    """What uvicorn makes a protocol with, for all connections of one door."""
    return partial(BoundedHttp, idle_s=idle_s, body_s=body_s)
