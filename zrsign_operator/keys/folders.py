"""One key on the disk: its epochs, this operator's sealed shares, and what each epoch was made for.

    index                                             this operator's, and how the key signs
    epochs.journal, shares/<key id>.share             of `zrsign_dmpc.kept.epoch_keeper`
    orders/<epoch>                                    the proposal that made the epoch

An epoch's proposal is on the disk before the epoch can exist: it says which group and which
refresh the epoch serves, and shows a peer that knows nothing of a change what it is about.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from zrsign_dmpc.kept.epoch_keeper import EpochKeeper
from zrsign_dmpc.kept.epochs import KeyChange
from zrsign_dmpc.kept.journals import FileAnchor, FileJournal
from zrsign_dmpc.kept.key_records import StoredKeyShare
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.kept.vaults import FileVault
from zrsign_dmpc.run.execution import IdentityKey
from zrsign_operator.errors import SealBroken
from zrsign_operator.keys.sealing import Seal, write_durably
from zrsign_operator.ledger.approval import Scheme
from zrsign_operator.peers.frames import Proposal

SHARE: Final = "key-share"
INDEX: Final = "index"


class KeyFolder:
    """A key of the ledger that this operator holds, held, or is to get a share of."""

    def __init__(
        self,
        path: Path,
        anchor: Path,
        seal: Seal,
        me: int,
        scheme: Scheme,
        identity: IdentityKey,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_failure` is called when a write of the journal failed.

        Raises RolledBack, JournalInUse, JournalDamaged, OSError.
        """
        number, _, point = path.name.partition("-")
        self.ledger_key = int(number)
        self.public_key = bytes.fromhex(point)
        self.scheme = scheme
        self._path, self._anchor, self._seal = path, anchor, seal
        self._read: dict[int, Proposal] = {}
        """The order that was looked at last, by epoch."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (path / "orders").mkdir(mode=0o700, exist_ok=True)
        (path / INDEX).write_text(f"{me} {scheme}")
        self._journal = FileJournal(path / "epochs.journal")
        vault = FileVault(path / "shares")
        self.keeper = EpochKeeper(
            self._journal, FileAnchor(anchor), vault, me, identity, on_failure
        )

    @staticmethod
    def name(ledger_key: int, public_key: bytes) -> str:
        """The folder's name: the key's number on the ledger and its public key in hex."""
        return f"{ledger_key}-{public_key.hex()}"

    @staticmethod
    def anchor_name(name: str) -> str:
        """The file name of the anchor that belongs to a folder of this name."""
        return f"{name[:80]}.anchor"

    @classmethod
    def reopen(
        cls,
        path: Path,
        anchor: Path,
        seal: Seal,
        identity: IdentityKey,
        on_failure: Callable[[], None] = lambda: None,
    ) -> KeyFolder | None:
        """One that is there; None, and nothing left, if a crash cut its making or its erasure.

        Raises as the constructor.
        """
        if (path / INDEX).exists():
            me, scheme = (path / INDEX).read_text().split()
            folder = cls(path, anchor, seal, int(me), Scheme(scheme), identity, on_failure)
            state = folder.keeper.state
            if state.active or state.change is not None or state.declined:
                return folder
            folder.close()
        erase(path, anchor)
        return None

    def adopt(self, share: KeyShare, made_by: Proposal) -> None:
        """Keep the share of a new key. Durable when it returns."""
        self._write_order(share.info.epoch, made_by)
        self.keeper.adopt(share.info.key_id, share.info.epoch, self._sealed(share))

    def open_change(self, change: KeyChange, made_by: Proposal) -> None:
        """Take part in a change. Raises IllegalStep."""
        if self.keeper.state.pending is None:
            self._write_order(change.epoch, made_by)
        self.keeper.open(change)

    def store(self, share: KeyShare) -> list[bytes]:
        """The change gave this operator a new share; what to say. Raises IllegalStep."""
        return self.keeper.store(share.info.key_id, self._sealed(share))

    def share(self) -> KeyShare | None:
        """The share of the active epoch; None: there is none. Raises SealBroken."""
        active = self.keeper.state.active
        if not active:
            return None
        sealed = self._seal.open(SHARE, active, self.keeper.share(active))
        return StoredKeyShare.decode(sealed).restore()

    @property
    def settled(self) -> bool:
        """Whether there is a share, and no change under way."""
        state = self.keeper.state
        return state.active != b"" and state.pending is None

    def seal_again(self) -> bool:
        """Whether the active share opens, of any age; it is sealed anew. Raises OSError."""
        active = self.keeper.state.active
        try:
            stored = self._seal.open(SHARE, active, self.keeper.share(active), any_age=True)
        except (SealBroken, KeyError):
            return False
        epoch = self.keeper.state.epoch
        FileVault(self._path / "shares").put(active, self._seal.close(SHARE, active, epoch, stored))
        return True

    def order(self, epoch: int) -> Proposal:
        """The proposal that made this epoch, or is to make it."""
        if epoch not in self._read:
            self._read = {epoch: Proposal.decode((self._orders() / str(epoch)).read_bytes())}
        return self._read[epoch]

    def close(self) -> None:
        """Close the journal; nothing more is written."""
        self._journal.close()

    def erase(self) -> None:
        """The others are in an epoch that this operator has no share of: forget all of it."""
        self.close()
        erase(self._path, self._anchor)

    def _write_order(self, epoch: int, made_by: Proposal) -> None:
        write_durably(self._orders() / str(epoch), made_by.encode())
        self._read = {}
        for old in self._orders().glob("*"):
            if old.name.isdigit() and int(old.name) < self.keeper.state.epoch:
                old.unlink()

    def _orders(self) -> Path:
        return self._path / "orders"

    def _sealed(self, share: KeyShare) -> bytes:
        stored = StoredKeyShare.of(share).encode()
        return self._seal.close(SHARE, share.info.key_id, share.info.epoch, stored)


def erase(path: Path, anchor: Path) -> None:
    """Begun once, it can be begun again: without its index a folder is no key any more.

    The anchor goes first, or a missing journal would look like a restored backup.
    """
    anchor.unlink(missing_ok=True)
    (path / INDEX).unlink(missing_ok=True)
    shutil.rmtree(path)
