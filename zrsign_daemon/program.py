"""How one of our programs is started from another."""

from __future__ import annotations

import sys
from os import PathLike

DIE_WITH_PARENT = ("setpriv", "--pdeathsig", "TERM", "--")
"""Words to put before a command. Linux ends the child when the parent dies, however it dies.

A program of its own sets that, not code between fork and exec: gRPC's threads survive no fork.
"""


def program(module: str, *arguments: str | PathLike[str]) -> list[str]:
    """The command that runs `module` with this interpreter, from any working directory.

    Without -P Python would look there first: a folder `relayer/` or a file `grpc.py` of the user's
    would run in place of ours.
    """
    return [sys.executable, "-P", "-m", module, *map(str, arguments)]
