"""Coin selection: which outputs of a key pay an amount at a fee rate. Pure and deterministic.

Of three candidates the one with the least waste is taken, as Bitcoin Core measures it: what the
inputs cost more than at the long-term fee rate, and what the change costs, or what is given away
where there is none. The candidates are sets that need no change (branch and bound), the largest
coins, of which few are needed, and, while fees are low, the smallest ones, which are gathered then.
Unconfirmed coins are spent when the others do not suffice. Coins that are dust or cost more to
spend than they hold are left alone.

Source: M. Erhardt, "An Evaluation of Coin Selection Strategies" (2016); Bitcoin Core,
doc/coin_selection and wallet/coinselection.cpp, whose algorithms have the same names.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate

from zrsign_chains.bitcoin_scripts import ScriptKind, kind_of
from zrsign_chains.errors import InsufficientFunds, MalformedTransaction

MAX_INPUTS = 200
"""Each input is one threshold signature, and a request has 256 at most."""

MAX_GATHERED = 20
"""Most small coins that are gathered in one payment while fees are low."""

LONG_TERM_SAT_VB = 10.0
"""Where fees are taken to be in the long run (Bitcoin Core's `-consolidatefeerate`)."""

MAX_TRIES = 10_000
"""Steps of branch and bound, after which the best set so far counts."""

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


@lru_cache(maxsize=4096)
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
    required: Sequence[Utxo] = (),
    least_fee_sats: int = 0,
    most_fee_sats: int | None = None,
) -> Selection:
    """Choose coins for outputs that cost `amount_sats` in all; `required` are among them.

    The fee is `least_fee_sats` at least; a set whose fee is above `most_fee_sats` is taken only
    where no other is found. Raises `InsufficientFunds` with what is needed and what the usable
    coins hold.
    """
    if not (math.isfinite(fee_rate_sat_vb) and fee_rate_sat_vb > 0):
        raise MalformedTransaction(f"a fee rate is positive sat/vB, not {fee_rate_sat_vb}")
    fixed = {(coin.txid, coin.vout) for coin in required}
    free = [coin for coin in coins if (coin.txid, coin.vout) not in fixed]
    least = {script: _least_worth(script, fee_rate_sat_vb) for script in _scripts(free)}
    usable = _by_preference(coin for coin in free if coin.value_sats >= least[coin.script_pubkey])
    payment = _Payment(
        amount_sats, tuple(outputs), change_script, fee_rate_sat_vb, least_fee_sats, tuple(required)
    )
    confirmed = [coin for coin in usable if coin.confirmed]
    for pool in (confirmed, usable):
        found = [one for one in map(payment.settled, payment.candidates(pool)) if one is not None]
        if found:
            cap = math.inf if most_fee_sats is None else most_fee_sats
            return min(found, key=lambda one: (one.fee_sats > cap, payment.waste(one)))
    everything = usable[: MAX_INPUTS - len(required)]
    raise InsufficientFunds(
        required_sats=amount_sats + payment.fee((*required, *everything)),
        available_sats=_held((*required, *everything)),
        coins=len(everything) + len(required),
    )


@dataclass(frozen=True)
class _Payment:
    """What has to be paid, and how a set of coins pays it."""

    amount_sats: int
    outputs: tuple[bytes, ...]
    change_script: bytes
    rate: float
    least_fee_sats: int
    required: tuple[Utxo, ...]

    def candidates(self, pool: Sequence[Utxo]) -> Iterator[tuple[Utxo, ...]]:
        """Sets to choose among, of a pool in the order of preference. Not all of them suffice."""
        if self.settled(self.required) is not None:
            yield self.required
            return
        if (exact := self._without_change(pool)) is not None:
            yield (*self.required, *exact)
        yield self._first_that_suffice(pool)
        if self.rate < LONG_TERM_SAT_VB:
            yield self._first_that_suffice(pool[::-1], MAX_GATHERED)

    def settled(self, coins: tuple[Utxo, ...]) -> Selection | None:
        """The payment from these coins; None when they do not suffice."""
        if not coins:
            return None
        rest = _held(coins) - self.amount_sats
        if rest < self.fee(coins):
            return None
        fee = max(self.fee(coins, change=True), self.least_fee_sats)
        if rest - fee >= _dust(self.change_script):
            return Selection(coins, fee, rest - fee)
        return Selection(coins, rest, 0)

    def waste(self, selection: Selection) -> float:
        """Bitcoin Core's measure, in sats; below 0 when many coins are spent at a low fee rate."""
        inputs = sum(input_weight(coin.script_pubkey) for coin in selection.coins) / 4
        extra = self._change_cost if selection.change_sats else 0.0
        if not selection.change_sats:
            extra = selection.fee_sats - self.fee(selection.coins)
        return inputs * (self.rate - LONG_TERM_SAT_VB) + extra

    def fee(self, coins: Sequence[Utxo], *, change: bool = False) -> int:
        """The fee of spending these coins, in sats."""
        weight = self._fixed_weight + sum(input_weight(coin.script_pubkey) for coin in coins)
        if change:
            weight += output_weight(self.change_script)
        return max(_fee(weight, self.rate), 0 if change else self.least_fee_sats)

    @cached_property
    def _fixed_weight(self) -> int:
        return _OVERHEAD_WEIGHT + sum(map(output_weight, self.outputs))

    @property
    def _change_cost(self) -> float:
        """What it costs to make the change now and to spend it in the long run."""
        made = output_weight(self.change_script) / 4 * self.rate
        return made + input_weight(self.change_script) / 4 * LONG_TERM_SAT_VB

    def _first_that_suffice(self, pool: Sequence[Utxo], most: int = MAX_INPUTS) -> tuple[Utxo, ...]:
        """The least number of coins from the start of the pool that pay with change, or without."""
        chosen = list(self.required)
        held = _held(chosen)
        enough: tuple[Utxo, ...] = ()
        for coin in pool[: max(most - len(chosen), 0)]:
            chosen.append(coin)
            held += coin.value_sats
            if held < self.amount_sats:
                continue
            settled = self.settled(tuple(chosen))
            if settled is not None:
                enough = settled.coins
                break
        return enough

    def _without_change(self, pool: Sequence[Utxo]) -> tuple[Utxo, ...] | None:
        """Branch and bound over effective values: a set whose rest is cheaper than change."""
        cost = {script: _fee(input_weight(script), self.rate) for script in _scripts(pool)}
        pairs = [(coin.value_sats - cost[coin.script_pubkey], coin) for coin in pool]
        target = self.amount_sats + self.fee(self.required) - _held(self.required)
        slack = int(self._change_cost)
        fitting = sorted(
            (pair for pair in pairs if pair[0] <= target + slack),
            key=lambda pair: (-pair[0], pair[1].txid, pair[1].vout),
        )
        if target <= 0 or not fitting:
            return None
        step = [
            input_weight(coin.script_pubkey) / 4 * (self.rate - LONG_TERM_SAT_VB)
            for _, coin in fitting
        ]
        room = MAX_INPUTS - len(self.required)
        found = _branch_and_bound([value for value, _ in fitting], step, target, slack, room)
        return None if found is None else tuple(fitting[index][1] for index in found)


def _branch_and_bound(
    values: Sequence[int], steps: Sequence[float], target: int, slack: int, room: int
) -> tuple[int, ...] | None:
    """Indices of values, which descend, that add up to `target` or at most `slack` more.

    Of the sets that are found the one with the least sum of `steps` and excess counts.
    """
    ahead = [*reversed(list(accumulate(reversed(values)))), 0]
    best: tuple[int, ...] | None = None
    least = math.inf
    chosen: list[int] = []
    total, cost, place = 0, 0.0, 0
    for _ in range(MAX_TRIES):
        dear = bool(steps) and steps[0] > 0 and cost > least
        over = total > target + slack or total + ahead[place] < target or len(chosen) > room
        if not (over or dear) and total >= target and cost + total - target < least:
            best, least = tuple(chosen), cost + total - target
        if over or dear or total >= target:
            if not chosen:
                break
            last = chosen.pop()
            total, cost = total - values[last], cost - steps[last]
            place = last + 1
            while place < len(values) and values[place] == values[last]:
                place += 1
        else:
            chosen.append(place)
            total, cost = total + values[place], cost + steps[place]
            place += 1
    return best


def _held(coins: Iterable[Utxo]) -> int:
    return sum(coin.value_sats for coin in coins)


def _by_preference(coins: Iterable[Utxo]) -> list[Utxo]:
    return sorted(coins, key=lambda c: (not c.confirmed, -c.value_sats, c.txid, c.vout))


def _least_worth(script: bytes, fee_rate_sat_vb: float) -> int:
    """The least sats that are worth spending."""
    return max(_dust(script), _fee(input_weight(script), fee_rate_sat_vb) + 1)


def _scripts(coins: Iterable[Utxo]) -> set[bytes]:
    return {coin.script_pubkey for coin in coins}


def _fee(weight: int, fee_rate_sat_vb: float) -> int:
    return math.ceil(vsize(weight) * fee_rate_sat_vb)


@lru_cache(maxsize=4096)
def _dust(script: bytes) -> int:
    kind = kind_of(script)
    return kind.dust_sats if kind else 0
