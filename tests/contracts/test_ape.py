"""The same plan through ape, which lives in an environment of its own."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from scripts import npm_package
from tests.installation import UV
from tests.processes import run
from zrsign.deployment.operate import target_of
from zrsign.deployment.settings import load
from zrsign.local.tools import resolve, solcx_folder

ROOT = Path(__file__).resolve().parents[2]
APE = ROOT / ".venv-ape" / "bin" / "ape"
# ape copies contracts/, where the other tests of this group write.
pytestmark = pytest.mark.xdist_group("contracts")


@pytest.fixture
def environment(tmp_path: Path, freshness: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """ape with the resolved compiler and Anvil, and a home of its own."""
    assert freshness.returncode == 0, freshness.stderr
    if not APE.exists():
        pytest.skip("ape's environment is not here; run: make .venv-ape/.synced")
    solcx, anvil = solcx_folder(), resolve("anvil").path
    return os.environ | {
        "HOME": str(tmp_path),
        "SOLCX_BINARY_PATH": str(solcx),
        "PATH": f"{anvil.parent}{os.pathsep}{os.environ['PATH']}",
    }


def ape(environment: dict[str, str], *arguments: str) -> str:
    done = run([APE, *arguments], cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_ape__should_compile_the_sources(environment: dict[str, str]) -> None:
    output = ape(environment, "compile", "--force")
    assert "contracts/src/ZrSign.sol" in output
    assert "compiled" in output


def test_ape__should_compile_a_project_that_depends_on_the_package(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """With the settings of the page, and `node_modules` as npm lays it out."""
    page = (ROOT / "docs" / "contracts.md").read_text()
    (settings,) = re.findall(r"^```yaml\n(dependencies:.*?)^```", page, re.MULTILINE | re.DOTALL)
    project = tmp_path / "project"
    (project / "contracts").mkdir(parents=True)
    (project / "ape-config.yaml").write_text(settings)
    modules = project / "node_modules"
    modules.mkdir()
    (modules / "@openzeppelin").symlink_to(ROOT / "contracts" / "node_modules" / "@openzeppelin")
    (modules / "@zrsign").mkdir()
    npm_package.stage(modules / "@zrsign" / "contracts")
    example = ROOT / "contracts" / "src" / "examples" / "BitcoinPayer.sol"
    source = example.read_text().replace('"../', '"@zrsign/contracts/')
    (project / "contracts" / "Payer.sol").write_text(source)
    done = run([APE, "compile"], cwd=project, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "'local project' compiled" in done.stdout + done.stderr


def test_installation__should_fit_beside_ape() -> None:
    done = run([*UV, "check", "--python", APE.parent / "python"])
    assert done.returncode == 0, done.stderr


def test_ape__should_carry_out_the_plan(environment: dict[str, str]) -> None:
    output = ape(environment, "run", "deploy", "--network", "ethereum:local:foundry")
    # Addresses follow from Anvil's first account and its nonces 0, 1 and 2.
    assert "direct 0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0 (chain 31337, block 3)" in output


def test_ape__should_bring_a_chain_to_what_a_file_says(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """ape's own signer and provider; the accounts of its development chain are the example's."""
    file = tmp_path / "deployment.yaml"
    file.write_text((ROOT / "zrsign" / "deployment" / "deployment.yaml").read_text())
    arguments = ("run", "deploy", "--network", "ethereum:local:foundry", "--file", str(file))
    dry = ape(environment, *arguments, "--dry-run")
    assert "proxy: - → 0x" in dry
    assert "changes to send" in dry
    assert not file.with_suffix(".layouts.json").exists()
    output = ape(environment, *arguments)
    proxy = target_of(load(file)).proxy
    assert f"direct {proxy} (chain 31337): as the file says" in output
    assert file.with_suffix(".layouts.json").exists()
