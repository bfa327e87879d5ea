"""Refreshing the shares of a key; the public key stays what it is."""

from zrsign_dmpc.refresh.protocol import refresh_execution, refresh_plan, start_refresh

__all__ = ["refresh_execution", "refresh_plan", "start_refresh"]
