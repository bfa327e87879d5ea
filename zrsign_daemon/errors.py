"""Errors of a daemon's start-up and of its retries.

DaemonError
├── SettingsError    a settings file is missing or a value in it is not acceptable
├── PortInUse        another process listens where this one should
├── DatabaseUnusable the database cannot be opened, read or written, or is another version's
└── GaveUp           a bounded retry ran out of attempts; `__cause__` is the last failure
"""

from __future__ import annotations


class DaemonError(Exception):
    """Root.

    The message ends with what to do next. `life.main` prints it and exits with `exit_code`.
    """

    exit_code = 2


class SettingsError(DaemonError, ValueError):
    """The message names the file and the field, or the place that cannot be used."""


class PortInUse(DaemonError, OSError):
    """The message names the port, and says to choose another one or to stop its owner."""


class DatabaseUnusable(DaemonError):
    """Opening it again may help; what the daemon was about to keep is not kept."""


class GaveUp(DaemonError, TimeoutError):
    """A bounded retry ran out of attempts; `__cause__` is what the last one raised."""
