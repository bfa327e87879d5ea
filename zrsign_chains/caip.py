"""CAIP-2 chain ids and CAIP-10 account ids, and the chains that the project names."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from zrsign_chains.errors import MalformedAddress, UnknownChain
from zrsign_chains.hashing import keccak256

_NAMESPACE = re.compile(r"[-a-z0-9]{3,8}")
_REFERENCE = re.compile(r"[-_a-zA-Z0-9]{1,32}")
_ACCOUNT = re.compile(r"[-.%a-zA-Z0-9]{1,128}")

KNOWN_CHAINS = MappingProxyType(
    {
        "eip155:1": "Ethereum",
        "eip155:10": "OP Mainnet",
        "eip155:56": "BNB Smart Chain",
        "eip155:97": "BNB Smart Chain testnet",
        "eip155:137": "Polygon",
        "eip155:8453": "Base",
        "eip155:31337": "Anvil",
        "eip155:31338": "Anvil (second)",
        "eip155:42161": "Arbitrum One",
        "eip155:43113": "Avalanche Fuji",
        "eip155:43114": "Avalanche",
        "eip155:80002": "Polygon Amoy",
        "eip155:84532": "Base Sepolia",
        "eip155:421614": "Arbitrum Sepolia",
        "eip155:560048": "Hoodi",
        "eip155:11155111": "Sepolia",
        "eip155:11155420": "OP Sepolia",
        "eip155:168587773": "Blast Sepolia",
        "bip122:000000000019d6689c085ae165831e93": "Bitcoin",
        "bip122:000000000933ea01ad0ee984209779ba": "Bitcoin testnet3",
        "bip122:0f9188f13cb7b2c71f2a335e3a4fc328": "Bitcoin regtest",
        "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp": "Solana",
        "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1": "Solana devnet",
        "solana:4uhcVJyU9pJkvQyS88uRDiswHXSCkY3z": "Solana testnet",
        "solana:localnet": "Solana localnet",
        "solana:HK8b7Skns2TX3FvXQxm2mPQbY2nVY8GD": "Solana regnet",
    }
)
"""CAIP-2 id to a name that people know."""


@dataclass(frozen=True, slots=True)
class ChainId:
    """A CAIP-2 id: `namespace` ":" `reference`."""

    namespace: str
    reference: str

    @classmethod
    def parse(cls, text: str) -> ChainId:
        """Read `namespace:reference`; raises `UnknownChain` when the text is not CAIP-2."""
        namespace, colon, reference = text.partition(":")
        if not (colon and _NAMESPACE.fullmatch(namespace) and _REFERENCE.fullmatch(reference)):
            raise UnknownChain(
                f"{text!r} is not a CAIP-2 id; write namespace:reference, e.g. eip155:1"
            )
        return cls(namespace, reference)

    def __str__(self) -> str:
        return f"{self.namespace}:{self.reference}"


@dataclass(frozen=True, slots=True)
class AccountId:
    """A CAIP-10 id: a CAIP-2 chain ":" an account address."""

    chain: ChainId
    address: str

    @classmethod
    def parse(cls, text: str) -> AccountId:
        """Read `namespace:reference:address`; raises `MalformedAddress` or `UnknownChain`."""
        chain, colon, address = text.rpartition(":")
        if not (colon and _ACCOUNT.fullmatch(address)):
            raise MalformedAddress(
                f"{text!r} is not a CAIP-10 id; write chain:address, e.g. eip155:1:0xabc…"
            )
        return cls(ChainId.parse(chain), address)

    def __str__(self) -> str:
        return f"{self.chain}:{self.address}"


@lru_cache(maxsize=1024)
def chain_hash(caip2: str) -> bytes:
    """The contracts' 32-byte chain id: keccak256 of the CAIP-2 text."""
    return keccak256(caip2.encode())


@lru_cache(maxsize=1)
def _chains_by_hash() -> dict[bytes, str]:
    return {chain_hash(caip2): caip2 for caip2 in KNOWN_CHAINS}


def chain_by_hash(digest: bytes) -> str:
    """The known CAIP-2 id with this `chain_hash`; raises `UnknownChain`."""
    try:
        return _chains_by_hash()[bytes(digest)]
    except KeyError:
        raise UnknownChain(
            f"no known chain has the id 0x{bytes(digest).hex()}; it is keccak256 of a CAIP-2 text"
        ) from None


def suggest(caip2: str) -> str:
    """A phrase that names the closest known chain, or the empty string."""
    close = difflib.get_close_matches(caip2, KNOWN_CHAINS, n=1)
    return f"; did you mean {close[0]} ({KNOWN_CHAINS[close[0]]})?" if close else ""
