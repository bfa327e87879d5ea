"""`python -m local_keyring --config FILE`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from daemon import run
from local_keyring.config import KeyringSettings
from local_keyring.service import serve

# In every line of the log.
NAME = "local-development-keyring"
NOTICE = "for development only: one process holds whole keys"


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; returns the exit code."""
    return run.main("local_keyring", KeyringSettings, serve, argv, keyring=NAME, notice=NOTICE)


if __name__ == "__main__":
    sys.exit(main())
