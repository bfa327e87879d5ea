"""The verifiers that a keyring accepts, and the allow-list of code measurements."""

from __future__ import annotations

from collections.abc import Iterable

from zrsign_dmpc.errors import ParameterError
from zrsign_operator.enclave.attested import Attested, Verifier
from zrsign_operator.enclave.errors import RefusedQuote, UnboundQuote, UnknownMeasurement


class Verifiers:
    """One verifier for each kind of document that is accepted, and which code may run."""

    def __init__(
        self, verifiers: Iterable[Verifier], allowed: frozenset[tuple[str, bytes]]
    ) -> None:
        """`allowed` is pairs of kind and measurement, as the ledger has them for the keyring."""
        self._by_kind: dict[str, Verifier] = {}
        for verifier in verifiers:
            if verifier.kind in self._by_kind:
                raise ParameterError(f"two verifiers for {verifier.kind!r}: give one")
            self._by_kind[verifier.kind] = verifier
        self._allowed = allowed

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of enclaves that are accepted, in alphabetical order."""
        return tuple(sorted(self._by_kind))

    def allowing(self, allowed: frozenset[tuple[str, bytes]]) -> Verifiers:
        """The same verifiers with another allow-list."""
        return Verifiers(self._by_kind.values(), allowed)

    def allows(self, kind: str, measurement: bytes) -> bool:
        """Whether code with this measurement may run in enclaves of this kind."""
        return kind in self._by_kind and (kind, measurement) in self._allowed

    def admit(self, kind: str, document: bytes, report_data: bytes, now: float) -> Attested:
        """What the document proves, if it is bound to `report_data` and its code is allowed.

        `report_data` must hold a fresh nonce of the verifying side; `now` is Unix time in seconds.
        Raises BadQuote.
        """
        verifier = self._by_kind.get(kind)
        if verifier is None:
            raise RefusedQuote(
                f"documents of kind {kind[:20]!r} are not accepted, only {', '.join(self.kinds)}"
            )
        attested = verifier.verify(document, now)
        if attested.report_data != report_data:
            raise UnboundQuote(
                f"the document is bound to {attested.report_data.hex()[:32]}…, not to this peer, "
                "its keys and this connection"
            )
        if not self.allows(kind, attested.measurement):
            raise UnknownMeasurement(
                f"{kind} measurement {attested.measurement.hex()} is not on the allow-list"
            )
        return attested
