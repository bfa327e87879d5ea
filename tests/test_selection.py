"""With -k, only files that its words stand in are read."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT, files_that_mention

ANY = "a_word_of" + "_no_file"


@pytest.mark.parametrize(
    ("expression", "files"),
    [
        ("only_computed_names_are_nowhere", {__file__}),
        ("Only_Computed and ONLY_computed_names_are_nowhere", {__file__}),
        (f"only_computed_names_are_nowhere or {ANY}", None),
        ("not only_computed_names_are_nowhere", None),
        (ANY, None),
        ("", None),
    ],
)
def test_words__should_leave_no_file_out_that_may_hold_them(
    expression: str, files: set[str] | None
) -> None:
    found = files_that_mention(expression)
    assert (None if found is None else {str(path) for path in found}) == files


def test_selection__should_read_no_other_file() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "pytest", "--collect-only", "-q"]
    word = "test_selection__should_read_no_other_file"
    done = subprocess.run(
        [*command, "-k", word], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert [line for line in done.stdout.splitlines() if "::" in line] == [
        f"tests/test_selection.py::{word}"
    ]
    assert "zrsign_chains" not in done.stderr
