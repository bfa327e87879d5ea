"""The wheel in a clean environment: it holds what it runs on, and takes nobody's names.

python-daemon is installed beside it, because both could claim the name `daemon`.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections import Counter
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest

from scripts import environment
from tests.processes import run

FIXED_BY_USERS = {"zrchain_lite", "relayer"}
IMPORT = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]"
pytestmark = [pytest.mark.xdist_group("wheel"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from this checkout by the locked build back end."""
    return environment.wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Programs of an environment with the wheel, what it asks for, and python-daemon."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    environment.run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    host = environment.ENVIRONMENTS["dev"].python
    uv = (str(host), "-m", "uv", "pip")
    into = ("--quiet", "--python", str(folder / "bin" / "python"))
    env = environment.uv_environment(host)
    lock = str(environment.LOCKS / "wheel.lock")
    environment.run(*uv, "sync", *into, "--require-hashes", lock, env=env)
    environment.run(*uv, "install", *into, "--no-deps", str(wheel), env=env)
    environment.run(*uv, "check", *into[1:], env=env)
    return folder / "bin"


def far(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run it far from the checkout."""
    return run(command, cwd=folder)


def installed(bin_folder: Path) -> dict[str, Distribution]:
    (packages,) = (bin_folder.parent / "lib").glob("python3.*/site-packages")
    return {found.metadata["Name"]: found for found in distributions(path=[str(packages)])}


def test_every_name__should_be_ours(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        paths = set(archive.namelist())
    code = {path.split("/")[0] for path in paths if ".dist-info/" not in path}
    assert {"zrsign", "zrsign_daemon", *FIXED_BY_USERS} <= code
    assert {name for name in code if not name.startswith("zrsign")} == FIXED_BY_USERS
    assert {f"{name}/py.typed" for name in code} <= paths


def test_wheel__should_share_no_file_with_another_distribution(bin_folder: Path) -> None:
    found = installed(bin_folder)
    assert {"zrsign", "python-daemon"} <= set(found)
    owners = Counter(
        path for each in found.values() for path in {str(file) for file in each.files or ()}
    )
    ours = {str(file) for file in found["zrsign"].files or ()}
    assert len(ours) > 400
    assert [path for path in sorted(ours) if owners[path] > 1] == []


def test_python_daemon__should_keep_its_name(bin_folder: Path, tmp_path: Path) -> None:
    source = "import daemon, zrsign_daemon; print(daemon.DaemonContext.__module__)"
    done = far(tmp_path, str(bin_folder / "python"), "-c", source)
    assert (done.returncode, done.stdout) == (0, "daemon.daemon\n"), done.stderr


def test_command_line__should_run(bin_folder: Path, tmp_path: Path) -> None:
    done = far(tmp_path, str(bin_folder / "zrsign"), "--help")
    assert done.returncode == 0, done.stderr
    assert "Keys and signatures for smart contracts" in done.stdout
    assert far(tmp_path, str(bin_folder / "zrsign"), "ids", "--json").returncode == 0


def test_every_module__should_find_what_it_imports(
    wheel: Path, bin_folder: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        paths = [Path(name) for name in archive.namelist() if name.endswith(".py")]
    modules = [
        ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        for path in paths
        if path.name != "__main__.py"
    ]
    assert len(modules) > 400
    done = far(tmp_path, str(bin_folder / "python"), "-P", "-c", IMPORT, *modules)
    assert done.returncode == 0, done.stderr


def test_daemon__should_run(bin_folder: Path, tmp_path: Path) -> None:
    program = (str(bin_folder / "python"), "-P", "-m", "zrsign_listener")
    done = far(tmp_path, *program, "--help")
    assert done.returncode == 0, done.stderr
    assert "--config CONFIG" in done.stdout
