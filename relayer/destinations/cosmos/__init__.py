"""Cosmos chains (`cosmos`), the ledger itself among them: sends and looks, and composes transfers.

`node` asks what both need, over CometBFT's JSON-RPC.
"""

from relayer.destinations import Adapter
from relayer.destinations.cosmos.composer import CosmosComposer
from relayer.destinations.cosmos.destination import CosmosDestination

ADAPTER = Adapter(CosmosDestination, CosmosComposer)
