"""Keeps what a process holds in memory out of core dumps and of other processes of its user."""

from __future__ import annotations

import ctypes
import resource
import sys
from typing import Final

PR_SET_DUMPABLE: Final = 4
"""prctl(2): with 0 there is no core dump, and nobody but root attaches or reads the memory."""


def keep_private() -> None:
    """No core dumps, and on Linux not dumpable.

    The limit is inherited by what the process starts, the mark is not. Raises OSError.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_DUMPABLE) failed")
