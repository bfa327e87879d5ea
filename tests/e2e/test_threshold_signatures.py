"""Threshold signatures, judged by real nodes: Anvil, bitcoind and Surfpool take what is signed."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from embit import bip32
from embit.ec import PublicKey
from embit.networks import NETWORKS
from eth_account import Account
from eth_account.messages import encode_defunct

from tests.e2e.threshold import (
    Shares,
    generate,
    public_key,
    refresh,
    reshare,
    sign_ecdsa,
    sign_frost,
)
from tests.processes import running
from tests.relayer.nodes import ask, bitcoind, btc_ask, until_up
from tests.waiting import wait_until
from tests.zrsign_chains.builders import BOB, REGTEST
from zrsign.local import tools
from zrsign.local.network.ports import free_port
from zrsign_chains import Intent
from zrsign_chains.bitcoin import BitcoinChain, BitcoinTx, Utxo
from zrsign_chains.evm import EvmChain, personal_message_digest
from zrsign_chains.solana import SolanaChain
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.frost import BIP340, ED25519_SHA512, InvalidShares, SigningPackage, output_share
from zrsign_dmpc.frost.signing import generate_nonces
from zrsign_dmpc.group.curves import ED25519, SECP256K1
from zrsign_dmpc.group.derivation import derive, derive_share
from zrsign_dmpc.kept.keys import KeyShare

BITCOIN = BitcoinChain(REGTEST)
EVM = EvmChain("eip155:31337")
SOLANA = SolanaChain("solana:localnet")
COIN_SATS = 100_000_000
MATURITY = 100
ETHER = 10**18
Rpc = Callable[..., Any]
Signer = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def anvil() -> Iterator[Rpc]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running([tools.resolve("anvil").path, "--port", str(port), "--quiet"]) as node:
        until_up(node, lambda: ask(url, "eth_chainId"))
        yield lambda method, *params: ask(url, method, *params)


@pytest.fixture(scope="module")
def bitcoin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rpc]:
    with bitcoind(tmp_path_factory.mktemp("bitcoind")) as (url, cookie):
        yield lambda method, *params: btc_ask(url, cookie, method, *params)


@pytest.fixture(scope="module")
def solana(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rpc]:
    port, ws = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    home = tmp_path_factory.mktemp("solana")
    program = tools.solana_node()
    command = [str(program.path), "--rpc-port", str(port)]
    if program.name == "solana-test-validator":
        command += ["--ledger", str(home), "--bind-address", "127.0.0.1", "--quiet", "--reset"]
    else:
        command += ["--ws-port", str(ws)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL}
    with running(command, cwd=home, **pipes) as node:
        until_up(node, lambda: ask(url, "getLatestBlockhash"))
        yield lambda method, *params: ask(url, method, *params)
        # Surfpool runs while its standard input is open.
        if node.stdin is not None:
            node.stdin.close()


@pytest.fixture(scope="module")
def ecdsa_key() -> Shares:
    """2 of 3."""
    return generate(SECP256K1)


# EVM


def pay_on_anvil(node: Rpc, key: bytes, sign: Signer) -> dict[str, Any]:
    """Send ether from the key's address; the node's receipt."""
    sender = EVM.address(key)
    node("anvil_setBalance", sender, hex(ETHER))
    nonce = int(node("eth_getTransactionCount", sender, "latest"), 16)
    intent = Intent(to=EVM.address(BOB.public_key), value=ETHER // 10, data=b"", max_network_fee=0)
    tx = EVM.parse(EVM.compose(intent, nonce, gas=21_000, max_fee=10**10, priority_fee=1))
    before = int(node("eth_getBalance", intent.to, "latest"), 16)
    (digest,) = EVM.sighashes(tx)
    signed = EVM.assemble(tx, [sign(digest)], [key])
    hash_ = node("eth_sendRawTransaction", "0x" + signed.hex())
    node("evm_mine")
    receipt: dict[str, Any] = node("eth_getTransactionReceipt", hash_)
    assert receipt["status"] == "0x1"
    assert receipt["from"] == sender.lower()
    assert int(node("eth_getBalance", intent.to, "latest"), 16) == before + intent.value
    return receipt


@pytest.mark.parametrize("signers", [(1, 2), (1, 3), (2, 3)], ids=str)
def test_evm__should_mine_what_any_two_of_three_sign(
    anvil: Rpc, ecdsa_key: Shares, signers: tuple[int, ...]
) -> None:
    pay_on_anvil(anvil, public_key(ecdsa_key), lambda m: sign_ecdsa(ecdsa_key, signers, m))


def test_personal_message__should_recover_to_the_address(ecdsa_key: Shares) -> None:
    signature = sign_ecdsa(ecdsa_key, (1, 3), personal_message_digest(b"hello"))
    recovered = Account.recover_message(encode_defunct(b"hello"), signature=signature)
    assert recovered == EVM.address(public_key(ecdsa_key))


def test_evm__should_know_the_child_that_wallets_derive(anvil: Rpc, ecdsa_key: Shares) -> None:
    """The address comes from the extended public key by a library that knows no threshold."""
    info = ecdsa_key[1].info
    account = bip32.HDKey.from_base58(extended(ecdsa_key))
    child = account.derive([0, 7]).key.sec()
    shift = derive(info.public_key, info.chain_code, (0, 7)).shift
    pay_on_anvil(anvil, child, lambda m: sign_ecdsa(ecdsa_key, (2, 3), m, shift=shift))


# Bitcoin


def coin_of(node: Rpc, script: bytes, address: str) -> Utxo:
    """A mature coin for this script, mined for it."""
    (block,) = node("generatetoaddress", 1, address)
    node("generatetoaddress", MATURITY, BITCOIN.address(BOB.public_key))
    made = node("getblock", block, 2)["tx"][0]
    raw = bytes.fromhex(node("getrawtransaction", made["txid"], False, block))
    value = round(made["vout"][0]["value"] * COIN_SATS)
    return Utxo(made["txid"], 0, value, script, previous_transaction=raw)


@dataclass(frozen=True)
class Spend:
    tx: BitcoinTx
    digest: bytes
    key: bytes


def spend_of(node: Rpc, key: bytes, *, taproot: bool) -> Spend:
    address = BITCOIN.taproot_address(key) if taproot else BITCOIN.address(key)
    coin = coin_of(node, BITCOIN.script_for(address), address)
    intent = Intent(BITCOIN.address(BOB.public_key), coin.value_sats // 2, b"", 100_000)
    payload = BITCOIN.compose(intent, utxos=[coin], fee_rate_sat_vb=3, change_public_key=key)
    tx = BITCOIN.parse(payload)
    (digest,) = BITCOIN.sighashes(tx)
    return Spend(tx, digest, key)


def mined(node: Rpc, spend: Spend, signature: bytes) -> None:
    signed = BITCOIN.assemble(spend.tx, [signature], [spend.key])
    (verdict,) = node("testmempoolaccept", [signed.hex()])
    assert verdict["allowed"], verdict
    txid = node("sendrawtransaction", signed.hex())
    (block,) = node("generatetoaddress", 1, BITCOIN.address(BOB.public_key))
    assert node("getrawtransaction", txid, True, block)["confirmations"] == 1


def test_p2wpkh__should_be_mined(bitcoin: Rpc, ecdsa_key: Shares) -> None:
    spend = spend_of(bitcoin, public_key(ecdsa_key), taproot=False)
    mined(bitcoin, spend, sign_ecdsa(ecdsa_key, (1, 2), spend.digest))


def test_p2wpkh__should_be_mined_for_a_child(bitcoin: Rpc, ecdsa_key: Shares) -> None:
    child = bip32.HDKey.from_base58(extended(ecdsa_key)).derive([1, 5]).key.sec()
    info = ecdsa_key[1].info
    shift = derive(info.public_key, info.chain_code, (1, 5)).shift
    spend = spend_of(bitcoin, child, taproot=False)
    mined(bitcoin, spend, sign_ecdsa(ecdsa_key, (1, 3), spend.digest, shift=shift))


@pytest.mark.parametrize("path", [(), (0, 3)], ids=["the key", "a child"])
def test_p2tr__should_be_mined(bitcoin: Rpc, path: tuple[int, ...]) -> None:
    """BIP 86: the key path of an output without scripts."""
    shares = {
        i: derive_share(share, path) for i, share in generate(SECP256K1, 3, (1, 2, 3, 4)).items()
    }
    spend = spend_of(bitcoin, public_key(shares), taproot=True)
    tweaked = {i: output_share(share) for i, share in shares.items()}
    mined(bitcoin, spend, sign_frost(tweaked, (1, 2, 4), spend.digest, BIP340))


def test_bitcoin__should_refuse_a_signature_for_other_bytes(
    bitcoin: Rpc, ecdsa_key: Shares
) -> None:
    """Put in by hand, because our own assembly refuses it first."""
    spend = spend_of(bitcoin, public_key(ecdsa_key), taproot=False)
    right = BITCOIN.assemble(spend.tx, [sign_ecdsa(ecdsa_key, (1, 2), spend.digest)], [spend.key])
    wrong = bytearray(right)
    wrong[right.index(spend.key) - 10] ^= 1
    (verdict,) = bitcoin("testmempoolaccept", [wrong.hex()])
    assert not verdict["allowed"]
    assert "script-verify-flag" in verdict["reject-reason"]


# Solana


def test_solana__should_confirm_a_transfer(solana: Rpc) -> None:
    shares = generate(ED25519)
    key = public_key(shares)
    sender, recipient = SOLANA.address(key), SOLANA.address(public_key(generate(ED25519)))
    solana("requestAirdrop", sender, 10**9)
    has(solana, sender, 10**9)
    blockhash = solana("getLatestBlockhash")["value"]["blockhash"]
    intent = Intent(recipient, 10**8, b"", 10**6)
    tx = SOLANA.parse(SOLANA.compose(intent, key, blockhash))
    (message,) = SOLANA.sighashes(tx)
    signed = SOLANA.assemble(tx, [sign_frost(shares, (1, 3), message, ED25519_SHA512)], [key])
    encoded = base64.b64encode(signed).decode()
    assert solana("sendTransaction", encoded, {"encoding": "base64"})
    has(solana, recipient, 10**8)


def has(node: Rpc, address: str, lamports: int) -> None:
    """Wait until the node says that the account holds this much."""

    def held() -> bool:
        balance = node("getBalance", address, {"commitment": "confirmed"})["value"]
        return bool(balance == lamports)

    wait_until(held, f"{address} has {lamports} lamports")


# Epochs


def test_address__should_outlive_refresh_and_resharing(anvil: Rpc, bitcoin: Rpc) -> None:
    first = generate(SECP256K1)
    second = refresh(first)
    third = reshare(second, (1, 3), (1, 2, 3, 4, 5), 3)
    key = public_key(first)
    assert public_key(second) == public_key(third) == key
    pay_on_anvil(anvil, key, lambda m: sign_ecdsa(second, (2, 3), m))
    spend = spend_of(bitcoin, key, taproot=True)
    tweaked = {i: output_share(share) for i, share in third.items()}
    mined(bitcoin, spend, sign_frost(tweaked, (2, 4, 5), spend.digest, BIP340))


def test_shares_of_two_epochs__should_not_sign() -> None:
    first = generate(SECP256K1)
    second = refresh(first)
    nonces = {i: generate_nonces(BIP340, second[i]) for i in (1, 2)}
    package = SigningPackage(
        BIP340, second[1].info, b"m" * 32, tuple(pair.commitment for pair in nonces.values())
    )
    with pytest.raises(ParameterError, match="another key"):
        package.sign(first[1], nonces[1])
    # Forced past that check, the sum is no signature.
    stale = object.__new__(KeyShare)
    for name, value in vars(replace(second[1])).items():
        object.__setattr__(stale, name, value)
    object.__setattr__(stale, "secret", first[1].secret)
    shares = {1: package.sign(stale, nonces[1]), 2: package.sign(second[2], nonces[2])}
    with pytest.raises(InvalidShares) as refused:
        package.aggregate(shares)
    assert refused.value.culprits == (1,)


def extended(shares: Shares) -> str:
    """The extended public key (BIP 32), which is all that a watching wallet has."""
    info = shares[1].info
    key = PublicKey.parse(info.public_key.encode())
    return str(bip32.HDKey(key, info.chain_code, version=NETWORKS["regtest"]["xpub"]).to_base58())
