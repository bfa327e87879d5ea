"""Fixtures that every room's tests may use, and the rule that no test is skipped in silence."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.processes import end_commands

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
VECTORS = TESTS / "vectors"
MENTIONING = pytest.StashKey[frozenset[Path] | None]()
MAY_SKIP: dict[str, str] = {}
"""Which tests may be skipped, by id without parameters, and why. Any other skip is a failure, on
every machine: `make test` installs all that tests need, so what is missing is a fault of the clone
or of the Makefile, and a rule for CI alone would show it to nobody who could mend it."""

# Loaded machines are slow machines: an example may take its time, and there are few of them.
settings.register_profile("zrsign", deadline=None, max_examples=60, print_blob=True)
settings.load_profile("zrsign")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--network",
        metavar="DIR",
        help="A network that is up (zrsign up --keyring 2-of-3 --state DIR), for tests/e2e.",
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With -k, leave unread what its words stand in nowhere: importing every file takes seconds."""
    if MENTIONING not in config.stash:
        config.stash[MENTIONING] = files_that_mention(config.option.keyword)
    found = config.stash[MENTIONING]
    if found is None or any(path.is_relative_to(collection_path) for path in found):
        return None
    return True


def files_that_mention(expression: str) -> frozenset[Path] | None:
    """The test files whose path or text has a word of a -k expression; None: it may be any.

    A word that no file has may be computed, as the ids of parameters are.
    """
    words = set(re.findall(r"[\w.:+-]+", expression.lower())) - {"and", "or"}
    if not words or "not" in words:
        return None
    texts = {
        path: f"{path.relative_to(ROOT)}\n{path.read_text()}".lower()
        for path in TESTS.rglob("test_*.py")
    }
    found = [{path for path, text in texts.items() if word in text} for word in words]
    return frozenset().union(*found) if all(found) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a fixture of their module run in one worker, so that it is made once."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None and _shares_in_module(item):
            item.add_marker(pytest.mark.xdist_group(str(item.path)))


def _shares_in_module(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function):
        return False
    fixtures = item._fixtureinfo.name2fixturedefs.values()
    return any(found[-1].scope == "module" for found in fixtures)


def pytest_collection_finish() -> None:
    """Keep what was imported and collected out of later garbage collections.

    Looking through it took 0.4 s, which a test of what something costs would count.
    """
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # An expected failure is reported as a skip as well.
    if not hasattr(report, "wasxfail"):
        _refuse_a_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_a_skip(report)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """A test that was given up may have left a thread that waits for a command."""
    end_commands()


def _refuse_a_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Make a failure of a skip that MAY_SKIP does not name."""
    if not report.skipped or report.nodeid.partition("[")[0] in MAY_SKIP:
        return
    *_, reason = report.longrepr if isinstance(report.longrepr, tuple) else (report.longrepr,)
    report.outcome = "failed"
    report.longrepr = f"{reason}\nA skip is a failure: see MAY_SKIP in tests/conftest.py."


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], Any]:
    """Read a file of tests/vectors by name."""
    return lambda name: json.loads((VECTORS / name).read_text(encoding="utf-8"))
