"""What an operator holds: shares of keys, auxiliary information, presignatures, nonces.

Everything secret is sealed and on the disk before anybody is told of it. Nonces of FROST are the
exception: they live in memory only, and a restart starts with fresh ones.

    keys/<ledger key>-<public key>/    see `zrsign_operator.keys.folders`
    aux/<execution>.sealed             erased once no key may presign with it any more
    presignatures/<id>.sealed          struck off in single-use.journal before they are used
    single-use.journal                 what was consumed, and which executions were joined
    heads                              how far the peers' journals were, as they signed it
    evidence/<execution>.json          who was caught, and what proves it
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from zrsign_dmpc.ecdsa import AuxInfo, Presignature, StoredAuxInfo
from zrsign_dmpc.ecdsa.presign.presignature import PRESIGNATURE
from zrsign_dmpc.ecdsa.security import SecurityLevel
from zrsign_dmpc.frost import (
    NoncePool,
)
from zrsign_dmpc.kept.journals import FileAnchor, FileJournal
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.kept.single_use import SingleUseLedger
from zrsign_dmpc.run.execution import IdentityKey
from zrsign_dmpc.wire.encoding import decode
from zrsign_operator.keys.folders import KeyFolder
from zrsign_operator.keys.held import HeldKey
from zrsign_operator.keys.sealing import Enclave, Seal, SealedFiles, write_durably
from zrsign_operator.ledger.approval import Scheme
from zrsign_operator.ledger.orders import Target
from zrsign_operator.peers.frames import Proposal
from zrsign_operator.peers.members import level_named

AUX: Final = "aux"
TABLE_BYTES: Final = 16_000_000
"""How many bytes the tables of all peers together may take.

Many operators share a machine in development.
"""


class Holdings:
    """Opened once, by one process: the journals see to that."""

    def __init__(self, state: Path, anchors: Path, enclave: Enclave, identity: IdentityKey) -> None:
        """Raises RolledBack, SealBroken, JournalInUse, JournalDamaged, OSError."""
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        anchors.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._state, self._anchors, self._identity = state, anchors, identity
        self._journal = FileJournal(state / "single-use.journal")
        self.single_use = SingleUseLedger(self._journal, FileAnchor(anchors / "single-use.anchor"))
        self._seal = Seal(enclave, identity.public_key, lambda: self.single_use.count)
        self._aux_files = SealedFiles(state / AUX, AUX, self._seal)
        self._presign_files = SealedFiles(state / "presignatures", PRESIGNATURE, self._seal)
        self.aux: list[AuxInfo] = []
        """Auxiliary information, the newest last."""
        self._presignatures: dict[bytes, Presignature] = {}
        self._ready: defaultdict[bytes, dict[bytes, Presignature]] = defaultdict(dict)
        """The same, by the names of their keys in their epochs."""
        self._keys: dict[int, dict[bytes, HeldKey]] = {}
        """The keys by the ledger's number and public key: two of one number are in a race."""
        self._in_epoch: dict[bytes, HeldKey] = {}
        """The same by their names in their epochs."""
        self._folders: dict[tuple[int, bytes], KeyFolder] = {}
        self._aux_epochs: Counter[int] = Counter()
        """How many ECDSA keys presign from each epoch of auxiliary information on."""
        self._taken_from: set[bytes] = set()
        """Keys in their epochs whose nonces were used, or that are new, since this was asked."""
        self._failed = False
        """Whether a write of a key's journal failed."""
        self._load()
        self.from_before = frozenset(self._presignatures)
        """Presignatures of an earlier process: a snapshot may have brought them back."""

    @property
    def is_broken(self) -> bool:
        """Whether a write of a journal failed: only opening it again tells what is on the disk."""
        return self.single_use.is_closed or self._failed

    def close(self) -> None:
        """Close every journal; nothing more is written."""
        self._journal.close()
        for folder in self.folders():
            folder.close()

    # Keys

    def key(self, ledger_key: int, public_key: bytes = b"") -> HeldKey | None:
        """The share of a key; with a public key, of exactly that one."""
        held = self._keys.get(ledger_key, {})
        return held.get(public_key) if public_key else next(iter(held.values()), None)

    def key_in_epoch(self, key_id: bytes) -> HeldKey | None:
        """The key that has this name in its active epoch."""
        return self._in_epoch.get(key_id)

    def all_keys(self) -> Iterator[HeldKey]:
        """Every key that this operator has a share of."""
        yield from self._in_epoch.values()

    def taken_from(self) -> list[HeldKey]:
        """The keys that are new here or whose nonces were used, since this was asked last."""
        keys = [self._in_epoch[i] for i in self._taken_from if i in self._in_epoch]
        self._taken_from.clear()
        return keys

    def folders(self) -> list[KeyFolder]:
        """The folders of all keys, those included that this operator has no share of now."""
        return list(self._folders.values())

    def folder(self, ledger_key: int, public_key: bytes) -> KeyFolder | None:
        """The folder of a key, if there is one."""
        return self._folders.get((ledger_key, public_key))

    def new_folder(self, ledger_key: int, public_key: bytes, me: int, scheme: Scheme) -> KeyFolder:
        """Make the folder of a key that this operator gets a share of. Raises OSError."""
        name = KeyFolder.name(ledger_key, public_key)
        path, anchor = self._state / "keys" / name, self._anchor(name)
        folder = KeyFolder(path, anchor, self._seal, me, scheme, self._identity, self._fail)
        self._folders[ledger_key, public_key] = folder
        return folder

    def adopt(
        self, ledger_key: int, me: int, scheme: Scheme, share: KeyShare, made_by: Proposal
    ) -> HeldKey:
        """Keep the share of a new key. Durable when it returns."""
        folder = self.new_folder(ledger_key, share.info.public_key.encode(), me, scheme)
        folder.adopt(share, made_by)
        return self._hold(folder, share)

    def follow(self, folder: KeyFolder) -> HeldKey | None:
        """A change of the key was decided: serve the epoch that is active now.

        What was made ahead for another epoch is gone. None: there is no share here any more.
        """
        known = self.key(folder.ledger_key, folder.public_key)
        if known is not None and known.share.info.key_id == folder.keeper.state.active:
            return known
        if known is not None:
            self._let_go(known)
        share = folder.share()
        held = self._hold(folder, share) if share is not None else None
        self._forget_aux()
        return held

    def erase(self, folder: KeyFolder) -> None:
        """Forget a key whose share is worthless."""
        held = self.key(folder.ledger_key, folder.public_key)
        if held is not None:
            self._let_go(held)
        del self._folders[folder.ledger_key, folder.public_key]
        folder.erase()
        self._forget_aux()

    # Auxiliary information

    def add_aux(self, info: AuxInfo) -> None:
        """Durable when it returns."""
        stored = StoredAuxInfo.of(info)
        self._aux_files.put(info.public.execution_id, stored.encode())
        self._keep_aux(info)
        self._forget_aux()

    def _keep_aux(self, info: AuxInfo) -> None:
        info.limit_tables(TABLE_BYTES)
        self.aux.append(info)

    def _forget_aux(self) -> None:
        """Erase what no key may presign with any more, so that no store holds it.

        With it and what t − 1 operators heard in an earlier epoch a thief reads this one's share.
        """
        newest = max((info.public.epoch for info in self.aux), default=0)
        if all(info.public.epoch == newest for info in self.aux):
            return
        since = min((newest, *self._aux_epochs))
        self._erase_aux([info for info in self.aux if info.public.epoch < since])

    def settle_on(self, info: AuxInfo) -> bool:
        """All whom it covers have it: erase the rest, unless a key has other holders.

        Whether something was erased.
        """
        rest = [each for each in self.aux if each is not info]
        covered = set(info.public.paillier)
        ecdsa = (held.share.info for held in self.all_keys() if held.suite is None)
        if not rest or not all(set(key.shares) <= covered for key in ecdsa):
            return False
        self._erase_aux(rest)
        return True

    def _erase_aux(self, old: Sequence[AuxInfo]) -> None:
        if old:
            self.aux = [info for info in self.aux if not any(info is each for each in old)]
            self._aux_files.erase(info.public.execution_id for info in old)

    def newest_aux(self, level: SecurityLevel, epoch: int) -> AuxInfo | None:
        """The newest of this epoch or a later one."""
        found = (i for i in reversed(self.aux) if i.public.level == level)
        return next((info for info in found if info.public.epoch >= epoch), None)

    def aux_digests(self) -> tuple[bytes, ...]:
        """The digests of all auxiliary information, the newest last."""
        return tuple(info.public.digest for info in self.aux)

    def aux_named(self, digest: bytes) -> AuxInfo | None:
        """The auxiliary information with this digest, if it is here."""
        return next((info for info in self.aux if info.public.digest == digest), None)

    # Presignatures

    def add_presignature(self, made: Presignature) -> None:
        """Durable when it returns; one for an epoch that ended meanwhile is dropped."""
        if made.public.key_id not in self._in_epoch:
            return
        self._presign_files.put(made.public.id, made.encode(), made.public.epoch)
        self._keep_presignature(made)

    def drop_presignature(self, id_: bytes) -> None:
        """It was used, or cannot be."""
        self.take_presignature(id_)
        self._presign_files.delete(id_)

    def drop_presignatures_with(self, signer: int) -> None:
        """Forget what can be used with one operator only, because that one lost its part."""
        for id_, made in list(self._presignatures.items()):
            if signer in made.public.signers:
                self.drop_presignature(id_)

    def take_presignature(self, id_: bytes) -> None:
        """It is being used: nothing else may use it."""
        made = self._presignatures.pop(id_, None)
        if made is not None:
            ready = self._ready[made.public.key_id]
            del ready[id_]
            if not ready:
                del self._ready[made.public.key_id]

    def _keep_presignature(self, made: Presignature) -> None:
        self._presignatures[made.public.id] = made
        self._ready[made.public.key_id][made.public.id] = made

    @property
    def presignatures(self) -> Mapping[bytes, Presignature]:
        """The unused presignatures of all keys, by id."""
        return self._presignatures

    def presignatures_of(self, key_id: bytes) -> list[Presignature]:
        """The unused presignatures of a key in its epoch, the oldest first."""
        return list(self._ready[key_id].values()) if key_id in self._ready else []

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

    # What peers told of their journals

    def keep_heads(self, document: bytes) -> None:
        """Public, and signed by the peers, so not sealed. Durable when it returns."""
        write_durably(self._state / "heads", document)

    def heads(self) -> bytes:
        """What was kept last; empty: nothing."""
        path = self._state / "heads"
        return path.read_bytes() if path.exists() else b""

    # Storage

    def _load(self) -> None:
        for path in sorted((self._state / "keys").glob("*-*")):
            found = KeyFolder.reopen(
                path, self._anchor(path.name), self._seal, self._identity, self._fail
            )
            if found is not None:
                self._folders[found.ledger_key, found.public_key] = found
                self.follow(found)
        for name in self._aux_files.names():
            stored = StoredAuxInfo.from_value(decode(self._aux_files.get(name)))
            self._keep_aux(stored.restore(level_named(stored.level)))
        for name in list(self._presign_files.names()):
            if self.single_use.is_consumed(PRESIGNATURE, name):
                self._presign_files.delete(name)
                continue
            made = Presignature.decode(self._presign_files.get(name))
            if made.public.key_id in self._in_epoch:
                self._keep_presignature(made)
            else:
                self._presign_files.delete(name)
        self._forget_aux()

    def _hold(self, folder: KeyFolder, share: KeyShare) -> HeldKey:
        held = HeldKey(folder, share, Target.served_by(folder.order(share.info.epoch)))
        info = share.info
        if held.suite is None:
            self._aux_epochs[info.aux_epoch] += 1
        else:
            held.nonces = NoncePool(
                held.suite,
                held.signing,
                self.single_use,
                on_taken=lambda: self._taken_from.add(info.key_id),
            )
            self._taken_from.add(info.key_id)
        self._keys.setdefault(folder.ledger_key, {})[folder.public_key] = held
        self._in_epoch[info.key_id] = held
        return held

    def _let_go(self, held: HeldKey) -> None:
        """Forget a share, and what was made ahead with it."""
        info = held.share.info
        if held.suite is None:
            self._aux_epochs[info.aux_epoch] -= 1
            self._aux_epochs += Counter()
        del self._in_epoch[info.key_id]
        del self._keys[held.ledger_key][held.public_key]
        if not self._keys[held.ledger_key]:
            del self._keys[held.ledger_key]
        for made in self.presignatures_of(info.key_id):
            self.drop_presignature(made.public.id)

    def _fail(self) -> None:
        self._failed = True

    def _anchor(self, name: str) -> Path:
        return self._anchors / KeyFolder.anchor_name(name)
