"""Errors of the listener.

ListenerError
├── MalformedLog     a log that does not follow the zrSign ABI
└── RpcError         a node refused, failed, or answered nonsense
    ├── WrongChain   the node serves another chain than the settings say
    └── CutShort     an answer is as long as an answer may be
"""

from __future__ import annotations

from zrsign_daemon.errors import DaemonError


class ListenerError(DaemonError):
    """Root."""


class MalformedLog(ListenerError, ValueError):
    pass


class RpcError(ListenerError, ConnectionError):
    pass


class WrongChain(RpcError):
    pass


class CutShort(RpcError):
    pass
