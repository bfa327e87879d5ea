"""A daemon's database, named by SQLAlchemy's URL: an SQLite file, or a server by its driver."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from zrsign_daemon.errors import SettingsError


def _usable(url: str) -> str:
    hint = "Write sqlite+aiosqlite:///FILE, or the URL of a server with an asynchronous driver"
    try:
        dialect = make_url(url).get_dialect()
        dialect.import_dbapi()
    except (ArgumentError, ImportError) as error:
        raise ValueError(f"{str(error).splitlines()[0]}. {hint}") from None
    if not dialect.is_async:
        raise ValueError(f"{dialect.name}+{dialect.driver} is not asynchronous. {hint}")
    return url


DatabaseUrl = Annotated[str, AfterValidator(_usable)]
"""A URL that SQLAlchemy understands and whose driver is installed and asynchronous."""


def prepare_folder(url: str) -> None:
    """Make the folder of an SQLite file. Raises SettingsError when nothing can be written there."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return
    folder = Path(str(parsed.database)).absolute().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fault = "" if os.access(folder, os.W_OK | os.X_OK) else "it cannot be written"
    except OSError as error:
        fault = str(error.strerror)
    if fault:
        raise SettingsError(
            f"Cannot keep a database in {folder}: {fault}. "
            "Correct its permissions or choose another place."
        )
