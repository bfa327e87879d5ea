"""Texts that real nodes answer with, and what each means."""

from __future__ import annotations

import pytest

from relayer.destinations.bitcoin.refusals import BITCOIN
from relayer.destinations.evm.refusals import EVM
from relayer.destinations.solana.refusals import SOLANA
from relayer.refusals import Meaning, Table, meaning


@pytest.mark.parametrize(
    ("table", "text", "expected"),
    [
        (EVM, "already known", Meaning.KNOWN),
        (EVM, "transaction already imported", Meaning.KNOWN),
        (EVM, "ALREADY_EXISTS: already known", Meaning.KNOWN),
        (EVM, "AlreadyKnown", Meaning.KNOWN),
        (EVM, "nonce too low: next nonce 7, tx nonce 3", Meaning.NONCE_USED),
        (EVM, "OldNonce", Meaning.NONCE_USED),
        (EVM, "replacement transaction underpriced", Meaning.RETRY),
        (EVM, "transaction underpriced: tip needed 1", Meaning.RETRY),
        (EVM, "max fee per gas less than block base fee: address 0x0", Meaning.RETRY),
        (EVM, "insufficient funds for gas * price + value: balance 0", Meaning.NEVER),
        (EVM, "Insufficient funds for gas * price + value", Meaning.NEVER),
        (EVM, "intrinsic gas too low: gas 1, minimum needed 21000", Meaning.NEVER),
        (EVM, "invalid chain id for signer: have 1 want 2", Meaning.NEVER),
        (EVM, "a text that nobody has seen", Meaning.RETRY),
        (BITCOIN, "txn-already-in-mempool", Meaning.KNOWN),
        (BITCOIN, "txn-already-known", Meaning.KNOWN),
        (BITCOIN, "Transaction outputs already in utxo set", Meaning.KNOWN),
        (BITCOIN, "Transaction already in block chain", Meaning.KNOWN),
        (BITCOIN, "bad-txns-inputs-missingorspent", Meaning.NEVER),
        (BITCOIN, "bad-txns-in-belowout, value in (1) < value out (2)", Meaning.NEVER),
        (BITCOIN, "bad-txns-premature-spend-of-coinbase, tried at depth 1", Meaning.RETRY),
        (BITCOIN, "mempool-script-verify-flag-failed (Script failed)", Meaning.NEVER),
        (BITCOIN, "txn-mempool-conflict", Meaning.RETRY),
        (BITCOIN, "min relay fee not met, 10 < 110", Meaning.NEVER),
        (BITCOIN, "mempool min fee not met, 10 < 110", Meaning.RETRY),
        (BITCOIN, "too-long-mempool-chain, too many ancestors", Meaning.RETRY),
        (BITCOIN, "non-final", Meaning.RETRY),
        (SOLANA, "This transaction has already been processed", Meaning.KNOWN),
        (SOLANA, "Transaction simulation failed: Blockhash not found", Meaning.RETRY),
        (
            SOLANA,
            "Attempt to debit an account but found no record of a prior credit.",
            Meaning.NEVER,
        ),
        (SOLANA, "Error processing Instruction 0: custom program error: 0x1", Meaning.NEVER),
        (SOLANA, "Transaction signature verification failure", Meaning.NEVER),
        (SOLANA, "Node is behind by 42 slots", Meaning.RETRY),
    ],
)
def test_error_text__should_mean_what_the_node_means(
    table: Table, text: str, expected: Meaning
) -> None:
    assert meaning(table, text) is expected


@pytest.mark.parametrize("table", [EVM, BITCOIN, SOLANA])
def test_table__should_have_no_line_that_an_earlier_one_hides(table: Table) -> None:
    for index, (part, _) in enumerate(table):
        assert not [earlier for earlier, _ in table[:index] if earlier in part], part
