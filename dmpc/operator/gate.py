"""Who may be a peer: the operator with this certificate, in an enclave that runs allowed code."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from dmpc.enclave import simulated
from dmpc.errors import EncodingError
from dmpc.operator.errors import OperatorError
from dmpc.operator.frames import INCARNATION_BYTES
from dmpc.operator.members import Member
from dmpc.operator.sealing import Enclave
from dmpc.records import Record


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
        allowed: Callable[[], frozenset[tuple[str, bytes]]],
        root: bytes,
    ) -> None:
        self._keyring, self._me = keyring, me
        self._incarnation = incarnation
        self._enclave = enclave
        self._allowed = allowed
        self._root = root

    async def credentials(self, nonce: bytes) -> bytes:
        bound = report_data(self._keyring, self._me(), self._incarnation, nonce)
        quote = self._enclave.attest(bound)
        return Credentials(self._incarnation, self._enclave.kind, quote).encode()

    async def admit(self, member: Member, nonce: bytes, credentials: bytes) -> bytes:
        try:
            shown = Credentials.decode(credentials)
        except EncodingError as error:
            raise NotAdmitted(f"no credentials: {error}") from None
        if len(shown.incarnation) != INCARNATION_BYTES:
            raise NotAdmitted("an incarnation has 16 bytes")
        if shown.kind != simulated.KIND:
            raise NotAdmitted(f"quotes of kind {shown.kind[:20]!r} are not accepted here")
        try:
            quote = simulated.verify(shown.quote, self._root)
        except simulated.BadQuote as error:
            raise NotAdmitted(str(error)) from None
        if quote.report_data != report_data(self._keyring, member, shown.incarnation, nonce):
            raise NotAdmitted("the quote is not bound to this operator and this connection")
        if (shown.kind, quote.measurement) not in self._allowed():
            raise NotAdmitted(
                f"operator {member.index} runs code with measurement {quote.measurement.hex()}, "
                "which is not on the keyring's allow-list: zrsign operators measurements"
            )
        return shown.incarnation
