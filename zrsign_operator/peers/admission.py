"""Who may be a peer: the operator with this certificate, in an enclave that runs allowed code."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.wire.records import Record
from zrsign_operator.enclave.errors import BadQuote
from zrsign_operator.enclave.verifiers import Verifiers
from zrsign_operator.errors import OperatorError
from zrsign_operator.keys.sealing import Enclave
from zrsign_operator.peers.frames import INCARNATION_BYTES
from zrsign_operator.peers.members import Member


class NotAdmitted(OperatorError):
    """What a peer showed does not prove what it must."""


@dataclass(frozen=True)
class Credentials(Record):
    """What an operator shows to a peer that it connects to."""

    TAG: ClassVar[str] = "credentials"

    incarnation: bytes
    """New whenever its memory of past executions begins anew."""
    kind: str
    quote: bytes


def report_data(keyring: str, member: Member, incarnation: bytes, nonce: bytes) -> bytes:
    """What a quote is bound to, 64 bytes: who, with which keys, for this connection."""
    digest = hashlib.sha512(b"zrsign operator credentials v1")
    index = member.index.to_bytes(4, "big")
    for part in (keyring.encode(), index, member.identity, member.fingerprint, incarnation, nonce):
        digest.update(len(part).to_bytes(4, "big") + part)
    return digest.digest()


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

    async def credentials(self, nonce: bytes) -> bytes:
        """The credentials that prove this operator to a peer that chose `nonce`, encoded."""
        bound = report_data(self._keyring, self._me(), self._incarnation, nonce)
        quote = self._enclave.attest(bound)
        return Credentials(self._incarnation, self._enclave.kind, quote).encode()

    async def admit(self, member: Member, nonce: bytes, credentials: bytes) -> bytes:
        """Judge a peer's credentials; returns its incarnation. Raises NotAdmitted."""
        try:
            shown = Credentials.decode(credentials)
        except EncodingError as error:
            raise NotAdmitted(f"no credentials: {error}") from None
        if len(shown.incarnation) != INCARNATION_BYTES:
            raise NotAdmitted("an incarnation has 16 bytes")
        bound = report_data(self._keyring, member, shown.incarnation, nonce)
        try:
            self._verifiers().admit(shown.kind, shown.quote, bound, self._clock())
        except BadQuote as error:
            raise NotAdmitted(f"operator {member.index}: {error}") from None
        return shown.incarnation
