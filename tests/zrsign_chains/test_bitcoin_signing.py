"""Bitcoin sighashes and assembly: BIP-143, BIP-341 vectors, and btclib's script engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from btclib.script.engine import verify_input
from btclib.script.sig_hash import from_tx
from btclib.tx.tx import Tx
from btclib.tx.tx_out import TxOut
from embit.script import Script, Witness
from embit.transaction import Transaction, TransactionInput, TransactionOutput
from hypothesis import given
from hypothesis import strategies as st

from tests.zrsign_chains.builders import (
    ALICE,
    BOB,
    REGTEST,
    N,
    Secp256k1Key,
    bitcoin_intent,
    bitcoin_psbt,
    coin,
)
from zrsign_chains import BadSignature, MalformedTransaction, WrongNetwork, chain_for, ecdsa
from zrsign_chains.bitcoin import BitcoinChain, BitcoinTx, TxInput, TxOutput
from zrsign_chains.bitcoin_transactions import outputs_of, parse_transaction, serialize, sighashes

CHAIN = BitcoinChain(REGTEST)

BIP143_TX = (
    "0100000002fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f0000000000eeffffff"
    "ef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206"
    "000000001976a9148280b37df378db99f66f85c95a783a76ac7a6d5988ac9093510d000000001976a9143bde42db"
    "ee7e4dbe6a21b2d50ce2f0167faa815988ac11000000"
)
BIP341_TX = (
    "02000000097de20cbff686da83a54981d2b9bab3586f4ca7e48f57f5b55963115f3b334e9c010000000000000000"
    "d7b7cab57b1393ace2d064f4d4a2cb8af6def61273e127517d44759b6dafdd990000000000fffffffff8e1f58338"
    "4333689228c5d28eac13366be082dc57441760d957275419a418420000000000fffffffff0689180aa63b30cb162"
    "a73c6d2a38b7eeda2a83ece74310fda0843ad604853b0100000000feffffffaa5202bdf6d8ccd2ee0f0202afbbb7"
    "461d9264a25e5bfd3c5a52ee1239e0ba6c0000000000feffffff956149bdc66faa968eb2be2d2faa29718acbfe39"
    "41215893a2a3446d32acd050000000000000000000e664b9773b88c09c32cb70a2a3e4da0ced63b7ba3b22f84853"
    "1bbb1d5d5f4c94010000000000000000e9aa6b8e6c9de67619e6a3924ae25696bb7b694bb677a632a74ef7eadfd4"
    "eabf0000000000ffffffffa778eb6a263dc090464cd125c466b5a99667720b1c110468831d058aa1b82af1010000"
    "0000ffffffff0200ca9a3b000000001976a91406afd46bcdfd22ef94ac122aa11f241244a37ecc88ac807840cb00"
    "00000020ac9a87f5594be208f8532db38cff670c450ed2fea8fcdefcc9a663f78bab962b0065cd1d"
)
BIP341_SPENT = [
    ("512053a1f6e454df1aa2776a2814a721372d6258050de330b3c6d10ee8f4e0dda343", 420000000),
    ("5120147c9c57132f6e7ecddba9800bb0c4449251c92a1e60371ee77557b6620f3ea3", 462000000),
    ("76a914751e76e8199196d454941c45d1b3a323f1433bd688ac", 294000000),
    ("5120e4d810fd50586274face62b8a807eb9719cef49c04177cc6b76a9a4251d5450e", 504000000),
    ("512091b64d5324723a985170e4dc5a0f84c041804f2cd12660fa5dec09fc21783605", 630000000),
    ("00147dd65592d0ab2fe0d0257d571abf032cd9db93dc", 378000000),
    ("512075169f4001aa68f15bbed28b218df1d0a62cbbcf1188c6665110c293c907b831", 672000000),
    ("5120712447206d7a5238acc7ff53fbe94a3b64539ad291c7cdbc490b7577e4b17df5", 546000000),
    ("512077e30a5522dd9f894c3f8b8bd4c4b2cf82ca7da8a3ea6a239655c39c050ab220", 588000000),
]


def _published(raw: str, spent: Sequence[tuple[str, int]], flags: dict[int, int]) -> BitcoinTx:
    """A BIP's transaction; built without checks, because the BIPs mix in other input kinds."""
    transaction = parse_transaction(bytes.fromhex(raw))
    inputs = tuple(
        TxInput(i.txid.hex(), i.vout, i.sequence, value, bytes.fromhex(script), flags.get(n))
        for n, (i, (script, value)) in enumerate(zip(transaction.vin, spent, strict=True))
    )
    outputs = tuple(outputs_of(transaction))
    version, locktime = transaction.version, transaction.locktime
    return BitcoinTx(b"", None, None, None, version, locktime, inputs, outputs)


def test_p2wpkh_sighash__should_be_that_of_bip143() -> None:
    spent = [
        ("2103c9f4836b9a4f77fc0d81f7bcb01b7f1b35916864b9476c241ce9fc198bd25432ac", 625000000),
        ("00141d0f172a0ecb48aee1be1f2687d2963ae33f71a1", 600000000),
    ]
    tx = _published(BIP143_TX, spent, {})
    expected = "c37af31116d1b27caf68aae9e3ac82f1477929014d5b917657d0eb49478cb670"
    assert sighashes(tx)[1].hex() == expected
    assert serialize(tx).hex() == BIP143_TX


def test_p2wpkh_signature__should_be_that_of_bip143() -> None:
    secret = "619c335025c7f4012e556c2a58b2506e30b8511b53ade95ea316fd8c3286feb9"
    key = Secp256k1Key(bytes.fromhex(secret))
    digest = bytes.fromhex("c37af31116d1b27caf68aae9e3ac82f1477929014d5b917657d0eb49478cb670")
    expected = (
        "304402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c4518"
        "331561406f90300e8f3358f51928d43c212a8caed02de67eebee"
    )
    assert ecdsa.to_der(key.sign(digest)).hex() == expected


def test_taproot_sighashes__should_be_those_of_bip341() -> None:
    tx = _published(BIP341_TX, BIP341_SPENT, {3: 1, 4: 0})
    digests = sighashes(tx)
    default = "4f900a0bae3f1446fd48490c2958b5a023228f01661cda3496a11da502a7f7ef"
    every = "bf013ea93474aa67815b1b6cc441d23b64fa310911d991e713cd34c7f5d46669"
    assert (digests[4].hex(), digests[3].hex()) == (default, every)


def test_unsigned_plus__should_agree_with_the_vectors(vectors: Callable[[str], Any]) -> None:
    vector = vectors("zrchain.json")["bitcoin_unsigned_plus_tx"]
    chain = chain_for(REGTEST)
    tx = chain.parse(bytes.fromhex(vector["unsigned_plus_tx_hex"]))
    assert isinstance(tx, BitcoinTx)
    assert [digest.hex() for digest in chain.sighashes(tx)] == vector["sighashes"]
    decoded = vector["decoded"]
    assert tx.inputs[0].value_sats == decoded["amount_sat"]
    assert [
        {"value": o.value_sats, "script": o.script_pubkey.hex()} for o in tx.outputs
    ] == decoded["outputs"]
    assert tx.amount == 6000
    assert tx.fee_sats == 14455 - 6000 - 6323


PLUS_KEY, PLUS_SCRIPT = ALICE.public_key, ALICE.p2wpkh
PLUS_WITNESS = [(1_000).to_bytes(8, "little"), PLUS_KEY, PLUS_SCRIPT, b"\x01" + bytes(7), bytes(32)]


def _unsigned_plus(witness: list[bytes], script_sig: bytes = b"") -> bytes:
    spent = TransactionInput(bytes(32), 0, Script(script_sig), witness=Witness(witness))
    paid = TransactionOutput(600, Script(BOB.p2wpkh))
    return bytes(Transaction(vin=[spent], vout=[paid]).serialize())


def test_unsigned_plus__should_ignore_the_hash_that_comes_with_it() -> None:
    good = CHAIN.parse(_unsigned_plus(PLUS_WITNESS))
    other = CHAIN.parse(_unsigned_plus([*PLUS_WITNESS[:4], b"\xff" * 32]))
    assert CHAIN.sighashes(good) == CHAIN.sighashes(other)
    assert good.fee_sats == 400


@pytest.mark.parametrize(
    ("position", "item"),
    [
        (0, (500).to_bytes(8, "little")),  # less than the outputs
        (0, b"\xff" * 8),
        (0, bytes(7)),
        (1, BOB.public_key),
        (1, b""),
        (2, BOB.p2wpkh),
        (2, ALICE.p2tr),
        (2, b""),
        (3, b"\x02" + bytes(7)),
        (3, b"\x81" + bytes(7)),
        (3, bytes(8)),
        (3, b"\x01"),
    ],
)
def test_unsigned_plus__should_be_refused(position: int, item: bytes) -> None:
    witness = [item if n == position else own for n, own in enumerate(PLUS_WITNESS)]
    with pytest.raises(MalformedTransaction):
        CHAIN.parse(_unsigned_plus(witness))


def test_unsigned_plus__should_have_five_items_and_no_script() -> None:
    for payload in (
        _unsigned_plus(PLUS_WITNESS[:4]),
        _unsigned_plus([*PLUS_WITNESS, b""]),
        _unsigned_plus(PLUS_WITNESS, b"\x00"),
        _unsigned_plus([]),
    ):
        with pytest.raises(MalformedTransaction, match="unsigned plus"):
            CHAIN.parse(payload)


scripts = st.sampled_from([ALICE.p2wpkh, ALICE.p2tr, BOB.p2wpkh, BOB.p2tr])
txids = st.binary(min_size=32, max_size=32).map(bytes.hex)
uint32 = st.integers(0, 2**32 - 1)


@st.composite
def transactions(draw: st.DrawFn) -> BitcoinTx:
    count = draw(st.integers(1, 4))
    inputs = []
    for n in range(count):
        script = draw(scripts)
        flags = draw(st.sampled_from([None, 0, 1])) if script[:1] == b"\x51" else None
        inputs.append(TxInput(f"{n + 1:064x}", draw(uint32), draw(uint32), 10**6, script, flags))
    outputs = tuple(TxOutput(draw(st.integers(0, 10**5)), draw(scripts)) for _ in range(2))
    locktime = draw(uint32)
    return BitcoinTx(b"", None, None, None, 2, locktime, tuple(inputs), outputs)


def _key_of(script: bytes) -> Secp256k1Key:
    return ALICE if script in (ALICE.p2wpkh, ALICE.p2tr) else BOB


def _sign(tx: BitcoinTx) -> tuple[list[bytes], list[bytes]]:
    """Signatures and keys for every input."""
    signatures, keys = [], []
    for spent, digest in zip(tx.inputs, sighashes(tx), strict=True):
        key = _key_of(spent.script_pubkey)
        taproot = spent.script_pubkey[:1] == b"\x51"
        signatures.append(key.sign_taproot(digest) if taproot else key.sign_der(digest))
        keys.append(key.public_key)
    return signatures, keys


@given(transactions())
def test_sighashes_and_witnesses__should_satisfy_btclib(tx: BitcoinTx) -> None:
    prevouts = [TxOut(i.value_sats, i.script_pubkey) for i in tx.inputs]
    raw = CHAIN.assemble(tx, *_sign(tx))
    signed = Tx.parse(raw)
    for index, (spent, digest) in enumerate(zip(tx.inputs, sighashes(tx), strict=True)):
        assert from_tx(prevouts, signed, index, spent.sighash_flags) == digest
        verify_input(prevouts, signed, index)
    assert CHAIN.transaction_id(raw) == signed.id.hex()


def _psbt_tx() -> BitcoinTx:
    return CHAIN.parse(bitcoin_psbt(bitcoin_intent(70_000), coin(40_000), coin(40_000, 1)))


def test_assemble__should_take_every_form_of_an_ecdsa_signature() -> None:
    tx = _psbt_tx()
    digests = CHAIN.sighashes(tx)
    keys = [ALICE.public_key] * 2
    forms = [
        [ALICE.sign_der(d) for d in digests],
        [ALICE.sign(d) for d in digests],
        [ALICE.sign(d)[:64] for d in digests],
    ]
    assembled = {CHAIN.assemble(tx, form, keys) for form in forms}
    assert len(assembled) == 1


def test_assemble__should_refuse_signatures_that_do_not_fit() -> None:
    tx = _psbt_tx()
    first, second = (ALICE.sign(d) for d in CHAIN.sighashes(tx))
    high = first[:32] + (N - int.from_bytes(first[32:64], "big")).to_bytes(32, "big")
    own = ALICE.public_key
    for signatures, keys in (
        ([first], [own]),
        ([first, second], [own]),
        ([second, first], [own, own]),
        ([first, second], [own, BOB.public_key]),
        ([BOB.sign(CHAIN.sighashes(tx)[0]), second], [own, own]),
        ([high, second], [own, own]),
        ([ecdsa.to_der(high), second], [own, own]),
        ([ecdsa.to_der(first) + b"\x01", second], [own, own]),
        ([b"", second], [own, own]),
        ([b"\x30", second], [own, own]),
    ):
        with pytest.raises(BadSignature):
            CHAIN.assemble(tx, signatures, keys)


def test_assemble__should_refuse_taproot_signatures_that_do_not_fit() -> None:
    tx = CHAIN.parse(bitcoin_psbt(bitcoin_intent(), coin(90_000, script=ALICE.p2tr)))
    (digest,) = CHAIN.sighashes(tx)
    good = ALICE.sign_taproot(digest)
    assert good.hex() in CHAIN.assemble(tx, [good], [ALICE.public_key]).hex()
    for signature, key in (
        (good, BOB.public_key),
        (BOB.sign_taproot(digest), ALICE.public_key),
        (good + b"\x01", ALICE.public_key),
        (good + b"\x00", ALICE.public_key),
        (good[:63], ALICE.public_key),
        (ALICE.sign(digest), ALICE.public_key),
    ):
        with pytest.raises(BadSignature):
            CHAIN.assemble(tx, [signature], [key])


def test_taproot_signature__should_carry_the_sighash_byte_only_when_it_is_not_default() -> None:
    spent = TxInput("11" * 32, 0, 0, 10**6, ALICE.p2tr, 1)
    tx = BitcoinTx(b"", None, None, None, 2, 0, (spent,), (TxOutput(1000, BOB.p2wpkh),))
    good = ALICE.sign_taproot(sighashes(tx)[0])
    for form in (good, good + b"\x01"):
        signed = parse_transaction(CHAIN.assemble(tx, [form], [ALICE.public_key]))
        assert signed.vin[0].witness.items == [good + b"\x01"]
    with pytest.raises(BadSignature):
        CHAIN.assemble(tx, [good + b"\x81"], [ALICE.public_key])


def test_transaction_id__should_refuse_what_is_no_transaction() -> None:
    for rubbish in (
        b"",
        b"\x00",
        bytes.fromhex(BIP143_TX) + b"\x00",
        bytes.fromhex(BIP143_TX)[:-1],
    ):
        with pytest.raises(MalformedTransaction):
            CHAIN.transaction_id(rubbish)


def test_transaction__should_stay_with_its_kind_of_chain() -> None:
    evm_tx = chain_for("eip155:1").parse(bytes.fromhex("c6808080808080"))
    with pytest.raises(WrongNetwork):
        CHAIN.sighashes(evm_tx)
