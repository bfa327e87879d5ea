"""The `[[chains]]` tables of an operator: where it sees for itself what contracts ask."""

from __future__ import annotations

from pydantic import Field

from zrsign_daemon.events.contracts import ContractAddress, EvmChainId
from zrsign_daemon.events.finality import DEFAULT_FINALITY, Finality
from zrsign_daemon.jsonrpc import NodeUrl
from zrsign_daemon.settings import Part


class SourceChain(Part):
    """One EVM chain with the contracts on it whose requests are signed."""

    caip2: EvmChainId
    """CAIP-2 id of the chain; the node must answer with the same chain id."""
    rpc_url: NodeUrl
    """The JSON-RPC of a node that the operator believes: its own."""
    rpc_timeout_s: float = Field(default=5.0, gt=0, le=60)
    """Longest time for one answer of the node, in seconds."""
    finality: Finality = DEFAULT_FINALITY
    """When a block is final: blocks on top of it, or the node's own word for it."""
    contracts: tuple[ContractAddress, ...] = Field(min_length=1)
    """Addresses of the zrSign contracts (EIP-55) that are believed."""
