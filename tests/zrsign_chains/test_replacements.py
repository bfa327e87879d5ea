"""What takes the place of a stuck transaction differs from it by its fee alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.zrsign_chains.builders import (
    ANVIL,
    BLOCKHASH,
    LOCALNET,
    REGTEST,
    SOLANA_ALICE,
    bitcoin_intent,
    bitcoin_psbt,
    coin,
    evm_intent,
    solana_intent,
)
from zrsign_chains import IntentMismatch
from zrsign_chains.bitcoin import BitcoinChain, BitcoinTx, TxOutput
from zrsign_chains.evm import EvmChain, raised
from zrsign_chains.evm_transactions import EvmTx
from zrsign_chains.solana import SolanaChain

EVM, BITCOIN = EvmChain(ANVIL), BitcoinChain(REGTEST)
GWEI = 10**9


def evm(max_fee: int = 10 * GWEI, priority_fee: int = GWEI) -> EvmTx:
    payload = EVM.compose(evm_intent("0x" + "22" * 20), 3, 50_000, max_fee, priority_fee)
    return EVM.parse(payload)


def bitcoin(fee_rate: float = 2.0) -> BitcoinTx:
    payload = bitcoin_psbt(bitcoin_intent(70_000), coin(40_000), coin(50_000, 1), fee_rate=fee_rate)
    return BITCOIN.parse(payload)


def paying(tx: BitcoinTx, fee_sats: int) -> BitcoinTx:
    """The same payment at another fee, which the change bears."""
    payment, change = tx.outputs
    rest = change.value_sats + tx.fee_sats - fee_sats
    return replace(tx, outputs=(payment, TxOutput(rest, change.script_pubkey)))


def test_evm_replacement__should_raise_both_fees_and_nothing_else() -> None:
    stuck = evm()
    EVM.verify_replacement(stuck, evm(raised(10 * GWEI), raised(GWEI)))
    for low in (evm(), evm(raised(10 * GWEI) - 1, raised(GWEI)), evm(20 * GWEI, raised(GWEI) - 1)):
        with pytest.raises(IntentMismatch, match="no pool takes"):
            EVM.verify_replacement(stuck, low)
    dear = evm(20 * GWEI, 2 * GWEI)
    for other in (
        replace(dear, nonce=4),
        replace(dear, gas=50_001),
        replace(dear, value=dear.value + 1),
        replace(dear, destination="0x" + "11" * 20),
        replace(dear, data=b"\x01"),
    ):
        with pytest.raises(IntentMismatch, match="more than the fee"):
            EVM.verify_replacement(stuck, other)


def test_bitcoin_replacement__should_pay_for_its_own_relay_and_more_a_byte() -> None:
    stuck = bitcoin()
    # Two P2WPKH inputs and two outputs: 209 virtual bytes, each for one satoshi more.
    BITCOIN.verify_replacement(stuck, paying(stuck, stuck.fee_sats + 209))
    with pytest.raises(IntentMismatch, match="no node takes"):
        BITCOIN.verify_replacement(stuck, paying(stuck, stuck.fee_sats + 208))


def test_bitcoin_replacement__should_spend_the_same_coins_first() -> None:
    stuck = bitcoin()
    dear = paying(stuck, stuck.fee_sats + 1000)
    first, second = dear.inputs
    more = replace(second, vout=7)
    BITCOIN.verify_replacement(stuck, replace(dear, inputs=(first, second, more)))
    for inputs in ((second, first), (first,), (first, more), (more, first, second)):
        with pytest.raises(IntentMismatch, match="does not spend the coins"):
            BITCOIN.verify_replacement(stuck, replace(dear, inputs=inputs))


def test_bitcoin_replacement__should_not_tell_another_amount_of_a_coin() -> None:
    """Else each of two requests lies about another coin, and one's signature is good each time."""
    stuck = bitcoin()
    dear = paying(stuck, stuck.fee_sats + 1000)
    first, second = dear.inputs
    lie = replace(second, value_sats=second.value_sats + 1000)
    with pytest.raises(IntentMismatch, match="does not spend the coins"):
        BITCOIN.verify_replacement(stuck, replace(dear, inputs=(first, lie)))


def test_bitcoin_replacement__should_not_be_cheaper_a_byte() -> None:
    stuck = bitcoin(40.0)
    more = tuple(replace(stuck.inputs[1], vout=vout) for vout in range(2, 40))
    dear = paying(stuck, stuck.fee_sats + 4000)
    large = replace(dear, inputs=(*dear.inputs, *more))
    rest = large.fee_sats - dear.fee_sats
    payment, change = large.outputs
    large = replace(large, outputs=(payment, replace(change, value_sats=change.value_sats + rest)))
    assert large.fee_sats == dear.fee_sats
    with pytest.raises(IntentMismatch, match="a higher rate"):
        BITCOIN.verify_replacement(stuck, large)


def test_chain_without_replacement__should_refuse_any() -> None:
    chain = SolanaChain(LOCALNET)
    tx = chain.parse(
        chain.compose(
            solana_intent(), from_public_key=bytes(SOLANA_ALICE.pubkey()), blockhash=BLOCKHASH
        )
    )
    with pytest.raises(IntentMismatch, match="no transaction takes another"):
        chain.verify_replacement(tx, tx)
