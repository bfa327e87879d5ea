"""A small project of one's own: a contract that asks for a signature, a script, a test."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from zrsign.contracts import sources
from zrsign.errors import UsageError

TEMPLATES = Path(__file__).parent / "templates"
"""What is copied. Python files end in .in here: they belong to the project, and not to this."""
LIBRARY = Path("lib") / "zrsign"
"""Where a project keeps its copy of the contracts; package.json names it."""
UNUSED = ("examples", "README.md")
"""What of the contracts a project is not given."""


class Kind(StrEnum):
    """The tool that builds and tests the project."""

    WEB3 = "web3"
    FOUNDRY = "foundry"
    APE = "ape"


TESTS: Mapping[Kind, str] = MappingProxyType(
    {Kind.WEB3: "pytest", Kind.FOUNDRY: "forge test", Kind.APE: "ape test"}
)
"""The command that runs a project's test, after `npm install`."""


def write(folder: Path, kind: Kind) -> tuple[str, str]:
    """Write the project, and return the next two commands. Raises UsageError, OSError.

    A folder that has something in it is left as it is.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there and not empty.", "Name a new folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("common", kind):
        shutil.copytree(TEMPLATES / part, folder, dirs_exist_ok=True)
    (folder / "gitignore").rename(folder / ".gitignore")
    for template in folder.rglob("*.in"):
        template.rename(template.with_suffix(""))
    shutil.copytree(
        sources(), folder / LIBRARY, ignore=shutil.ignore_patterns(*UNUSED, "__pycache__")
    )
    return f"cd {folder} && npm install", TESTS[kind]
