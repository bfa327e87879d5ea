"""Distributed key generation: t of n parties come to share a key that nobody ever holds."""

from dmpc.dkg.protocol import dkg_execution, start_dkg

__all__ = ["dkg_execution", "start_dkg"]
