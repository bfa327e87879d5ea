"""Which coins a payment takes, as a pure decision."""

from __future__ import annotations

import pytest
from coincurve import PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from zrsign_btc_proxy.coins import Payment, compose
from zrsign_btc_proxy.reservations import Outpoint
from zrsign_chains import BITCOIN_REGTEST as REGTEST
from zrsign_chains import Intent
from zrsign_chains.bitcoin import BitcoinChain, Utxo
from zrsign_chains.bitcoin_scripts import p2wpkh_script
from zrsign_daemon.composing import Uncomposable

RULES = BitcoinChain(REGTEST)
PUBLIC_KEY = PrivateKey(b"\x51" * 32).public_key.format()
SCRIPT = p2wpkh_script(PUBLIC_KEY)
RECIPIENT = RULES.address(PrivateKey(b"\x52" * 32).public_key.format())


def coin(number: int, sats: int, *, confirmed: bool = True) -> Utxo:
    return Utxo(f"{number:064x}", 0, sats, SCRIPT, confirmed)


def decide(
    coins: list[Utxo], sats: int, *, taken: set[Outpoint] | None = None, cap: int = 10**6
) -> Payment:
    return compose(
        RULES,
        Intent(RECIPIENT, sats, b"", cap),
        PUBLIC_KEY,
        coins,
        spendable=lambda one: one.confirmed,
        taken=taken or set(),
        fee_rate=2.0,
    )


COINS = st.lists(
    st.builds(coin, st.integers(1, 10**6), st.integers(600, 10**8), confirmed=st.booleans()),
    max_size=12,
    unique_by=lambda one: one.txid,
)


@given(COINS, st.integers(1000, 10**8), st.data())
def test_payment__should_spend_only_free_and_confirmed_coins_and_pay_exactly(
    coins: list[Utxo], sats: int, data: st.DataObject
) -> None:
    taken = {
        Outpoint(one.txid, one.vout) for one in coins if data.draw(st.booleans(), label="taken")
    }
    free = {
        Outpoint(one.txid, one.vout): one.value_sats
        for one in coins
        if one.confirmed and Outpoint(one.txid, one.vout) not in taken
    }
    try:
        payment = decide(coins, sats, taken=taken)
    except Uncomposable:
        # A coin may be worth less than the fee of spending it.
        assert sum(max(0, value - 140) for value in free.values()) < sats + 200
        return
    assert set(payment.coins) <= set(free)
    outputs = RULES.parse(payment.payload).outputs
    assert [one.value_sats for one in outputs if one.script_pubkey != SCRIPT] == [sats]


def test_shortage__should_say_what_is_missing_young_and_taken() -> None:
    coins = [coin(1, 50_000), coin(2, 60_000, confirmed=False), coin(3, 70_000)]
    with pytest.raises(Uncomposable, match=r"^insufficient_funds") as caught:
        decide(coins, 100_000, taken={Outpoint(coins[2].txid, 0)})
    for figure in ("50000 spendable", "60000 unconfirmed", "70000 in transactions under way"):
        assert figure in str(caught.value)


def test_fee_above_the_cap__should_be_told() -> None:
    with pytest.raises(Uncomposable, match=r"^fee_above_cap"):
        decide([coin(1, 10**6)], 100_000, cap=1)
