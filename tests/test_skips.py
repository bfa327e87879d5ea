"""A test that is skipped is a test that failed, unless it is on the list."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

SKIPS = """
import pytest

def test_skip():
    pytest.skip("the tool is not here")

@pytest.mark.skipif(True, reason="the tool is not there")
def test_skipif():
    pass

@pytest.fixture
def tool():
    pytest.skip("no tool for the fixture")

def test_fixture(tool):
    pass

@pytest.mark.xfail(strict=True)
def test_expected_failure():
    assert False

def test_run():
    pass
"""
MODULE = 'import pytest\n\npytest.skip("not this module", allow_module_level=True)\n'


def run(folder: Path, name: str, source: str) -> str:
    """The end of what pytest says of a file of these tests."""
    (folder / name).write_text(source)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider"),
            *("-c", os.devnull, "--rootdir", str(folder), str(folder / name)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    return done.stdout


def test_skipped_tests__should_fail_and_say_why(tmp_path: Path) -> None:
    said = run(tmp_path, "test_skips.py", SKIPS)
    assert "1 failed, 1 passed, 1 xfailed, 2 errors" in said
    for reason in ("the tool is not here", "the tool is not there", "no tool for the fixture"):
        assert reason in said


def test_skipped_module__should_fail_and_say_why(tmp_path: Path) -> None:
    said = run(tmp_path, "test_module.py", MODULE)
    assert "1 error" in said
    assert "not this module" in said


def test_skip_on_the_list__should_stay_a_skip(tmp_path: Path) -> None:
    plugin = "from tests.conftest import *\nfrom tests import conftest\n"
    listed = plugin + 'conftest.MAY_SKIP["test_listed.py::test_skip"] = "a reason"\n' + SKIPS
    said = run(tmp_path, "test_listed.py", listed)
    assert "1 passed, 1 skipped, 1 xfailed, 2 errors" in said
