"""Admission: which kinds, bound to what, running which code."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.zrsign_operator.enclave.amd_vendor import AmdVendor
from tests.zrsign_operator.enclave.certificate_authority import NOW
from tests.zrsign_operator.enclave.nitro_vendor import NitroVendor
from tests.zrsign_operator.enclave.samples import INTEL_NOW, collateral, sample
from zrsign_dmpc.errors import ParameterError
from zrsign_operator.enclave.attested import Verifier
from zrsign_operator.enclave.dcap import DcapVerifier
from zrsign_operator.enclave.errors import (
    BadQuote,
    MalformedQuote,
    RefusedQuote,
    UnboundQuote,
    UnknownMeasurement,
    UntrustedQuote,
)
from zrsign_operator.enclave.nitro import NitroPolicy, NitroVerifier
from zrsign_operator.enclave.settings import Attestation, Believed
from zrsign_operator.enclave.sev_snp import SnpPolicy, SnpVerifier
from zrsign_operator.enclave.simulated import SimulatedEnclave, SimulatedVerifier
from zrsign_operator.enclave.verifiers import Verifiers

NITRO, AMD = NitroVendor(), AmdVendor()
SIMULATED = SimulatedEnclave(b"r" * 32, b"s" * 32)
BOUND = b"d" * 64
ALL = (
    NitroVerifier(NitroPolicy(root=NITRO.root.fingerprint)),
    SnpVerifier([AMD.endorsement()], SnpPolicy(roots=frozenset({AMD.ark.fingerprint}))),
    SimulatedVerifier(SIMULATED.root),
)
DOCUMENTS = {
    "nitro": NITRO.document(user_data=BOUND),
    "sev-snp": AMD.report(),
    "simulated": SIMULATED.attest(BOUND),
}
PROOFS: dict[str, tuple[Verifier, bytes, float]] = {
    "nitro": (
        NitroVerifier(NitroPolicy(root=NITRO.root.fingerprint, max_age_s=math.inf)),
        DOCUMENTS["nitro"],
        NOW,
    ),
    "sev-snp": (ALL[1], DOCUMENTS["sev-snp"], NOW),
    "tdx": (DcapVerifier("tdx", [collateral("tdx")]), sample("tdx_quote"), INTEL_NOW),
}
"""Documents that rest on certificates and collateral, and when they are judged."""
ALLOWED = frozenset((each.kind, each.verify(DOCUMENTS[each.kind], NOW).measurement) for each in ALL)


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_allowed_code__should_be_admitted(kind: str) -> None:
    attested = Verifiers(ALL, ALLOWED).admit(kind, DOCUMENTS[kind], BOUND, NOW)
    assert (attested.kind, attested.report_data) == (kind, BOUND)


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_document_for_another_connection__should_be_refused(kind: str) -> None:
    for other in (b"e" * 64, b"", BOUND[:-1]):
        with pytest.raises(UnboundQuote):
            Verifiers(ALL, ALLOWED).admit(kind, DOCUMENTS[kind], other, NOW)


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_other_code__should_be_refused(kind: str) -> None:
    others = frozenset(pair for pair in ALLOWED if pair[0] != kind)
    renamed = frozenset(("other", measurement) for _, measurement in ALLOWED)
    for allowed in (frozenset(), others, renamed):
        with pytest.raises(UnknownMeasurement):
            Verifiers(ALL, ALLOWED).allowing(allowed).admit(kind, DOCUMENTS[kind], BOUND, NOW)


def test_kind__should_be_one_that_is_accepted() -> None:
    for kind in ("sgx", "", "x" * 1000):
        with pytest.raises(RefusedQuote, match="not accepted"):
            Verifiers(ALL, ALLOWED).admit(kind, DOCUMENTS["nitro"], BOUND, NOW)
    real_only = Verifiers(ALL[:2], ALLOWED)
    assert real_only.kinds == ("nitro", "sev-snp")
    with pytest.raises(RefusedQuote):
        real_only.admit("simulated", DOCUMENTS["simulated"], BOUND, NOW)


def test_document_of_another_kind__should_be_malformed() -> None:
    for kind, document in (("nitro", "sev-snp"), ("sev-snp", "simulated"), ("simulated", "nitro")):
        with pytest.raises(MalformedQuote):
            Verifiers(ALL, ALLOWED).admit(kind, DOCUMENTS[document], BOUND, NOW)


def test_simulated_quote__should_be_of_this_network() -> None:
    other = SimulatedEnclave(b"x" * 32, b"s" * 32)
    with pytest.raises(UntrustedQuote, match="another root"):
        SimulatedVerifier(SIMULATED.root).verify(other.attest(BOUND), NOW)


def test_two_verifiers_of_one_kind__should_not_stand() -> None:
    with pytest.raises(ParameterError):
        Verifiers([*ALL, ALL[0]], ALLOWED)


def test_collateral__should_be_read_again_when_its_files_change(tmp_path: Path) -> None:
    settings = Attestation(accept=("tdx",), collateral_dir=tmp_path)
    believed, quote = Believed(settings, b"r" * 32), sample("tdx_quote")
    with pytest.raises(BadQuote, match="collateral"):
        believed.allowing(frozenset()).admit("tdx", quote, b"", INTEL_NOW)
    (tmp_path / "tdx.json").write_bytes(sample("tdx_quote_collateral.json"))
    with pytest.raises(UnboundQuote):
        believed.allowing(frozenset()).admit("tdx", quote, b"", INTEL_NOW)
    # What cannot be used takes nothing away.
    (tmp_path / "tdx.json").write_text("half a fi")
    with pytest.raises(UnboundQuote):
        believed.allowing(frozenset()).admit("tdx", quote, b"", INTEL_NOW)


@pytest.mark.parametrize("kind", PROOFS)
def test_proof__should_say_until_when_all_that_it_rests_on_is_good(kind: str) -> None:
    verifier, document, now = PROOFS[kind]
    until = verifier.verify(document, now).valid_until
    assert until is not None
    assert until > now
    assert verifier.verify(document, until - 1).valid_until == until
    with pytest.raises(BadQuote):
        verifier.verify(document, until + 1)
