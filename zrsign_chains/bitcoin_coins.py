"""Coin selection: which outputs of a key pay an amount at a fee rate. Pure and deterministic.

Confirmed coins come first, large ones before small ones, so that few inputs are signed. Coins that
are dust or cost more to spend than they hold are left alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zrsign_chains.bitcoin_scripts import ScriptKind, kind_of
from zrsign_chains.errors import InsufficientFunds, MalformedTransaction

MAX_INPUTS = 50
"""Each input is one threshold signature; more than this is a job for a consolidation."""

# Weight units (BIP-141). Overhead: version, lock time, two one-byte counts, marker and flag.
_OVERHEAD_WEIGHT = 4 * (4 + 4 + 1 + 1) + 2
# Outpoint, empty scriptSig and sequence, then the witness with the longest low-s signature.
_INPUT_WEIGHT = {
    ScriptKind.P2WPKH: 4 * 41 + 1 + (1 + 72) + (1 + 33),
    ScriptKind.P2TR: 4 * 41 + 1 + (1 + 64),
}


@dataclass(frozen=True, slots=True)
class Utxo:
    """An unspent output. `txid` is hex in display order.

    `previous_transaction` is the transaction that made it (network bytes). It proves the amount,
    which a payment from several P2WPKH coins must do (`BitcoinChain.verify_intent`).
    """

    txid: str
    vout: int
    value_sats: int
    script_pubkey: bytes
    confirmed: bool = True
    previous_transaction: bytes = b""


@dataclass(frozen=True, slots=True)
class Selection:
    """The coins to spend; `change_sats` is 0 when no change output is worth making."""

    coins: tuple[Utxo, ...]
    fee_sats: int
    change_sats: int


def vsize(weight: int) -> int:
    """Return the virtual bytes of weight units, rounded up."""
    return -(-weight // 4)


def input_weight(script: bytes) -> int:
    """Return the weight of spending P2WPKH or P2TR; others raise `MalformedTransaction`."""
    kind = kind_of(script)
    if kind not in _INPUT_WEIGHT:
        raise MalformedTransaction(
            f"script {script.hex()} cannot be spent; coins are P2WPKH or P2TR"
        )
    return _INPUT_WEIGHT[kind]


def output_weight(script: bytes) -> int:
    """Return the weight of creating an output with a script shorter than 253 bytes."""
    return 4 * (8 + 1 + len(script))


def payment_vsize(inputs: Iterable[bytes], outputs: Iterable[bytes]) -> int:
    """Return the virtual bytes, at most, of a signed payment from and to these output scripts."""
    weight = _OVERHEAD_WEIGHT + sum(map(input_weight, inputs)) + sum(map(output_weight, outputs))
    return vsize(weight)


def select(
    coins: Iterable[Utxo],
    *,
    amount_sats: int,
    outputs: Sequence[bytes],
    change_script: bytes,
    fee_rate_sat_vb: float,
) -> Selection:
    """Choose coins for outputs that cost `amount_sats` in all.

    Raises `InsufficientFunds` with what is needed and what the usable coins hold.
    """
    if not (math.isfinite(fee_rate_sat_vb) and fee_rate_sat_vb > 0):
        raise MalformedTransaction(f"a fee rate is positive sat/vB, not {fee_rate_sat_vb}")
    usable = _by_preference(coin for coin in coins if _is_worth(coin, fee_rate_sat_vb))
    weight = _OVERHEAD_WEIGHT + sum(output_weight(script) for script in outputs)
    change_weight = output_weight(change_script)
    dust_sats = _dust(change_script)
    chosen: list[Utxo] = []
    held = 0
    fee = _fee(weight, fee_rate_sat_vb)
    for coin in usable[:MAX_INPUTS]:
        chosen.append(coin)
        held += coin.value_sats
        weight += input_weight(coin.script_pubkey)
        fee = _fee(weight, fee_rate_sat_vb)
        if held < amount_sats + fee:
            continue
        fee_with_change = _fee(weight + change_weight, fee_rate_sat_vb)
        change = held - amount_sats - fee_with_change
        if change >= dust_sats:
            return Selection(tuple(chosen), fee_with_change, change)
        return Selection(tuple(chosen), held - amount_sats, 0)
    raise InsufficientFunds(required_sats=amount_sats + fee, available_sats=held, coins=len(chosen))


def _by_preference(coins: Iterable[Utxo]) -> list[Utxo]:
    return sorted(coins, key=lambda c: (not c.confirmed, -c.value_sats, c.txid, c.vout))


def _is_worth(coin: Utxo, fee_rate_sat_vb: float) -> bool:
    cost = _fee(input_weight(coin.script_pubkey), fee_rate_sat_vb)
    return coin.value_sats >= _dust(coin.script_pubkey) and coin.value_sats > cost


def _fee(weight: int, fee_rate_sat_vb: float) -> int:
    return math.ceil(vsize(weight) * fee_rate_sat_vb)


def _dust(script: bytes) -> int:
    kind = kind_of(script)
    return kind.dust_sats if kind else 0
