"""CAIP ids, wallet types, ledger addresses, SimpleTx payloads, and the registry of chains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from eth_abi.abi import encode as abi_encode
from hypothesis import given
from hypothesis import strategies as st

from zrsign_chains import (
    KNOWN_CHAINS,
    WALLET_TYPES,
    AccountId,
    ChainError,
    ChainId,
    KeyAlgorithm,
    MalformedAddress,
    MalformedPayload,
    UnknownChain,
    UnknownWalletType,
    chain_by_hash,
    chain_for,
    chain_hash,
    cosmos,
    simple_tx,
    wallet_type_by_coin,
    wallet_type_by_id,
)
from zrsign_chains.simple_tx import SimpleTx


@pytest.mark.parametrize("caip2", sorted(KNOWN_CHAINS))
def test_registry__should_serve_every_known_chain(caip2: str) -> None:
    assert chain_for(caip2).caip2 == caip2
    assert chain_by_hash(chain_hash(caip2)) == caip2


def test_registry__should_serve_any_evm_chain_id() -> None:
    assert chain_for("eip155:987654321").caip2 == "eip155:987654321"


@pytest.mark.parametrize(
    "caip2",
    [
        "",
        "eip155",
        "eip155:",
        "eip155:01",
        "eip155:x",
        "eip155:1:2",
        "eip155:99999999999999999999",
        "bip122:00",
        "solana:mainnet",
        "cosmos:cosmos_hub",
        "EIP155:1",
        " eip155:1",
        "eip155:1\n",
    ],
)
def test_registry__should_refuse_unknown_chains(caip2: str) -> None:
    with pytest.raises(UnknownChain):
        chain_for(caip2)


def test_registry__should_suggest_the_chain_that_was_meant() -> None:
    with pytest.raises(UnknownChain, match="did you mean eip155:11155111"):
        chain_for("eip15:11155111")


def test_chain_hash__should_equal_the_contracts_constants() -> None:
    sepolia = "afa90c317deacd3d68f330a30f96e4fa7736e35e8d1426b2e1b2c04bce1c2fb7"
    testnet3 = "cc8dcc74cf3de5b0154f437b295f5d0709e6527ffb67b1201e78769ff0cccbf7"
    assert chain_hash("eip155:11155111").hex() == sepolia
    assert chain_hash("bip122:000000000933ea01ad0ee984209779ba").hex() == testnet3


def test_chain_by_hash__should_refuse_an_unknown_hash() -> None:
    with pytest.raises(UnknownChain, match="0x2222"):
        chain_by_hash(b"\x22" * 32)


def test_caip2__should_agree_with_the_vectors(vectors: Callable[[str], Any]) -> None:
    for case in vectors("zrchain.json")["caip2"]["format"]:
        if case["ok"]:
            assert str(ChainId.parse(case["in"])) == case["in"]
        else:
            with pytest.raises(UnknownChain):
                ChainId.parse(case["in"])


def test_caip2_chains__should_include_those_of_the_vectors(vectors: Callable[[str], Any]) -> None:
    for caip2 in vectors("zrchain.json")["caip2"]["solana"].values():
        assert chain_for(caip2).caip2 == caip2


def test_caip10__should_round_trip() -> None:
    text = "eip155:31337:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
    account = AccountId.parse(text)
    assert account.chain == ChainId("eip155", "31337")
    assert str(account) == text


@pytest.mark.parametrize("text", ["0xabc", "eip155:1", "eip155:1:", "eip155:1:a b", "::x"])
def test_caip10__should_refuse_malformed_ids(text: str) -> None:
    with pytest.raises(ChainError):
        AccountId.parse(text)


@pytest.mark.parametrize(
    ("coin_type", "wallet_type_id", "algorithm"),
    [
        (
            60,
            "e146c2986893c43af5ff396310220be92058fb9f4ce76b929b80ef0d5307100a",
            KeyAlgorithm.ECDSA_SECP256K1,
        ),
        (
            0,
            "2bfb33747d039531bb279f93c386332ae05e0c10b395017fd2d93fe9fc4c6e23",
            KeyAlgorithm.BITCOIN_SECP256K1,
        ),
        (
            1,
            "e03615811ae25b894de73e643038c13c37f602dc1e17ff1a02e5854893f3bd5e",
            KeyAlgorithm.BITCOIN_SECP256K1,
        ),
        (
            501,
            "8a375db0ff9a56957d99a4bad57c805d2a14a800f306caceab7a289e5571d0ef",
            KeyAlgorithm.EDDSA_ED25519,
        ),
    ],
)
def test_wallet_type__should_be_found_by_id_and_coin(
    coin_type: int, wallet_type_id: str, algorithm: KeyAlgorithm
) -> None:
    wallet = wallet_type_by_coin(coin_type)
    assert wallet.id.hex() == wallet_type_id
    assert wallet.key_algorithm is algorithm
    assert wallet_type_by_id(bytes.fromhex(wallet_type_id)) is wallet
    assert wallet in WALLET_TYPES


def test_wallet_type__should_refuse_unknown_ids() -> None:
    with pytest.raises(UnknownWalletType, match="coin type 2"):
        wallet_type_by_coin(2)
    with pytest.raises(UnknownWalletType):
        wallet_type_by_id(bytes(32))


def test_ledger_addresses__should_agree_with_the_vectors(vectors: Callable[[str], Any]) -> None:
    cases = vectors("zrchain.json")["identity_addresses"]
    for case in cases["workspaces"]:
        assert cosmos.workspace_address(case["count"]) == case["address"]
        cosmos.validate(case["address"], cosmos.WORKSPACE_PREFIX, cosmos.WORKSPACE_LENGTH)
    for case in cases["keyrings"]:
        assert cosmos.keyring_address(case["count"]) == case["address"]
        cosmos.validate(case["address"], cosmos.KEYRING_PREFIX, cosmos.KEYRING_LENGTH)
    for case in cases["invalid"]:
        expected = (cosmos.WORKSPACE_PREFIX, cosmos.WORKSPACE_LENGTH)
        if case["address"].startswith("keyring") and "wrong prefix" not in case["why"]:
            expected = (cosmos.KEYRING_PREFIX, cosmos.KEYRING_LENGTH)
        with pytest.raises(MalformedAddress):
            cosmos.validate(case["address"], *expected)


def test_account_address__should_agree_with_the_vectors(vectors: Callable[[str], Any]) -> None:
    for case in vectors("zrchain.json")["address_derivation"]["secp256k1"]:
        key = bytes.fromhex(case["public_key_hex"])
        for wallet, address in case["addresses"].items():
            if wallet == "WALLET_TYPE_NATIVE":
                assert cosmos.account_address(key) == address
            elif wallet == "NATIVE(prefix=cosmos)":
                assert cosmos.account_address(key, "cosmos") == address


@pytest.mark.parametrize(
    "address", ["", "zen", "zen1", "ZEN1QFGAE6JR3XYAWCZ7UUH7EZ06ETEKSXGFHDK7UF", "é"]
)
def test_account_address__should_refuse_malformed_text(address: str) -> None:
    with pytest.raises(MalformedAddress):
        cosmos.validate(address)


@given(st.text(), st.integers(0, 2**256 - 1), st.binary(max_size=200))
def test_simple_tx__should_round_trip(to: str, value: int, data: bytes) -> None:
    wanted = SimpleTx(to, value, data)
    payload = simple_tx.encode(wanted)
    assert payload == bytes.fromhex("4dbda8d6") + abi_encode(
        ["string", "uint256", "bytes"], [to, value, data]
    )
    assert simple_tx.decode(payload) == wanted


@given(st.binary(max_size=300))
def test_simple_tx__should_refuse_rubbish_with_one_error(rubbish: bytes) -> None:
    for payload in (rubbish, simple_tx.SELECTOR + rubbish):
        try:
            simple_tx.decode(payload)
        except MalformedPayload:
            continue


def test_simple_tx__should_refuse_other_encodings_of_the_same_call() -> None:
    payload = simple_tx.encode(SimpleTx("bcrt1q", 1, b"\x01"))
    with pytest.raises(MalformedPayload, match="canonical"):
        simple_tx.decode(payload + bytes(32))
    with pytest.raises(MalformedPayload, match="starts with"):
        simple_tx.decode(b"\x00" + payload[1:])
    with pytest.raises(MalformedPayload):
        simple_tx.encode(SimpleTx("x", -1, b""))


def test_simple_tx__should_refuse_text_that_is_not_utf8() -> None:
    payload = bytearray(simple_tx.encode(SimpleTx("abc", 1, b"")))
    payload[payload.index(b"abc")] = 0xFF
    with pytest.raises(MalformedPayload):
        simple_tx.decode(bytes(payload))
