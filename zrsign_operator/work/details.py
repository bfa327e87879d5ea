"""What proposals say besides who and which requests: what was made ahead, and is to be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zrsign_dmpc.frost import NonceCommitment
from zrsign_dmpc.wire.records import Record


@dataclass(frozen=True)
class PresignDetails(Record):
    """Which auxiliary information, and which key in which epoch."""

    TAG: ClassVar[str] = "presign-details"

    key_id: bytes
    aux: bytes


@dataclass(frozen=True)
class EcdsaDetails(Record):
    """Which presignatures and beacons; the subjects are as many signature requests.

    The beacons are said so that who sees another ledger refuses, and not as something to believe.
    """

    TAG: ClassVar[str] = "ecdsa-details-2"

    presignatures: tuple[bytes, ...]
    beacons: tuple[bytes, ...]


@dataclass(frozen=True)
class FrostDetails(Record):
    """Which published nonces: all signers' for the first signature request, then the next."""

    TAG: ClassVar[str] = "frost-details"

    commitments: tuple[NonceCommitment, ...]
