"""`zrsign init`: what it writes works with the commands that it prints, far from the checkout.

OpenZeppelin lies in `node_modules` as `npm install` leaves it; the registry is not asked.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.compile_contracts import fetch_packages
from tests.processes import run
from zrsign.errors import UsageError
from zrsign.local.tools import resolve, solcx_folder
from zrsign.project import LIBRARY, Kind, write

ROOT = Path(__file__).resolve().parents[2]
APE = ROOT / ".venv-ape" / "bin"
MOST_LINES = 12
"""How long a README may be, without empty lines and title."""
pytestmark = pytest.mark.xdist_group("contracts")


def made(folder: Path, kind: Kind) -> str:
    """Write a project as a person does; returns the command that tests it."""
    command = [sys.executable, "-m", "zrsign", "init", folder.name, f"--{kind}"]
    done = run(command, cwd=folder.parent, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    install, test = done.stdout.splitlines()
    assert install == f"cd {folder.name} && npm install"
    fetch_packages()
    modules = folder / "node_modules"
    (modules / "@zrsign").mkdir(parents=True)
    (modules / "@zrsign" / "contracts").symlink_to(Path("..") / ".." / LIBRARY)
    (modules / "@openzeppelin").symlink_to(ROOT / "contracts" / "node_modules" / "@openzeppelin")
    return test


def passes(folder: Path, command: str, *programs: Path, **more: str) -> None:
    path = os.pathsep.join([*map(str, programs), os.environ["PATH"]])
    env = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), **more}
    done = run(shlex.split(command), cwd=folder, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_web3_project__should_pass_its_test(tmp_path: Path) -> None:
    test = made(tmp_path / "notary", Kind.WEB3)
    passes(tmp_path / "notary", test, Path(sys.executable).parent)


def test_foundry_project__should_pass_its_test(tmp_path: Path) -> None:
    test = made(tmp_path / "notary", Kind.FOUNDRY)
    solc = str(resolve("solc").path)
    passes(tmp_path / "notary", test, resolve("forge").path.parent, FOUNDRY_SOLC=solc)


def test_ape_project__should_pass_its_test(
    tmp_path: Path, freshness: subprocess.CompletedProcess[str]
) -> None:
    assert freshness.returncode == 0, freshness.stderr
    test = made(tmp_path / "notary", Kind.APE)
    solcx, anvil = str(solcx_folder()), resolve("anvil").path.parent
    env = {"HOME": str(tmp_path), "SOLCX_BINARY_PATH": solcx}
    passes(tmp_path / "notary", test, APE, anvil, **env)


@pytest.mark.parametrize("kind", Kind)
def test_readme__should_be_short(tmp_path: Path, kind: Kind) -> None:
    install, test = write(tmp_path / "notary", kind)
    lines = (tmp_path / "notary" / "README.md").read_text().splitlines()
    assert len([line for line in lines[1:] if line]) <= MOST_LINES
    assert any(line.startswith(test) for line in lines)
    assert "npm install" in install
    assert not list((tmp_path / "notary").rglob("*.in"))


def test_folder_with_something_in_it__should_stay_as_it_is(tmp_path: Path) -> None:
    (mine := tmp_path / "mine.txt").write_text("mine")
    for folder in (tmp_path, mine):
        with pytest.raises(UsageError, match="not empty"):
            write(folder, Kind.WEB3)
    assert list(tmp_path.iterdir()) == [mine]


def test_project__should_have_one_tool(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "zrsign", "init", "notary", "--ape", "--foundry"]
    done = run(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "one tool" in done.stderr
