"""Errors of the listener.

ListenerError
└── NodeError         a node refused, failed, or answered nonsense
    ├── WrongChain   the node serves another chain than the settings say
    ├── TooWide      the node refuses a range, or its answer is as long as an answer may be
    ├── Unproven     whether events are missing cannot be told on this chain or by this node
    └── NoQuorum     too few nodes agree
"""

from __future__ import annotations

from zrsign_daemon.errors import DaemonError


class ListenerError(DaemonError):
    """The root of all errors of this package."""


class NodeError(ListenerError, ConnectionError):
    """The message names the node's host and the method, never the path of its URL."""


class WrongChain(NodeError):
    """The message names both chains; `rpc_url` or `caip2` is wrong."""


class TooWide(NodeError):
    """A smaller range is asked for next, and no larger one for a long time."""


class Unproven(NodeError):
    """A person must look: reading does not pass the block."""


class NoQuorum(NodeError):
    """The message says what each node answered."""
