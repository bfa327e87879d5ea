"""Who may be a peer: the operator with this certificate, in an enclave that runs allowed code.

    dialler → listener   Hello: the dialler's nonce
    listener → dialler   Challenge: the listener's nonce, and its credentials over the dialler's
    dialler → listener   the dialler's credentials over the listener's nonce

So a dialler says nothing of its own before the listener is admitted. An admission ends after an
hour, with what the proof rests on, and as soon as the code is not on the allow-list any more.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, Protocol, Self

from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.wire.encoding import encode
from zrsign_dmpc.wire.records import Record
from zrsign_operator.enclave.errors import BadQuote
from zrsign_operator.enclave.verifiers import Verifiers
from zrsign_operator.errors import OperatorError
from zrsign_operator.keys.sealing import Enclave
from zrsign_operator.peers.frames import INCARNATION_BYTES
from zrsign_operator.peers.members import Member

NONCE_BYTES: Final = 32
ADMITTED_S: Final = 3600.0
"""Seconds that an admission lasts at most."""
RENEWED_S: Final = 2700.0
"""Seconds after which it is renewed."""


class NotAdmitted(OperatorError):
    """What a peer showed does not prove what it must."""


class Role(StrEnum):
    """Which end of a link proves itself: a proof of the one is none of the other."""

    DIALLER = "dialler"
    LISTENER = "listener"


@dataclass(frozen=True)
class Hello(Record):
    """What a dialler says first."""

    TAG: ClassVar[str] = "hello"

    nonce: bytes

    @classmethod
    def is_one(cls, data: bytes) -> bool:
        """Whether a message of a stream is this one, and no batch of frames."""
        return data[6:].startswith(encode(cls.TAG)[1:])

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read a hello from a stranger's bytes; raises NotAdmitted for what is none."""
        try:
            hello = cls.decode(data)
        except EncodingError as error:
            raise NotAdmitted(f"no hello: {error}") from None
        if len(hello.nonce) != NONCE_BYTES:
            raise NotAdmitted(f"a nonce has {NONCE_BYTES} bytes")
        return hello


@dataclass(frozen=True)
class Challenge(Record):
    """What a listener answers."""

    TAG: ClassVar[str] = "challenge"

    nonce: bytes
    credentials: bytes

    def __post_init__(self) -> None:
        if len(self.nonce) != NONCE_BYTES:
            raise EncodingError(f"a nonce has {NONCE_BYTES} bytes")


@dataclass(frozen=True)
class Credentials(Record):
    """What an operator shows to a peer."""

    TAG: ClassVar[str] = "credentials"

    incarnation: bytes
    """New whenever its memory of past executions begins anew."""
    kind: str
    quote: bytes


@dataclass(frozen=True)
class Admission:
    """What a peer proved, and for how long it counts."""

    incarnation: bytes
    kind: str
    measurement: bytes
    since: float
    """Unix time in seconds."""
    until: float
    """Unix time at which it ends whatever the allow-list says."""


def report_data(
    keyring: str, member: Member, role: Role, incarnation: bytes, nonce: bytes
) -> bytes:
    """What a quote is bound to, 64 bytes: who, at which end, with which keys, for this exchange."""
    digest = hashlib.sha512(b"zrsign operator credentials v2")
    index = member.index.to_bytes(4, "big")
    names = (keyring.encode(), role.encode(), index, member.identity, member.fingerprint)
    for part in (*names, incarnation, nonce):
        digest.update(len(part).to_bytes(4, "big") + part)
    return digest.digest()


class Gate(Protocol):
    """Who may come in. Both sides of a link ask it."""

    async def credentials(self, role: Role, nonce: bytes) -> bytes:
        """What proves this operator to a peer that chose the nonce."""

    async def admit(
        self, member: Member, role: Role, nonce: bytes, credentials: bytes
    ) -> Admission:
        """Judge a peer's credentials. Raises OperatorError or DmpcError."""

    def is_due(self, admission: Admission) -> bool:
        """Whether it is time to renew it."""

    def ended(self, admission: Admission) -> str:
        """Why an admission is not valid any more; empty while it is."""


class AttestedGate:
    """Admits whoever proves an allowed measurement."""

    def __init__(
        self,
        keyring: str,
        me: Callable[[], Member],
        incarnation: bytes,
        enclave: Enclave,
        verifiers: Callable[[], Verifiers],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`verifiers` are those of the moment: the allow-list on the ledger changes."""
        self._keyring, self._me = keyring, me
        self._incarnation = incarnation
        self._enclave = enclave
        self._verifiers = verifiers
        self._clock = clock

    async def credentials(self, role: Role, nonce: bytes) -> bytes:
        """The credentials that prove this operator to a peer that chose `nonce`, encoded."""
        bound = report_data(self._keyring, self._me(), role, self._incarnation, nonce)
        quote = self._enclave.attest(bound)
        return Credentials(self._incarnation, self._enclave.kind, quote).encode()

    async def admit(
        self, member: Member, role: Role, nonce: bytes, credentials: bytes
    ) -> Admission:
        """Judge the credentials of a peer at the other end. Raises NotAdmitted."""
        try:
            shown = Credentials.decode(credentials)
        except EncodingError as error:
            raise NotAdmitted(f"no credentials: {error}") from None
        if len(shown.incarnation) != INCARNATION_BYTES:
            raise NotAdmitted("an incarnation has 16 bytes")
        bound = report_data(self._keyring, member, role, shown.incarnation, nonce)
        now = self._clock()
        try:
            attested = self._verifiers().admit(shown.kind, shown.quote, bound, now)
        except BadQuote as error:
            raise NotAdmitted(f"operator {member.index}: {error}") from None
        until = min(now + ADMITTED_S, attested.valid_until or now + ADMITTED_S)
        return Admission(shown.incarnation, shown.kind, attested.measurement, now, until)

    def is_due(self, admission: Admission) -> bool:
        """Whether it is time to renew it."""
        return not 0 <= self._clock() - admission.since < RENEWED_S

    def ended(self, admission: Admission) -> str:
        """Why an admission is not valid any more; empty while it is."""
        if not self._verifiers().allows(admission.kind, admission.measurement):
            return f"{admission.kind} {admission.measurement.hex()} is not on the allow-list"
        if self._clock() >= admission.until:
            return "its time is over, or that of what it rests on"
        return ""
