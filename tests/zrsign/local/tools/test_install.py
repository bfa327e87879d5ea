"""Installing: once, again, after an interruption, twice at once."""

from __future__ import annotations

import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from zrsign.local.tools import discovery, installer
from zrsign.local.tools.catalogue import TOOLS, Recipe
from zrsign.local.tools.errors import InstallFailed, ToolMissing
from zrsign.local.tools.locate import Origin

SOLC = "echo 'Version: 0.8.37'\n"


class FakeBuild:
    """A group with one program, `solc`, that prints its version; `fail` makes the build break."""

    label = "solc"

    def __init__(self) -> None:
        self.version = "1"
        self.fail = False
        self.builds = 0

    def fingerprint(self) -> str:
        return self.version

    def build(self, folder: Path, scratch: Path) -> None:
        assert not list(folder.iterdir())
        (folder / "half").write_text("half")
        self.builds += 1
        if self.fail:
            raise InstallFailed("the network is away")
        (folder / "solc").write_text("whole")

    def launchers(self) -> dict[str, str]:
        return {"solc": SOLC}


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeBuild:
    """An empty machine: nothing on PATH but the shell, no variables, tools below `tmp_path`."""
    build = FakeBuild()
    shell = tmp_path / "path"
    shell.mkdir()
    for name in ("sh", "readlink", "dirname"):
        (shell / name).symlink_to(f"/usr/bin/{name}")
    monkeypatch.setenv("PATH", str(shell))
    monkeypatch.setenv("ZRSIGN_TOOLS_DIR", str(tmp_path / "tools"))
    for tool in TOOLS.values():
        monkeypatch.delenv(tool.variable, raising=False)
    monkeypatch.setattr(installer, "BUILDS", {Recipe.NPM: build})
    monkeypatch.setattr(installer, "CHAINS", ((Recipe.NPM,),))
    monkeypatch.setattr(installer, "TOOLS", {"solc": TOOLS["solc"]})
    return build


def test_install__should_make_a_tool_that_resolves(fake: FakeBuild) -> None:
    lines: list[str] = []
    installer.install(lines.append)
    found = discovery.resolve("solc")
    assert (found.origin, found.version) == (Origin.TOOLS, "0.8.37")
    assert subprocess.run([found], capture_output=True, check=True).stdout == b"Version: 0.8.37\n"
    assert lines[0] == "solc: installing"
    assert lines[1].startswith("solc 0.8.37: ready after ")


def test_what_is_lacking__should_be_provided_and_nothing_else(
    fake: FakeBuild, tmp_path: Path
) -> None:
    lines: list[str] = []
    installer.provide(lines.append, ["solc"])
    assert fake.builds == 1
    assert lines[0] == f"solc: installing (in {tmp_path / 'tools'})"
    (tmp_path / "tools" / "solc" / "half").unlink(missing_ok=True)
    installer.provide(lines.append, ["solc"])
    assert (fake.builds, len(lines)) == (1, 2)


def test_second_install__should_do_nothing(fake: FakeBuild) -> None:
    lines: list[str] = []
    installer.install(lines.append)
    lines.clear()
    installer.install(lines.append)
    assert (fake.builds, lines) == (1, [])


def test_install__should_rebuild_when_the_recipe_changed(fake: FakeBuild) -> None:
    installer.install(lambda _: None)
    fake.version = "2"
    installer.install(lambda _: None)
    assert fake.builds == 2
    assert not list((discovery.tools_folder() / ".staging").iterdir())


def test_failed_install__should_leave_the_old_tool_in_place(fake: FakeBuild) -> None:
    installer.install(lambda _: None)
    fake.version, fake.fail = "2", True
    with pytest.raises(InstallFailed, match="the network is away"):
        installer.install(lambda _: None)
    assert discovery.resolve("solc").origin is Origin.TOOLS
    assert (discovery.tools_folder() / "npm" / "solc").read_text() == "whole"


def test_install__should_resume_after_a_failure(fake: FakeBuild) -> None:
    fake.fail = True
    with pytest.raises(InstallFailed):
        installer.install(lambda _: None)
    with pytest.raises(ToolMissing):
        discovery.resolve("solc")
    fake.fail = False
    installer.install(lambda _: None)
    assert discovery.resolve("solc").version == "0.8.37"


def test_install__should_restore_a_lost_launcher(fake: FakeBuild) -> None:
    installer.install(lambda _: None)
    (discovery.tools_folder() / "bin" / "solc").unlink()
    installer.install(lambda _: None)
    assert discovery.resolve("solc").version == "0.8.37"


def test_install__should_leave_alone_what_path_offers(fake: FakeBuild, tmp_path: Path) -> None:
    program(tmp_path / "path" / "solc", "echo 0.8.37")
    installer.install(lambda _: None)
    assert fake.builds == 0
    assert discovery.resolve("solc").origin is Origin.PATH


def test_install__should_leave_alone_what_is_optional_until_it_is_named(
    fake: FakeBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    optional = replace(TOOLS["solc"], optional=True)
    monkeypatch.setattr(installer, "TOOLS", {"solc": optional})
    installer.install(lambda _: None)
    assert fake.builds == 0
    installer.install(lambda _: None, ["solc"])
    assert fake.builds == 1


def test_two_installs_at_once__should_build_once(fake: FakeBuild) -> None:
    threads = [threading.Thread(target=installer.install, args=(lambda _: None,)) for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert fake.builds == 1


def test_recipe_that_yields_a_broken_program__should_fail_the_install(
    fake: FakeBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake, "launchers", lambda: {"solc": "exit 1\n"})
    with pytest.raises(InstallFailed, match="solc does not run"):
        installer.install(lambda _: None)


def test_survey__should_report_every_tool_with_its_fix(fake: FakeBuild) -> None:
    reports = {report.name: report for report in discovery.survey()}
    assert reports.keys() == TOOLS.keys()
    assert not reports["anvil"].ok
    assert "zrsign tools install" in reports["anvil"].fix
    assert reports["solana-test-validator"].ok


def test_survey__should_not_ask_for_surfpool_beside_a_validator(
    fake: FakeBuild, tmp_path: Path
) -> None:
    program(tmp_path / "path" / "solana-test-validator", "echo solana-test-validator 3.1.4")
    reports = {report.name: report for report in discovery.survey()}
    assert reports["surfnet"].ok
    assert discovery.solana_node().name == "solana-test-validator"


def test_solcx_folder__should_hold_the_compiler_under_its_version(
    fake: FakeBuild, tmp_path: Path
) -> None:
    installer.install(lambda _: None)
    link = discovery.solcx_folder() / "solc-v0.8.37"
    assert link.resolve() == discovery.resolve("solc").path
    program(tmp_path / "path" / "solc", "echo 0.8.37")
    discovery.solcx_folder()
    assert link.readlink() == tmp_path / "path" / "solc"


def program(path: Path, line: str) -> None:
    """A shell script that answers every call with `line`."""
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
