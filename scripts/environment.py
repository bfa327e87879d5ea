"""Make a locked virtual environment, or resolve the locks again. Standard library only.

    python3 scripts/environment.py sync dev|ape|cosmpy|slither|halmos   .venv, .venv-ape, …
    python3 scripts/environment.py lock [--upgrade]      locks/*.lock from pyproject.toml
    python3 scripts/environment.py wheel FOLDER          the wheel, made from this checkout

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
OTHER_PYTHON = "Name another one: make PYTHON=/path/to/python3"


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


PROJECT = ("pyproject.toml", "--all-extras")
ENVIRONMENTS = {
    "dev": Environment(".venv", (*PROJECT, "--group", "dev"), editable=True),
    "ape": Environment(".venv-ape", (*PROJECT, "--group", "ape"), editable=True),
    "cosmpy": Environment(".venv-cosmpy", ("--group", "cosmpy"), editable=False),
    "slither": Environment(".venv-slither", ("--group", "slither"), editable=False),
    "halmos": Environment(".venv-halmos", ("--group", "halmos"), editable=False),
}
OTHER_LOCKS = {
    LOCKS / "build.lock": ("--group", "build"),
    LOCKS / "uv.lock": ("--group", "uv"),
    ROOT / "zrsign" / "local" / "tools" / "node.lock": ("--group", "node"),
    ROOT / "zrsign" / "local" / "tools" / "go.lock": ("--group", "go"),
    LOCKS / "wheel.lock": (*PROJECT, "--group", "beside"),
}
COMPILE = (
    "uv pip compile --quiet --universal --python-version 3.11 --generate-hashes"
    " --no-emit-index-url --no-emit-find-links --no-annotate --no-header"
).split()
PIP_INSTALL = "pip --disable-pip-version-check --no-input install --quiet --require-hashes".split()


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
    if sys.version_info < (3, 11):  # noqa: UP036 - an older one may be named by PYTHON
        raise SetupError(f"{sys.executable} is older than Python 3.11. {OTHER_PYTHON}")
    if environment.python.exists():
        try:
            run(str(environment.python), "-m", "pip", "--version")
        except SetupError:
            pass  # a broken environment is made anew
        else:
            return
    try:
        run(sys.executable, "-m", "venv", "--clear", environment.folder)
    except SetupError as error:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise SetupError(
            f"{sys.executable} cannot create a virtual environment (is ensurepip missing?).\n"
            f"On Debian or Ubuntu: apt-get install python{version}-venv.\n"
            f"{OTHER_PYTHON}\n{error}"
        ) from error


def pip_settings(listing: str) -> dict[str, str]:
    """What `pip config list` printed, as name and value; environment variables win over files."""
    rank = {"global": 0, "install": 1, ":env:": 2}
    settings: dict[str, tuple[int, str]] = {}
    for line in listing.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if rank.get(section, -1) >= settings.get(name, (0, ""))[0]:
            settings[name] = (rank[section], ast.literal_eval(value))
    return {name: value for name, (_, value) in settings.items()}


def uv_settings(pip: dict[str, str]) -> dict[str, str]:
    """pip's indexes, wheel folders, certificate and proxy as the variables that uv reads."""
    folders = pip.get("find-links", "").split()
    translated = {
        "UV_DEFAULT_INDEX": pip.get("index-url", ""),
        "UV_INDEX": " ".join(pip.get("extra-index-url", "").split()),
        "UV_FIND_LINKS": ",".join(at for at in folders if "://" in at or Path(at).is_dir()),
        "UV_INSECURE_HOST": " ".join(pip.get("trusted-host", "").split()),
        "UV_HTTP_TIMEOUT": pip.get("timeout", pip.get("default-timeout", "")),
        "SSL_CERT_FILE": pip.get("cert", ""),
        "ALL_PROXY": pip.get("proxy", ""),
        "UV_NO_PROGRESS": "1",
        # Else every process of the first network compiles what all of them import.
        "UV_COMPILE_BYTECODE": "1",
    }
    return {name: value for name, value in translated.items() if value}


def uv_environment(python: Path) -> dict[str, str]:
    """The process environment for uv; a variable that is already set stays as it is."""
    return uv_settings(pip_settings(run(str(python), "-m", "pip", "config", "list"))) | os.environ


def sync(name: str) -> None:
    """Make the environment hold exactly its lock, and this checkout if it imports it.

    The development environment is the one that holds uv, for itself and for the others.
    """
    environment, host = ENVIRONMENTS[name], ENVIRONMENTS["dev"].python
    print(f"· {environment.folder}: Python {sys.version.split()[0]}, locks/{name}.lock", flush=True)
    create(environment)
    locks = [str(LOCKS / f"{name}.lock")]
    if environment.python == host:
        run(str(host), "-m", *PIP_INSTALL, "--requirement", str(LOCKS / "uv.lock"))
        locks.append(str(LOCKS / "uv.lock"))
    env = uv_environment(host)
    uv = (str(host), "-m", "uv", "pip")
    quiet = ("--quiet", "--python", str(environment.python))
    run(*uv, "sync", *quiet, "--require-hashes", *locks, env=env)
    if environment.editable:
        build = ("--build-constraints", str(LOCKS / "build.lock"))
        run(*uv, "install", *quiet, "--no-deps", *build, "--editable", ".", env=env)
    (ROOT / environment.folder / STAMP).touch()


def wheel(folder: Path) -> Path:
    """Build the wheel into `folder` with the locked build back end, and return its path."""
    host = ENVIRONMENTS["dev"].python
    constraints = ("--build-constraints", str(LOCKS / "build.lock"), "--require-hashes")
    build = (str(host), "-m", "uv", "build", "--wheel", "--quiet", *constraints)
    run(*build, "--out-dir", str(folder), env=uv_environment(host))
    (built,) = folder.glob("*.whl")
    return built


def lock(upgrade: bool) -> None:
    """Resolve every lock again; pinned versions stay unless `upgrade`."""
    python = ENVIRONMENTS["dev"].python
    env = uv_environment(python)
    jobs = [(LOCKS / f"{name}.lock", each.sources) for name, each in ENVIRONMENTS.items()]
    jobs += OTHER_LOCKS.items()
    for path, sources in jobs:
        print(f"· {path.relative_to(ROOT)}", flush=True)
        options = ("--upgrade",) if upgrade else ()
        run(str(python), "-m", *COMPILE, *options, *sources, "--output-file", str(path), env=env)


def main() -> int:
    """Run one verb, `sync` or `lock`; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("sync").add_argument("name", choices=ENVIRONMENTS)
    verbs.add_parser("lock").add_argument("--upgrade", action="store_true")
    verbs.add_parser("wheel").add_argument("folder", type=Path)
    arguments = parser.parse_args()
    try:
        if arguments.verb == "sync":
            sync(arguments.name)
        elif arguments.verb == "wheel":
            print(wheel(arguments.folder))
        else:
            lock(arguments.upgrade)
    except SetupError as error:
        print(f"Set-up failed. {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
