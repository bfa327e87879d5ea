"""The wheel, built from this checkout, and its core in an environment of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from scripts import environment

UV = (str(environment.ENVIRONMENTS["dev"].python), "-m", "uv", "pip")


def core(wheel: Path, folder: Path, *beside: str) -> Path:
    """Install the wheel without an extra, and what else is named; returns the programs' folder.

    In the locked versions. Nothing is compiled ahead: few commands run here.
    """
    environment.run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    into = ("--quiet", "--python", str(folder / "bin" / "python"))
    env = environment.uv_environment(Path(UV[0])) | {"UV_COMPILE_BYTECODE": "0"}
    locked = ("--constraints", str(environment.LOCKS / "wheel.lock"))
    environment.run(*UV, "install", *into, *locked, str(wheel), *beside, env=env)
    environment.run(*UV, "check", *into[1:], env=env)
    return folder / "bin"


def far(**more: str) -> dict[str, str]:
    """The process environment without the checkout."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | more
