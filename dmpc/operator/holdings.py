"""What an operator holds: shares of keys, auxiliary information, presignatures, nonces.

Everything secret is sealed and on the disk before anybody is told of it. Nonces of FROST are the
exception: they live in memory only, and a restart starts with fresh ones.

    keys/<ledger key>-<public key>/    epochs.journal, shares/<key id>.share
    aux/<execution>.sealed             the newest that covers the signers is used
    presignatures/<id>.sealed          struck off in single-use.journal before they are used
    single-use.journal                 what was consumed, and which executions were joined
    evidence/<execution>.json          who was caught, and what proves it
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dmpc.ecdsa import AuxInfo, Presignature, StoredAuxInfo
from dmpc.ecdsa.presign.presignature import PRESIGNATURE
from dmpc.encoding import decode
from dmpc.epoch_keeper import EpochKeeper
from dmpc.errors import DmpcError
from dmpc.execution import IdentityKey
from dmpc.file_journal import FileAnchor, FileJournal
from dmpc.file_vault import FileVault
from dmpc.frost import ED25519_SHA512, NonceCommitment, NoncePool
from dmpc.key_storage import StoredKeyShare
from dmpc.keys import KeyShare
from dmpc.operator.members import level_named
from dmpc.operator.sealing import Enclave, Seal, SealedFiles, write_durably
from dmpc.single_use import SingleUseLedger

SHARE: Final = "key-share"
TABLE_BYTES: Final = 16_000_000
"""Of all peers together: memory counts where many operators share a machine."""
NONCES_AHEAD: Final = 32
"""Published commitments a key and operator."""


@dataclass
class HeldKey:
    """A key of the ledger that this operator holds a share of."""

    ledger_key: int
    keeper: EpochKeeper
    share: KeyShare
    """Of the active epoch."""
    nonces: NoncePool | None = None
    offered: dict[int, list[NonceCommitment]] = field(default_factory=dict)
    """Commitments that peers published for this epoch, by peer."""

    @property
    def public_key(self) -> bytes:
        return self.share.info.public_key.encode()


class Holdings:
    """Opened once, by one process: the journals see to that."""

    def __init__(self, state: Path, anchors: Path, enclave: Enclave, identity: IdentityKey) -> None:
        """Raises RolledBack, SealBroken, JournalInUse, JournalDamaged, OSError."""
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        anchors.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._state, self._anchors, self._identity = state, anchors, identity
        self._journals = [FileJournal(state / "single-use.journal")]
        self.single_use = SingleUseLedger(
            self._journals[0], FileAnchor(anchors / "single-use.anchor")
        )
        self._seal = Seal(enclave, identity.public_key, lambda: len(self._journals[0].read()))
        self._aux_files = SealedFiles(state / "aux", "aux", self._seal)
        self._presign_files = SealedFiles(state / "presignatures", PRESIGNATURE, self._seal)
        self.aux: list[AuxInfo] = []
        """Newest last."""
        self.presignatures: dict[bytes, Presignature] = {}
        self._keys: dict[tuple[int, bytes], HeldKey] = {}
        self._load()

    def close(self) -> None:
        for journal in self._journals:
            journal.close()

    # Keys

    def key(self, ledger_key: int, public_key: bytes = b"") -> HeldKey | None:
        """The share of a key; with a public key, of exactly that one."""
        for (number, point), held in self._keys.items():
            if number == ledger_key and public_key in (b"", point):
                return held
        return None

    def all_keys(self) -> Iterator[HeldKey]:
        yield from self._keys.values()

    def adopt(self, ledger_key: int, me: int, share: KeyShare) -> HeldKey:
        """Keep the share of a new key. Durable when it returns."""
        point = share.info.public_key.encode()
        keeper = self._keeper(self._folder(ledger_key, point), me)
        keeper.adopt(share.info.key_id, share.info.epoch, self._sealed(share))
        return self._hold(ledger_key, keeper, share)

    def forget_other_keys(self, ledger_key: int, public_key: bytes) -> None:
        """The ledger took another key for this request: shares of the rest are not served."""
        for number, point in list(self._keys):
            if number == ledger_key and point != public_key:
                del self._keys[number, point]

    # Auxiliary information

    def add_aux(self, info: AuxInfo) -> None:
        """Durable when it returns."""
        stored = StoredAuxInfo.of(info)
        self._aux_files.put(info.public.execution_id, stored.encode())
        self._keep_aux(info)

    def _keep_aux(self, info: AuxInfo) -> None:
        info.limit_tables(TABLE_BYTES)
        self.aux.append(info)

    def aux_for(self, indices: Collection[int]) -> AuxInfo | None:
        """The newest that has keys of all of these."""
        for info in reversed(self.aux):
            if set(indices) <= set(info.public.paillier):
                return info
        return None

    def aux_named(self, digest: bytes) -> AuxInfo | None:
        return next((info for info in self.aux if info.public.digest == digest), None)

    # Presignatures

    def add_presignature(self, made: Presignature) -> None:
        """Durable when it returns."""
        self._presign_files.put(made.public.id, made.encode(), made.public.epoch)
        self.presignatures[made.public.id] = made

    def drop_presignature(self, id_: bytes) -> None:
        """It was used, or cannot be."""
        self.presignatures.pop(id_, None)
        self._presign_files.delete(id_)

    def presignatures_of(self, key_id: bytes) -> list[Presignature]:
        """Of a key in its epoch, the oldest first."""
        return [made for made in self.presignatures.values() if made.public.key_id == key_id]

    # Evidence

    def keep_evidence(self, name: str, document: bytes) -> None:
        """Public, so not sealed. Durable when it returns."""
        folder = self._state / "evidence"
        folder.mkdir(mode=0o700, exist_ok=True)
        write_durably(folder / name, document)

    def evidence(self) -> list[bytes]:
        """All that was kept, the oldest first."""
        folder = self._state / "evidence"
        found = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        return [path.read_bytes() for path in found]

    # Storage

    def _load(self) -> None:
        for folder in sorted((self._state / "keys").glob("*-*")):
            self._load_key(folder)
        for name in self._aux_files.names():
            stored = StoredAuxInfo.from_value(decode(self._aux_files.get(name)))
            self._keep_aux(stored.restore(level_named(stored.level)))
        for name in list(self._presign_files.names()):
            if self.single_use.is_consumed(PRESIGNATURE, name):
                self._presign_files.delete(name)
            else:
                self.presignatures[name] = Presignature.decode(self._presign_files.get(name))

    def _load_key(self, folder: Path) -> None:
        number, _, point = folder.name.partition("-")
        me = int((folder / "index").read_text())
        keeper = self._keeper(folder, me)
        if keeper.state.active:
            self._hold(int(number), keeper, self._opened(keeper))
        elif not keeper.state.change:
            raise DmpcError(f"{folder} has no share of key {point}: it was never adopted")

    def _hold(self, ledger_key: int, keeper: EpochKeeper, share: KeyShare) -> HeldKey:
        held = HeldKey(ledger_key, keeper, share)
        if share.info.group is ED25519_SHA512.group:
            held.nonces = NoncePool(ED25519_SHA512, share, self.single_use)
        self._keys[ledger_key, held.public_key] = held
        return held

    def _keeper(self, folder: Path, me: int) -> EpochKeeper:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "index").write_text(str(me))
        journal = FileJournal(folder / "epochs.journal")
        self._journals.append(journal)
        anchor = FileAnchor(self._anchors / f"{folder.name[:80]}.anchor")
        return EpochKeeper(journal, anchor, FileVault(folder / "shares"), me, self._identity)

    def _folder(self, ledger_key: int, point: bytes) -> Path:
        return self._state / "keys" / f"{ledger_key}-{point.hex()}"

    def _sealed(self, share: KeyShare) -> bytes:
        stored = StoredKeyShare.of(share).encode()
        return self._seal.close(SHARE, share.info.key_id, share.info.epoch, stored)

    def _opened(self, keeper: EpochKeeper) -> KeyShare:
        active = keeper.state.active
        return StoredKeyShare.decode(self._seal.open(SHARE, active, keeper.share(active))).restore()
