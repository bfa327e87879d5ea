"""What this machine has: look for each program, ask it for its version, report."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from zrsign.local.tools.catalogue import TOOLS, Tool, Version, parse_version
from zrsign.local.tools.errors import ToolMissing
from zrsign.local.tools.locate import Candidate, Origin, ResolvedTool, choose

VERSION_TIMEOUT_S = 30
CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class ToolReport:
    """One line of `zrsign doctor`: what was found, or why not and what to do."""

    name: str
    purpose: str
    found: ResolvedTool | None
    problem: str = ""
    fix: str = ""
    optional: bool = False

    @property
    def ok(self) -> bool:
        """Whether the tool can be used or is not needed."""
        return self.found is not None or self.optional


def tools_folder() -> Path:
    """Where tools are installed: ZRSIGN_TOOLS_DIR, a checkout's `.tools`, or the user's data."""
    if named := os.environ.get("ZRSIGN_TOOLS_DIR"):
        return Path(named).expanduser().resolve()
    if (CHECKOUT / "pyproject.toml").is_file():
        return CHECKOUT / ".tools"
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "zrsign" / "tools"


def resolve(name: str) -> ResolvedTool:
    """The program to run for a tool's name. Raises `ToolMissing` with the exact fix."""
    tool = TOOLS[name]
    return choose(tool, _candidates(tool, tools_folder()))


def survey() -> list[ToolReport]:
    """A report on every tool, found or not."""
    return [_report(tool) for tool in TOOLS.values()]


def solana_node() -> ResolvedTool:
    """A real `solana-test-validator` when the machine has one, else Surfpool.

    Raises `ToolMissing`. The two are started differently: look at `name`.
    """
    try:
        return resolve("solana-test-validator")
    except ToolMissing:
        return resolve("surfnet")


def solcx_folder() -> Path:
    """A folder for py-solc-x's SOLCX_BINARY_PATH that holds the resolved compiler."""
    solc = resolve("solc")
    folder = tools_folder() / "solcx"
    link = folder / f"solc-v{solc.version}"
    if not (link.is_symlink() and link.readlink() == solc.path):
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f".{link.name}-{os.getpid()}"
        fresh.symlink_to(solc.path)
        fresh.replace(link)
    return folder


def _report(tool: Tool) -> ToolReport:
    try:
        found = resolve(tool.name)
    except ToolMissing as missing:
        replaced = tool.alternative is not None and _report(TOOLS[tool.alternative]).found
        optional = tool.optional or bool(replaced)
        return ToolReport(tool.name, tool.purpose, None, missing.reason, missing.fix, optional)
    return ToolReport(tool.name, tool.purpose, found)


def _candidates(tool: Tool, folder: Path) -> list[Candidate]:
    """Every place that has the program, asked for its version only where that is still open."""
    if named := os.environ.get(tool.variable):
        path = Path(shutil.which(named) or named).absolute()
        return [Candidate(path, Origin.ENVIRONMENT, _version(tool, path))]
    on_path = shutil.which(tool.command) if tool.command else None
    places = [(Path(on_path), Origin.PATH)] if on_path else []
    if (ours := folder / "bin" / tool.program).exists():
        places.append((ours, Origin.TOOLS))
    return [Candidate(path, origin, _version(tool, path)) for path, origin in places]


def _version(tool: Tool, path: Path) -> Version | None:
    """The version that the program at `path` prints; None if it does not run."""
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return None
    return _ask(path, tool.version_arguments, changed)


@cache
def _ask(path: Path, arguments: tuple[str, ...], changed: int) -> Version | None:
    try:
        done = subprocess.run(
            [path, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=VERSION_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_version(done.stdout) if done.returncode == 0 else None
