"""Which coins of a key pay for a simple transaction, as a pure decision."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from zrsign_btc_proxy.reservations import Outpoint
from zrsign_chains import FeeAboveCap, InsufficientFunds, Intent
from zrsign_chains.bitcoin import BitcoinChain, Utxo
from zrsign_daemon.composing import Uncomposable


@dataclass(frozen=True)
class Payment:
    """A PSBT and the coins that it spends."""

    payload: bytes
    coins: tuple[Outpoint, ...]


def compose(
    chain: BitcoinChain,
    intent: Intent,
    public_key: bytes,
    coins: Collection[Utxo],
    *,
    spendable: Callable[[Utxo], bool],
    taken: Collection[Outpoint],
    fee_rate: float,
) -> Payment:
    """Pay `intent` from the coins of a key, at `fee_rate` sat/vB.

    Raises Uncomposable with the figures when the coins do not suffice or the fee is too high, and
    ChainError when no coin could ever make it good (address, dust, data).
    """
    chain.validate_address(intent.to)
    reserved = [coin for coin in coins if Outpoint(coin.txid, coin.vout) in taken]
    young = [coin for coin in coins if coin not in reserved and not spendable(coin)]
    usable = [coin for coin in coins if coin not in reserved and coin not in young]
    try:
        payload = chain.compose(
            intent, utxos=usable, fee_rate_sat_vb=fee_rate, change_public_key=public_key
        )
    except InsufficientFunds as error:
        raise Uncomposable(
            f"insufficient_funds: {error.required_sats} sats needed at {fee_rate:g} sat/vB, "
            f"{error.available_sats} spendable; {_sum(young)} unconfirmed, "
            f"{_sum(reserved)} in transactions under way"
        ) from None
    except FeeAboveCap as error:
        raise Uncomposable(f"fee_above_cap: {error}") from None
    return Payment(payload, outpoints(chain, payload))


def outpoints(chain: BitcoinChain, payload: bytes) -> tuple[Outpoint, ...]:
    """The coins that an unsigned transaction spends. Raises ChainError."""
    return tuple(Outpoint(spent.txid, spent.vout) for spent in chain.parse(payload).inputs)


def _sum(coins: Iterable[Utxo]) -> int:
    return sum(coin.value_sats for coin in coins)
