"""Extras of the installed package: what each brings, and what a person installs who lacks one.

The metadata that the installer kept says which extra brings what (`Requires-Dist`, PEP 566).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import metadata

from zrsign.errors import ZrSignError

_OF_EXTRA = re.compile(r"(?P<name>[\w.-]+).*\bextra == ['\"](?P<extra>\w+)['\"]")


class ExtraMissing(ZrSignError):
    """The installation lacks what an extra brings; the hint installs it."""

    exit_code = 2

    def __init__(self, extra: str, absent: list[str]) -> None:
        super().__init__(
            f"This needs what is not installed: {', '.join(absent)}.",
            f"pip install 'zrsign[{extra}]'",
        )


@cache
def extras() -> Mapping[str, tuple[str, ...]]:
    """Return the normalised names of the distributions that each extra brings."""
    found: dict[str, tuple[str, ...]] = {}
    for line in metadata.requires("zrsign") or ():
        if named := _OF_EXTRA.match(line):
            found[named["extra"]] = (*found.get(named["extra"], ()), _normal(named["name"]))
    return found


def require(extra: str) -> None:
    """Raise `ExtraMissing` unless everything that the extra brings is installed."""
    if absent := [name for name in extras().get(extra, ()) if not _is_installed(name)]:
        raise ExtraMissing(extra, absent)


def of_module(module: str) -> ExtraMissing | None:
    """Return the error for a module that was not found; None when no extra brings it.

    Of several extras that bring it, the smallest is named.
    """
    name = _normal(module.partition(".")[0])
    bringing = [extra for extra, names in extras().items() if name in names]
    if not bringing:
        return None
    return ExtraMissing(min(bringing, key=lambda extra: len(extras()[extra])), [name])


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _normal(name: str) -> str:
    """Return a name as PEP 503 writes it; our modules are named as their distributions."""
    return re.sub(r"[-_.]+", "-", name).lower()
