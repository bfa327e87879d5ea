"""Errors of the proxy.

ProxyError
└── NotYet            nothing is wrong that time cannot mend (rescan under way, no fee estimate)
"""

from __future__ import annotations


class ProxyError(Exception):
    """The root of all errors of this package."""


class NotYet(ProxyError):
    """It is tried again later; the message says what it waits for."""
