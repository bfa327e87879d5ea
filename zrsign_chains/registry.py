"""Find the chain that serves a CAIP-2 id. A new chain is a new file and one line here."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

from zrsign_chains.caip import ChainId, suggest
from zrsign_chains.chain import Chain
from zrsign_chains.errors import UnknownChain

# namespace -> (module, class); imported on first use, because each brings its chain's library.
_CHAINS = {
    "eip155": ("zrsign_chains.evm", "EvmChain"),
    "bip122": ("zrsign_chains.bitcoin", "BitcoinChain"),
    "solana": ("zrsign_chains.solana", "SolanaChain"),
}


@lru_cache(maxsize=1024)
def chain_for(caip2: str) -> Chain:
    """The chain of a CAIP-2 id; raises `UnknownChain` and suggests the closest known id."""
    chain_id = ChainId.parse(caip2)
    if chain_id.namespace not in _CHAINS:
        raise UnknownChain(
            f"no chain serves the namespace {chain_id.namespace!r} of {caip2!r}; "
            f"served are {', '.join(_CHAINS)}{suggest(caip2)}"
        )
    module, name = _CHAINS[chain_id.namespace]
    chain: Chain = getattr(import_module(module), name)(caip2)
    return chain
