"""The serialisation: one encoding a value, one value an encoding, and no input crashes it."""

from __future__ import annotations

from dataclasses import dataclass

import gmpy2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zrsign_dmpc.strategies import values
from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.group.curves import ED25519, SECP256K1, Point
from zrsign_dmpc.wire.encoding import MAX_DEPTH, Tagged, Value, decode, encode
from zrsign_dmpc.wire.records import Record


@given(values())
def test_decode__should_undo_encode(value: Value) -> None:
    assert decode(encode(value)) == value


@given(values(), values())
def test_encode__should_be_injective(first: Value, second: Value) -> None:
    assert (encode(first) == encode(second)) == (first == second and repr(first) == repr(second))


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_encode__should_keep_item_boundaries(first: list[bytes], second: list[bytes]) -> None:
    if b"".join(first) == b"".join(second) or b"$".join(first) == b"$".join(second):
        assert (encode(tuple(first)) == encode(tuple(second))) == (first == second)


@given(st.binary(max_size=200))
def test_decode__should_answer_any_bytes_with_a_value_or_an_encoding_error(data: bytes) -> None:
    for document in (data, b"\x01" + data):
        try:
            value = decode(document)
        except EncodingError:
            continue
        assert encode(value) == document


@given(values(), st.data())
def test_decode__should_refuse_or_reencode_any_altered_document(
    value: Value, data: st.DataObject
) -> None:
    document = bytearray(encode(value))
    position = data.draw(st.integers(0, len(document) - 1))
    document[position] ^= data.draw(st.integers(1, 255))
    try:
        changed = decode(bytes(document))
    except EncodingError:
        return
    assert encode(changed) == bytes(document)
    assert changed != value or repr(changed) != repr(value)


@given(values(), st.binary(min_size=1, max_size=8))
def test_decode__should_refuse_trailing_and_missing_bytes(value: Value, tail: bytes) -> None:
    document = encode(value)
    with pytest.raises(EncodingError):
        decode(document + tail)
    with pytest.raises(EncodingError):
        decode(document[:-1])


NOT_CANONICAL = {
    "leading zero": b"\x01\x01\0\0\0\x02\0\x05",
    "zero with a digit": b"\x01\x01\0\0\0\x01\0",
    "negative zero": b"\x01\x02\0\0\0\0",
    "unknown type": b"\x01\x09\0\0\0\0",
    "unknown version": b"\x02\x01\0\0\0\0",
    "no document": b"",
    "tag that is no text": b"\x01\x07\0\0\0\x01\x01\0\0\0\0",
    "tagged without a tag": b"\x01\x07\0\0\0\0",
    "list longer than the document": b"\x01\x06\xff\xff\xff\xff",
    "broken UTF-8": b"\x01\x04\0\0\0\x01\xff",
    "point of no group": b"\x01\x05\0\0\0\x22\x07" + SECP256K1.generator.encode(),
    "uncompressed point": b"\x01\x05\0\0\0\x42\0\x04" + bytes(64),
    "identity of Ed25519": b"\x01\x05\0\0\0\x21\x01\x01" + bytes(31),
}


@pytest.mark.parametrize("name", NOT_CANONICAL)
def test_decode__should_refuse_what_encode_never_writes(name: str) -> None:
    with pytest.raises(EncodingError):
        decode(NOT_CANONICAL[name])


def test_decode__should_bound_nesting() -> None:
    deep: Value = 1
    for _ in range(MAX_DEPTH):
        deep = (deep,)
    assert decode(encode(deep)) == deep
    with pytest.raises(EncodingError):
        encode((deep,))
    with pytest.raises(EncodingError):
        decode(b"\x01" + b"\x06\0\0\0\x01" * 5000 + b"\x01\0\0\0\0")


@pytest.mark.parametrize("value", [True, None, 1.5, "\ud800", SECP256K1.identity, {1: 2}])
def test_encode__should_refuse_values_without_an_encoding(value: object) -> None:
    with pytest.raises(EncodingError):
        encode(value)  # type: ignore[arg-type]


def test_encode__should_take_gmp_integers_as_integers() -> None:
    for number in (0, 1, -1, 255, 256, -(2**2048)):
        assert encode(gmpy2.mpz(number)) == encode(number)


@dataclass(frozen=True)
class Inner(Record):
    name: str


@dataclass(frozen=True)
class Sample(Record):
    number: int
    point: Point
    parts: tuple[Inner, ...]
    blob: bytes


SAMPLE = Sample(-3, ED25519.generator, (Inner("a"), Inner("b")), b"\0")


def test_record__should_survive_the_wire() -> None:
    assert Sample.decode(SAMPLE.encode()) == SAMPLE
    assert list(SAMPLE.points()) == [ED25519.generator]


@pytest.mark.parametrize(
    "value",
    [
        Tagged("Other", SAMPLE.to_value().fields),
        Tagged("Sample", SAMPLE.to_value().fields[:-1]),
        Tagged("Sample", (*SAMPLE.to_value().fields, 1)),
        Tagged("Sample", (b"3", *SAMPLE.to_value().fields[1:])),
        Tagged("Sample", (1, ED25519.generator, (Tagged("Outer", ("a",)),), b"")),
        Tagged("Sample", (1, ED25519.generator, 7, b"")),
        (1, 2),
    ],
)
def test_record__should_refuse_another_shape(value: Value) -> None:
    with pytest.raises(EncodingError):
        Sample.decode(encode(value))


@given(st.binary(max_size=120))
def test_record__should_answer_any_bytes_with_an_encoding_error(data: bytes) -> None:
    with pytest.raises(EncodingError):
        Sample.decode(b"\x01" + data)
