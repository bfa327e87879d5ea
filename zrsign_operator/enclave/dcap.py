"""Quotes of Intel SGX (version 3) and TDX (versions 4 and 5), signed by the quoting enclave (DCAP).

`dcap_qvl` checks signatures, the binding of the attestation key, both certificate chains to the
pinned root, revocation lists, the quoting enclave's identity and the platform's TCB level. This
module adds what it leaves open: which collateral belongs to a quote, when it is valid, and policy.

Measurement: of SGX MRENCLAVE, 32 bytes; of TDX SHA-384 of MRTD ‖ RTMR0 ‖ … ‖ RTMR3 (firmware at
the start, then what firmware, loader, system and application measured), see `tdx_measurement`.
Report data: the quote's own, 64 bytes. A quote has no date: freshness needs a nonce in there.

Source: Intel, "SGX ECDSA QuoteLib Reference" (quotes), "TDX DCAP Quoting Library API" (quotes of
TDX), "Provisioning Certification Service API" v4 (collateral).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple, Self

import dcap_qvl
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from zrsign_dmpc.errors import ParameterError
from zrsign_operator.enclave import roots
from zrsign_operator.enclave.attested import Attested
from zrsign_operator.enclave.certificates import first_end, load_pem, require_valid, utc
from zrsign_operator.enclave.errors import (
    BadCollateral,
    ExpiredQuote,
    MalformedQuote,
    MissingCollateral,
    RefusedQuote,
    UntrustedQuote,
)

SGX: Final = "sgx"
TDX: Final = "tdx"
MAX_DOCUMENT_BYTES: Final = 32_768
PCK_CHAIN_LENGTH: Final = 3
"""The platform's certificate, the CA that issued it, the root."""
MEASUREMENT_REGISTER_BYTES: Final = 48
SGX_DEBUG: Final = 0x02
"""The bit of debug mode in the first byte of an enclave's attributes."""
TDX_UNTRUSTED: Final = 0xFF
"""The first byte of a domain's attributes: any bit set, debug among them, makes it untrusted."""


class TcbStatus(StrEnum):
    """How Intel rates the platform's firmware and configuration."""

    UP_TO_DATE = "UpToDate"
    SW_HARDENING_NEEDED = "SWHardeningNeeded"
    CONFIGURATION_NEEDED = "ConfigurationNeeded"
    CONFIGURATION_AND_SW_HARDENING_NEEDED = "ConfigurationAndSWHardeningNeeded"
    OUT_OF_DATE = "OutOfDate"
    OUT_OF_DATE_CONFIGURATION_NEEDED = "OutOfDateConfigurationNeeded"
    REVOKED = "Revoked"


@dataclass(frozen=True)
class DcapPolicy:
    """What is asked of a platform beside a genuine quote."""

    statuses: frozenset[TcbStatus] = frozenset({TcbStatus.UP_TO_DATE})
    refused_advisories: frozenset[str] = frozenset()
    """Ids such as "INTEL-SA-00615", for statuses that come with open advisories."""
    min_evaluation: int = 0
    """The least `tcbEvaluationDataNumber` of the collateral: how recent Intel's view must be."""
    root: bytes = roots.INTEL_SGX
    """The root certificate, PEM."""

    def __post_init__(self) -> None:
        if TcbStatus.REVOKED in self.statuses:
            raise ParameterError("a revoked platform cannot be accepted")


class Platform(NamedTuple):
    """Which quotes collateral belongs to."""

    kind: str
    fmspc: str
    """Family, model, stepping, platform type, SKU: 6 bytes in upper-case hex."""
    ca: str
    """Which CA issued the platform's certificate: "processor" or "platform"."""


@dataclass(frozen=True)
class Collateral:
    """What Intel publishes for one kind of platform, as `dcap_qvl` writes it to JSON."""

    platform: Platform
    valid_from: datetime
    valid_until: datetime
    content: Any
    """The same collateral as `dcap_qvl` takes it."""

    @classmethod
    def parse(cls, document: str) -> Self:
        """The collateral in the JSON of `dcap_qvl.QuoteCollateralV3`. Raises BadCollateral."""
        try:
            content = dcap_qvl.QuoteCollateralV3.from_json(document)
            tcb_info, qe_identity = json.loads(content.tcb_info), json.loads(content.qe_identity)
            crls = [x509.load_der_x509_crl(crl) for crl in (content.root_ca_crl, content.pck_crl)]
            signed = [tcb_info, qe_identity]
            starts = [datetime.fromisoformat(each["issueDate"]) for each in signed]
            ends = [datetime.fromisoformat(each["nextUpdate"]) for each in signed]
            starts += [crl.last_update_utc for crl in crls]
            ends += [crl.next_update_utc for crl in crls if crl.next_update_utc]
            issuer = crls[1].issuer.rfc4514_string()
            ca = "platform" if "Platform CA" in issuer else "processor"
            platform = Platform(tcb_info["id"].lower(), tcb_info["fmspc"].upper(), ca)
            return cls(platform, max(starts), min(ends), content)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BadCollateral(f"not collateral of dcap_qvl in JSON: {error!r:.200}") from None


class DcapVerifier:
    """Checks quotes of SGX or of TDX, of the platforms that it has collateral for."""

    def __init__(
        self, kind: str, collateral: Iterable[Collateral], policy: DcapPolicy | None = None
    ) -> None:
        """Judge quotes of one `kind`, "sgx" or "tdx".

        Later collateral replaces earlier of the same platform. Raises ParameterError.
        """
        if kind not in (SGX, TDX):
            raise ParameterError(f"{kind!r} has no quotes of this format: {SGX!r} and {TDX!r} have")
        self.kind: Final = kind
        self._policy = policy or DcapPolicy()
        self._collateral = {each.platform: each for each in collateral}
        self._root = x509.load_pem_x509_certificate(self._policy.root)

    def verify(self, document: bytes, now: float) -> Attested:
        """What the enclave proved; `now` is Unix time in seconds. Raises BadQuote."""
        quote = self._parse(document)
        collateral = self._collateral_of(quote)
        _require_current(collateral, now)
        chain = self._require_chain(quote, now)
        refuse_debug(self.kind, _attributes(quote.report))
        claims = self._check(document, collateral, now)
        refuse_platform(claims, self._policy)
        until = min(collateral.valid_until.timestamp(), first_end(chain))
        return replace(_attested(self.kind, quote.report, claims), valid_until=until)

    def _parse(self, document: bytes) -> Any:
        if len(document) > MAX_DOCUMENT_BYTES:
            raise MalformedQuote(f"a quote of {len(document)} bytes; {MAX_DOCUMENT_BYTES} is most")
        try:
            quote = dcap_qvl.parse_quote(document)
        except ValueError as error:
            raise MalformedQuote(f"not a quote: {error}") from None
        shown = quote.quote_type().lower()
        if shown != self.kind:
            raise MalformedQuote(f"a quote of {shown} is shown as one of {self.kind}")
        return quote

    def _collateral_of(self, quote: Any) -> Collateral:
        try:
            platform = Platform(self.kind, quote.fmspc().upper(), quote.ca())
        except ValueError as error:
            raise MalformedQuote(f"the quote names no platform: {error}") from None
        if platform not in self._collateral:
            raise MissingCollateral(
                f"no collateral for {platform.kind} on platforms {platform.fmspc} certified by the "
                f"{platform.ca} CA: fetch it from Intel's or your own provisioning service"
            )
        return self._collateral[platform]

    def _require_chain(self, quote: Any, now: float) -> list[x509.Certificate]:
        """The chain in the quote has the root at its end, which `dcap_qvl` does not look at."""
        chain = load_pem((quote.cert_chain_pem_bytes() or b"").rstrip(b"\0"))
        if len(chain) != PCK_CHAIN_LENGTH or chain[-1] != self._root:
            raise UntrustedQuote("the platform's certificates do not end in the pinned root")
        require_valid(chain, now)
        return chain

    def _check(self, document: bytes, collateral: Collateral, now: float) -> dict[str, Any]:
        seconds = int(now)
        try:
            root = self._root.public_bytes(Encoding.DER)
            claims = dcap_qvl.QuoteVerifier(root).verify_with_policy(
                document, collateral.content, seconds, dcap_qvl.QuotePolicy.claims_only(seconds)
            )
        except ValueError as error:
            raise UntrustedQuote(f"the quote is not genuine: {error}") from None
        read: dict[str, Any] = json.loads(claims.to_json())
        return read


def tdx_measurement(mrtd: bytes, *rtmrs: bytes) -> bytes:
    """The measurement for the allow-list, 48 bytes: of MRTD and RTMR0 to RTMR3, 48 bytes each."""
    registers = (mrtd, *rtmrs)
    if [len(each) for each in registers] != [MEASUREMENT_REGISTER_BYTES] * 5:
        raise MalformedQuote("a domain has MRTD and four RTMR of 48 bytes each")
    return hashlib.sha384(b"".join(registers)).digest()


def refuse_debug(kind: str, attributes: bytes) -> None:
    """`attributes` of an enclave (16 bytes) or a domain (8). Raises RefusedQuote."""
    if attributes[0] & (SGX_DEBUG if kind == SGX else TDX_UNTRUSTED):
        raise RefusedQuote(f"the {kind} enclave runs in debug mode (attributes {attributes.hex()})")


def refuse_platform(claims: Mapping[str, Any], policy: DcapPolicy) -> None:
    """Judges the TCB in verified claims. Raises RefusedQuote."""
    tcb = claims["tcb"]
    if tcb["status"] not in policy.statuses:
        raise RefusedQuote(
            f"the platform's TCB is {tcb['status']} ({', '.join(tcb['advisory_ids'])}), accepted "
            f"is {', '.join(sorted(policy.statuses))}: update its firmware, or allow the status"
        )
    refused = sorted(policy.refused_advisories & set(tcb["advisory_ids"]))
    if refused:
        raise RefusedQuote(f"the platform is open to {', '.join(refused)}: update its firmware")
    if tcb["eval_data_number"] < policy.min_evaluation:
        raise RefusedQuote(
            f"the collateral is Intel's evaluation {tcb['eval_data_number']}, at least "
            f"{policy.min_evaluation} is wanted: fetch newer collateral"
        )


def _require_current(collateral: Collateral, now: float) -> None:
    first, last = collateral.valid_from, collateral.valid_until
    if not first <= utc(now) <= last:
        raise ExpiredQuote(
            f"the collateral of {collateral.platform.kind} {collateral.platform.fmspc} is valid "
            f"from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC: fetch it anew"
        )


def _attributes(report: Any) -> bytes:
    if isinstance(report, dcap_qvl.SgxEnclaveReport):
        return bytes(report.attributes)
    return bytes(report.td_attributes)


def _attested(kind: str, report: Any, claims: Mapping[str, Any]) -> Attested:
    details = {
        "fmspc": bytes(claims["platform"]["pck"]["fmspc"]).hex(),
        "tcb_status": claims["tcb"]["status"],
        "advisories": " ".join(claims["tcb"]["advisory_ids"]),
    }
    if kind == SGX:
        details["mrsigner"] = report.mr_signer.hex()
        return Attested(kind, report.mr_enclave, report.report_data, details=details)
    names = ("mr_td", "rt_mr0", "rt_mr1", "rt_mr2", "rt_mr3")
    registers = [getattr(report, name) for name in names]
    details |= {
        name.replace("_", ""): value.hex() for name, value in zip(names, registers, strict=True)
    }
    details |= {name: getattr(report, name).hex() for name in ("mr_config_id", "mr_owner")}
    return Attested(kind, tdx_measurement(*registers), report.report_data, details=details)
