"""Errors of the proxy.

ProxyError
├── NotYet            nothing is wrong that time cannot mend (rescan under way, no fee estimate)
└── StoreUnusable     the reservations' database cannot be opened
"""

from __future__ import annotations

from zrsign_daemon.errors import DaemonError


class ProxyError(Exception):
    pass


class NotYet(ProxyError):
    pass


class StoreUnusable(ProxyError, DaemonError):
    pass
