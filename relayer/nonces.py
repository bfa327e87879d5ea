"""Nonces of a gas account, as pure functions over what the chain says and what is reserved.

A reservation is stored before anything is signed with it and ends with its item. The lowest free
nonce is taken, so a reservation that ended without landing leaves no gap. Nonces that the pool
counts and nobody here reserved belong to another user of the account and are passed over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from zrsign_chains.evm import raised


@dataclass(frozen=True)
class Fees:
    """EIP-1559 fee caps, wei a gas."""

    max_fee: int
    priority_fee: int


@dataclass(frozen=True)
class Reservation:
    """An item's nonce and the fees of its newest variant."""

    item: str
    nonce: int
    fees: Fees


def next_nonce(latest: int, pending: int, reserved: Collection[int]) -> int:
    """The lowest nonce that neither the chain, nor its pool, nor a reservation holds.

    `latest` and `pending` are eth_getTransactionCount at these tags; some nodes answer `pending`
    with `latest`, which is why reservations count too.
    """
    nonce = max(latest, pending)
    taken = set(reserved)
    while nonce in taken:
        nonce += 1
    return nonce


def overtaken(latest: int, reservations: Iterable[Reservation]) -> tuple[Reservation, ...]:
    """Reservations whose nonce is used on chain: landed, or lost to another transaction."""
    return tuple(one for one in reservations if one.nonce < latest)


def bumped(old: Fees, market: Fees, cap: int) -> Fees | None:
    """Fees that replace `old` in the pool: both up by at least 12.5 %, and at least the market's.

    None when that would exceed `cap` (wei a gas): the same bytes are then sent again instead.
    """
    max_fee = max(raised(old.max_fee), market.max_fee)
    priority = max(raised(old.priority_fee), market.priority_fee)
    if max_fee > cap:
        return None
    return Fees(max_fee, min(priority, max_fee))
