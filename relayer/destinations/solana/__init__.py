"""Solana (`solana`): sends and looks, and composes transfers."""

from relayer.destinations import Adapter
from relayer.destinations.solana.composer import SolanaComposer
from relayer.destinations.solana.destination import SolanaDestination

ADAPTER = Adapter(SolanaDestination, SolanaComposer)
