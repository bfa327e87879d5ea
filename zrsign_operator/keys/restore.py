"""An operator brought back from a copy of its sealed state, on the same machine or a new one.

The copy may be old. So nothing comes back that may have been used since: no presignatures, no
journal of what was used, and not the name that peers knew its memory by. Shares come back, sealed
anew; one whose epoch has ended meanwhile is erased as soon as the peers say so, and the group
deals a new one. A key that was between two epochs in the copy stays out: nobody knows what this
operator said of it.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zrsign_dmpc.ecdsa import StoredAuxInfo
from zrsign_dmpc.errors import DmpcError
from zrsign_dmpc.run.execution import IdentityKey
from zrsign_dmpc.wire.encoding import decode
from zrsign_operator.enclave.simulated import SimulatedEnclave, read_secret
from zrsign_operator.errors import SealBroken, StoreUnusable
from zrsign_operator.keys.folders import KeyFolder
from zrsign_operator.keys.holdings import AUX
from zrsign_operator.keys.sealing import Enclave, Seal, SealedFiles
from zrsign_operator.settings import OperatorSettings

SINCE_THE_BEGINNING: Final = 0


@dataclass(frozen=True)
class Restored:
    """What came back."""

    keys: int
    auxiliary_info: int
    left_out: tuple[str, ...]
    """Folders of keys that the group deals new shares of."""


def restore(settings: OperatorSettings, backup: Path) -> Restored:
    """Bring a backup into an empty state directory; its anchors begin anew.

    Raises:
        StoreUnusable: there is a state already, or the backup is none of this operator's.
    """
    state, anchors = settings.state_dir, settings.anchor_dir
    if state.exists() and any(state.iterdir()):
        raise StoreUnusable(f"{state} is not empty. Move it away first; nothing was changed.")
    if not (backup / "single-use.journal").exists():
        raise StoreUnusable(f"{backup} is no state directory of an operator. Nothing was changed.")
    enclave = SimulatedEnclave(
        read_secret(settings.enclave_root_file), read_secret(anchors / "sealing")
    )
    try:
        return _restore(state, anchors, backup, enclave, settings.identity_file)
    except (DmpcError, SealBroken, OSError) as error:
        shutil.rmtree(state, ignore_errors=True)
        raise StoreUnusable(f"{backup} cannot be restored: {error}. Nothing was kept.") from None


def _restore(
    state: Path, anchors: Path, backup: Path, enclave: Enclave, identity_file: Path
) -> Restored:
    identity = IdentityKey(read_secret(identity_file))
    seal = Seal(enclave, identity.public_key, lambda: SINCE_THE_BEGINNING)
    state.mkdir(mode=0o700, parents=True)
    for anchor in anchors.glob("*.anchor"):
        anchor.unlink()
    aux = _restore_aux(state, backup, seal)
    kept, left_out = 0, []
    for path in sorted((backup / "keys").glob("*-*")):
        copy = state / "keys" / path.name
        shutil.copytree(path, copy)
        anchor = anchors / KeyFolder.anchor_name(path.name)
        folder = KeyFolder.reopen(copy, anchor, seal, identity)
        if folder is not None and folder.settled and folder.seal_again():
            kept += 1
            folder.close()
        else:
            left_out.append(path.name.partition("-")[0])
            if folder is not None:
                folder.erase()
    if (backup / "evidence").exists():
        shutil.copytree(backup / "evidence", state / "evidence")
    return Restored(kept, aux, tuple(left_out))


def _restore_aux(state: Path, backup: Path, seal: Seal) -> int:
    old, new = SealedFiles(backup / AUX, AUX, seal), SealedFiles(state / AUX, AUX, seal)
    count = 0
    for name in old.names():
        secret = old.get(name, any_age=True)
        StoredAuxInfo.from_value(decode(secret))
        new.put(name, secret)
        count += 1
    return count
