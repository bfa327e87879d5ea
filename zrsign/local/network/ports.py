"""The one place that knows ports."""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from zrsign.errors import NetworkError

HOST = "127.0.0.1"
# More than four networks take, and less than half of the descriptors that a process usually has.
KEPT = 400
_kept: deque[int] = deque()


def free_port() -> int:
    """A port on loopback that nobody uses, kept for a server of this process or of another.

    A port that was only seen to be free may be a stranger's a moment later: another program's, or
    the near end of any connection, which the kernel takes from the same range. So a socket that
    does not listen stays bound to it. Linux gives a port that is held so to nobody, refuses who
    connects to it, and lets a server listen on it that sets SO_REUSEADDR, as servers do.
    It is kept until KEPT later ones are, or the process ends.
    """
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind((HOST, 0))
    port = int(keeper.getsockname()[1])
    _kept.append(keeper.detach())
    if len(_kept) > KEPT:
        os.close(_kept.popleft())
    return port


@dataclass(frozen=True)
class Ports:
    """TCP ports on loopback. The defaults are each service's usual one."""

    evm_source: int = 8545
    evm_destination: int = 8546
    bitcoin_rpc: int = 18443
    bitcoin_p2p: int = 18444
    solana_rpc: int = 8899
    solana_ws: int = 8900
    ledger_grpc: int = 9090
    ledger_rest: int = 1317
    ledger_rpc: int = 26657
    # Health and metrics of the daemons.
    keyring: int = 9101
    listener: int = 9102
    relayer: int = 9103
    btc_proxy: int = 9104
    ledger: int = 9105
    # Of each operator: for its peers, and for health and metrics.
    operator_links: tuple[int, ...] = tuple(range(9301, 9317))
    operator_status: tuple[int, ...] = tuple(range(9401, 9417))
    # Four of each validator: for its peers, gRPC, REST and JSON-RPC. The first has the ledger's.
    validators: tuple[int, ...] = tuple(range(26700, 26728))

    @classmethod
    def free(cls) -> Ports:
        """Ports that nobody uses, for runs that must not disturb another network."""
        chosen: dict[str, Any] = {
            field.name: free_port()
            if isinstance(field.default, int)
            else tuple(free_port() for _ in field.default)
            for field in fields(cls)
            if field.default is not MISSING
        }
        return cls(**chosen)

    def ensure_free(self, operators: int = 0, validators: int = 0) -> None:
        """Raise NetworkError naming every port that somebody else uses."""
        used = {"operator_links": operators, "operator_status": operators}
        used["validators"] = 4 * validators
        taken = [f"{name} {port}" for name, port in self._all(used) if not _is_free(port)]
        if taken:
            raise NetworkError(
                f"Ports in use on {HOST}: {', '.join(taken)}.",
                "Stop their owner (ss -ltnp shows it), or take others: zrsign up --free-ports",
            )

    def _all(self, used: Mapping[str, int]) -> Iterator[tuple[str, int]]:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int):
                yield field.name, value
            else:
                yield from (
                    (f"{field.name}[{i}]", port) for i, port in enumerate(value[: used[field.name]])
                )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
