"""The one place that knows ports."""

from __future__ import annotations

import socket
from dataclasses import dataclass, fields

from zrsign.errors import NetworkError

HOST = "127.0.0.1"


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

    @classmethod
    def free(cls) -> Ports:
        """Ports that are free now, for runs that must not disturb another network."""
        sockets = [socket.socket() for _ in fields(cls)]
        try:
            for each in sockets:
                each.bind((HOST, 0))
            return cls(*(each.getsockname()[1] for each in sockets))
        finally:
            for each in sockets:
                each.close()

    def ensure_free(self) -> None:
        """Raise NetworkError naming every port that somebody else uses."""
        taken = [f"{field.name} {getattr(self, field.name)}" for field in fields(self)]
        taken = [name for name in taken if not _is_free(int(name.rsplit(" ", 1)[1]))]
        if taken:
            raise NetworkError(
                f"Ports in use on {HOST}: {', '.join(taken)}.",
                "Stop their owner (ss -ltnp shows it), or take others: zrsign up --free-ports",
            )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
