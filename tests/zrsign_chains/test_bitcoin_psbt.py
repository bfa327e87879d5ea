"""PSBT: vectors of BIP-370 and BIP-371, embit as the second reader, and every refusal."""

from __future__ import annotations

from typing import TypeAlias

import pytest
from embit import compact
from embit.psbt import PSBT
from hypothesis import given
from hypothesis import strategies as st

from tests.zrsign_chains.builders import (
    ALICE,
    BOB,
    MAINNET,
    REGTEST,
    TESTNET3,
    bitcoin_intent,
    bitcoin_psbt,
    coin,
)
from zrsign_chains import MalformedTransaction, WrongNetwork
from zrsign_chains.bitcoin import BitcoinChain, TxInput, TxOutput
from zrsign_chains.bitcoin_psbt import encode
from zrsign_chains.bitcoin_transactions import build, serialize

CHAIN = BitcoinChain(REGTEST)
Map: TypeAlias = dict[str, str]

# BIP-370, "1 input, 2 output updated PSBTv2", up to its input's output index.
_BIP370_PREVIOUS = (
    "0200000001c1aa256e214b96a1822f93de42bff3b5f3ff8d0519306e3515d7515a5e805b120000000000ffffffff"
    "0118c69a3b00000000160014b0a3af144208412693ca7d166852b52db0aef06e00000000"
)
_BIP370_GLOBAL: Map = {"02": "02000000", "04": "01", "05": "02", "fb": "02000000"}
_BIP370_INPUT: Map = {
    "00": _BIP370_PREVIOUS,
    "01": "18c69a3b00000000160014b0a3af144208412693ca7d166852b52db0aef06e",
    "0e": "0b0ad921419c1c8719735d72dc739f9ea9e0638d1fe4c1eef0f9944084815fc8",
    "0f": "00000000",
}
_BIP370_OUTPUTS: list[Map] = [
    {
        "0202d601f84846a6755f776be00e3d9de8fb10acc935fb83c45fb0162d4cad5ab792": (
            "f69d873e540000800100008000000080000000002a000000"
        ),
        "03": "0008af2f00000000",
        "04": "0014c430f64c4756da310dbd1a085572ef299926272c",
    },
    {
        "0202e36fbff53dd534070cf8fd396614680f357a9b85db7340bf1cfa745d2ad7b340": (
            "f69d873e5400008001000080000000800100000064000000"
        ),
        "03": "8bbdeb0b00000000",
        "04": "00144dd193ac964a56ac1b9e1cca8454fe2f474f8513",
    },
]
_BIP370_V0_TX = (
    "02000000010b0ad921419c1c8719735d72dc739f9ea9e0638d1fe4c1eef0f9944084815fc80000000000feffffff"
    "020008af2f00000000160014c430f64c4756da310dbd1a085572ef299926272c8bbdeb0b00000000160014a07dac"
    "8ab6ca942d379ed795f835ba71c9cc688500000000"
)
# BIP-371, the transaction and spent output of its first vectors.
_BIP371_TX = (
    "020000000127744ababf3027fe0d6cf23a96eee2efb188ef52301954585883e69b6624b2420000000000ffffffff"
    "0148e6052a01000000160014768e1eeb4cf420866033f80aceff0f972074496900000000"
)
_BIP371_UTXO = (
    "00f2052a010000002251205a2c2cf5b52cf31f83ad2e8da63ff03183ecd8f609c7510ae8a48e03910a0757"
)
_BIP371_INTERNAL_KEY = "fe349064c98d6e2a853fa3c9b12bd8b304a19c195c60efa7ee2393046d3fa232"


def psbt(*maps: Map) -> bytes:
    """A PSBT of key-value maps written as hex."""
    return b"psbt\xff" + b"".join(_map(fields) for fields in maps)


def _map(fields: Map) -> bytes:
    pairs = [(bytes.fromhex(key), bytes.fromhex(value)) for key, value in fields.items()]
    return b"".join(_sized(key) + _sized(value) for key, value in pairs) + b"\x00"


def _sized(data: bytes) -> bytes:
    return bytes(compact.to_bytes(len(data))) + data


def _v2(change: Map | None = None, *, fields: Map | None = None, drop: str = "") -> bytes:
    """BIP-370's PSBT with other global fields, and its input changed."""
    entry = {
        key: value for key, value in {**_BIP370_INPUT, **(change or {})}.items() if key != drop
    }
    top = {key: value for key, value in {**_BIP370_GLOBAL, **(fields or {})}.items() if key != drop}
    return psbt(top, entry, *_BIP370_OUTPUTS)


def _v0(
    change: Map | None = None, *, fields: Map | None = None, out: Map | None = None, drop: str = ""
) -> bytes:
    """The version 0 sibling of BIP-370's PSBT, unsigned."""
    entry = {"01": _BIP370_INPUT["01"], **(change or {})}
    entry = {key: value for key, value in entry.items() if key != drop}
    return psbt({"00": _BIP370_V0_TX, **(fields or {})}, entry, out or {}, {})


def _taproot(change: Map | None = None) -> bytes:
    return psbt({"00": _BIP371_TX}, {"01": _BIP371_UTXO, **(change or {})}, {})


def test_version_2__should_be_read_as_bip370_publishes_it() -> None:
    tx = CHAIN.parse(_v2())
    assert [i.txid for i in tx.inputs] == [bytes.fromhex(_BIP370_INPUT["0e"])[::-1].hex()]
    assert (tx.version, tx.locktime, tx.inputs[0].sequence) == (2, 0, 0xFFFFFFFF)
    assert [o.value_sats for o in tx.outputs] == [800_000_000, 199_998_859]
    assert tx.fee_sats == 999_999_000 - 800_000_000 - 199_998_859
    assert tx.to is None
    assert tx.amount == 999_998_859
    assert CHAIN.sighashes(tx) == (PSBT.parse(_v2()).sighash(0),)


@pytest.mark.parametrize("flags", ["00", "01", "02", "04", "08", "07", "ff"])
def test_version_2__should_be_read_with_any_modifiable_flags(flags: str) -> None:
    assert CHAIN.parse(_v2(fields={"06": flags})).inputs


@pytest.mark.parametrize(
    ("change", "fields", "locktime"),
    [
        ({}, {}, 0),
        ({}, {"03": "10270000"}, 10_000),
        ({"12": "10270000"}, {"03": "05000000"}, 10_000),
        ({"11": "8c8dc462"}, {}, 1_657_048_460),
        ({"11": "8c8dc462", "12": "10270000"}, {}, 10_000),
    ],
)
def test_version_2__should_determine_its_lock_time_as_bip370_says(
    change: Map, fields: Map, locktime: int
) -> None:
    assert CHAIN.parse(_v2(change, fields=fields)).locktime == locktime


def _two_inputs(first: Map, second: Map) -> bytes:
    other = {**_BIP370_INPUT, "0e": "11" * 32}
    del other["00"]
    top = {**_BIP370_GLOBAL, "04": "02"}
    return psbt(top, {**_BIP370_INPUT, **first}, {**other, **second}, *_BIP370_OUTPUTS)


@pytest.mark.parametrize(
    ("first", "second", "locktime"),
    [
        ({"12": "10270000"}, {"12": "11270000"}, 10_001),
        ({"12": "10270000"}, {}, 10_000),
        ({"11": "8c8dc462", "12": "10270000"}, {"11": "8d8dc462"}, 1_657_048_461),
    ],
)
def test_version_2__should_find_the_lock_time_that_all_inputs_accept(
    first: Map, second: Map, locktime: int
) -> None:
    assert CHAIN.parse(_two_inputs(first, second)).locktime == locktime


def test_version_2__should_be_refused_without_a_common_lock_time() -> None:
    with pytest.raises(MalformedTransaction, match="different kinds"):
        CHAIN.parse(_two_inputs({"12": "10270000"}, {"11": "8c8dc462"}))


@given(st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_both_versions__should_have_the_same_sighashes(count: int, sequence: int) -> None:
    inputs = [
        TxInput(f"{n + 1:064x}", n, sequence, 50_000, (ALICE.p2wpkh, ALICE.p2tr)[n % 2])
        for n in range(count)
    ]
    outputs = [TxOutput(1000, BOB.p2wpkh), TxOutput(2000, ALICE.p2tr)]
    version_0 = encode(build(b"", CHAIN.network, 2, 7, inputs, outputs), ALICE.public_key[1:])
    top = {"02": "02000000", "03": "07000000", "04": f"{count:02x}", "05": "02", "fb": "02000000"}
    version_2 = psbt(top, *map(_input_map, inputs), *map(_output_map, outputs))
    first, second = CHAIN.parse(version_0), CHAIN.parse(version_2)
    assert CHAIN.sighashes(first) == CHAIN.sighashes(second)
    assert serialize(first) == serialize(second)


def _input_map(spent: TxInput) -> Map:
    utxo = spent.value_sats.to_bytes(8, "little") + _sized(spent.script_pubkey)
    return {
        "0e": bytes.fromhex(spent.txid)[::-1].hex(),
        "0f": spent.vout.to_bytes(4, "little").hex(),
        "10": spent.sequence.to_bytes(4, "little").hex(),
        "01": utxo.hex(),
    }


def _output_map(output: TxOutput) -> Map:
    return {"03": output.value_sats.to_bytes(8, "little").hex(), "04": output.script_pubkey.hex()}


def test_composed_psbt__should_be_read_by_embit_with_the_same_sighashes() -> None:
    for script in (ALICE.p2wpkh, ALICE.p2tr):
        payload = bitcoin_psbt(
            bitcoin_intent(70_000), coin(40_000, script=script), coin(40_000, 1, script=script)
        )
        other = PSBT.parse(payload)
        tx = CHAIN.parse(payload)
        assert other.fee() == tx.fee_sats
        flags = [i.sighash_flags for i in tx.inputs]
        digests = tuple(other.sighash(n, sighash=flag) for n, flag in enumerate(flags))
        assert digests == CHAIN.sighashes(tx)


def test_taproot_input__should_be_read_as_bip371_publishes_it() -> None:
    derivation = {"16" + _BIP371_INTERNAL_KEY: "00772b2da75600008001000080000000800100000000000000"}
    tx = BitcoinChain(TESTNET3).parse(_taproot({"17": _BIP371_INTERNAL_KEY, **derivation}))
    assert tx.inputs[0].script_pubkey.hex() == _BIP371_UTXO[18:]
    assert tx.inputs[0].sighash_flags == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"17": "02" + _BIP371_INTERNAL_KEY}, "expected 32"),  # BIP-371: compressed key
        ({"17": "cc8a4bc64d897bddc5fbc2f670f7a8ba0b386779106cf1223c6fc5d7cd6fc115"}, "tweak"),
        ({"18": "11" * 32}, "script tree"),
        ({"03": "02000000"}, "sighash type 0x02"),
        ({"03": "81000000"}, "sighash type 0x81"),
        ({"03": "0100"}, "expected 4"),
    ],
)
def test_taproot_input__should_be_refused(change: Map, message: str) -> None:
    with pytest.raises(MalformedTransaction, match=message):
        BitcoinChain(TESTNET3).parse(_taproot(change))


@pytest.mark.parametrize(
    "payload",
    [
        # BIP-370: version 0 with a field of version 2.
        _v0(fields={"02": "02000000"}),
        _v0(fields={"03": "02000000"}),
        _v0(fields={"04": "02"}),
        _v0(fields={"05": "02"}),
        _v0(fields={"06": "00"}),
        _v0({"0e": _BIP370_INPUT["0e"]}),
        _v0({"0f": "00000000"}),
        _v0({"10": "ffffffff"}),
        _v0({"11": "8c8dc462"}),
        _v0({"12": "10270000"}),
        _v0(out={"03": "0008af2f00000000"}),
        _v0(out={"04": "0014c430f64c4756da310dbd1a085572ef299926272c"}),
        # BIP-370: version 2 without a required field, or with a bad one.
        _v2(fields={"00": _BIP370_V0_TX}),
        _v2(drop="02"),
        _v2(drop="04"),
        _v2(drop="05"),
        _v2(drop="0e"),
        _v2(drop="0f"),
        _v2({"11": "ff64cd1d"}),  # a time below 500 000 000
        _v2({"12": "0065cd1d"}),  # a height of 500 000 000
        _v2({"12": "00000000"}),
        _v2({"0e": "11" * 31}),
        _v2(fields={"fb": "01000000"}),
        _v2(fields={"fb": "03000000"}),
        _v2(fields={"04": "02"}),
        _v2(fields={"05": "01"}),
        _v2(fields={"04": "feffffffff"}),
        _v2(fields={"04": "fd0100"}),
        # BIP-174: what no version allows.
        _v2() + b"\x00",
        _v2()[:-1],
        _v2()[:60],
        b"psbt\xff",
        b"psbt\xff\x00",
        b"psbt\xfe" + _v2()[5:],
        psbt({"00": "00"}),
        _v0(drop="01"),
        _v0({"01": _BIP370_INPUT["01"] + "00"}),
        _v0({"01": ""}),
        _v0({"0101": "00"}),
        _v0({"03": "00000000"}),
        _v0({"03": "02000000"}),
        _v0({"04": "00"}),
        _v0({"05": "00"}),
        _v0({"07": "00"}),
        _v0({"08": "00"}),
        _v0({"00": "00"}),
        _v0({"00": _BIP370_V0_TX}),  # not the transaction that is spent
        _v2({"01": "19c69a3b00000000160014b0a3af144208412693ca7d166852b52db0aef06e"}),
        _v2({"0f": "01000000"}),
        _v0({"01": "0100000000000000160014b0a3af144208412693ca7d166852b52db0aef06e"}),  # amount
        _v0({"01": "18c69a3b0000000017a914" + "11" * 20 + "87"}),  # P2SH
        _v0({"01": "18c69a3b00000000220020" + "11" * 32}),  # P2WSH
        psbt({"00": _BIP370_V0_TX}, {"01": _BIP370_INPUT["01"]}, {}),
    ],
)
def test_malformed_psbt__should_be_refused(payload: bytes) -> None:
    with pytest.raises(MalformedTransaction):
        CHAIN.parse(payload)


def test_unsigned_sibling__should_be_accepted() -> None:
    assert CHAIN.parse(_v0()).fee_sats == 141
    assert CHAIN.parse(_v0(fields={"fb": "00000000"})).fee_sats == 141


def test_repeated_key__should_be_refused() -> None:
    doubled = _sized(b"\x01") + _sized(bytes.fromhex(_BIP370_INPUT["01"]))
    payload = psbt({"00": _BIP370_V0_TX}) + doubled * 2 + b"\x00\x00\x00"
    with pytest.raises(MalformedTransaction, match="appears twice"):
        CHAIN.parse(payload)


def test_transaction__should_have_inputs_and_outputs() -> None:
    spent, paid = TxInput("11" * 32, 0, 0, 50_000, ALICE.p2wpkh), TxOutput(1, BOB.p2wpkh)
    for inputs, outputs in (([], [paid]), ([spent], [])):
        with pytest.raises(MalformedTransaction, match="has no"):
            build(b"", CHAIN.network, 2, 0, inputs, outputs)


def test_payload__should_have_a_bounded_size() -> None:
    with pytest.raises(MalformedTransaction, match="at most"):
        CHAIN.parse(_v0() + bytes(1 << 20))


def test_sighash_type__should_survive_writing() -> None:
    spent = TxInput("11" * 32, 0, 0, 50_000, ALICE.p2tr, 1)
    tx = build(b"", CHAIN.network, 2, 0, [spent], [TxOutput(1, BOB.p2wpkh)])
    assert CHAIN.parse(encode(tx)).inputs == (spent,)


def test_spent_output__should_not_be_spent_twice() -> None:
    spent = TxInput("11" * 32, 0, 0, 50_000, ALICE.p2wpkh)
    with pytest.raises(MalformedTransaction, match="twice"):
        build(b"", CHAIN.network, 2, 0, [spent, spent], [TxOutput(1, BOB.p2wpkh)])


def test_signed_transaction__should_not_be_the_unsigned_one_of_a_psbt() -> None:
    tx = CHAIN.parse(bitcoin_psbt(bitcoin_intent(), coin(90_000)))
    signed = CHAIN.assemble(tx, [ALICE.sign(CHAIN.sighashes(tx)[0])], [ALICE.public_key])
    utxo = (90_000).to_bytes(8, "little") + _sized(ALICE.p2wpkh)
    with pytest.raises(MalformedTransaction, match="signatures"):
        CHAIN.parse(psbt({"00": signed.hex()}, {"01": utxo.hex()}, {}, {}))


def test_extended_key__should_belong_to_the_network() -> None:
    def with_xpub(version: str) -> bytes:
        return _v0(fields={"01" + version + "00" * 74: "f69d873e"})

    assert BitcoinChain(MAINNET).parse(with_xpub("0488b21e")).inputs
    assert BitcoinChain(TESTNET3).parse(with_xpub("043587cf")).inputs
    for caip2, version in ((REGTEST, "0488b21e"), (MAINNET, "043587cf")):
        with pytest.raises(WrongNetwork, match="extended key"):
            BitcoinChain(caip2).parse(with_xpub(version))


def test_derivation_path__should_belong_to_the_network() -> None:
    def with_path(purpose: int, coin_type: int) -> bytes:
        path = b"\xf6\x9d\x87\x3e" + b"".join(
            (0x80000000 + n).to_bytes(4, "little") for n in (purpose, coin_type, 0)
        )
        return _v0({"06" + ALICE.public_key.hex(): path.hex()})

    assert BitcoinChain(MAINNET).parse(with_path(84, 0)).inputs
    assert CHAIN.parse(with_path(84, 1)).inputs
    assert CHAIN.parse(with_path(7, 0)).inputs
    for caip2, coin_type in ((REGTEST, 0), (MAINNET, 1)):
        with pytest.raises(WrongNetwork, match="coin type"):
            BitcoinChain(caip2).parse(with_path(84, coin_type))
