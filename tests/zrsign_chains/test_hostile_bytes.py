"""Whatever bytes arrive, a chain answers with a transaction or with a `ChainError`."""

from __future__ import annotations

import contextlib

import pytest
import rlp
from hypothesis import given
from hypothesis import strategies as st

from tests.zrsign_chains.builders import (
    ALICE,
    ANVIL,
    BLOCKHASH,
    BOB,
    LOCALNET,
    REGTEST,
    SOLANA_ALICE,
    SOLANA_NONCE,
    bitcoin_intent,
    bitcoin_psbt,
    coin,
    evm_intent,
    solana_intent,
)
from zrsign_chains import ChainError, MalformedTransaction, WrongNetwork, chain_for
from zrsign_chains.chain import Chain
from zrsign_chains.evm import EvmChain
from zrsign_chains.evm_addresses import evm_address
from zrsign_chains.solana import SolanaChain

CAIP2 = (ANVIL, REGTEST, LOCALNET)

PLUS = bytes.fromhex(
    "010000000001011cf81f651d4135576e226b9e3afd6d5bb3d204fc87258c732b90c7f49224c36a0100000000ffff"
    "ffff02701700000000000016001496d1dc8156bf66e09b58582a8fe07fd2cf780cd4b3180000000000001600140b"
    "7ae56af7989b75aa086a194276063dc1d34568050877380000000000002103d6b23e342370ae51214d6e198f86ac"
    "0065a3dc15c21a2a348060acb7de8a0ad91600140b7ae56af7989b75aa086a194276063dc1d34568080100000000"
    "000000209b0c1c721ceea9a96c1e6dd99e37be2d1d0602ba564806ea531663d88cf2de9800000000"
)


def _samples() -> dict[str, list[bytes]]:
    to = evm_address(BOB.public_key)
    entry = [[bytes(20), [bytes(32)]]]
    token = bytes.fromhex("a9059cbb") + bytes(12) + b"\x11" * 20 + bytes(32)
    evm = [
        EvmChain(ANVIL).compose(
            evm_intent(to, data=token), nonce=1, gas=2, max_fee=4, priority_fee=3
        ),
        b"\x01" + rlp.encode([31338, 1, 2, 3, b"\x11" * 20, 5, b"", entry]),
        rlp.encode([1, 2, 3, b"\x11" * 20, 5, b"", 0, 0, 0]),
    ]
    bitcoin = [
        bitcoin_psbt(bitcoin_intent(70_000), coin(40_000), coin(40_000, 1, script=ALICE.p2tr)),
        PLUS,
    ]
    solana = [
        SolanaChain(LOCALNET).compose(
            solana_intent(),
            from_public_key=bytes(SOLANA_ALICE.pubkey()),
            blockhash=BLOCKHASH,
            nonce=str(SOLANA_NONCE.pubkey()),
        )
    ]
    solana.append(b"\x80" + solana[0] + b"\x00")
    return {ANVIL: evm, REGTEST: bitcoin, LOCALNET: solana}


SAMPLES = _samples()


def _parse_or_refuse(chain: Chain, payload: bytes) -> None:
    """Parse; what parses must also hash, and refuse rubbish signatures with a typed error."""
    try:
        tx = chain.parse(payload)
    except (MalformedTransaction, WrongNetwork):
        return
    digests = chain.sighashes(tx)
    assert digests
    assert tx.raw == payload
    with pytest.raises(ChainError):
        chain.assemble(tx, [b"\x01" * 64] * len(digests), [ALICE.public_key] * len(digests))


@pytest.mark.parametrize("caip2", CAIP2)
def test_samples__should_parse(caip2: str) -> None:
    for sample in SAMPLES[caip2]:
        assert chain_for(caip2).parse(sample).raw == sample


@pytest.mark.parametrize("caip2", CAIP2)
@given(payload=st.binary(max_size=400))
def test_random_bytes__should_be_refused_or_parsed(caip2: str, payload: bytes) -> None:
    chain = chain_for(caip2)
    for prefix in (b"", b"\x01", b"\x02", b"psbt\xff", b"\x80"):
        _parse_or_refuse(chain, prefix + payload)


@pytest.mark.parametrize("caip2", CAIP2)
@given(data=st.data())
def test_mutated_transactions__should_be_refused_or_parsed(caip2: str, data: st.DataObject) -> None:
    payload = bytearray(data.draw(st.sampled_from(SAMPLES[caip2])))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(payload)))
        end = start + data.draw(st.integers(0, 4))
        payload[start:end] = data.draw(st.binary(max_size=4))
    _parse_or_refuse(chain_for(caip2), bytes(payload))


@pytest.mark.parametrize("caip2", CAIP2)
def test_every_truncation_and_every_changed_byte__should_be_refused_or_parsed(caip2: str) -> None:
    chain = chain_for(caip2)
    for sample in SAMPLES[caip2]:
        for position in range(len(sample)):
            _parse_or_refuse(chain, sample[:position])
            for value in (0x00, 0x7F, 0x80, 0xFD, 0xFF):
                changed = sample[:position] + bytes([value]) + sample[position + 1 :]
                _parse_or_refuse(chain, changed)


@pytest.mark.parametrize("caip2", CAIP2)
@given(payload=st.binary(max_size=200))
def test_transaction_id__should_be_a_text_or_an_error(caip2: str, payload: bytes) -> None:
    with contextlib.suppress(ChainError):
        assert chain_for(caip2).transaction_id(payload)


@pytest.mark.parametrize("caip2", CAIP2)
@given(text=st.text(max_size=100))
def test_address__should_be_canonical_or_refused(caip2: str, text: str) -> None:
    chain = chain_for(caip2)
    try:
        canonical = chain.validate_address(text)
    except ChainError:
        return
    assert chain.validate_address(canonical) == canonical


@pytest.mark.parametrize("caip2", CAIP2)
@given(key=st.binary(max_size=40))
def test_public_key__should_give_an_address_or_be_refused(caip2: str, key: bytes) -> None:
    chain = chain_for(caip2)
    try:
        address = chain.address(key)
    except ChainError:
        return
    assert chain.validate_address(address) == address
