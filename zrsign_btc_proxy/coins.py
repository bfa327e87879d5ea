"""Which coins of a key pay for a simple transaction, as a pure decision."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from zrsign_btc_proxy.reservations import Outpoint
from zrsign_chains import FeeAboveCap, InsufficientFunds, Intent
from zrsign_chains.bitcoin import BitcoinChain, BitcoinTx, Utxo
from zrsign_chains.bitcoin_coins import payment_vsize
from zrsign_daemon.composing import Uncomposable


@dataclass(frozen=True)
class Payment:
    """A PSBT and the coins that it spends."""

    payload: bytes
    coins: tuple[Outpoint, ...]


@dataclass(frozen=True)
class Rival:
    """A payment that may still land, and those of its coins that the next one has to spend."""

    tx: BitcoinTx
    coins: tuple[Utxo, ...]


def compose(
    chain: BitcoinChain,
    intent: Intent,
    public_key: bytes,
    coins: Collection[Utxo],
    *,
    spendable: Callable[[Utxo], bool],
    taken: Collection[Outpoint],
    fee_rate: float,
    rivals: Sequence[Rival] = (),
) -> Payment:
    """Pay `intent` from the coins of a key, at `fee_rate` sat/vB.

    The coins of each of `rivals` are spent too, at a fee for which nodes that hold them take this
    one instead (BIP-125).

    Raises Uncomposable with the figures when the coins do not suffice or the fee is too high, and
    ChainError when no coin could ever make it good (address, dust, data).
    """
    chain.validate_address(intent.to)
    reserved = [coin for coin in coins if Outpoint(coin.txid, coin.vout) in taken]
    young = [coin for coin in coins if coin not in reserved and not spendable(coin)]
    usable = [coin for coin in coins if coin not in reserved and coin not in young]
    try:
        payload = chain.compose(
            intent,
            utxos=usable,
            fee_rate_sat_vb=max([fee_rate, *(next_rate(rival.tx) for rival in rivals)]),
            change_public_key=public_key,
            required=[coin for rival in rivals for coin in rival.coins],
            least_fee_sats=sum(chain.replacement_fee(rival.tx) for rival in rivals),
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


def shared_coins(chain: BitcoinChain, payloads: Iterable[bytes]) -> tuple[Outpoint, ...]:
    """The coins that each of a request's unsigned transactions spends. Raises ChainError.

    None of them can land when something else spends one of these. A coin that only a replacement
    added proves nothing of what it replaced.
    """
    first, *others = (outpoints(chain, payload) for payload in payloads)
    return tuple(coin for coin in first if all(coin in other for other in others))


def next_rate(tx: BitcoinTx) -> float:
    """Satoshi a virtual byte, and the one more that its replacement pays."""
    scripts = [each.script_pubkey for each in tx.inputs]
    return tx.fee_sats / payment_vsize(scripts, [each.script_pubkey for each in tx.outputs]) + 1


def _sum(coins: Iterable[Utxo]) -> int:
    return sum(coin.value_sats for coin in coins)
