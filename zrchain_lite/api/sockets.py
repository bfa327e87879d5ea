"""Listening sockets for the HTTP doors; a taken port becomes one clear error."""

from __future__ import annotations

import errno
import socket

from zrchain_lite.errors import LedgerError


class PortInUse(LedgerError):
    """Somebody else listens there."""

    def __init__(self, door: str, address: str) -> None:
        super().__init__(
            f"cannot listen on {address} for {door}: the port is in use; stop what uses it or "
            "choose another port"
        )


def split_address(address: str) -> tuple[str, int]:
    """(host, port) of `host:port`; raises LedgerError."""
    host, separator, port = address.rpartition(":")
    if not separator or not port.isdecimal() or int(port) > 65535:
        raise LedgerError(f"{address!r} is not an address such as 127.0.0.1:1317")
    return host.strip("[]") or "127.0.0.1", int(port)


def listen(door: str, address: str) -> socket.socket:
    """A bound socket (port 0 chooses one). Raises PortInUse or LedgerError."""
    host, port = split_address(address)
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(door, address) from None
        raise LedgerError(f"cannot listen on {address} for {door}: {error.strerror}") from None
    listener.setblocking(False)
    return listener
