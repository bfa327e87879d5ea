"""Which enclaves an operator believes, from its settings and files of the vendors.

[attestation]
accept = ["tdx", "sev-snp"]        # of: nitro, sgx, tdx, sev-snp, simulated
collateral_dir = "collateral"

collateral/*.json                  sgx and tdx: what Intel publishes for a kind of platform
collateral/*.der, *.pem, *.crl     sev-snp: VCEK or VLEK, with AMD's chain and CRL of that name
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field

from zrsign_daemon.errors import SettingsError
from zrsign_daemon.log import get_logger
from zrsign_daemon.settings import Part
from zrsign_operator.enclave.attested import Verifier
from zrsign_operator.enclave.errors import BadCollateral
from zrsign_operator.enclave.simulated import SimulatedVerifier
from zrsign_operator.enclave.verifiers import Verifiers


class Attestation(Part):
    """The `[attestation]` table: which enclaves of peers are believed."""

    accept: tuple[Literal["nitro", "sgx", "tdx", "sev-snp", "simulated"], ...] = Field(
        default=("simulated",), min_length=1
    )
    """Kinds of enclaves whose attestation documents are accepted."""
    collateral_dir: Path | None = None
    """Directory of what Intel and AMD publish about platforms; needed for sgx, tdx and sev-snp."""


def verifiers(settings: Attestation, simulated_root: bytes) -> list[Verifier]:
    """One for each accepted kind. Raises SettingsError."""
    folder = settings.collateral_dir
    try:
        return [_verifier(kind, folder, simulated_root) for kind in dict.fromkeys(settings.accept)]
    except (OSError, BadCollateral) as error:
        raise SettingsError(f"attestation.collateral_dir: {error}") from None


class Believed:
    """The verifiers of the settings, read again when the files of the collateral change."""

    def __init__(self, settings: Attestation, simulated_root: bytes) -> None:
        """Raises SettingsError."""
        self._settings, self._root = settings, simulated_root
        self._seen = _stamps(settings.collateral_dir)
        self._verifiers = Verifiers(verifiers(settings, simulated_root), frozenset())

    def allowing(self, allowed: frozenset[tuple[str, bytes]]) -> Verifiers:
        """Those of now, with this allow-list; files that cannot be used leave those of before."""
        stamps = _stamps(self._settings.collateral_dir)
        if stamps != self._seen:
            self._seen = stamps
            try:
                self._verifiers = Verifiers(verifiers(self._settings, self._root), frozenset())
            except SettingsError as error:
                get_logger().warning("collateral_unusable", why=str(error))
            else:
                get_logger().info("collateral_read", files=len(stamps))
        return self._verifiers.allowing(allowed)


def _stamps(folder: Path | None) -> frozenset[tuple[str, int, int]]:
    """What tells a file's states apart: name, time of the last change, size."""
    if folder is None:
        return frozenset()
    try:
        with os.scandir(folder) as files:
            found = [(each.name, each.stat()) for each in files]
    except OSError:
        return frozenset()
    return frozenset((name, stat.st_mtime_ns, stat.st_size) for name, stat in found)


def _verifier(kind: str, folder: Path | None, simulated_root: bytes) -> Verifier:
    if kind == "simulated":
        return SimulatedVerifier(simulated_root)
    # Parsers of foreign formats are loaded only where they are used.
    if kind == "nitro":
        from zrsign_operator.enclave.nitro import NitroVerifier

        return NitroVerifier()
    if folder is None or not folder.is_dir():
        raise SettingsError(f"attestation.collateral_dir must be a directory to accept {kind!r}.")
    if kind == "sev-snp":
        from zrsign_operator.enclave.sev_snp import Endorsement, SnpVerifier

        return SnpVerifier(
            [
                Endorsement.parse(
                    leaf.read_bytes(),
                    leaf.with_suffix(".pem").read_bytes(),
                    _bytes_or_none(leaf.with_suffix(".crl")),
                )
                for leaf in sorted(folder.glob("*.der"))
            ]
        )
    from zrsign_operator.enclave.dcap import Collateral, DcapVerifier

    return DcapVerifier(
        kind, [Collateral.parse(path.read_text()) for path in sorted(folder.glob("*.json"))]
    )


def _bytes_or_none(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
