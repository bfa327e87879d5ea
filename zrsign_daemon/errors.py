"""Errors of a daemon's start-up and of its retries.

DaemonError
├── SettingsError    a configuration file is missing or a value in it is not acceptable
├── PortInUse        another process listens where this one should
└── GaveUp           a bounded retry ran out of attempts; `__cause__` is the last failure
"""

from __future__ import annotations


class DaemonError(Exception):
    """Root.

    The message ends with what to do next. `run.main` prints it and exits with `exit_code`.
    """

    exit_code = 2


class SettingsError(DaemonError, ValueError):
    pass


class PortInUse(DaemonError, OSError):
    pass


class GaveUp(DaemonError, TimeoutError):
    pass
