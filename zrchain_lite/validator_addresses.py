"""Addresses of validators: of the account that operates one, and of the key that signs blocks."""

from __future__ import annotations

from functools import lru_cache

from zrchain_lite.errors import InvalidArgument
from zrsign_chains import cosmos
from zrsign_chains.errors import ChainError

OPERATOR_PREFIX = cosmos.ACCOUNT_PREFIX + "valoper"
CONSENSUS_PREFIX = cosmos.ACCOUNT_PREFIX + "valcons"


@lru_cache(maxsize=4096)
def account_of(operator: str) -> str:
    """The account (`zen1…`) of an operator address (`zenvaloper1…`); raises InvalidArgument."""
    return cosmos.encode(cosmos.ACCOUNT_PREFIX, _payload(operator, OPERATOR_PREFIX))


@lru_cache(maxsize=4096)
def operator_of(account: str) -> str:
    """The operator address of an account; raises InvalidArgument."""
    return cosmos.encode(OPERATOR_PREFIX, _payload(account, cosmos.ACCOUNT_PREFIX))


def consensus_text(address: bytes) -> str:
    """A consensus address (20 bytes) as people read it, `zenvalcons1…`."""
    return cosmos.encode(CONSENSUS_PREFIX, address)


def consensus_bytes(address: str) -> bytes:
    """The 20 bytes of a consensus address; raises InvalidArgument."""
    return _payload(address, CONSENSUS_PREFIX)


def _payload(address: str, prefix: str) -> bytes:
    try:
        return cosmos.validate(address, prefix)
    except ChainError as error:
        raise InvalidArgument(str(error), code=7, codespace="sdk") from None
