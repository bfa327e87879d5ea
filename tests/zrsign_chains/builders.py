"""Small builders that the tests of the chains share: keys that sign, chains, payloads."""

from __future__ import annotations

from dataclasses import dataclass

from coincurve import PrivateKey
from embit.script import Script
from embit.transaction import Transaction, TransactionInput, TransactionOutput
from solders.keypair import Keypair

from zrsign_chains import COSMOS_LOCAL, Intent
from zrsign_chains.bitcoin import BitcoinChain, Utxo
from zrsign_chains.bitcoin_scripts import p2tr_script, p2wpkh_script
from zrsign_chains.cosmos import CosmosChain
from zrsign_chains.cosmos_transactions import Charge, Coin, CosmosSigner, Send, encode
from zrsign_chains.hashing import tagged_hash

MAINNET = "bip122:000000000019d6689c085ae165831e93"
TESTNET3 = "bip122:000000000933ea01ad0ee984209779ba"
REGTEST = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328"
LOCALNET = "solana:localnet"
ANVIL = "eip155:31338"
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@dataclass(frozen=True)
class Secp256k1Key:
    """A secret key in the hands of a test."""

    secret: bytes

    @property
    def public_key(self) -> bytes:
        return PrivateKey(self.secret).public_key.format()

    def sign(self, digest: bytes) -> bytes:
        """65 bytes r||s||v, low s."""
        return PrivateKey(self.secret).sign_recoverable(digest, hasher=None)

    def sign_der(self, digest: bytes) -> bytes:
        return PrivateKey(self.secret).sign(digest, hasher=None)

    def sign_taproot(self, digest: bytes) -> bytes:
        """BIP-340 signature of the BIP-86 output key."""
        internal = PrivateKey(self.secret)
        point = internal.public_key.format()
        secret = internal.to_int() if point[0] == 2 else N - internal.to_int()
        tweak = int.from_bytes(tagged_hash("TapTweak", point[1:]), "big")
        return PrivateKey.from_int((secret + tweak) % N).sign_schnorr(digest, bytes(32))

    @property
    def p2wpkh(self) -> bytes:
        return p2wpkh_script(self.public_key)

    @property
    def p2tr(self) -> bytes:
        return p2tr_script(self.public_key)


ALICE = Secp256k1Key(bytes([7] * 32))
BOB = Secp256k1Key(bytes([8] * 32))

SOLANA_ALICE = Keypair.from_seed(bytes([1] * 32))
SOLANA_BOB = Keypair.from_seed(bytes([2] * 32))
SOLANA_NONCE = Keypair.from_seed(bytes([3] * 32))
BLOCKHASH = "HBtuwBB6dNyiPtbFBJs6Rug1aHGMD69jTFE6vB3gLKEk"


def coin(
    value_sats: int, n: int = 0, *, script: bytes = ALICE.p2wpkh, confirmed: bool = True
) -> Utxo:
    """A coin made by a transaction of its own, which comes with it; output 0."""
    made = Transaction(
        vin=[TransactionInput(bytes([n]) * 32, 0)],
        vout=[TransactionOutput(value_sats, Script(script))],
    )
    return Utxo(made.txid().hex(), 0, value_sats, script, confirmed, made.serialize())


def bitcoin_intent(value: int = 50_000, *, to: str | None = None, cap: int = 10_000) -> Intent:
    recipient = to or BitcoinChain(REGTEST).address(BOB.public_key)
    return Intent(to=recipient, value=value, data=b"", max_network_fee=cap)


def bitcoin_psbt(intent: Intent, *coins: Utxo, fee_rate: float = 2.0) -> bytes:
    return BitcoinChain(REGTEST).compose(
        intent, utxos=coins, fee_rate_sat_vb=fee_rate, change_public_key=ALICE.public_key
    )


def evm_intent(to: str, value: int = 10**18, data: bytes = b"", cap: int = 10**16) -> Intent:
    return Intent(to=to, value=value, data=data, max_network_fee=cap)


def cosmos_payment(
    public_key: bytes = ALICE.public_key, value: int = 7, chain_id: str = "zrsign-local"
) -> bytes:
    """A SignDoc that pays BOB, of the key's account 5 at sequence 3."""
    chain = CosmosChain(COSMOS_LOCAL)
    coins = (Coin(chain.network.denom, value),)
    send = Send(chain.address(public_key), chain.address(BOB.public_key), coins)
    charge = Charge((Coin(chain.network.denom, 20),), 200_000)
    return encode(chain_id, CosmosSigner(public_key, 5, 3), [send.message()], charge)


def solana_intent(value: int = 77, cap: int = 5_000) -> Intent:
    return Intent(to=str(SOLANA_BOB.pubkey()), value=value, data=b"", max_network_fee=cap)
