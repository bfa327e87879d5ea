"""Attestation documents of AWS Nitro Enclaves: CBOR, signed with COSE (RFC 9052, COSE_Sign1).

A document is one array: protected header, unprotected header, payload, signature. It carries its
certificates; nothing else is needed but the pinned root. They live for about three hours.

Measurement: SHA-384 of PCR0 ‖ PCR1 ‖ PCR2 (image, kernel and boot, application), 48 bytes each as
`nitro-cli build-enclave` prints them; see `measurement`. Report data: the field `user_data`.

Source: AWS Nitro Enclaves NSM API, "Attestation process" (fields, limits, how to validate).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NoReturn

import cbor2

from zrsign_operator.enclave import roots
from zrsign_operator.enclave.attested import Attested
from zrsign_operator.enclave.certificates import (
    first_end,
    load,
    require_path,
    require_signed,
    require_valid,
)
from zrsign_operator.enclave.errors import (
    ExpiredQuote,
    MalformedQuote,
    RefusedQuote,
    UntrustedQuote,
)

KIND: Final = "nitro"
MAX_DOCUMENT_BYTES: Final = 16_384
COSE_SIGN1_TAG: Final = b"\xd2"
ES384: Final = bytes.fromhex("a1013822")
"""The protected header {1: -35}: the algorithm, and nothing else."""
PCR_BYTES: Final = 48
CODE_PCRS: Final = (0, 1, 2)
MAX_PCRS: Final = 32
MAX_CERTIFICATE_BYTES: Final = 1024
MAX_BUNDLE: Final = 8
MAX_BYTES: Final = {"public_key": 1024, "user_data": 512, "nonce": 512}
MAX_DEPTH: Final = 4


@dataclass(frozen=True)
class NitroPolicy:
    """What is asked of a document beside its signature."""

    root: bytes = roots.AWS_NITRO
    """SHA-256 of the root certificate."""
    max_age_s: float = 300.0
    max_skew_s: float = 60.0
    """How far the enclave's clock may be ahead."""


@dataclass(frozen=True)
class Payload:
    """The signed content, within the limits of the format."""

    module_id: str
    timestamp_ms: int
    pcrs: Mapping[int, bytes]
    certificate: bytes
    cabundle: tuple[bytes, ...]
    """The root first, then each issued by the one before."""
    public_key: bytes | None
    user_data: bytes | None
    nonce: bytes | None


@dataclass(frozen=True)
class NitroVerifier:
    """Checks documents of AWS Nitro Enclaves."""

    kind: ClassVar[str] = KIND

    policy: NitroPolicy = NitroPolicy()

    def verify(self, document: bytes, now: float) -> Attested:
        """What the enclave proved; `now` is Unix time in seconds. Raises BadQuote."""
        protected, content, signature = split(document)
        payload = parse_payload(content)
        self._check_signature(payload, protected, content, signature, now)
        self._check_policy(payload, now)
        return Attested(
            KIND,
            measurement(*(payload.pcrs[index] for index in CODE_PCRS)),
            payload.user_data or b"",
            payload.timestamp_ms / 1000,
            _details(payload),
            first_end([load(each) for each in (payload.certificate, *payload.cabundle)]),
        )

    def _check_signature(
        self, payload: Payload, protected: bytes, content: bytes, signature: bytes, now: float
    ) -> None:
        shown = hashlib.sha256(payload.cabundle[0]).digest()
        if shown != self.policy.root:
            raise UntrustedQuote(f"the document's root is {shown.hex()}, not the pinned one")
        leaf, (root, *intermediates) = load(payload.certificate), map(load, payload.cabundle)
        require_valid([leaf, *intermediates, root], now)
        require_path(leaf, intermediates, root, now)
        signed = cbor2.dumps(["Signature1", protected, b"", content])
        half = len(signature) // 2
        r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
        require_signed(leaf, r, s, signed)

    def _check_policy(self, payload: Payload, now: float) -> None:
        age_s = now - payload.timestamp_ms / 1000
        if not -self.policy.max_skew_s <= age_s <= self.policy.max_age_s:
            raise ExpiredQuote(
                f"the document was made {age_s:.0f} s ago, {self.policy.max_age_s:.0f} s are "
                "allowed: check both clocks, then ask again"
            )
        if not all(any(payload.pcrs[index]) for index in CODE_PCRS):
            raise RefusedQuote(f"enclave {payload.module_id} runs in debug mode: its PCRs are zero")


def measurement(pcr0: bytes, pcr1: bytes, pcr2: bytes) -> bytes:
    """The measurement for the allow-list from what `nitro-cli build-enclave` prints.

    Each PCR has 48 bytes, and so has the measurement.
    """
    for pcr in (pcr0, pcr1, pcr2):
        if len(pcr) != PCR_BYTES:
            raise MalformedQuote(f"a PCR has {PCR_BYTES} bytes, not {len(pcr)}")
    return hashlib.sha384(pcr0 + pcr1 + pcr2).digest()


def parse_payload(content: bytes) -> Payload:
    """The payload's fields, checked against the format's limits. Raises MalformedQuote."""
    fields = _decode(content)
    if not isinstance(fields, dict):
        raise MalformedQuote("the payload is not a map")
    optional = {name: _optional_bytes(fields, name, most) for name, most in MAX_BYTES.items()}
    payload = Payload(
        module_id=_typed(fields, "module_id", str),
        timestamp_ms=_typed(fields, "timestamp", int),
        pcrs=_pcrs(_typed(fields, "pcrs", dict)),
        certificate=_certificate(fields.get("certificate")),
        cabundle=_bundle(_typed(fields, "cabundle", list)),
        **optional,
    )
    if _typed(fields, "digest", str) != "SHA384":
        raise MalformedQuote(f"the digest is {fields['digest'][:16]!r}, not 'SHA384'")
    if not payload.module_id or not 0 < payload.timestamp_ms < 1 << 63:
        raise MalformedQuote("the payload has no module id or no timestamp")
    _require_shortest(fields, content)
    return payload


class _NoTags(Mapping[int, Callable[[Any, bool], NoReturn]]):
    """Refuses every semantic tag: dates, references to other items, patterns."""

    def __getitem__(self, tag: int) -> Callable[[Any, bool], NoReturn]:
        return self._refuse

    def __iter__(self) -> Iterator[int]:
        return iter(())

    def __len__(self) -> int:
        return 0

    @staticmethod
    def _refuse(_value: Any, _immutable: bool) -> NoReturn:
        raise MalformedQuote("a tag has no place here")


def _decode(data: bytes) -> Any:
    try:
        return cbor2.loads(
            data,
            semantic_decoders=_NoTags(),
            max_depth=MAX_DEPTH,
            allow_indefinite=False,
            allow_duplicate_keys=False,
        )
    except cbor2.CBORDecodeError as error:
        raise MalformedQuote(f"not CBOR: {error}") from None


def _require_shortest(value: Any, data: bytes) -> None:
    """Nothing may follow, and no item may be written longer than it must."""
    try:
        written = cbor2.dumps(value)
    except cbor2.CBOREncodeError as error:
        raise MalformedQuote(f"a value has no place here: {error}") from None
    if written != data:
        raise MalformedQuote("the document is not in the shortest encoding, or goes on")


def split(document: bytes) -> tuple[bytes, bytes, bytes]:
    """Protected header, payload and signature of a COSE_Sign1, tagged or not."""
    if len(document) > MAX_DOCUMENT_BYTES:
        raise MalformedQuote(f"a document of {len(document)} bytes; {MAX_DOCUMENT_BYTES} is most")
    document = document.removeprefix(COSE_SIGN1_TAG)
    match _decode(document):
        case [bytes(protected), dict(unprotected), bytes(content), bytes(signature)]:
            pass
        case _:
            raise MalformedQuote("not a COSE_Sign1: an array of four items is expected")
    if unprotected or protected != ES384 or len(signature) != 2 * PCR_BYTES:
        raise MalformedQuote("the document is not signed with ES384")
    _require_shortest([protected, {}, content, signature], document)
    return protected, content, signature


def _typed(fields: dict[Any, Any], name: str, kind: type) -> Any:
    value = fields.get(name)
    if type(value) is not kind:
        raise MalformedQuote(f"{name} is no {kind.__name__}")
    return value


def _optional_bytes(fields: dict[Any, Any], name: str, most: int) -> bytes | None:
    value = fields.get(name)
    if value is not None and (not isinstance(value, bytes) or len(value) > most):
        raise MalformedQuote(f"{name} is neither null nor up to {most} bytes")
    return value


def _certificate(value: Any) -> bytes:
    if not isinstance(value, bytes) or not 0 < len(value) <= MAX_CERTIFICATE_BYTES:
        raise MalformedQuote(f"a certificate is not 1 to {MAX_CERTIFICATE_BYTES} bytes")
    return value


def _bundle(values: list[Any]) -> tuple[bytes, ...]:
    if not 0 < len(values) <= MAX_BUNDLE:
        raise MalformedQuote(f"{len(values)} certificates in cabundle; 1 to {MAX_BUNDLE} may be")
    return tuple(_certificate(value) for value in values)


def _pcrs(values: dict[Any, Any]) -> Mapping[int, bytes]:
    if len(values) > MAX_PCRS or not set(CODE_PCRS) <= values.keys():
        raise MalformedQuote(f"{len(values)} PCRs; 0, 1 and 2 and up to {MAX_PCRS} are expected")
    for index, value in values.items():
        if type(index) is not int or not 0 <= index < MAX_PCRS:
            raise MalformedQuote(f"{index!r:.20} is no index of a PCR")
        if not isinstance(value, bytes) or len(value) != PCR_BYTES:
            raise MalformedQuote(f"PCR{index} is not {PCR_BYTES} bytes")
    return values


def _details(payload: Payload) -> Mapping[str, str]:
    details = {"module_id": payload.module_id}
    details |= {f"pcr{index}": value.hex() for index, value in payload.pcrs.items() if any(value)}
    for name in ("public_key", "nonce"):
        value: bytes | None = getattr(payload, name)
        if value is not None:
            details[name] = value.hex()
    return details
