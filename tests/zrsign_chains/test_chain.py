"""What every chain answers to the other rooms, whatever its kind."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.zrsign_chains.builders import (
    ALICE,
    ANVIL,
    BLOCKHASH,
    BOB,
    LOCALNET,
    REGTEST,
    SOLANA_ALICE,
    SOLANA_BOB,
    bitcoin_intent,
    bitcoin_psbt,
    coin,
    evm_intent,
    solana_intent,
)
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrsign_chains import (
    COSMOS_LOCAL,
    FAMILIES,
    KNOWN_CHAINS,
    LEDGER_WALLETS,
    WALLET_TYPES,
    DataNotSupported,
    ForeignInput,
    ForeignSigner,
    Intent,
    InvalidAmount,
    MalformedAddress,
    UnknownChain,
    UnknownWalletType,
    WrongNetwork,
    chain_by_ledger,
    chain_for,
    networks_of,
)
from zrsign_chains.bitcoin import BitcoinChain
from zrsign_chains.cosmos import CosmosChain
from zrsign_chains.cosmos_transactions import CosmosSigner
from zrsign_chains.evm import EvmChain
from zrsign_chains.hashing import sha256d
from zrsign_chains.solana import SolanaChain


class Payment(NamedTuple):
    """An unsigned payment, the keys that must sign it, and others that must not."""

    chain: str
    unsigned: bytes
    public_keys: list[bytes]
    strangers: list[bytes]


def evm_payment(max_fee: int = 2 * 10**9) -> Payment:
    chain = EvmChain(ANVIL)
    intent = evm_intent(chain.address(BOB.public_key))
    unsigned = chain.compose(intent, nonce=7, gas=21_000, max_fee=max_fee, priority_fee=1)
    return Payment(ANVIL, unsigned, [ALICE.public_key], [])


def bitcoin_payment(fee_rate: float = 2.0) -> Payment:
    unsigned = bitcoin_psbt(
        bitcoin_intent(70_000), coin(40_000), coin(50_000, 1), fee_rate=fee_rate
    )
    return Payment(REGTEST, unsigned, [ALICE.public_key] * 2, [ALICE.public_key, BOB.public_key])


def solana_payment() -> Payment:
    alice, bob = bytes(SOLANA_ALICE.pubkey()), bytes(SOLANA_BOB.pubkey())
    unsigned = SolanaChain(LOCALNET).compose(
        solana_intent(), from_public_key=alice, blockhash=BLOCKHASH
    )
    return Payment(LOCALNET, unsigned, [alice], [bob])


def cosmos_payment(caip2: str = COSMOS_LOCAL) -> Payment:
    chain = CosmosChain(caip2)
    intent = Intent(chain.address(BOB.public_key), 7, b"", 10)
    unsigned = chain.compose(intent, CosmosSigner(ALICE.public_key, 5, 3), 200_000, 10)
    return Payment(caip2, unsigned, [ALICE.public_key], [BOB.public_key])


PAYMENTS = {
    "eip155": evm_payment,
    "bip122": bitcoin_payment,
    "solana": solana_payment,
    "cosmos": cosmos_payment,
}


def test_families__should_all_have_a_payment_here() -> None:
    assert PAYMENTS.keys() == FAMILIES.keys()


def test_ledger_wallets__should_be_those_of_the_ledgers_enum() -> None:
    enum = dict(treasury.WalletType.items())
    for without_chain in ("UNSPECIFIED", "ZCASH_MAINNET", "ZCASH_TESTNET"):
        del enum[f"WALLET_TYPE_{without_chain}"]
    assert {wallet.name: wallet.number for wallet in LEDGER_WALLETS.values()} == enum
    assert list(LEDGER_WALLETS) == sorted(LEDGER_WALLETS)
    messages = treasury.DESCRIPTOR.message_types_by_name.values()
    known = {message.full_name for message in messages} | {""}
    assert {wallet.metadata for wallet in LEDGER_WALLETS.values()} <= known
    for wallet in LEDGER_WALLETS.values():
        assert f"KEY_TYPE_{wallet.key_algorithm}" in dict(treasury.KeyType.items())


@pytest.mark.parametrize("caip2", KNOWN_CHAINS)
def test_chain__should_be_found_by_what_the_ledger_calls_it(caip2: str) -> None:
    chain = chain_for(caip2)
    assert chain.wallet in WALLET_TYPES
    try:
        metadata = chain.ledger_metadata
    except UnknownChain:
        assert KNOWN_CHAINS[caip2] == "Solana regnet"
        return
    # A Cosmos transaction names its chain itself.
    payload = cosmos_payment(caip2).unsigned if isinstance(chain, CosmosChain) else b""
    found = chain_by_ledger(chain.ledger_wallet.number, metadata, payload)
    assert (found.caip2, type(found)) == (caip2, type(chain))


@pytest.mark.parametrize("wallet", WALLET_TYPES, ids=lambda wallet: wallet.name)
def test_wallet__should_sign_for_its_own_network(wallet: object) -> None:
    for each in WALLET_TYPES:
        if each is wallet:
            assert each.network in networks_of(each)
            assert chain_for(each.network).wallet is each


def test_networks__should_each_belong_to_one_wallet() -> None:
    listed = [caip2 for wallet in WALLET_TYPES for caip2 in networks_of(wallet)]
    assert sorted(listed) == sorted(KNOWN_CHAINS)


@pytest.mark.parametrize("number", [0, 7, 100, -1])
def test_ledger_wallet__should_be_refused_when_no_chain_has_its_number(number: int) -> None:
    with pytest.raises(UnknownWalletType, match="not one that signs transactions"):
        chain_by_ledger(number, {})


@pytest.mark.parametrize(
    ("number", "metadata", "why"),
    [
        (2, {}, "no chain_id"),
        (2, {"chain_id": 0}, "no chain_id"),
        (2, {"chain_id": 2**64}, "not an EVM chain"),
        (6, {}, "no known network"),
        (6, {"network": 0}, "no known network"),
        (6, {"network": 5}, "no known network"),
        (6, {"network": "1"}, "no known network"),
    ],
)
def test_ledger_metadata__should_be_refused_when_it_names_no_network(
    number: int, metadata: dict[str, object], why: str
) -> None:
    with pytest.raises(UnknownChain, match=why):
        chain_by_ledger(number, metadata)


def test_taproot__should_be_a_wallet_of_its_own_on_the_ledger() -> None:
    chain = chain_by_ledger(treasury.WALLET_TYPE_BTC_TAPROOT_REGNET, {})
    assert isinstance(chain, BitcoinChain)
    assert (chain.caip2, chain.taproot) == (REGTEST, True)
    assert chain.ledger_wallet.number == treasury.WALLET_TYPE_BTC_TAPROOT_REGNET


@pytest.mark.parametrize("namespace", sorted(FAMILIES))
def test_signers__should_be_required_one_key_a_signature(namespace: str) -> None:
    payment = PAYMENTS[namespace]()
    chain = chain_for(payment.chain)
    tx = chain.parse(payment.unsigned)
    assert len(chain.sighashes(tx)) == len(payment.public_keys)
    chain.require_signers(tx, payment.public_keys)
    for keys in ([], [*payment.public_keys, payment.public_keys[0]]):
        with pytest.raises(ForeignSigner, match="name one per signature"):
            chain.require_signers(tx, keys)
    if payment.strangers:
        with pytest.raises(ForeignSigner, match="'s to make"):
            chain.require_signers(tx, payment.strangers)


def test_bitcoin_signers__should_be_the_owners_of_the_coins() -> None:
    payment = bitcoin_payment()
    for chain in (BitcoinChain(REGTEST, taproot=True), BitcoinChain(REGTEST)):
        keys = payment.public_keys if chain.taproot else payment.strangers
        with pytest.raises(ForeignInput):
            chain.require_signers(chain.parse(payment.unsigned), keys)


@pytest.mark.parametrize(
    ("chain", "other"),
    [(ANVIL, REGTEST), (REGTEST, LOCALNET), (LOCALNET, COSMOS_LOCAL), (COSMOS_LOCAL, ANVIL)],
)
def test_questions__should_be_refused_about_another_chains_transaction(
    chain: str, other: str
) -> None:
    payment = PAYMENTS[other.partition(":")[0]]()
    tx = chain_for(other).parse(payment.unsigned)
    with pytest.raises(WrongNetwork):
        chain_for(chain).require_signers(tx, payment.public_keys)


@pytest.mark.parametrize("namespace", sorted(FAMILIES))
def test_payment__should_be_within_what_the_chain_can_carry(namespace: str) -> None:
    chain = chain_for(PAYMENTS[namespace]().chain)
    to = chain.parse(PAYMENTS[namespace]().unsigned).to or ""
    chain.require_payable(to, chain.max_value, b"\x01" if chain.carries_data else b"")
    for value in (-1, chain.max_value + 1):
        with pytest.raises(InvalidAmount):
            chain.require_payable(to, value, b"")
    with pytest.raises(MalformedAddress):
        chain.require_payable(to + "x", 1, b"")
    if not chain.carries_data:
        with pytest.raises(DataNotSupported):
            chain.require_payable(to, 1, b"\x01")


def test_message__should_be_framed_as_bitcoin_wallets_frame_it() -> None:
    chain = chain_for(REGTEST)
    lengths = {252: "fc", 253: "fdfd00", 65_535: "fdffff", 65_536: "fe00000100"}
    for length, size in lengths.items():
        framed = b"\x18Bitcoin Signed Message:\n" + bytes.fromhex(size) + b"m" * length
        assert chain.message_digest(b"m" * length) == sha256d(framed)


def test_replacement_fee__should_be_what_nodes_ask_on_top() -> None:
    evm, bitcoin, solana = evm_payment(10**9), bitcoin_payment(2.0), solana_payment()
    chain = chain_for(evm.chain)
    assert chain.replacement_fee(chain.parse(evm.unsigned)) == 1_125_000_001
    rules = BitcoinChain(bitcoin.chain)
    tx = rules.parse(bitcoin.unsigned)
    # Two P2WPKH inputs and two outputs: 10.5 + 2 x 68 + 2 x 31 virtual bytes.
    assert rules.replacement_fee(tx) == tx.fee_sats + 209
    cluster = chain_for(solana.chain)
    assert cluster.replacement_fee(cluster.parse(solana.unsigned)) is None
    ledger = chain_for(COSMOS_LOCAL)
    assert ledger.replacement_fee(ledger.parse(cosmos_payment().unsigned)) is None


def test_fee_cap__should_be_a_sum_that_a_payment_is_worth() -> None:
    caps = {caip2: chain_for(caip2).default_max_network_fee for caip2 in (ANVIL, REGTEST, LOCALNET)}
    ether, bitcoin, sol = 10**18, 10**8, 10**9
    assert caps == {ANVIL: ether // 20, REGTEST: bitcoin // 1000, LOCALNET: sol // 100}
