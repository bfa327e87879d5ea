"""Every public name has a docstring, and every docstring can be read without its code."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.check_words import ROOT, Classes, fault_of, findings, sources

ROOMS = sorted(
    path.name
    for path in ROOT.iterdir()
    if path.is_dir() and path.name[0] != "." and any(path.glob("*.py")) and path.name != "tests"
)


@pytest.fixture(scope="module")
def classes() -> Classes:
    return Classes([path for room in ROOMS for path in sources(room)])


@pytest.mark.parametrize("room", ROOMS)
def test_room__should_say_what_its_public_names_are(room: str, classes: Classes) -> None:
    assert [str(each) for path in sources(room) for each in findings(path, classes)] == []


def test_rooms__should_be_found() -> None:
    assert {"zrsign", "zrchain_lite", "scripts"} <= set(ROOMS)


@pytest.mark.parametrize(
    "text",
    [
        "Of one key.",
        "At a time, in one operator.",
        "For people, as JSON.",
        "Until stopped; a pass or a pause under way is cancelled by the caller.",
        "32 bytes.",
        "Raises EncodingError.",
        "The recipient of a broadcast",
    ],
)
def test_docstring__should_be_refused_when_it_leans_on_its_code(text: str) -> None:
    assert fault_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "How many executions of each kind one operator runs at once.",
        "The recipient of a broadcast.",
        "Whether the party with this index signed the message.",
        "Format of a token, after RFC 7519.",
        "One of three forms:\n\n* the first",
    ],
)
def test_docstring__should_pass_when_it_stands_alone(text: str) -> None:
    assert fault_of(text) == ""


MODULE = '''"""A module that is read by the test."""

class Base:
    """A class with one documented method."""

    def run(self):
        """Do the work and return nothing."""

class Derived(Base):
    """A class that inherits the docstring of `run`."""

    def run(self): ...
    def walk(self): ...
    def _hidden(self): ...

LIMIT = 3
"""Of all."""
'''


def test_findings__should_name_what_is_missing_and_what_leans(tmp_path: Path) -> None:
    (path := tmp_path / "module.py").write_text(MODULE)
    found = {(each.line, each.name) for each in findings(path, Classes([path]))}
    assert found == {(13, "walk"), (17, "LIMIT")}
