"""Quotes of Intel SGX and TDX: real ones, and platforms that must not be believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate
from hypothesis import given
from hypothesis import strategies as st

from tests.zrsign_operator.enclave.certificate_authority import NOW
from tests.zrsign_operator.enclave.intel_vendor import IntelVendor, of_platform, rated
from tests.zrsign_operator.enclave.samples import INTEL_NOW, collateral, flipped, sample
from zrsign_dmpc.errors import ParameterError
from zrsign_operator.enclave import roots
from zrsign_operator.enclave.attested import Attested
from zrsign_operator.enclave.dcap import (
    Collateral,
    DcapPolicy,
    DcapVerifier,
    TcbStatus,
    refuse_debug,
    refuse_platform,
    tdx_measurement,
)
from zrsign_operator.enclave.errors import (
    BadCollateral,
    BadQuote,
    ExpiredQuote,
    MalformedQuote,
    MissingCollateral,
    RefusedQuote,
    UntrustedQuote,
)

LAX = DcapPolicy(frozenset({TcbStatus.UP_TO_DATE, TcbStatus.CONFIGURATION_AND_SW_HARDENING_NEEDED}))
SAMPLES = {"sgx": "sgx_quote", "tdx": "tdx_quote"}
KINDS = tuple(SAMPLES)


@cache
def genuine(kind: str, policy: DcapPolicy = LAX) -> DcapVerifier:
    return DcapVerifier(kind, [collateral("sgx"), collateral("tdx")], policy)


@cache
def vendor(name: str) -> IntelVendor:
    return IntelVendor(name)


def ours(
    kind: str, known: Collateral, name: str | None = None, **policy: Any
) -> Callable[[bytes], Attested]:
    root = vendor(name or SAMPLES[kind]).root.pem
    checker = DcapVerifier(kind, [known], DcapPolicy(root=root, **policy))
    return lambda document: checker.verify(document, NOW)


def test_genuine_sgx_quote__should_say_what_runs() -> None:
    quote = sample("sgx_quote")
    attested = genuine("sgx").verify(quote, INTEL_NOW)
    assert attested.measurement == quote[48 + 64 : 48 + 96]
    assert attested.report_data == b"Hello, world!".ljust(64, b"\0")
    assert attested.details["tcb_status"] == "ConfigurationAndSWHardeningNeeded"
    assert attested.details["mrsigner"] == quote[48 + 128 : 48 + 160].hex()


def test_genuine_tdx_quote__should_say_what_runs() -> None:
    quote = sample("tdx_quote")
    attested = genuine("tdx", DcapPolicy()).verify(quote, INTEL_NOW)
    body = quote[48:]
    registers = [body[136:184], *(body[328 + 48 * i : 376 + 48 * i] for i in range(4))]
    assert attested.measurement == tdx_measurement(*registers)
    assert attested.report_data == body[520:584]
    assert attested.details["mrtd"] == body[136:184].hex()


def test_platform_below_policy__should_be_refused() -> None:
    with pytest.raises(RefusedQuote, match="INTEL-SA-00615"):
        genuine("sgx", DcapPolicy()).verify(sample("sgx_quote"), INTEL_NOW)
    cautious = DcapPolicy(LAX.statuses, refused_advisories=frozenset({"INTEL-SA-00289"}))
    with pytest.raises(RefusedQuote, match="INTEL-SA-00289"):
        genuine("sgx", cautious).verify(sample("sgx_quote"), INTEL_NOW)
    genuine("tdx", DcapPolicy(min_evaluation=17)).verify(sample("tdx_quote"), INTEL_NOW)
    with pytest.raises(RefusedQuote, match="evaluation 17"):
        genuine("tdx", DcapPolicy(min_evaluation=18)).verify(sample("tdx_quote"), INTEL_NOW)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("day", ["2025-06-18", "2025-07-20", "2033-01-01"])
def test_collateral__should_be_current(kind: str, day: str) -> None:
    now = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
    with pytest.raises(ExpiredQuote, match="fetch it anew"):
        genuine(kind).verify(sample(SAMPLES[kind]), now)


def test_quote_of_an_unknown_platform__should_ask_for_collateral() -> None:
    for name, fmspc in (("tdx_prod.dat", "50806F000000"), ("tdx_quote_v5.dat", "90C06F000000")):
        with pytest.raises(MissingCollateral, match=fmspc):
            genuine("tdx").verify(sample(name), INTEL_NOW)
    with pytest.raises(MissingCollateral):
        DcapVerifier("tdx", [collateral("sgx")]).verify(sample("tdx_quote"), INTEL_NOW)


@pytest.mark.parametrize("kind", KINDS)
def test_quote_of_the_other_kind__should_be_malformed(kind: str) -> None:
    (other,) = set(KINDS) - {kind}
    with pytest.raises(MalformedQuote, match=f"a quote of {other} is shown as one of {kind}"):
        genuine(kind).verify(sample(SAMPLES[other]), INTEL_NOW)


@pytest.mark.parametrize("kind", KINDS)
def test_other_root__should_be_refused(kind: str) -> None:
    policy = DcapPolicy(LAX.statuses, root=vendor(SAMPLES[kind]).root.pem)
    with pytest.raises(UntrustedQuote):
        genuine(kind, policy).verify(sample(SAMPLES[kind]), INTEL_NOW)
    known = vendor(SAMPLES[kind]).collateral(kind)
    with pytest.raises(UntrustedQuote):
        DcapVerifier(kind, [known]).verify(vendor(SAMPLES[kind]).quote(), NOW)


def test_pinned_root__should_be_intels() -> None:
    root = load_pem_x509_certificate(roots.INTEL_SGX)
    assert root.fingerprint(SHA256()).hex() == (
        "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3"
    )


def field_offsets(kind: str) -> dict[str, int]:
    quote = sample(SAMPLES[kind])
    end = 48 + (384 if kind == "sgx" else 584)
    qe = end + 4 + 128 + (0 if kind == "sgx" else 6)
    return {
        "version": 0,
        "key type": 2,
        "tee type": 4,
        "qe vendor": 12,
        "user data": 30,
        "attributes": 48 + (48 if kind == "sgx" else 120),
        "measurement": 48 + (64 if kind == "sgx" else 136),
        "report data": end - 64,
        "signature": end + 4,
        "attestation key": end + 4 + 64,
        "qe report": qe,
        "qe report data": qe + 320,
        "qe signature": qe + 384,
        "qe auth data": qe + 384 + 64 + 2,
        "certificate": quote.index(b"-----BEGIN") + 200,
        "root certificate": quote.rindex(b"-----END") - 20,
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bit", range(8))
def test_altered_quote__should_be_refused(kind: str, bit: int) -> None:
    believed = []
    for name, at in field_offsets(kind).items():
        with suppress(BadQuote):
            genuine(kind).verify(flipped(sample(SAMPLES[kind]), at, bit), INTEL_NOW)
            believed.append(name)
    assert believed == []


@given(kind=st.sampled_from(KINDS), at=st.integers(0, 4599), bit=st.integers(0, 7))
def test_any_flipped_bit__should_change_nothing_that_is_believed(
    kind: str, at: int, bit: int
) -> None:
    """Lengths and the text around certificates are not signed; what they say is."""
    quote = sample(SAMPLES[kind])
    try:
        attested = genuine(kind).verify(flipped(quote, at, bit), INTEL_NOW)
    except BadQuote:
        return
    assert attested == genuine(kind).verify(quote, INTEL_NOW)


@given(kind=st.sampled_from(KINDS), data=st.data())
def test_truncated_or_foreign_bytes__should_raise_nothing_else(
    kind: str, data: st.DataObject
) -> None:
    quote = sample(SAMPLES[kind])
    end = quote.rindex(b"-----END CERTIFICATE-----")
    cut = data.draw(st.integers(0, end))
    for hostile in (quote[:cut], quote[cut + 1 :], data.draw(st.binary(max_size=600))):
        with pytest.raises(BadQuote):
            genuine(kind).verify(hostile, INTEL_NOW)


@given(kind=st.sampled_from(KINDS), data=st.data())
def test_foreign_lengths__should_raise_nothing_else(kind: str, data: st.DataObject) -> None:
    quote = bytearray(sample(SAMPLES[kind]))
    end = 48 + (384 if kind == "sgx" else 584)
    at = data.draw(st.sampled_from([end, end + 132, end + 134, end + 580, end + 586]))
    at += data.draw(st.integers(0, 40))
    quote[at : at + 4] = data.draw(st.binary(min_size=4, max_size=4))
    with suppress(BadQuote):
        genuine(kind).verify(bytes(quote), INTEL_NOW)


def test_large_quote__should_be_malformed() -> None:
    with pytest.raises(MalformedQuote):
        genuine("sgx").verify(sample("sgx_quote").ljust(40_000, b"\0"), INTEL_NOW)


@pytest.mark.parametrize("name", ["tcb_info", "qe_identity"])
def test_edited_collateral__should_be_refused(name: str) -> None:
    document = json.loads(sample("sgx_quote_collateral.json"))
    content = document[name]
    assert '"tcbStatus":"OutOfDate"' in content
    edited = content.replace('"tcbStatus":"OutOfDate"', '"tcbStatus":"UpToDate"')
    known = Collateral.parse(json.dumps(document | {name: edited}))
    with pytest.raises(UntrustedQuote, match=f"Signature is invalid for {name}"):
        DcapVerifier("sgx", [known], LAX).verify(sample("sgx_quote"), INTEL_NOW)


@pytest.mark.parametrize("name", ["root_ca_crl", "pck_crl"])
def test_revocation_lists__should_be_of_these_issuers(name: str) -> None:
    known = vendor("sgx_quote").collateral(
        "sgx", lists={name: IntelVendor("sgx_quote").ca.revoke()}
    )
    with pytest.raises(BadQuote):
        ours("sgx", known)(vendor("sgx_quote").quote())


@given(data=st.data())
def test_unreadable_collateral__should_be_said(data: st.DataObject) -> None:
    text = sample("tdx_quote_collateral.json").decode()
    document = json.loads(text)
    name = data.draw(st.sampled_from(sorted(document)))
    broken = data.draw(st.sampled_from([None, 1, "{}", "[]", "zz", '{"id": 1}']))
    for bad in (text[: data.draw(st.integers(0, len(text) - 3))], "[]", ""):
        with pytest.raises(BadCollateral):
            Collateral.parse(bad)
    if "chain" not in name and "signature" not in name:
        with pytest.raises(BadCollateral):
            Collateral.parse(json.dumps(document | {name: broken}))


def test_own_vendor__should_make_good_quotes() -> None:
    for kind, name in SAMPLES.items():
        known = vendor(name).collateral(kind, rated("UpToDate"))
        attested = ours(kind, known)(vendor(name).quote())
        assert attested.measurement == genuine(kind).verify(sample(name), INTEL_NOW).measurement


def test_version_5__should_be_read() -> None:
    name = "tdx_quote_v5.dat"
    known = vendor(name).collateral("tdx", of_platform("90C06F000000"))
    attested = ours("tdx", known, name)(vendor(name).quote())
    body = sample(name)[54:]
    registers = [body[136:184], *(body[328 + 48 * i : 376 + 48 * i] for i in range(4))]
    assert attested.measurement == tdx_measurement(*registers)
    assert attested.report_data == body[520:584]


@pytest.mark.parametrize("kind", KINDS)
def test_debug_mode__should_be_refused(kind: str) -> None:
    maker = vendor(SAMPLES[kind])
    at, bit = (48 + 48, 1) if kind == "sgx" else (48 + 120, 0)
    quote = maker.quote(flipped(maker.signed, at, bit))
    with pytest.raises(RefusedQuote, match="debug"):
        ours(kind, maker.collateral(kind, rated("UpToDate")))(quote)


def test_attributes__should_tell_debug_mode() -> None:
    refuse_debug("sgx", bytes([0x05]) + bytes(15))
    refuse_debug("tdx", bytes(8))
    for kind, first in (("sgx", 0x02), ("sgx", 0x07), ("tdx", 0x01), ("tdx", 0x80)):
        with pytest.raises(RefusedQuote):
            refuse_debug(kind, bytes([first]) + bytes(15))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [each for each in TcbStatus if each is not TcbStatus.UP_TO_DATE])
def test_status__should_be_up_to_date_unless_allowed(kind: str, status: TcbStatus) -> None:
    maker = vendor(SAMPLES[kind])
    known = maker.collateral(kind, rated(status, "INTEL-SA-00001"))
    with pytest.raises(BadQuote):
        ours(kind, known)(maker.quote())
    if status is not TcbStatus.REVOKED:
        attested = ours(kind, known, statuses=frozenset({status}))(maker.quote())
        assert attested.details["advisories"] == "INTEL-SA-00001"
        advisories = frozenset({"INTEL-SA-00001"})
        check = ours(kind, known, statuses=frozenset({status}), refused_advisories=advisories)
        with pytest.raises(RefusedQuote):
            check(maker.quote())


@pytest.mark.parametrize("status", ["OutOfDate", "Revoked", "Unknown", ""])
def test_claims__should_be_judged_by_status(status: str) -> None:
    claims = {"tcb": {"status": status, "advisory_ids": [], "eval_data_number": 1}}
    with pytest.raises(RefusedQuote):
        refuse_platform(claims, DcapPolicy())


def test_revoked_platforms__should_not_be_allowed() -> None:
    with pytest.raises(ParameterError):
        DcapPolicy(statuses=frozenset(TcbStatus))
    with pytest.raises(ParameterError):
        DcapVerifier("nitro", [])


@pytest.mark.parametrize("kind", KINDS)
def test_revoked_certificates__should_be_refused(kind: str) -> None:
    maker = vendor(SAMPLES[kind])
    for lists in (
        {"pck_crl": maker.ca.revoke(maker.pck.certificate)},
        {"root_ca_crl": maker.root.revoke(maker.ca.certificate)},
        {"root_ca_crl": maker.root.revoke(maker.tcb_signer.certificate)},
    ):
        with pytest.raises(UntrustedQuote):
            ours(kind, maker.collateral(kind, rated("UpToDate"), lists=lists))(maker.quote())


@pytest.mark.parametrize("kind", KINDS)
def test_old_lists_and_certificates__should_have_expired(kind: str) -> None:
    maker = vendor(SAMPLES[kind])
    old = maker.ca.revoke(last=datetime(2025, 6, 1, tzinfo=UTC))
    with pytest.raises(ExpiredQuote):
        ours(kind, maker.collateral(kind, rated("UpToDate"), lists={"pck_crl": old}))(maker.quote())
    known = maker.collateral(kind, rated("UpToDate"))
    pck = maker.ca.issue(
        "Intel SGX PCK Certificate",
        maker.pck.key,
        extensions=[
            each.value for each in maker.pck.certificate.extensions if hasattr(each.value, "value")
        ],
        until=datetime(2025, 6, 1, tzinfo=UTC),
    )
    with pytest.raises(ExpiredQuote, match="certificate"):
        ours(kind, known)(maker.quote(pck=pck))


@pytest.mark.parametrize("kind", KINDS)
def test_other_quoting_enclave__should_be_refused(kind: str) -> None:
    maker = vendor(SAMPLES[kind])

    def other_signer(identity: dict[str, Any]) -> None:
        identity["mrsigner"] = "00" * 32

    with pytest.raises(UntrustedQuote):
        ours(kind, maker.collateral(kind, rated("UpToDate"), other_signer))(maker.quote())


@pytest.mark.parametrize("kind", KINDS)
def test_old_quoting_enclave__should_be_refused(kind: str) -> None:
    maker = vendor(SAMPLES[kind])

    def old(identity: dict[str, Any]) -> None:
        for level in identity["tcbLevels"]:
            level["tcbStatus"] = "OutOfDate"

    with pytest.raises(RefusedQuote, match="OutOfDate"):
        ours(kind, maker.collateral(kind, rated("UpToDate"), old))(maker.quote())


def test_old_tdx_module__should_be_refused() -> None:
    maker = vendor("tdx_quote")

    def old(tcb_info: dict[str, Any]) -> None:
        rated("UpToDate")(tcb_info)
        for identity in tcb_info["tdxModuleIdentities"]:
            for level in identity["tcbLevels"]:
                level["tcbStatus"] = "OutOfDate"

    with pytest.raises(RefusedQuote, match="OutOfDate"):
        ours("tdx", maker.collateral("tdx", old))(maker.quote())


@pytest.mark.parametrize("kind", KINDS)
def test_platform_of_another_fmspc__should_be_missed(kind: str) -> None:
    maker = vendor(SAMPLES[kind])
    with pytest.raises(MissingCollateral):
        ours(kind, maker.collateral(kind, of_platform("000000000000")))(maker.quote())
