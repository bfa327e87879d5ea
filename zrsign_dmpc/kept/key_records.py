"""Key shares as records, for a sealed store and for peers. The share's encoding is secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.group.curves import Point
from zrsign_dmpc.kept.keys import CHAIN_CODE_BYTES, MAX_AUX_EPOCH, KeyInfo, KeyShare
from zrsign_dmpc.wire.encoding import decode
from zrsign_dmpc.wire.records import Record


@dataclass(frozen=True)
class PublicShare(Record):
    """(i, Xᵢ): a holder's index and its verification share, a point."""

    TAG: ClassVar[str] = "public-share"

    index: int
    point: Point


@dataclass(frozen=True)
class StoredKeyInfo(Record):
    """The public side of a key. Whoever reads one from a stranger checks it against the key."""

    TAG: ClassVar[str] = "key-info"
    ADDED: ClassVar[int] = 1

    threshold: int
    public_key: Point
    shares: tuple[PublicShare, ...]
    chain_code: bytes
    epoch: int
    execution_id: bytes
    aux_epoch: int = 0

    def __post_init__(self) -> None:
        """Raises EncodingError for what no key looks like; the polynomial is left to `restore`."""
        indices = [share.index for share in self.shares]
        if indices != sorted(set(indices)) or not 2 <= self.threshold <= len(indices) <= 32:
            raise EncodingError("a key has 2 ≤ t ≤ n ≤ 32 holders, in ascending order")
        if indices[0] < 1 or len(self.chain_code) != CHAIN_CODE_BYTES:
            raise EncodingError("a holder's index or the chain code is out of range")
        if self.epoch < 0 or not 0 <= self.aux_epoch <= MAX_AUX_EPOCH:
            raise EncodingError("an epoch of the key or of its auxiliary information is no count")
        if any(point.group is not self.public_key.group for point in self.points()):
            raise EncodingError("the points of a key are of one group")

    @classmethod
    def of(cls, info: KeyInfo) -> StoredKeyInfo:
        """The record of a key's public side, for a sealed store."""
        return cls(
            info.threshold,
            info.public_key,
            tuple(PublicShare(i, x) for i, x in info.verification_shares),
            info.chain_code,
            info.epoch,
            info.execution_id,
            info.aux_epoch,
        )

    def restore(self) -> KeyInfo:
        """Raises EncodingError unless the shares are one polynomial through the public key."""
        info = KeyInfo(
            self.public_key.group,
            self.threshold,
            self.public_key,
            tuple((share.index, share.point) for share in self.shares),
            self.chain_code,
            self.epoch,
            self.execution_id,
            self.aux_epoch,
        )
        if not info.is_consistent():
            raise EncodingError("the public shares do not make the public key")
        return info


@dataclass(frozen=True)
class StoredKeyShare(Record):
    """One party's share."""

    TAG: ClassVar[str] = "key-share"

    info: StoredKeyInfo
    index: int
    secret: int = field(repr=False)

    @classmethod
    def of(cls, share: KeyShare) -> StoredKeyShare:
        """The record of a share, for a sealed store. It holds the secret."""
        return cls(StoredKeyInfo.of(share.info), share.index, share.secret)

    def restore(self) -> KeyShare:
        """Raises EncodingError, and ParameterError for a secret that does not fit."""
        if not 0 < self.secret < self.info.public_key.group.order:
            raise EncodingError("the share is not reduced modulo the group's order")
        return KeyShare(self.info.restore(), self.index, self.secret)


def read_key_info(data: bytes) -> KeyInfo:
    """The public side of a key from its encoding. Raises EncodingError."""
    return StoredKeyInfo.from_value(decode(data)).restore()
