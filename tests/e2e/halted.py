"""An operator that stops itself in the middle of a change of its shares.

`python -m tests.e2e.halted STEP --config F` sends itself SIGSTOP once it has written down that a
change begins (STEP "open"), or the share of the new epoch beside that of the old (STEP "put").
Nothing of it was told to the others by then.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from zrsign_dmpc.kept.epoch_keeper import EpochKeeper
from zrsign_dmpc.kept.vaults import FileVault
from zrsign_operator.__main__ import main

OWNERS: dict[str, type] = {"open": EpochKeeper, "put": FileVault}


def halt_after(step: str) -> None:
    owner = OWNERS[step]
    done = getattr(owner, step)

    def halting(self: Any, *arguments: Any) -> None:
        done(self, *arguments)
        if not isinstance(self, FileVault) or len(self.key_ids()) > 1:
            os.kill(os.getpid(), signal.SIGSTOP)

    setattr(owner, step, halting)


if __name__ == "__main__":
    halt_after(sys.argv.pop(1))
    sys.exit(main())
