"""What lies in the user's working directory is never run in place of ours.

The directory holds a module of every name that can be imported here: ours, those of the packages
that we stand on, and the standard library's.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.processes import run
from tests.zrsign_dmpc.ecdsa.builders import TINY
from zrsign.local.network import accounts
from zrsign.local.network.local import LocalNetwork
from zrsign.local.network.ports import Ports
from zrsign_operator.work.primes import Primes

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(sys.executable).with_name("zrsign")
HOSTILE = "open(__file__ + '.ran', 'w').close()\nraise SystemExit(86)\n"
PACKAGES = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A working directory where every importable name means something else."""
    folder = tmp_path / "work"
    folder.mkdir()
    installed = {name for name in packages_distributions() if name.isidentifier()}
    for name in {*PACKAGES, *installed, *sys.stdlib_module_names}:
        (folder / f"{name}.py").write_text(HOSTILE)
    for name in PACKAGES:
        (folder / name).mkdir()
        for file in ("__init__.py", "__main__.py"):
            (folder / name / file).write_text(HOSTILE)
    return folder


def there(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run it there; nothing of the folder may have run."""
    done = run(command, cwd=folder)
    assert [path.name for path in folder.rglob("*.ran")] == []
    return done


def test_directory__should_be_hostile(hostile: Path) -> None:
    assert {"relayer", "zrsign_daemon", "zrchain_lite", "zrsign"} <= set(PACKAGES)
    for name in ("relayer", "structlog", "json"):
        with pytest.raises(AssertionError, match=r"\.ran"):
            there([sys.executable, "-m", name], hostile)
        for mark in hostile.rglob("*.ran"):
            mark.unlink()


@pytest.mark.parametrize(
    "daemon", ["ledger", "listener", "relayer", "operator", "keyring", "btc-proxy"]
)
def test_daemon__should_be_ours(daemon: str, hostile: Path) -> None:
    done = there([str(SCRIPT), "run", daemon, "--config", "missing.json"], hostile)
    assert done.returncode == 2, done.stderr
    assert "Cannot read the settings missing.json" in done.stderr


async def test_network__should_start_our_ledger(
    hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = LocalNetwork(tmp_path / "state", Ports.free(), lambda *_: None)
    monkeypatch.chdir(hostile)
    try:
        await network._ledger(accounts.create(tmp_path / "state" / "keys"))
    finally:
        await network.stop()
    assert [path.name for path in hostile.rglob("*.ran")] == []


def test_maker_of_primes__should_be_ours(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(hostile)
    primes = Primes(lambda: TINY)
    primes.start()
    found = primes.take()
    assert [path.name for path in hostile.rglob("*.ran")] == []
    assert [int(each).bit_length() for each in found] == [TINY.prime] * 4


def test_modules__should_be_started_in_one_way() -> None:
    """A `-m` in an argument list belongs to `zrsign_daemon.program`, which adds -P."""
    elsewhere = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value == "-m"
    ]
    assert [place.partition(":")[0] for place in elsewhere] == ["zrsign_daemon/program.py"]
