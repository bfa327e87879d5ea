"""What the tests of a module share is made once, however many workers there are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

SHARING = """
from pathlib import Path

import pytest

@pytest.fixture(scope="module")
def made():
    with Path(__file__).with_name("made").open("a") as file:
        file.write("once ")

@pytest.mark.parametrize("number", range(8))
def test_sharing(made, number):
    pass
"""


def test_workers__should_make_once_what_a_module_shares(tmp_path: Path) -> None:
    file = tmp_path / "test_sharing.py"
    file.write_text(SHARING)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider"),
            *("-c", os.devnull, "--rootdir", str(tmp_path)),
            *("-n", "2", "--dist", "loadgroup", str(file)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert "8 passed" in done.stdout, done.stdout + done.stderr
    assert file.with_name("made").read_text() == "once "
