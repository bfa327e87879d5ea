"""Texts that real nodes answer with, and which of them say that they have the transaction."""

from __future__ import annotations

import pytest

from relayer.destinations.bitcoin.refusals import KNOWN as BITCOIN
from relayer.destinations.cosmos.refusals import KNOWN as COSMOS
from relayer.destinations.evm.refusals import KNOWN as EVM
from relayer.destinations.solana.refusals import KNOWN as SOLANA
from relayer.refusals import means_known


@pytest.mark.parametrize(
    ("known", "text"),
    [
        (EVM, "already known"),
        (EVM, "transaction already imported"),
        (EVM, "ALREADY_EXISTS: already known"),
        (EVM, "AlreadyKnown"),
        (BITCOIN, "txn-already-in-mempool"),
        (BITCOIN, "txn-already-known"),
        (BITCOIN, "Transaction outputs already in utxo set"),
        (BITCOIN, "Transaction already in block chain"),
        (SOLANA, "This transaction has already been processed"),
        (COSMOS, "Internal error: tx already exists in cache"),
    ],
)
def test_known_transaction__should_be_known_by_the_nodes_text(
    known: tuple[str, ...], text: str
) -> None:
    assert means_known(known, text)


@pytest.mark.parametrize(
    ("known", "text"),
    [
        (EVM, "nonce too low: next nonce 7, tx nonce 3"),
        (EVM, "replacement transaction underpriced"),
        (EVM, "insufficient funds for gas * price + value: balance 0"),
        (EVM, "max fee per gas less than block base fee: address 0x0"),
        (EVM, "a text that nobody has seen"),
        (BITCOIN, "bad-txns-inputs-missingorspent"),
        (BITCOIN, "min relay fee not met, 10 < 110"),
        (BITCOIN, "too-long-mempool-chain, too many ancestors"),
        (SOLANA, "Transaction simulation failed: Blockhash not found"),
        (SOLANA, "Node is behind by 42 slots"),
        (COSMOS, "mempool is full"),
    ],
)
def test_refusal__should_be_no_word_on_the_transaction(known: tuple[str, ...], text: str) -> None:
    assert not means_known(known, text)
