"""Unsigned transactions that the wallets of these tests can sign."""

from __future__ import annotations

from embit.script import Script
from embit.transaction import Transaction, TransactionInput, TransactionOutput

from tests.zrsign_receiver.world import EVM_CHAIN, LOCALNET, REGTEST, Account
from zrsign_chains import Intent
from zrsign_chains.bitcoin import BitcoinChain
from zrsign_chains.bitcoin_coins import Utxo
from zrsign_chains.evm import EvmChain
from zrsign_chains.simple_tx import SimpleTx, encode
from zrsign_chains.solana import SolanaChain

EVM_RECIPIENT = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
BITCOIN_RECIPIENT = BitcoinChain(REGTEST).address(Account("recipient").public_key)
SOLANA_RECIPIENT = "4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM"


def evm(value: int = 1000, *, to: str = EVM_RECIPIENT, data: bytes = b"", nonce: int = 0) -> bytes:
    intent = Intent(to, value, data, 10**18)
    return EvmChain(EVM_CHAIN).compose(
        intent, nonce=nonce, gas=21_000, max_fee=10**9, priority_fee=1
    )


def bitcoin(public_key: bytes, value: int = 50_000, *, coins: int = 2, rate: float = 2) -> bytes:
    chain = BitcoinChain(REGTEST)
    script = chain.script_for(chain.address(public_key))
    funding = Transaction(
        vin=[TransactionInput(b"\x01" * 32, 0)],
        vout=[TransactionOutput(30_000, Script(script))] * coins,
    )
    txid, raw = funding.txid().hex(), funding.serialize()
    utxos = [Utxo(txid, n, 30_000, script, previous_transaction=raw) for n in range(coins)]
    intent = Intent(BITCOIN_RECIPIENT, value, b"", 10**6)
    return chain.compose(intent, utxos=utxos, fee_rate_sat_vb=rate, change_public_key=public_key)


def solana(public_key: bytes, value: int = 5000) -> bytes:
    intent = Intent(SOLANA_RECIPIENT, value, b"", 10**7)
    return SolanaChain(LOCALNET).compose(
        intent, from_public_key=public_key, blockhash=SOLANA_RECIPIENT
    )


def simple(to: str = EVM_RECIPIENT, value: int = 1000, data: bytes = b"") -> bytes:
    return encode(SimpleTx(to, value, data))
