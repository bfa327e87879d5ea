"""Distributed key generation: t of n parties come to share a key that nobody ever holds."""

from zrsign_dmpc.dkg.protocol import dkg_execution, start_dkg

__all__ = ["dkg_execution", "start_dkg"]
