"""Documents of AWS Nitro Enclaves: real ones, and what a forger or a debugger would show."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from tests.zrsign_operator.enclave.certificate_authority import FROM, NOW, Holder
from tests.zrsign_operator.enclave.nitro_vendor import PCRS, NitroVendor
from tests.zrsign_operator.enclave.samples import flipped, nitro_time, sample
from zrsign_operator.enclave.errors import (
    BadQuote,
    ExpiredQuote,
    MalformedQuote,
    RefusedQuote,
    UntrustedQuote,
)
from zrsign_operator.enclave.nitro import (
    NitroPolicy,
    NitroVerifier,
    measurement,
    parse_payload,
    split,
)

GENUINE = (
    "nitro1.bin nitro2.bin nitro_anjuna_prod.bin nitro_anjuna_pub.bin nitro_evervault_valid.bin "
    "nitro_veracruz.cbor"
).split()
VENDOR = NitroVendor()
OURS = NitroVerifier(NitroPolicy(root=VENDOR.root.fingerprint))
HOURS_3 = 3 * 3600


@pytest.mark.parametrize("name", GENUINE)
def test_genuine_document__should_say_what_runs(name: str) -> None:
    document = sample(name)
    payload = parse_payload(split(document)[1])
    attested = NitroVerifier().verify(document, nitro_time(document) + 10)
    assert attested.kind == "nitro"
    assert attested.measurement == measurement(*(payload.pcrs[index] for index in range(3)))
    assert attested.report_data == (payload.user_data or b"")
    assert attested.issued_at == nitro_time(document)
    assert attested.details["pcr0"] == payload.pcrs[0].hex()


def test_tagged_document__should_be_read_too() -> None:
    document = sample("nitro1.bin")
    at = nitro_time(document)
    assert NitroVerifier().verify(b"\xd2" + document, at) == NitroVerifier().verify(document, at)


@pytest.mark.parametrize("name", GENUINE)
def test_document__should_expire(name: str) -> None:
    document = sample(name)
    made = nitro_time(document)
    for late in (301, HOURS_3 + 60, -61):
        with pytest.raises(ExpiredQuote):
            NitroVerifier().verify(document, made + late)
    patient = NitroVerifier(NitroPolicy(max_age_s=1e9))
    patient.verify(document, made + 3600)
    with pytest.raises(ExpiredQuote, match="certificate"):
        patient.verify(document, made + HOURS_3 + 60)


def test_debug_document__should_be_refused() -> None:
    document = sample("nitro_evervault_debug.bin")
    with pytest.raises(RefusedQuote, match="debug mode"):
        NitroVerifier().verify(document, nitro_time(document))


def test_document_with_a_bad_signature__should_be_refused() -> None:
    document = sample("nitro_veracruz_badsig.cbor")
    with pytest.raises(UntrustedQuote, match="signature"):
        NitroVerifier().verify(document, nitro_time(document))


def test_other_root__should_be_refused() -> None:
    document = sample("nitro1.bin")
    with pytest.raises(UntrustedQuote, match="pinned"):
        OURS.verify(document, nitro_time(document))
    with pytest.raises(UntrustedQuote, match="pinned"):
        NitroVerifier().verify(VENDOR.document(), NOW)


@pytest.mark.parametrize("where", ["protected", "pcr0", "user_data", "timestamp", "signature"])
def test_altered_document__should_be_refused(where: str) -> None:
    document = sample("nitro1.bin")
    payload = parse_payload(split(document)[1])
    found = {
        "protected": 4,
        "pcr0": document.index(payload.pcrs[0]) + 7,
        "user_data": document.index(payload.user_data or b"") + 3,
        "timestamp": document.index(b"timestamp") + 17,
        "signature": len(document) - 5,
    }
    for bit in range(8):
        with pytest.raises(BadQuote):
            NitroVerifier().verify(flipped(document, found[where], bit), nitro_time(document))


@given(at=st.integers(0, 4481), bit=st.integers(0, 7))
def test_any_flipped_bit__should_be_refused(at: int, bit: int) -> None:
    document = sample("nitro1.bin")
    with pytest.raises(BadQuote):
        NitroVerifier().verify(flipped(document, at, bit), nitro_time(document))


@given(data=st.data())
def test_truncated_or_foreign_bytes__should_raise_nothing_else(data: st.DataObject) -> None:
    document = sample("nitro1.bin")
    cut = data.draw(st.integers(0, len(document) - 1))
    for hostile in (document[:cut], document[cut + 1 :], data.draw(st.binary(max_size=64))):
        with pytest.raises(BadQuote):
            NitroVerifier().verify(hostile, nitro_time(document))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers(), inner, max_size=3),
    max_leaves=5,
)


@given(field=st.sampled_from(sorted(VENDOR.fields())), value=values)
def test_signed_document_of_any_content__should_raise_nothing_else(field: str, value: Any) -> None:
    try:
        OURS.verify(VENDOR.document(**{field: value}), NOW)
    except BadQuote:
        pass
    else:
        assert field in ("public_key", "user_data", "nonce", "module_id")


def test_own_vendor__should_make_good_documents() -> None:
    attested = OURS.verify(VENDOR.document(nonce=b"n", public_key=b"k" * 1024), NOW)
    assert attested.report_data == b"d" * 64
    assert attested.details["nonce"] == b"n".hex()


@pytest.mark.parametrize(
    "changes",
    [
        {"public_key": b"k" * 1025},
        {"user_data": b"d" * 513},
        {"nonce": b"n" * 513},
        {"nonce": "text"},
        {"digest": "SHA256"},
        {"digest": ...},
        {"module_id": ""},
        {"timestamp": 0},
        {"timestamp": True},
        {"timestamp": 1 << 64},
        {"pcrs": {0: b"p" * 48}},
        {"pcrs": PCRS | {3: b"p" * 47}},
        {"pcrs": PCRS | {32: b"p" * 48}},
        {"pcrs": PCRS | {"4": b"p" * 48}},
        {"certificate": b""},
        {"certificate": b"c" * 1025},
        {"certificate": b"no certificate"},
        {"certificate": VENDOR.leaf.der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x12")},
        {"cabundle": []},
        {"cabundle": [VENDOR.root.der] * 9},
        {"cabundle": [VENDOR.root.der, b"no certificate"]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_content_outside_the_format__should_be_malformed(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedQuote):
        OURS.verify(VENDOR.document(**changes), NOW)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_zero_pcr__should_be_debug_mode(index: int) -> None:
    with pytest.raises(RefusedQuote):
        OURS.verify(VENDOR.document(pcrs=PCRS | {index: bytes(48)}), NOW)


def test_forged_chain__should_be_refused() -> None:
    other = NitroVendor()
    for changes in (
        {"certificate": other.leaf.der},
        {"cabundle": [VENDOR.root.der]},
        {"cabundle": [VENDOR.root.der, other.zone.der]},
        {"certificate": VENDOR.zone.issue("old", VENDOR.leaf.key, until=FROM).der},
    ):
        with pytest.raises(BadQuote):
            OURS.verify(VENDOR.document(**changes), NOW)


def test_key_of_another_curve__should_be_refused() -> None:
    p256 = VENDOR.zone.issue("enclave", ec.generate_private_key(ec.SECP256R1()))
    document = VENDOR.sign(cbor2.dumps(VENDOR.fields(certificate=p256.der)), by=p256)
    with pytest.raises(UntrustedQuote, match="P-384"):
        OURS.verify(document, NOW)


def test_references__should_not_be_followed() -> None:
    """Each level would repeat the one below: a short document, and a very long reading."""
    shared = bytes.fromhex("d81c 84 00 00 00 00")
    twice = b"\x82" + shared + bytes.fromhex("d81d00")
    for document in (twice, VENDOR.sign(twice)):
        with pytest.raises(MalformedQuote, match="semantic tag"):
            OURS.verify(document, NOW)


def test_long_document__should_not_be_read() -> None:
    with pytest.raises(MalformedQuote, match="16384 is most"):
        OURS.verify(VENDOR.sign(bytes(16_384)), NOW)


def test_leaf__should_not_issue_certificates() -> None:
    child = VENDOR.leaf.issue("child", ec.generate_private_key(ec.SECP384R1()))
    bundle = [VENDOR.root.der, VENDOR.zone.der, VENDOR.leaf.der]
    payload = cbor2.dumps(VENDOR.fields(certificate=child.der, cabundle=bundle))
    with pytest.raises(UntrustedQuote):
        OURS.verify(VENDOR.sign(payload, by=child), NOW)


@pytest.mark.parametrize(
    "document",
    [
        b"\x81" * 5000 + b"\0",
        b"\x9f\xff",
        cbor2.dumps([b"", {}, b""]),
        cbor2.dumps([b"", {}, b"", b"", b""]),
        cbor2.dumps({"a": 1}),
        bytes.fromhex("d81c81d81d00"),
        bytes(20_000),
        VENDOR.sign(b"no map"),
        VENDOR.sign(cbor2.dumps([1])),
        VENDOR.sign(cbor2.dumps(VENDOR.fields()) + b"\0"),
        VENDOR.sign(cbor2.dumps(VENDOR.fields() | {"x": cbor2.CBORTag(28, [])})),
        VENDOR.sign(cbor2.dumps(VENDOR.fields()), protected=cbor2.dumps({1: -7})),
        VENDOR.document() + b"\0",
        b"\xd2" * 2 + VENDOR.document(),
    ],
    ids=range(14),
)
def test_other_cbor__should_be_malformed(document: bytes) -> None:
    with pytest.raises(MalformedQuote):
        OURS.verify(document, NOW)


def test_measurement__should_be_of_three_registers() -> None:
    with pytest.raises(MalformedQuote):
        measurement(b"p" * 48, b"p" * 32, b"p" * 48)


def test_root_of_another_curve__should_not_verify() -> None:
    root = Holder.root("aws.test", ec.generate_private_key(ec.SECP384R1()))
    forged = VENDOR.document(cabundle=[root.der, VENDOR.zone.der])
    with pytest.raises(UntrustedQuote):
        NitroVerifier(NitroPolicy(root=root.fingerprint)).verify(forged, NOW)
