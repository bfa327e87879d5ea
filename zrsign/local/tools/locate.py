"""Which program to use: environment variable, then PATH, then `.tools`. A decision without I/O.

What the file system says is handed in as `Candidate`s, so that a test can ask about any machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from zrsign.local.tools.catalogue import Recipe, Tool, Version, show
from zrsign.local.tools.errors import ToolMissing


class Origin(StrEnum):
    """Where a program was found."""

    ENVIRONMENT = "environment"
    PATH = "PATH"
    TOOLS = ".tools"


@dataclass(frozen=True)
class Candidate:
    """A place that was looked at. `version` is None when the program there could not be run."""

    path: Path
    origin: Origin
    version: Version | None


@dataclass(frozen=True)
class ResolvedTool:
    """A program to run; it can stand wherever a path can."""

    name: str
    path: Path
    version: str
    origin: Origin

    def __fspath__(self) -> str:
        return str(self.path)


def choose(tool: Tool, candidates: list[Candidate]) -> ResolvedTool:
    """The first usable candidate, in the order given.

    An environment variable is an order, not a hint: a program named there is used whatever its
    version, and one that does not run is an error. Elsewhere an unfit program is passed over.
    Raises `ToolMissing` with what was seen and the fix.
    """
    passed_over = []
    for seen in candidates:
        if seen.version is not None and (
            seen.origin is not Origin.PATH or tool.accepts(seen.version)
        ):
            return ResolvedTool(tool.name, seen.path, show(seen.version), seen.origin)
        if seen.origin is Origin.ENVIRONMENT:
            raise ToolMissing(
                tool.name,
                f"{tool.variable}={seen.path} does not run",
                f"Point {tool.variable} to a working {tool.program}, or unset it.",
            )
        found = "does not run" if seen.version is None else f"is {show(seen.version)}"
        passed_over.append(f"{seen.path} {found}")
    reason = f"not found ({tool.purpose}; wanted: {tool.wanted})"
    if passed_over:
        reason += "; passed over: " + ", ".join(passed_over)
    raise ToolMissing(tool.name, reason, fix(tool))


def fix(tool: Tool) -> str:
    """What a person types to get the tool."""
    if tool.recipe is Recipe.NONE:
        return f"Optional. Install it so that it is on PATH, or set {tool.variable} to its path."
    named = f" {tool.name}" if tool.optional else ""
    return f"Run: zrsign tools install{named}. Or set {tool.variable} to the path of your own."
