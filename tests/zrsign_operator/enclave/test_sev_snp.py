"""Reports of AMD SEV-SNP: real ones, and guests that must not be believed."""

from __future__ import annotations

import warnings
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zrsign_operator.enclave.amd_vendor import CHIP, TCB, AmdVendor
from tests.zrsign_operator.enclave.certificate_authority import FROM, NOW
from tests.zrsign_operator.enclave.samples import AMD_NOW, endorsement, flipped, sample
from zrsign_operator.enclave.errors import (
    BadCollateral,
    BadQuote,
    ExpiredQuote,
    MalformedQuote,
    MissingCollateral,
    RefusedQuote,
    UntrustedQuote,
)
from zrsign_operator.enclave.sev_snp import (
    HARDWARE_ID_OID,
    PRODUCT_OID,
    SPL_OIDS,
    Endorsement,
    SnpPolicy,
    SnpVerifier,
    Tcb,
)

VENDOR = AmdVendor()


def our_policy() -> SnpPolicy:
    return SnpPolicy(roots=frozenset({VENDOR.ark.fingerprint}))


def verifier(known: Endorsement | None = None, policy: SnpPolicy | None = None) -> SnpVerifier:
    return SnpVerifier([known or VENDOR.endorsement()], policy or our_policy())


def genuine() -> SnpVerifier:
    return SnpVerifier([endorsement("vcek.der"), endorsement()])


def test_genuine_report__should_say_what_runs() -> None:
    report = sample("snp_report_milan.hex")
    attested = genuine().verify(report, AMD_NOW)
    assert attested.kind == "sev-snp"
    assert attested.measurement == report[0x90:0xC0]
    assert attested.measurement.hex().startswith("7a1e5c266c0108db")
    assert attested.report_data == report[0x50:0x90]
    assert attested.details["chip_id"].startswith("d49554ec")


def test_loading_keys_of_amd__should_warn_nobody() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        genuine().verify(sample("snp_report_milan.hex"), AMD_NOW)


def test_debuggable_guest__should_be_refused() -> None:
    """This sample is genuine; its policy has the debug bit."""
    with pytest.raises(RefusedQuote, match="debugged"):
        genuine().verify(sample("snp.bin"), AMD_NOW)
    with pytest.raises(RefusedQuote, match="debugged"):
        verifier().verify(VENDOR.report(policy=0xB0000), NOW)


def test_report__should_be_endorsed_at_this_time() -> None:
    for year in (2020, 2031):
        now = datetime(year, 1, 1, tzinfo=UTC).timestamp()
        with pytest.raises(ExpiredQuote):
            genuine().verify(sample("snp_report_milan.hex"), now)


def test_other_root__should_be_refused() -> None:
    with pytest.raises(UntrustedQuote, match="pinned"):
        SnpVerifier([endorsement()], our_policy()).verify(sample("snp_report_milan.hex"), AMD_NOW)
    with pytest.raises(UntrustedQuote, match="pinned"):
        SnpVerifier([VENDOR.endorsement()]).verify(VENDOR.report(), NOW)


@pytest.mark.parametrize(
    ("field", "at"),
    [
        ("version", 0x00),
        ("policy", 0x0A),
        ("vmpl", 0x30),
        ("algorithm", 0x34),
        ("signing key", 0x48),
        ("report data", 0x50),
        ("measurement", 0x90),
        ("host data", 0xC0),
        ("reported tcb", 0x187),
        ("chip", 0x1A0),
        ("reserved", 0x29F),
        ("r", 0x2A0),
        ("s", 0x2E8),
    ],
)
def test_altered_report__should_be_refused(field: str, at: int) -> None:
    report = sample("snp_report_milan.hex")
    for bit in range(8):
        with pytest.raises(BadQuote):
            genuine().verify(flipped(report, at, bit), AMD_NOW)


@given(at=st.integers(0, 0x32F), bit=st.integers(0, 7))
def test_any_flipped_bit__should_be_refused(at: int, bit: int) -> None:
    with pytest.raises(BadQuote):
        genuine().verify(flipped(sample("snp_report_milan.hex"), at, bit), AMD_NOW)


@given(data=st.data())
def test_other_bytes__should_raise_nothing_else(data: st.DataObject) -> None:
    report = sample("snp_report_milan.hex")
    cut = data.draw(st.integers(0, len(report) - 1))
    for hostile in (report[:cut], report + b"\0", data.draw(st.binary(max_size=64))):
        with pytest.raises(MalformedQuote):
            genuine().verify(hostile, AMD_NOW)
    with pytest.raises(BadQuote):
        genuine().verify(data.draw(st.binary(min_size=1184, max_size=1184)), AMD_NOW)


def test_key_of_another_chip_or_firmware__should_be_missed() -> None:
    with pytest.raises(MissingCollateral, match="KDS"):
        SnpVerifier([endorsement("vcek.der")]).verify(sample("snp_report_milan.hex"), AMD_NOW)
    for report in (
        VENDOR.report(chip=b"x" * 64),
        VENDOR.report(tcb=TCB._replace(snp=7).encode("Milan")),
        VENDOR.report(signing_key=1),
        VENDOR.report(signing_key=7),
    ):
        with pytest.raises(MissingCollateral):
            verifier().verify(report, NOW)


def test_own_vendor__should_make_good_reports() -> None:
    for version in (2, 3, 4, 5):
        attested = verifier().verify(VENDOR.report(version=version), NOW)
        assert attested.measurement == b"m" * 48
    for version in (1, 6):
        with pytest.raises(MalformedQuote):
            verifier().verify(VENDOR.report(version=version), NOW)


def test_policy__should_bound_level_and_migration() -> None:
    migratable, other_level = VENDOR.report(policy=0x70000), VENDOR.report(vmpl=1)
    for report in (migratable, other_level):
        with pytest.raises(RefusedQuote):
            verifier().verify(report, NOW)
    lax = replace(our_policy(), max_vmpl=1, migration=True)
    for report in (migratable, other_level):
        verifier(policy=lax).verify(report, NOW)


@pytest.mark.parametrize("component", Tcb._fields)
def test_old_firmware__should_be_refused(component: str) -> None:
    least = TCB._replace(**{component: getattr(TCB, component) + 1})
    verifier(policy=replace(our_policy(), minimum={"Milan": TCB})).verify(VENDOR.report(), NOW)
    with pytest.raises(RefusedQuote, match="firmware"):
        verifier(policy=replace(our_policy(), minimum={"Milan": least})).verify(
            VENDOR.report(), NOW
        )
    verifier(policy=replace(our_policy(), minimum={"Genoa": least})).verify(VENDOR.report(), NOW)


def test_turin__should_have_its_own_layout() -> None:
    tcb = Tcb(bootloader=1, tee=2, snp=3, microcode=4, fmc=5)
    leaf = VENDOR.leaf(VENDOR.extensions("Turin", tcb, chip=b"8 bytes!"))
    known = VENDOR.endorsement(leaf)
    report = VENDOR.report(tcb=bytes([5, 1, 2, 3, 0, 0, 0, 4]), chip=b"8 bytes!")
    assert verifier(known).verify(report, NOW).measurement == b"m" * 48
    assert known.tcb == tcb


def test_providers_key__should_endorse_any_chip() -> None:
    known = VENDOR.endorsement(VENDOR.leaf(VENDOR.extensions(chip=b"")))
    verifier(known).verify(VENDOR.report(signing_key=1, chip=bytes(64)), NOW)
    with pytest.raises(MissingCollateral):
        verifier(known).verify(VENDOR.report(signing_key=0), NOW)


def test_keys_of_two_providers__should_both_endorse() -> None:
    other = AmdVendor()
    makers = (VENDOR, other)
    known = [each.endorsement(each.leaf(each.extensions(chip=b""))) for each in makers]
    both = SnpVerifier(known, SnpPolicy(roots=frozenset(each.ark.fingerprint for each in makers)))
    for maker in makers:
        both.verify(maker.report(signing_key=1), NOW)
    with pytest.raises(UntrustedQuote):
        both.verify(AmdVendor().report(signing_key=1), NOW)


def test_forged_chain__should_be_refused() -> None:
    other = AmdVendor()
    stolen = other.endorsement(other.leaf(issuer=VENDOR.ask), VENDOR.ask.pem + VENDOR.ark.pem)
    verifier(stolen).verify(other.report(), NOW)
    below = VENDOR.leaf()
    for maker, leaf, issuers in (
        (other, other.leaf(), VENDOR.ask.pem + VENDOR.ark.pem),
        (other, other.leaf(), other.ask.pem + VENDOR.ark.pem),
        (VENDOR, VENDOR.leaf(issuer=below), below.pem + VENDOR.ark.pem),
        (VENDOR, VENDOR.leaf(issuer=VENDOR.ark), VENDOR.ask.pem + VENDOR.ark.pem),
    ):
        with pytest.raises(UntrustedQuote):
            verifier(VENDOR.endorsement(leaf, issuers)).verify(maker.report(), NOW)


def test_endorsement_key__should_be_no_authority() -> None:
    middle = VENDOR.leaf()
    known = VENDOR.endorsement(VENDOR.leaf(issuer=middle), middle.pem + VENDOR.ask.pem)
    policy = replace(our_policy(), roots=frozenset({VENDOR.ask.fingerprint}))
    with pytest.raises(UntrustedQuote, match="no certificate authority"):
        verifier(known, policy).verify(VENDOR.report(), NOW)


def test_revoked_issuer__should_be_refused() -> None:
    def with_list(crl: bytes) -> SnpVerifier:
        return verifier(VENDOR.endorsement(crl=crl))

    with_list(VENDOR.ark.revoke()).verify(VENDOR.report(), NOW)
    with pytest.raises(UntrustedQuote, match="revoked"):
        with_list(VENDOR.ark.revoke(VENDOR.ask.certificate)).verify(VENDOR.report(), NOW)
    with pytest.raises(UntrustedQuote, match="not by the root"):
        with_list(AmdVendor().ark.revoke()).verify(VENDOR.report(), NOW)
    old = VENDOR.ark.revoke(last=datetime(2024, 2, 1, tzinfo=UTC), first=FROM)
    with pytest.raises(ExpiredQuote):
        with_list(old).verify(VENDOR.report(), NOW)


@pytest.mark.parametrize("oid", [PRODUCT_OID, SPL_OIDS["snp"], SPL_OIDS["microcode"]])
def test_certificate_without_amds_extensions__should_be_no_endorsement(oid: str) -> None:
    values = VENDOR.extensions()
    for changed in ({}, {oid: b"\x02"}, {oid: b"\x04\x01\x00"}, {oid: b"\x16\x03Ice"}):
        kept = {each: value for each, value in values.items() if each != oid}
        with pytest.raises(BadCollateral):
            VENDOR.endorsement(VENDOR.leaf(kept | changed))


@given(data=st.data())
def test_unreadable_certificates__should_be_bad_collateral(data: st.DataObject) -> None:
    der, pem = sample("vcek_milan.der"), sample("cert_chain_milan.pem")
    cut = data.draw(st.integers(0, len(der) - 1))
    for leaf, issuers, crl in (
        (der[:cut], pem, None),
        (der, pem[:cut], None),
        (der, pem, data.draw(st.binary(max_size=64))),
        (data.draw(st.binary(max_size=64)), pem, None),
    ):
        with pytest.raises(BadCollateral):
            Endorsement.parse(leaf, issuers, crl)


def test_hardware_id__should_be_of_the_chip() -> None:
    assert VENDOR.extensions()[HARDWARE_ID_OID] == CHIP
    assert VENDOR.endorsement().hardware_id == CHIP
