"""The wheel: what it brings and how much, and what works with which extra, far from the checkout.

Its core is installed into a clean environment, beside python-daemon, because both could claim
the name `daemon`. What an extra brings follows from metadata, and its modules are imported where
nothing else can be.
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest

from scripts import environment
from tests import installation
from tests.processes import run
from zrsign import __version__
from zrsign.deployment.settings import load

FIXED_BY_USERS = {"zrchain_lite", "relayer"}
IMPORT = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]"
ROOMS = {
    "node": (
        *("zrsign.node", "zrchain_lite", "zrsign_receiver", "zrsign_listener", "relayer"),
        *("zrsign_btc_proxy", "zrsign_dev_keyring", "zrsign_daemon", "zrsign_chains"),
    ),
    "operator": ("zrsign_operator", "zrsign_dmpc"),
    "network": ("zrsign",),
    "test": ("zrsign.testing",),
    "bitcoin": ("zrsign_chains.bitcoin",),
    "solana": ("zrsign_chains.solana",),
    "": ("zrsign", "zrchain_lite.client"),
}
"""What must run with an extra; the core has none."""
BEYOND_CORE = (
    *("zrsign.node", "zrsign.ledger_health", "zrsign.daemons", "zrsign.validators"),
    "zrsign.chain_registry",
    *("zrsign.local.chaos", "zrsign.local.demo"),
    *(f"zrsign.local.network.{name}" for name in ("local", "operators", "joiners", "kept")),
)
"""What the core leaves to extras."""
NEEDING = {
    "up": "network",
    "demo": "network",
    "chaos": "network",
    "tools install": "network",
    "operators join": "network",
    "testnet init --output net": "node",
    "run ledger --config x": "node",
    "run listener --config x": "node",
    "run relayer --config x": "node",
    "run keyring --config x": "node",
    "run btc-proxy --config x": "node",
    "run operator --config x": "operator",
    "ledger verify --home x": "node",
    "relayer list --config x": "node",
    "operators restore --config x x": "operator",
    "decode 0x00 --chain bip122:000000000019d6689c085ae165831e93": "bitcoin",
    "decode 0x00 --chain solana:localnet": "solana",
}
"""Commands, and the extra that each needs."""
ASKING = ("request key evm", "request data btc 0x00", "track 1", "keys")
"""Commands that ask a network, of which there is none here; with one tests/e2e tries them."""
SHOWING = ("--help", "request --help", "ids --json", "contracts path", "contracts example")
EACH = """
import io, json, sys
from zrsign import cli
from zrsign.cli.render import err, out
ended = {}
for command in sys.argv[1:]:
    sys.stdout = out.file = io.StringIO()
    err.file = io.StringIO()
    sys.argv = ["zrsign", *command.split()]
    try:
        cli.main()
    except SystemExit as exit:
        ended[command] = exit.code, out.file.getvalue(), err.file.getvalue()
print(json.dumps(ended), file=sys.__stdout__)
"""
Ended = dict[str, tuple[int, str, str]]
"""Exit code, standard output and standard error of commands."""
MB = 1_000_000
MOST = {"": (60, 120), "node": (78, 185), "operator": (71, 175), "network": (82, 205)}
"""The most distributions and megabytes of files that an installation may bring."""
pytestmark = [pytest.mark.xdist_group("wheel"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from this checkout by the locked build back end."""
    return environment.wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def core(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Programs of a clean environment."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    return installation.core(wheel, folder, "python-daemon")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder where the core's commands run."""
    return tmp_path_factory.mktemp("empty")


@pytest.fixture(scope="module")
def ended(core: Path, empty: Path) -> Ended:
    """The core's commands, each to its exit. One process runs them all, to import once."""
    commands = (*SHOWING, *ASKING, *NEEDING)
    env = installation.far(COLUMNS="200")
    done = run([core / "python", "-P", "-c", EACH, *commands], cwd=empty, env=env)
    assert done.returncode == 0, done.stderr
    return {command: tuple(said) for command, said in json.loads(done.stdout).items()}


def with_extra(unpacked: Path, extra: str, *code: str) -> subprocess.CompletedProcess[str]:
    """Run code as if the wheel were installed with one extra."""
    script = Path(__file__).with_name("with_extra.py")
    env = installation.far(PYTHONPATH=str(unpacked))
    return run([sys.executable, "-P", script, extra, *code], cwd=unpacked, env=env)


def modules(unpacked: Path, rooms: tuple[str, ...]) -> list[str]:
    """The modules of the wheel that are in these rooms, by name."""
    every = {
        ".".join(path.relative_to(unpacked).with_suffix("").parts).removesuffix(".__init__")
        for path in unpacked.rglob("*.py")
        if path.name != "__main__.py"
    }
    return sorted(
        name for name in every if any(f"{name}.".startswith(f"{room}.") for room in rooms)
    )


def test_every_name__should_be_ours(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        paths = set(archive.namelist())
    code = {path.split("/")[0] for path in paths if ".dist-info/" not in path}
    assert {"zrsign", "zrsign_daemon", *FIXED_BY_USERS} <= code
    assert {name for name in code if not name.startswith("zrsign")} == FIXED_BY_USERS
    assert {f"{name}/py.typed" for name in code} <= paths


def test_wheel__should_share_no_file_with_another_distribution(unpacked: Path, core: Path) -> None:
    """Neither of those that it brings with any extra, which this environment has."""
    (packages,) = (core.parent / "lib").glob("python3.*/site-packages")
    others = [*distributions(), *distributions(path=[str(packages)])]
    assert {"python-daemon", "embit"} <= {each.metadata["Name"] for each in others}
    taken = {
        str(file)
        for each in others
        if each.metadata["Name"] != "zrsign"
        for file in each.files or ()
    }
    ours = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert len(ours) > 400
    assert sorted(ours & taken) == []


def test_python_daemon__should_keep_its_name(core: Path, tmp_path: Path) -> None:
    source = "import daemon, zrsign_daemon; print(daemon.DaemonContext.__module__)"
    done = run([core / "python", "-c", source], cwd=tmp_path, env=installation.far())
    assert (done.returncode, done.stdout) == (0, "daemon.daemon\n"), done.stderr


@pytest.mark.parametrize("extra", MOST, ids=lambda extra: extra or "core")
def test_installation__should_stay_light(extra: str, unpacked: Path) -> None:
    sizes = json.loads(with_extra(unpacked, extra).stdout)
    distributions, megabytes = MOST[extra]
    assert len(sizes) <= distributions, sorted(sizes)
    assert sum(sizes.values()) <= megabytes * MB, sizes


@pytest.mark.parametrize("extra", ROOMS, ids=lambda extra: extra or "core")
def test_modules__should_import_with_their_extra_alone(extra: str, unpacked: Path) -> None:
    beyond = modules(unpacked, () if extra == "test" else ROOMS["test"])
    beyond += modules(unpacked, () if extra else BEYOND_CORE)
    names = [name for name in modules(unpacked, ROOMS[extra]) if name not in beyond]
    assert names
    done = with_extra(unpacked, extra, IMPORT, *names)
    assert done.returncode == 0, done.stderr


def test_rooms__should_be_the_whole_wheel(unpacked: Path) -> None:
    rooms = tuple(room for rooms in ROOMS.values() for room in rooms)
    assert modules(unpacked, rooms) == modules(unpacked, ("zrsign", *_packages(unpacked)))


def _packages(unpacked: Path) -> list[str]:
    return [path.name for path in unpacked.iterdir() if path.suffix != ".dist-info"]


def test_program_with_the_sdk__should_be_told_which_extra_reads_a_chain(unpacked: Path) -> None:
    code = "from zrsign_chains import *; chain_for('eip155:1'); chain_for('solana:localnet')"
    done = with_extra(unpacked, "", code)
    said = "LibraryMissing: solana:localnet needs solders: pip install 'zrsign[solana]'"
    assert done.stderr.strip().endswith(said)


def test_daemon__should_run_with_its_extra(unpacked: Path) -> None:
    code = "import runpy; runpy.run_module('zrsign_listener', run_name='__main__', alter_sys=True)"
    done = with_extra(unpacked, "node", code, "--help")
    assert done.returncode == 0, done.stderr
    assert "--config CONFIG" in done.stdout


def test_core__should_have_a_program(core: Path, empty: Path) -> None:
    done = run([core / "zrsign", "--version"], cwd=empty, env=installation.far())
    assert (done.returncode, done.stdout) == (0, f"zrsign {__version__}\n"), done.stderr


def test_core__should_show_what_asks_nobody(ended: Ended, core: Path, tmp_path: Path) -> None:
    assert {(ended[command][0], ended[command][2]) for command in SHOWING} == {(0, "")}
    assert "Keys and signatures for smart contracts" in ended["--help"][1]
    sources = Path(ended["contracts path"][1].strip())
    assert sources.is_relative_to(core.parent)
    assert (sources / "ZrSignConnect.sol").is_file()
    (file := tmp_path / "deployment.yaml").write_text(ended["contracts example"][1])
    assert load(file).networks


def test_core__should_have_the_whole_sdk(core: Path, empty: Path) -> None:
    source = "import zrsign.sdk as sdk; print(*(getattr(sdk, name) for name in sdk.__all__))"
    done = run([core / "python", "-c", source], cwd=empty, env=installation.far())
    assert done.returncode == 0, done.stderr


def test_core__should_get_as_far_as_the_network(ended: Ended) -> None:
    for command in ASKING:
        code, _, said = ended[command]
        assert (code, said.partition(":")[0]) == (2, "error No network was started here"), said


def test_core__should_name_the_extra_of_what_it_lacks(ended: Ended, empty: Path) -> None:
    lacking = "error This needs what is not installed: "
    said = {
        command: (code, text.startswith(lacking), text.count("\n"), text.partition(" next ")[2])
        for command, (code, _, text) in ended.items()
        if command in NEEDING
    }
    assert said == {
        command: (2, True, 2, f"pip install 'zrsign[{extra}]'\n")
        for command, extra in NEEDING.items()
    }
    assert list(empty.iterdir()) == []
