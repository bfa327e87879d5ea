"""CAIP-2 chain ids and CAIP-10 account ids."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from zrsign_chains.errors import MalformedAddress, UnknownChain
from zrsign_chains.hashing import keccak256

_NAMESPACE = re.compile(r"[-a-z0-9]{3,8}")
_REFERENCE = re.compile(r"[-_a-zA-Z0-9]{1,32}")
_ACCOUNT = re.compile(r"[-.%a-zA-Z0-9]{1,128}")


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
    """Return the contracts' 32-byte chain id: keccak256 of the CAIP-2 text."""
    return keccak256(caip2.encode())
