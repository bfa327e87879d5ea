"""Bitcoin addresses and scripts: BIP-86, BIP-173, BIP-341 and BIP-350 vectors, and btclib."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from btclib import b32, b58
from hypothesis import given
from hypothesis import strategies as st

from tests.zrsign_chains.builders import ALICE, MAINNET, REGTEST, TESTNET3
from zrsign_chains import MalformedAddress, MalformedKey, UnknownChain, WrongNetwork
from zrsign_chains.bitcoin import BitcoinChain
from zrsign_chains.bitcoin_scripts import ScriptKind, address_of, kind_of, network_for, script_for
from zrsign_chains.taproot import output_key

MAIN = BitcoinChain(MAINNET)
NETWORKS = [MAINNET, TESTNET3, REGTEST]
BTCLIB_NETWORK = {MAINNET: "mainnet", TESTNET3: "testnet", REGTEST: "regtest"}
GENERATOR = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")


def test_addresses__should_agree_with_the_vectors(vectors: Callable[[str], Any]) -> None:
    networks = {"MAINNET": MAINNET, "TESTNET": TESTNET3, "REGNET": REGTEST}
    for case in vectors("zrchain.json")["address_derivation"]["secp256k1"]:
        for name, caip2 in networks.items():
            address = case["addresses"].get(f"WALLET_TYPE_BTC_{name}")
            if address:
                chain = BitcoinChain(caip2)
                assert chain.address(bytes.fromhex(case["public_key_hex"])) == address
                assert chain.validate_address(address) == address


def test_p2wpkh_address__should_be_that_of_bip173() -> None:
    assert MAIN.address(GENERATOR) == "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
    testnet = BitcoinChain(TESTNET3).address(GENERATOR)
    assert testnet == "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"


def test_taproot_address__should_be_that_of_bip86() -> None:
    # BIP-86, account 0, first receiving address (m/86'/0'/0'/0/0).
    internal = bytes.fromhex("cc8a4bc64d897bddc5fbc2f670f7a8ba0b386779106cf1223c6fc5d7cd6fc115")
    output = "a60869f0dbcf1dc659c9cecbaf8050135ea9e8cdc487053f1dc6880949dc684c"
    address = "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr"
    assert output_key(internal).hex() == output
    assert MAIN.taproot_address(b"\x02" + internal) == address


def test_taproot_tweak__should_be_that_of_bip341() -> None:
    # BIP-341 wallet test vectors, scriptPubKey 0 (no script tree).
    internal = bytes.fromhex("d6889cb081036e0faefa3a35157ad71086b123b2b144b649798b494c300a961d")
    script = "512053a1f6e454df1aa2776a2814a721372d6258050de330b3c6d10ee8f4e0dda343"
    assert "5120" + output_key(internal).hex() == script
    address = "bc1p2wsldez5mud2yam29q22wgfh9439spgduvct83k3pm50fcxa5dps59h4z5"
    assert address_of(bytes.fromhex(script), MAIN.network) == address


@pytest.mark.parametrize("caip2", NETWORKS)
@given(program=st.binary(min_size=32, max_size=32))
def test_addresses__should_agree_with_btclib(caip2: str, program: bytes) -> None:
    network, name = network_for(caip2), BTCLIB_NETWORK[caip2]
    for script, address in (
        (b"\x00\x14" + program[:20], b32.address_from_witness(0, program[:20], name)),
        (b"\x00\x20" + program, b32.address_from_witness(0, program, name)),
        (b"\x51\x20" + program, b32.address_from_witness(1, program, name)),
        (
            b"\x76\xa9\x14" + program[:20] + b"\x88\xac",
            b58.address_from_h160("p2pkh", program[:20], name),
        ),
        (b"\xa9\x14" + program[:20] + b"\x87", b58.address_from_h160("p2sh", program[:20], name)),
    ):
        assert address_of(script, network) == address
        assert script_for(address, network) == script


@pytest.mark.parametrize(
    "address",
    [
        "",
        "1",
        "bc1",
        "not an address",
        "\u0661" * 30,
        "x" * 200,
        # BIP-173 and BIP-350: bad checksum, mixed case, wrong checksum constant, wrong lengths.
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3T4",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
        "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
        "bc1rw5uspcuh",
        "bc1sw50qgdz25j",
        "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
        "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3",
        "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ",
    ],
)
def test_address__should_be_refused(address: str) -> None:
    with pytest.raises(MalformedAddress):
        MAIN.validate_address(address)


@pytest.mark.parametrize("caip2", NETWORKS)
def test_address__should_be_refused_on_another_network(caip2: str) -> None:
    for other in NETWORKS:
        addresses = [
            BitcoinChain(other).address(GENERATOR),
            BitcoinChain(other).taproot_address(GENERATOR),
        ]
        for address in addresses if other != caip2 else []:
            with pytest.raises(WrongNetwork):
                BitcoinChain(caip2).validate_address(address)


def test_base58_address__should_be_refused_on_another_network() -> None:
    with pytest.raises(WrongNetwork):
        BitcoinChain(REGTEST).validate_address("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2")
    with pytest.raises(WrongNetwork):
        MAIN.validate_address("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn")


def test_upper_case_address__should_be_read_and_written_in_lower_case() -> None:
    upper = "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"
    assert MAIN.validate_address(upper) == upper.lower()


def test_network__should_be_known() -> None:
    with pytest.raises(UnknownChain, match="Regtest"):
        BitcoinChain("bip122:00000000000000000000000000000000")


def test_key__should_be_a_point() -> None:
    with pytest.raises(MalformedKey):
        MAIN.address(b"\x02" + b"\xff" * 32)
    with pytest.raises(MalformedKey):
        output_key(b"\xff" * 32)


def test_kind__should_know_the_standard_scripts_only() -> None:
    assert kind_of(ALICE.p2wpkh) is ScriptKind.P2WPKH
    assert kind_of(ALICE.p2tr) is ScriptKind.P2TR
    assert kind_of(b"") is None
    assert kind_of(b"\x6a\x04abcd") is None
    assert kind_of(b"\x52\x20" + bytes(32)) is None
    assert address_of(b"\x6a", MAIN.network) is None
