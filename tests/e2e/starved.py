"""An operator whose disk can be filled: `python -m tests.e2e.starved --config F`.

The test sets the largest size of a file that the process may write (RLIMIT_FSIZE): no write passes
any more. What it logs goes through another process, so that it can still say what is wrong.
"""

from __future__ import annotations

import os
import subprocess
import sys

from zrsign_operator.__main__ import main


def log_through_another_process() -> None:
    """It ends when all that write to it have ended."""
    reader, writer = os.pipe()
    subprocess.Popen(["cat"], stdin=reader)
    os.close(reader)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(writer, stream.fileno())
    os.close(writer)


if __name__ == "__main__":
    log_through_another_process()
    sys.exit(main())
