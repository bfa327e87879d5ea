"""What orders transactions, and which of them fit a block. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from zrchain_lite.errors import LedgerError
from zrchain_lite.modules.bank.keeper import parse_coin
from zrchain_lite.tx import DecodedTx


@dataclass(frozen=True)
class Described:
    """What orders transactions: whose they are and what they pay.

    `places` are each signer's address and sequence, `price` is the fee in billionths of the coin's
    smallest unit for each unit of gas.
    """

    places: tuple[tuple[str, int], ...]
    gas: int
    price: int
    timeout_height: int


def describe(tx: DecodedTx) -> Described:
    """What orders a transaction among those that wait; raises LedgerError."""
    fee, infos = tx.auth_info.fee, tx.auth_info.signer_infos
    amount = sum(parse_coin(coin)[1] for coin in fee.amount)
    sequences = [info.sequence for info in infos]
    return Described(
        tuple(zip(tx.signers, sequences, strict=False)),
        fee.gas_limit,
        amount * 10**9 // max(fee.gas_limit, 1),
        tx.body.timeout_height,
    )


def fitting(
    txs: Iterable[bytes], described: Callable[[bytes], Described], max_gas: int, max_bytes: int
) -> list[bytes]:
    """The transactions that decode and fit, in the given order; a negative `max_gas` is no limit.

    What comes after one that does not fit, of one of its accounts, does not fit either: it would
    overtake.
    """
    chosen: list[bytes] = []
    size = gas = 0
    passed_over: set[str] = set()
    for tx in txs:
        try:
            about = described(tx)
        except LedgerError:
            continue
        accounts = {account for account, _ in about.places}
        too_much = 0 <= max_gas < gas + about.gas or size + len(tx) > max_bytes
        if too_much or accounts & passed_over:
            passed_over |= accounts
            continue
        chosen.append(tx)
        size, gas = size + len(tx), gas + about.gas
    return chosen
