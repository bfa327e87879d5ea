"""Composing Bitcoin payments: coin selection, fees, change, and checking what was composed."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cost import processor_seconds
from tests.zrsign_chains.builders import (
    ALICE,
    BOB,
    MAINNET,
    REGTEST,
    bitcoin_intent,
    bitcoin_psbt,
    coin,
)
from zrsign_chains import (
    FeeAboveCap,
    InsufficientFunds,
    Intent,
    IntentMismatch,
    MalformedAddress,
    MalformedTransaction,
    WrongNetwork,
)
from zrsign_chains.bitcoin import BitcoinChain, BitcoinTx, TxInput, TxOutput, Utxo
from zrsign_chains.bitcoin_coins import (
    LONG_TERM_SAT_VB,
    MAX_INPUTS,
    Selection,
    input_weight,
    output_weight,
    select,
    vsize,
)
from zrsign_chains.bitcoin_transactions import parse_transaction

CHAIN = BitcoinChain(REGTEST)
RECIPIENTS = {
    "p2wpkh": CHAIN.address(BOB.public_key),
    "p2tr": CHAIN.taproot_address(BOB.public_key),
    "p2pkh": "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn",
    "p2sh": "2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc",
}


def _parse(intent: Intent, *coins: Utxo, fee_rate: float = 2.0) -> BitcoinTx:
    return CHAIN.parse(bitcoin_psbt(intent, *coins, fee_rate=fee_rate))


def _sign(tx: BitcoinTx) -> bytes:
    signatures = [
        ALICE.sign_taproot(digest) if spent.script_pubkey == ALICE.p2tr else ALICE.sign(digest)
        for spent, digest in zip(tx.inputs, CHAIN.sighashes(tx), strict=True)
    ]
    return CHAIN.assemble(tx, signatures, [ALICE.public_key] * len(tx.inputs))


coins = st.lists(
    st.tuples(st.integers(0, 200_000), st.sampled_from([ALICE.p2wpkh, ALICE.p2tr]), st.booleans()),
    max_size=12,
).map(lambda drawn: [coin(v, n, script=s, confirmed=c) for n, (v, s, c) in enumerate(drawn)])


@given(coins, st.integers(546, 400_000), st.floats(0.1, 50), st.sampled_from(sorted(RECIPIENTS)))
def test_composed_payment__should_hold_all_its_promises(
    utxos: list[Utxo], value: int, fee_rate: float, kind: str
) -> None:
    intent = bitcoin_intent(value, to=RECIPIENTS[kind], cap=10**6)
    try:
        tx = _parse(intent, *utxos, fee_rate=fee_rate)
    except InsufficientFunds:
        return
    CHAIN.verify_intent(tx, intent, ALICE.public_key)
    if len(tx.outputs) == 1 or ALICE.p2wpkh in {i.script_pubkey for i in tx.inputs}:
        assert (tx.to, tx.amount) == (RECIPIENTS[kind], value)
    assert all(i.sequence == 0xFFFFFFFD for i in tx.inputs)
    assert all(o.value_sats >= 294 for o in tx.outputs)
    signed = _sign(tx)
    size = _vsize(signed)
    assert size * fee_rate <= tx.fee_sats
    # Without change at most what it would cost to make and to spend some.
    assert tx.fee_sats <= (size + 3 * len(tx.inputs) + 31) * fee_rate + 68 * 10 + 1


def _vsize(signed: bytes) -> int:
    transaction = parse_transaction(signed)
    witness = 2 + sum(len(i.witness.serialize()) for i in transaction.vin)
    return vsize(4 * (len(signed) - witness) + witness)


def test_payment_of_a_confirmed_coin__should_leave_unconfirmed_ones_alone() -> None:
    tx = _parse(bitcoin_intent(10_000), coin(90_000, 0, confirmed=False), coin(20_000, 1))
    assert [i.value_sats for i in tx.inputs] == [20_000]


def test_payment__should_use_unconfirmed_coins_when_it_must() -> None:
    tx = _parse(bitcoin_intent(30_000), coin(90_000, 0, confirmed=False), coin(20_000, 1))
    assert [i.value_sats for i in tx.inputs] == [20_000, 90_000]


def test_dust_and_uneconomic_coins__should_not_be_spent() -> None:
    with pytest.raises(InsufficientFunds) as caught:
        bitcoin_psbt(bitcoin_intent(1_000), *[coin(293, n) for n in range(40)], fee_rate=0.1)
    assert (caught.value.available_sats, caught.value.coins) == (0, 0)
    with pytest.raises(InsufficientFunds):
        bitcoin_psbt(bitcoin_intent(1_000), *[coin(600, n) for n in range(40)], fee_rate=10)


def test_change_below_dust__should_go_to_the_fee() -> None:
    tx = _parse(bitcoin_intent(50_000), coin(50_000 + 110 * 2 + 300))
    assert len(tx.outputs) == 1
    assert tx.fee_sats == 520


def test_change__should_return_to_the_own_p2wpkh() -> None:
    tx = _parse(bitcoin_intent(50_000), coin(90_000, script=ALICE.p2tr))
    assert tx.outputs[1].script_pubkey == ALICE.p2wpkh


def test_missing_funds__should_be_told_in_figures() -> None:
    with pytest.raises(InsufficientFunds) as caught:
        bitcoin_psbt(bitcoin_intent(50_000), coin(30_000))
    error = caught.value
    assert (error.available_sats, error.coins) == (30_000, 1)
    assert error.required_sats == 50_000 + 2 * 110
    assert "at least 20220 sats" in str(error)


def test_number_of_inputs__should_be_capped() -> None:
    utxos = [coin(1_000, n) for n in range(MAX_INPUTS + 10)]
    with pytest.raises(InsufficientFunds) as caught:
        bitcoin_psbt(bitcoin_intent(MAX_INPUTS * 1_000), *utxos, fee_rate=0.1)
    assert caught.value.coins == MAX_INPUTS


def test_fee_above_the_cap__should_be_refused() -> None:
    with pytest.raises(FeeAboveCap, match="above the cap of 100"):
        bitcoin_psbt(bitcoin_intent(cap=100), coin(90_000))


@pytest.mark.parametrize(
    ("kind", "least"), [("p2wpkh", 294), ("p2tr", 330), ("p2pkh", 546), ("p2sh", 540)]
)
def test_dust_payment__should_be_refused(kind: str, least: int) -> None:
    assert _parse(bitcoin_intent(least, to=RECIPIENTS[kind]), coin(90_000)).amount == least
    with pytest.raises(MalformedTransaction, match=f"at least {least}"):
        bitcoin_psbt(bitcoin_intent(least - 1, to=RECIPIENTS[kind]), coin(90_000))


@pytest.mark.parametrize("fee_rate", [0, -1, float("nan"), float("inf")])
def test_fee_rate__should_be_positive(fee_rate: float) -> None:
    with pytest.raises(MalformedTransaction, match="sat/vB"):
        bitcoin_psbt(bitcoin_intent(), coin(90_000), fee_rate=fee_rate)


def test_compose__should_refuse_foreign_coins_addresses_and_data() -> None:
    with pytest.raises(MalformedTransaction, match="does not belong"):
        bitcoin_psbt(bitcoin_intent(), coin(90_000, script=BOB.p2wpkh))
    with pytest.raises(WrongNetwork):
        bitcoin_psbt(bitcoin_intent(to=BitcoinChain(MAINNET).address(BOB.public_key)), coin(90_000))
    with pytest.raises(MalformedAddress):
        bitcoin_psbt(bitcoin_intent(to="nobody"), coin(90_000))
    with pytest.raises(MalformedTransaction, match="no data"):
        bitcoin_psbt(replace(bitcoin_intent(), data=b"\x01"), coin(90_000))


def test_selection__should_not_depend_on_the_order_of_the_coins() -> None:
    utxos = [coin(10_000 + n, n) for n in range(5)]
    arguments: dict[str, Any] = {
        "amount_sats": 25_000,
        "outputs": [BOB.p2wpkh],
        "change_script": ALICE.p2wpkh,
        "fee_rate_sat_vb": 1.5,
    }
    assert select(utxos, **arguments) == select(reversed(utxos), **arguments)


def chosen(utxos: list[Utxo], amount: int, rate: float, **more: Any) -> Selection:
    return select(
        utxos,
        amount_sats=amount,
        outputs=[BOB.p2wpkh],
        change_script=ALICE.p2wpkh,
        fee_rate_sat_vb=rate,
        **more,
    )


def test_coins_that_fit__should_be_spent_without_change() -> None:
    fee = 20 * 178
    utxos = [coin(v, n) for n, v in enumerate((500_000, 70_000, 33_000, 31_000, 11_000))]
    selection = chosen(utxos, 103_000 - fee, 20.0)
    assert sorted(c.value_sats for c in selection.coins) == [33_000, 70_000]
    assert selection.change_sats == 0


@given(
    st.lists(st.integers(1_000, 300_000), min_size=1, max_size=10),
    st.integers(1_000, 300_000),
    st.floats(LONG_TERM_SAT_VB, 60),
)
def test_waste__should_be_the_least_of_all_sets_while_fees_are_high(
    values: list[int], amount: int, rate: float
) -> None:
    utxos = [coin(v, n) for n, v in enumerate(values)]
    try:
        selection = chosen(utxos, amount, rate)
    except InsufficientFunds:
        return
    for size in range(1, len(utxos) + 1):
        for some in combinations(utxos, size):
            try:
                other = chosen([], amount, rate, required=some)
            except InsufficientFunds:
                continue
            # Branch and bound rounds the fee of each input up.
            assert waste(selection, amount, rate) <= waste(other, amount, rate) + 2 * size + 2


def waste(selection: Selection, amount: int, rate: float) -> float:
    """Bitcoin Core's measure, written down a second time."""
    held = sum(c.value_sats for c in selection.coins)
    inputs = 67.75 * len(selection.coins)
    spent = inputs * (rate - LONG_TERM_SAT_VB)
    if selection.change_sats:
        return spent + 31 * rate + 67.75 * LONG_TERM_SAT_VB
    return spent + held - amount - (inputs + 41.5) * rate


def test_small_coins__should_be_gathered_while_fees_are_low() -> None:
    utxos = [coin(1_000_000, 99), *[coin(3_000 + n, n) for n in range(12)]]
    assert len(chosen(utxos, 30_000, 1.0).coins) > 9
    assert len(chosen(utxos, 30_000, 30.0).coins) == 1


def test_many_small_coins__should_pay_a_large_amount() -> None:
    utxos = [coin(20_000, n) for n in range(100)]
    assert len(chosen(utxos, 1_100_000, 2.0).coins) == 56


def test_required_coins_and_least_fee__should_be_kept() -> None:
    rival = coin(9_000, 1)
    selection = chosen([coin(90_000, 2)], 30_000, 2.0, required=[rival], least_fee_sats=5_000)
    assert rival in selection.coins
    assert selection.fee_sats == 5_000
    assert chosen([coin(90_000, 2)], 3_000, 2.0, required=[rival]).coins == (rival,)


def test_selection_among_10_000_coins__should_take_little_time() -> None:
    utxos = [
        Utxo(f"{n:064x}", 0, 1_000 + 7_919 * n % 1_000_000, ALICE.p2wpkh) for n in range(10_000)
    ]
    for rate in (1.0, 15.0, 50.0):
        for amount in (5_000, 777_777, 90_000_000):
            with processor_seconds(0.2):
                chosen(utxos, amount, rate)


def test_weights__should_be_those_of_bip141() -> None:
    assert vsize(input_weight(ALICE.p2wpkh)) == 68
    assert input_weight(ALICE.p2tr) == 230
    assert output_weight(ALICE.p2wpkh) == 4 * 31
    with pytest.raises(MalformedTransaction):
        input_weight(b"\x6a")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": 50_001}, "no output pays"),
        ({"to": RECIPIENTS["p2tr"]}, "no output pays"),
        ({"data": b"\x01"}, "no data"),
        ({"max_network_fee": 281}, "above the cap"),
    ],
)
def test_intent__should_be_compared_in_every_part(change: dict[str, Any], message: str) -> None:
    intent = bitcoin_intent()
    tx = _parse(intent, coin(90_000))
    CHAIN.verify_intent(tx, replace(intent, max_network_fee=tx.fee_sats), ALICE.public_key)
    with pytest.raises(IntentMismatch, match=message):
        CHAIN.verify_intent(tx, replace(intent, **change), ALICE.public_key)


def _changed(tx: BitcoinTx, **change: Any) -> BitcoinTx:
    return replace(tx, **change)


def test_intent__should_not_be_met_by_a_transaction_that_does_more() -> None:
    intent = bitcoin_intent()
    tx = _parse(intent, coin(190_000))
    payment, back = tx.outputs
    stranger = TxOutput(1_000, BOB.p2tr)
    spent = tx.inputs[0]
    for forged in (
        _changed(tx, outputs=(payment, TxOutput(back.value_sats, BOB.p2tr))),
        _changed(tx, outputs=(payment, back, stranger)),
        _changed(tx, outputs=(payment, payment, back)),
        _changed(tx, outputs=(back,)),
        _changed(tx, outputs=(payment, TxOutput(back.value_sats, ALICE.p2tr))),
        _changed(tx, outputs=(payment,)),  # the change goes to the miner
        _changed(tx, locktime=500),
        _changed(tx, inputs=(replace(spent, sequence=1),)),
        _changed(tx, inputs=(replace(spent, script_pubkey=BOB.p2wpkh),)),
        _changed(tx, inputs=(spent, replace(spent, vout=9, script_pubkey=BOB.p2tr))),
    ):
        with pytest.raises(IntentMismatch):
            CHAIN.verify_intent(forged, intent, ALICE.public_key)
    with pytest.raises(IntentMismatch):
        CHAIN.verify_intent(tx, intent, BOB.public_key)


def test_intent__should_not_be_met_by_what_no_node_hands_on() -> None:
    intent = replace(bitcoin_intent(), max_network_fee=10**6)
    tx = _parse(intent, coin(190_000))
    payment, back = tx.outputs
    for change, why in (
        ([back.value_sats + tx.fee_sats], "no node hands on a fee of 0"),
        ([1] * 900, "900 outputs of change"),
        ([back.value_sats // 5] * 5, "5 outputs of change"),
    ):
        outputs = (payment, *(replace(back, value_sats=value) for value in change))
        with pytest.raises(IntentMismatch, match=why):
            CHAIN.verify_intent(_changed(tx, outputs=outputs), intent, ALICE.public_key)
    few = (payment, *[replace(back, value_sats=back.value_sats // 4)] * 4)
    CHAIN.verify_intent(_changed(tx, outputs=few), intent, ALICE.public_key)


def test_amounts__should_be_proven_for_all_but_one_p2wpkh_input() -> None:
    intent = bitcoin_intent(100_000)
    first, second = coin(60_000), coin(60_000, 1)
    bare = [replace(c, previous_transaction=b"") for c in (first, second)]
    for utxos in ([first, second], [first, bare[1]], [bare[0], second]):
        CHAIN.verify_intent(_parse(intent, *utxos), intent, ALICE.public_key)
    with pytest.raises(IntentMismatch, match="unproven"):
        CHAIN.verify_intent(_parse(intent, *bare), intent, ALICE.public_key)
    one = replace(coin(190_000), previous_transaction=b"")
    CHAIN.verify_intent(_parse(intent, one), intent, ALICE.public_key)


def test_previous_transaction__should_be_the_one_that_made_the_coin() -> None:
    with pytest.raises(MalformedTransaction, match="not a Bitcoin transaction"):
        _parse(bitcoin_intent(), replace(coin(90_000), previous_transaction=b"\x00"))
    other = coin(90_001).previous_transaction
    with pytest.raises(MalformedTransaction, match="NON_WITNESS_UTXO"):
        _parse(bitcoin_intent(), replace(coin(90_000), previous_transaction=other))


def test_payment_to_oneself__should_meet_its_intent() -> None:
    intent = bitcoin_intent(to=CHAIN.address(ALICE.public_key))
    tx = _parse(intent, coin(90_000))
    CHAIN.verify_intent(tx, intent, ALICE.public_key)
    assert (tx.to, tx.amount) == (None, 0)


def test_several_payees__should_leave_the_recipient_open_but_add_up() -> None:
    spent = TxInput("11" * 32, 0, 0, 90_000, ALICE.p2wpkh)
    outputs = (TxOutput(1_000, BOB.p2wpkh), TxOutput(2_000, BOB.p2tr), TxOutput(9, ALICE.p2wpkh))
    from zrsign_chains.bitcoin_transactions import build

    tx = build(b"", CHAIN.network, 2, 0, [spent], outputs)
    assert (tx.to, tx.amount, tx.fee_sats) == (None, 3_000, 86_991)
    memo = TxOutput(0, b"\x6a\x02hi")
    tx = build(b"", CHAIN.network, 2, 0, [spent], (outputs[0], memo))
    assert (tx.to, tx.amount) == (CHAIN.address(BOB.public_key), 1_000)
