"""Attestation reports of AMD SEV-SNP: 1184 bytes, signed by the chip's endorsement key.

The key's certificate is no part of the report. The Key Distribution Service (KDS) gives it for a
chip and the versions of its firmware (VCEK), a cloud provider for its own (VLEK); `Endorsement`
holds it with its issuers.

Measurement: the launch digest, 48 bytes, of the guest's firmware and what it was started with.
Report data: the report's own, 64 bytes. A report has no date: freshness needs a nonce in there.

Source: AMD 56860 "SEV-SNP Firmware ABI" (report, TCB), 57230 "VCEK Certificate and KDS" (chain).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar, Final, NamedTuple, Self

from cryptography import x509

from zrsign_operator.enclave import roots
from zrsign_operator.enclave.attested import Attested
from zrsign_operator.enclave.certificates import (
    fingerprint,
    first_end,
    load,
    load_pem,
    require_issued,
    require_not_revoked,
    require_signed,
    require_valid,
)
from zrsign_operator.enclave.errors import (
    BadCollateral,
    MalformedQuote,
    MissingCollateral,
    RefusedQuote,
    UntrustedQuote,
)

KIND: Final = "sev-snp"
REPORT_BYTES: Final = 1184
SIGNED_BYTES: Final = 0x2A0
SCALAR_BYTES: Final = 72
VERSIONS: Final = range(2, 6)
ECDSA_P384_SHA384: Final = 1
MIGRATION_BIT: Final = 1 << 18
DEBUG_BIT: Final = 1 << 19

AMD_OID: Final = "1.3.6.1.4.1.3704.1"
PRODUCT_OID: Final = f"{AMD_OID}.2"
HARDWARE_ID_OID: Final = f"{AMD_OID}.4"
SPL_OIDS: Final = {
    "bootloader": f"{AMD_OID}.3.1",
    "tee": f"{AMD_OID}.3.2",
    "snp": f"{AMD_OID}.3.3",
    "microcode": f"{AMD_OID}.3.8",
    "fmc": f"{AMD_OID}.3.9",
}
"""Security patch levels in an endorsement key's certificate; "fmc" is Turin's alone."""
_TCB_LAYOUT: Final = {
    "Milan": ("bootloader", "tee", "", "", "", "", "snp", "microcode"),
    "Genoa": ("bootloader", "tee", "", "", "", "", "snp", "microcode"),
    "Turin": ("fmc", "bootloader", "tee", "snp", "", "", "", "microcode"),
}
"""Which byte of a report's TCB is which level, by product."""


class SigningKey(IntEnum):
    """Which key signed a report."""

    VCEK = 0
    """The chip's own."""
    VLEK = 1
    """A cloud provider's, for chips that it runs."""


class Tcb(NamedTuple):
    """Versions of what is trusted on the platform."""

    bootloader: int = 0
    tee: int = 0
    snp: int = 0
    microcode: int = 0
    fmc: int = 0

    def covers(self, least: Tcb) -> bool:
        """Whether no component is older."""
        return all(mine >= wanted for mine, wanted in zip(self, least, strict=True))

    def encode(self, product: str) -> bytes:
        """The 8 bytes that a report of this product has for it."""
        levels = self._asdict() | {"": 0}
        return bytes(levels[name] for name in _TCB_LAYOUT[product])


@dataclass(frozen=True)
class SnpReport:
    """The fields of a report that are judged."""

    version: int
    policy: int
    vmpl: int
    signing_key: int
    report_data: bytes
    measurement: bytes
    host_data: bytes
    reported_tcb: bytes
    chip_id: bytes
    signed: bytes
    r: int
    s: int

    @classmethod
    def parse(cls, document: bytes) -> Self:
        """The fields of an attestation report (AMD 56860). Raises MalformedQuote."""
        if len(document) != REPORT_BYTES:
            raise MalformedQuote(f"a report has {REPORT_BYTES} bytes, not {len(document)}")

        def integer(at: int, size: int = 4) -> int:
            return int.from_bytes(document[at : at + size], "little")

        if integer(0) not in VERSIONS:
            raise MalformedQuote(f"a report of version {integer(0)}; 2 to 5 are known")
        if integer(0x34) != ECDSA_P384_SHA384:
            raise MalformedQuote(f"signature algorithm {integer(0x34)} is not ECDSA P-384")
        return cls(
            version=integer(0),
            policy=integer(0x08, 8),
            vmpl=integer(0x30),
            signing_key=integer(0x48) >> 2 & 0b111,
            report_data=document[0x50:0x90],
            measurement=document[0x90:0xC0],
            host_data=document[0xC0:0xE0],
            reported_tcb=document[0x180:0x188],
            chip_id=document[0x1A0:0x1E0],
            signed=document[:SIGNED_BYTES],
            r=integer(SIGNED_BYTES, SCALAR_BYTES),
            s=integer(SIGNED_BYTES + SCALAR_BYTES, SCALAR_BYTES),
        )


@dataclass(frozen=True)
class Endorsement:
    """A key that signs reports: its certificate, and the two that lead to AMD's root."""

    signing_key: SigningKey
    product: str
    tcb: Tcb
    hardware_id: bytes
    """The chip's, 64 bytes with zeros after a shorter one; empty for a VLEK."""
    chain: tuple[x509.Certificate, ...]
    """VCEK or VLEK, ASK or ASVK, ARK."""
    revoked: x509.CertificateRevocationList | None = None

    @classmethod
    def parse(cls, leaf: bytes, issuers: bytes, revoked: bytes | None = None) -> Self:
        """The certificates as AMD's KDS gives them, to judge reports with.

        `leaf` is the key's certificate in DER, `issuers` the `cert_chain` in PEM, `revoked` the
        `crl` in DER. Raises BadCollateral.
        """
        try:
            certificate, above = load(leaf), load_pem(issuers)
            crl = x509.load_der_x509_crl(revoked) if revoked is not None else None
            return cls._of(certificate, above, crl)
        except (MalformedQuote, ValueError, x509.DuplicateExtension) as error:
            raise BadCollateral(f"not an endorsement key of AMD: {error}") from None

    @classmethod
    def _of(
        cls,
        leaf: x509.Certificate,
        issuers: list[x509.Certificate],
        revoked: x509.CertificateRevocationList | None,
    ) -> Self:
        values = {
            each.oid.dotted_string: each.value.value
            for each in leaf.extensions
            if isinstance(each.value, x509.UnrecognizedExtension)
        }
        if len(issuers) != 2:
            raise BadCollateral(f"{len(issuers)} issuers; ASK and ARK are expected")
        product = _der(values.get(PRODUCT_OID), 0x16).decode("ascii").split("-")[0]
        if product not in _TCB_LAYOUT:
            raise BadCollateral(f"product {product!r} is not known: {', '.join(_TCB_LAYOUT)} are")
        known = {name: oid for name, oid in SPL_OIDS.items() if name in _TCB_LAYOUT[product]}
        levels = {name: _der(values.get(oid), 0x02)[-1] for name, oid in known.items()}
        hardware_id = values.get(HARDWARE_ID_OID, b"")
        return cls(
            SigningKey.VCEK if hardware_id else SigningKey.VLEK,
            product,
            Tcb(**levels),
            hardware_id.ljust(64, b"\0") if hardware_id else b"",
            (leaf, *issuers),
            revoked,
        )

    @property
    def valid_until(self) -> float:
        """Unix time in seconds at which the first of the certificates and the list ends."""
        listed = self.revoked.next_update_utc if self.revoked is not None else None
        ends = [first_end(self.chain), *([listed.timestamp()] if listed else [])]
        return min(ends)

    def fits(self, report: SnpReport) -> bool:
        """Whether this key is the one that the report says it is signed with."""
        return (
            report.signing_key == self.signing_key
            and report.reported_tcb == self.tcb.encode(self.product)
            and self.hardware_id in (b"", report.chip_id)
        )


@dataclass(frozen=True)
class SnpPolicy:
    """What is asked of a guest and its platform beside a genuine report."""

    minimum: Mapping[str, Tcb] = field(default_factory=dict)
    """The oldest firmware that is accepted, by product: "Milan", "Genoa", "Turin"."""
    max_vmpl: int = 0
    """The least privileged level that may have asked for the report; 0 is the most privileged."""
    migration: bool = False
    """Whether a guest may have a migration agent."""
    roots: frozenset[bytes] = frozenset({roots.AMD_MILAN, roots.AMD_GENOA, roots.AMD_TURIN})
    """SHA-256 of the root certificates."""


class SnpVerifier:
    """Checks reports of the chips and firmware versions that it has endorsement keys of."""

    kind: ClassVar[str] = KIND

    def __init__(
        self, endorsements: Iterable[Endorsement], policy: SnpPolicy | None = None
    ) -> None:
        self._endorsements = tuple(endorsements)
        self._policy = policy or SnpPolicy()

    def verify(self, document: bytes, now: float) -> Attested:
        """What the guest proved; `now` is Unix time in seconds. Raises BadQuote."""
        report = SnpReport.parse(document)
        endorsement = self._endorsement_of(report)
        self._require_genuine(endorsement, now)
        refuse_guest(report, endorsement, self._policy)
        return Attested(
            KIND,
            report.measurement,
            report.report_data,
            None,
            _details(report),
            endorsement.valid_until,
        )

    def _endorsement_of(self, report: SnpReport) -> Endorsement:
        """The key that signed the report. Two providers' keys may fit one report."""
        fitting = [each for each in self._endorsements if each.fits(report)]
        if not fitting:
            raise MissingCollateral(
                f"no endorsement key (kind {report.signing_key}) for chip {report.chip_id.hex()} "
                f"with TCB {report.reported_tcb.hex()}: fetch its certificate from AMD's KDS"
            )
        *others, last = fitting
        for endorsement in others:
            with suppress(UntrustedQuote):
                require_signed(endorsement.chain[0], report.r, report.s, report.signed)
                return endorsement
        require_signed(last.chain[0], report.r, report.s, report.signed)
        return last

    def _require_genuine(self, endorsement: Endorsement, now: float) -> None:
        *below, root = endorsement.chain
        if fingerprint(root) not in self._policy.roots:
            raise UntrustedQuote(f"root {fingerprint(root).hex()} is not a pinned one of AMD")
        require_valid(endorsement.chain, now)
        require_issued(endorsement.chain)
        if endorsement.revoked is not None:
            require_not_revoked(below, endorsement.revoked, root, now)


def refuse_guest(report: SnpReport, endorsement: Endorsement, policy: SnpPolicy) -> None:
    """Judges a genuine report. Raises RefusedQuote."""
    if report.policy & DEBUG_BIT:
        raise RefusedQuote(f"the guest may be debugged (policy {report.policy:#x})")
    if report.policy & MIGRATION_BIT and not policy.migration:
        raise RefusedQuote(f"the guest may be migrated (policy {report.policy:#x})")
    if report.vmpl > policy.max_vmpl:
        raise RefusedQuote(
            f"the report is for VMPL {report.vmpl}, at most {policy.max_vmpl} may be"
        )
    least = policy.minimum.get(endorsement.product, Tcb())
    if not endorsement.tcb.covers(least):
        raise RefusedQuote(
            f"the platform's TCB is {endorsement.tcb}, {least} is wanted: update its firmware"
        )


def _der(value: bytes | None, tag: int) -> bytes:
    """The content of a short DER item."""
    if value is None or len(value) < 3 or value[0] != tag or value[1] != len(value) - 2:
        raise BadCollateral("the certificate lacks an extension of AMD's, or has it malformed")
    return value[2:]


def _details(report: SnpReport) -> Mapping[str, str]:
    return {
        "chip_id": report.chip_id.hex(),
        "tcb": report.reported_tcb.hex(),
        "host_data": report.host_data.hex(),
        "policy": f"{report.policy:#x}",
        "vmpl": str(report.vmpl),
    }
