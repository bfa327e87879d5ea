"""Bring the missing programs into `.tools`: safe to repeat, to interrupt, and to run twice at once.

A recipe builds in a staging folder that is renamed into place when it is whole, with its
fingerprint inside; what is whole stays, so a second run resumes. One process installs at a time
(a lock on the folder), and recipes that do not need each other run side by side.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from zrsign.local.tools.catalogue import TOOLS, Recipe, Tool
from zrsign.local.tools.cometbft import CometBftModule
from zrsign.local.tools.debian import BitcoinKnots
from zrsign.local.tools.discovery import resolve, tools_folder
from zrsign.local.tools.errors import InstallFailed, ToolError, ToolMissing
from zrsign.local.tools.locate import Origin
from zrsign.local.tools.recipes import Build, NodeWheel, NpmBundle

Progress = Callable[[str], None]

STAMP = ".fingerprint"
BUILDS: dict[Recipe, Build] = {
    Recipe.NODE: NodeWheel(),
    Recipe.NPM: NpmBundle(),
    Recipe.BITCOIN: BitcoinKnots(),
    Recipe.COMETBFT: CometBftModule(),
}
# Recipes in a chain wait for each other; chains run side by side.
CHAINS = ((Recipe.NODE, Recipe.NPM), (Recipe.BITCOIN,), (Recipe.COMETBFT,))
LAUNCHER = '#!/bin/sh\nhere=$(dirname -- "$(readlink -f -- "$0")")\n'


def install(progress: Progress, names: Collection[str] = ()) -> None:
    """Install what this machine lacks of the tools with these names, or of all that are needed.

    Raises `InstallFailed` naming every recipe that failed.
    """
    wanted = [each for each in TOOLS.values() if each.name in names or not (names or each.optional)]
    recipes = {tool.recipe for tool in wanted}
    chains = [chain for chain in CHAINS if recipes.intersection(chain)]
    folder = tools_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(folder, progress), ThreadPoolExecutor(len(CHAINS)) as pool:
        failures = [f for f in pool.map(lambda c: _install_chain(folder, c, progress), chains) if f]
    if failures:
        raise InstallFailed("\n".join(failures))


def provide(progress: Progress, names: Collection[str]) -> None:
    """Install those of the tools with these names that this machine lacks; see `install`."""
    if missing := [name for name in names if not _is_found(TOOLS[name])]:
        install(lambda line: progress(f"{line} (in {tools_folder()})"), missing)


def _is_found(tool: Tool) -> bool:
    try:
        resolve(tool.name)
    except ToolMissing:
        return tool.alternative is not None and _is_found(TOOLS[tool.alternative])
    return True


def is_current(folder: Path, recipe: Recipe, build: Build) -> bool:
    """Whether the recipe's result is whole, of this version, and has its launchers."""
    stamp = folder / recipe / STAMP
    return (
        stamp.is_file()
        and stamp.read_text() == build.fingerprint()
        and all((folder / "bin" / name).is_file() for name in build.launchers())
    )


def put(folder: Path, recipe: Recipe, build: Build) -> None:
    """Build one recipe in staging, rename it into place and write its launchers."""
    staging = folder / ".staging"
    fresh, scratch, old = staging / recipe, staging / f"{recipe}.scratch", staging / f"{recipe}.old"
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir(parents=True)
    build.build(fresh, scratch)
    (fresh / STAMP).write_text(build.fingerprint())
    place = folder / recipe
    if place.exists():
        place.rename(old)
    fresh.rename(place)
    for name, lines in build.launchers().items():
        _write_launcher(folder / "bin" / name, LAUNCHER + lines)
    for leftover in (old, scratch):
        shutil.rmtree(leftover, ignore_errors=True)


def _install_chain(folder: Path, chain: tuple[Recipe, ...], progress: Progress) -> str:
    """Install a chain's recipes in order; the answer is what went wrong, or nothing."""
    for recipe in chain:
        build = BUILDS[recipe]
        if is_current(folder, recipe, build) or not (lacking := _lacking(recipe)):
            continue
        progress(f"{build.label}: installing")
        started = time.monotonic()
        try:
            put(folder, recipe, build)
            found = [resolve(tool.name) for tool in lacking]
        except ToolError as error:
            return str(error)
        versions = ", ".join(f"{tool.name} {tool.version}" for tool in found)
        progress(f"{versions}: ready after {time.monotonic() - started:.0f} s")
    return ""


def _lacking(recipe: Recipe) -> list[Tool]:
    """The recipe's tools that neither an environment variable nor PATH offers."""
    return [tool for tool in TOOLS.values() if tool.recipe is recipe and not _offered(tool)]


def _offered(tool: Tool) -> bool:
    if os.environ.get(tool.variable):
        return True
    try:
        return resolve(tool.name).origin is Origin.PATH
    except ToolMissing:
        return tool.alternative is not None and _offered(TOOLS[tool.alternative])


def _write_launcher(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text)
    fresh.chmod(0o755)
    fresh.replace(path)


@contextmanager
def _only_one(folder: Path, progress: Progress) -> Iterator[None]:
    """Hold the folder's lock; it is freed by the system when the holder ends, however it ends."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another installation to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
