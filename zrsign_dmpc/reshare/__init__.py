"""Resharing a key to another group and threshold; the public key stays what it is."""

from zrsign_dmpc.reshare.plan import NewEpoch, Redistribution
from zrsign_dmpc.reshare.protocol import reshare_execution, reshare_plan, start_reshare

__all__ = ["NewEpoch", "Redistribution", "reshare_execution", "reshare_plan", "start_reshare"]
