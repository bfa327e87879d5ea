"""Make a locked virtual environment, or resolve the locks again. Standard library only.

    python3 scripts/environment.py sync dev|ape|cosmpy   .venv, .venv-ape, .venv-cosmpy
    python3 scripts/environment.py lock [--upgrade]      locks/*.lock from pyproject.toml

Packages come from wherever this machine's pip takes them: uv does not read pip's configuration,
so it is handed over at run time. The locks hold versions and hashes and no addresses.
"""

from __future__ import annotations

import argparse
import ast
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "locks"
STAMP = ".synced"


@dataclass(frozen=True)
class Environment:
    """A virtual environment, the sources of its lock, and whether it imports this checkout."""

    folder: str
    sources: tuple[str, ...]
    editable: bool

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return ROOT / self.folder / "bin" / "python"


ENVIRONMENTS = {
    "dev": Environment(".venv", ("pyproject.toml", "--group", "dev"), editable=True),
    "ape": Environment(".venv-ape", ("pyproject.toml", "--group", "ape"), editable=True),
    "cosmpy": Environment(".venv-cosmpy", ("--group", "cosmpy"), editable=False),
}
LOCK_ONLY = {"build": ("--group", "build"), "uv": ("locks/uv.in",)}
COMPILE = (
    *("uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
    *(
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--no-annotate",
        "--no-header",
    ),
)


class SetupError(Exception):
    """A step of the set-up failed; the message says what to do."""


def run(*command: str, env: dict[str, str] | None = None) -> str:
    """Run a command in the checkout and return its output; its errors become a `SetupError`."""
    done = subprocess.run(command, cwd=ROOT, env=env, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise SetupError(
            f"{' '.join(command[:4])} … failed:\n{(done.stdout + done.stderr).strip()}"
        )
    return done.stdout


def create(environment: Environment) -> None:
    """Create the folder with its own pip, unless a working one is there."""
    python = environment.python
    if (
        python.exists()
        and subprocess.run(
            [python, "-m", "pip", "--version"], capture_output=True, check=False
        ).returncode
        == 0
    ):
        return
    try:
        run(sys.executable, "-m", "venv", "--clear", environment.folder)
    except SetupError as error:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise SetupError(
            f"{sys.executable} cannot create a virtual environment (is ensurepip missing?).\n"
            f"On Debian or Ubuntu: apt-get install python{version}-venv.\n"
            f"Or name another Python: make PYTHON=/path/to/python3.\n{error}"
        ) from error


def pip_settings(python: Path) -> dict[str, str]:
    """This machine's pip configuration; environment variables win over files."""
    settings: dict[str, str] = {}
    rank = {"global": 0, "install": 1, ":env:": 2}
    rows = (
        line.partition("=") for line in run(str(python), "-m", "pip", "config", "list").splitlines()
    )
    found = [(key.rpartition("."), value) for key, _, value in rows]
    for (section, _, name), value in sorted(found, key=lambda row: rank.get(row[0][0], -1)):
        if section in rank:
            settings[name] = ast.literal_eval(value)
    return settings


def uv_environment(python: Path) -> dict[str, str]:
    """The process environment for uv: pip's indexes, wheel folders and certificate translated."""
    pip = pip_settings(python)
    folders = [
        word for word in pip.get("find-links", "").split() if "://" in word or Path(word).is_dir()
    ]
    translated = {
        "UV_DEFAULT_INDEX": pip.get("index-url", ""),
        "UV_INDEX": " ".join(pip.get("extra-index-url", "").split()),
        "UV_FIND_LINKS": ",".join(folders),
        "UV_INSECURE_HOST": " ".join(pip.get("trusted-host", "").split()),
        "UV_HTTP_TIMEOUT": pip.get("timeout", pip.get("default-timeout", "")),
        "SSL_CERT_FILE": pip.get("cert", ""),
        "ALL_PROXY": pip.get("proxy", ""),
        "UV_LINK_MODE": "hardlink",
        "UV_NO_PROGRESS": "1",
    }
    return {name: value for name, value in translated.items() if value} | os.environ


def install_uv(python: Path) -> None:
    """Install the pinned uv into the environment with pip, checked by its hash."""
    pip = (
        str(python),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
        "install",
        "--quiet",
    )
    run(*pip, "--require-hashes", "--requirement", str(LOCKS / "uv.lock"))


def sync(name: str) -> None:
    """Make the environment hold exactly its lock, and this checkout if it imports it."""
    environment = ENVIRONMENTS[name]
    print(f"· {environment.folder}: Python {sys.version.split()[0]}, locks/{name}.lock", flush=True)
    create(environment)
    host = ENVIRONMENTS["dev"].python
    if environment.python == host or not host.exists():
        install_uv(environment.python)
        host = environment.python
    env = uv_environment(host)
    uv = (str(host), "-m", "uv", "pip")
    target = ("--python", str(environment.python))
    locks = [str(LOCKS / f"{name}.lock")] + (
        [str(LOCKS / "uv.lock")] if environment.python == host else []
    )
    run(*uv, "sync", "--quiet", "--require-hashes", *target, *locks, env=env)
    if environment.editable:
        constraints = str(LOCKS / "build.lock")
        run(
            *uv,
            "install",
            "--quiet",
            "--no-deps",
            "--build-constraints",
            constraints,
            *target,
            "--editable",
            ".",
            env=env,
        )
    (ROOT / environment.folder / STAMP).touch()


def lock(upgrade: bool) -> None:
    """Resolve every lock again; pinned versions stay unless `upgrade`."""
    python = ENVIRONMENTS["dev"].python
    env = uv_environment(python)
    sources = {name: environment.sources for name, environment in ENVIRONMENTS.items()} | LOCK_ONLY
    for name, source in sources.items():
        print(f"· locks/{name}.lock", flush=True)
        output = f"locks/{name}.lock"
        run(
            str(python),
            "-m",
            *COMPILE,
            *(["--upgrade"] if upgrade else []),
            *source,
            "--output-file",
            output,
            env=env,
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("sync").add_argument("name", choices=ENVIRONMENTS)
    verbs.add_parser("lock").add_argument("--upgrade", action="store_true")
    arguments = parser.parse_args()
    try:
        if arguments.verb == "sync":
            sync(arguments.name)
        else:
            lock(arguments.upgrade)
    except SetupError as error:
        print(f"Set-up failed. {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
