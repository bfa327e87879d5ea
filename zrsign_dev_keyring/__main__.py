"""`zrsign run keyring --config FILE`, or `python -P -m zrsign_dev_keyring --config FILE`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from zrsign_daemon import life
from zrsign_dev_keyring.service import run
from zrsign_dev_keyring.settings import DevKeyringSettings

# In every line of the log.
NAME = "local-development-keyring"
NOTICE = "for development only: one process holds whole keys"


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; returns the exit code."""
    return life.main("local_keyring", DevKeyringSettings, run, argv, keyring=NAME, notice=NOTICE)


if __name__ == "__main__":
    sys.exit(main())
