"""`python -m relayer --config FILE`."""

from __future__ import annotations

import sys

from daemon.run import main
from relayer.service import run
from relayer.settings import RelayerSettings

if __name__ == "__main__":
    sys.exit(main("relayer", RelayerSettings, run))
