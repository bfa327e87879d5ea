"""The SDK's front door: one import serves a program, typed and documented."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from zrsign import errors, sdk

ROOT = Path(__file__).resolve().parents[2]


def example() -> str:
    (block,) = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    return str(block)


def test_readme_example__should_need_one_import_of_ours() -> None:
    ours = [line for line in example().splitlines() if re.match(r"from (zr|relayer)", line)]
    assert len(ours) == 1
    assert ours[0].startswith("from zrsign.sdk import ")


def test_readme_example__should_pass_mypy_in_strict_mode(tmp_path: Path) -> None:
    """As in a project of the reader's: nothing of our own settings."""
    (tmp_path / "example.py").write_text(example())
    cache = ROOT / ".mypy_cache" / "example"
    mypy = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache), "example.py"]
    checked = subprocess.run(mypy, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (checked.stdout, checked.returncode) == (
        "Success: no issues found in 1 source file\n",
        0,
    )


@pytest.mark.parametrize("name", sdk.__all__)
def test_name__should_be_what_it_says_and_be_documented(name: str) -> None:
    found = getattr(sdk, name)
    if inspect.isclass(found) or inspect.isfunction(found):
        assert inspect.getdoc(found)


def undocumented(body: list[ast.stmt]) -> Iterator[str]:
    """Public functions, classes and their methods without a docstring."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if node.name.startswith("_"):
                continue
            if not ast.get_docstring(node):
                yield node.name
            if isinstance(node, ast.ClassDef):
                yield from (f"{node.name}.{name}" for name in undocumented(node.body))


@pytest.mark.parametrize("room", ["zrsign_chains", "zrsign/sdk"])
def test_public_api__should_be_documented(room: str) -> None:
    trees = [ast.parse(path.read_text()) for path in sorted((ROOT / room).glob("*.py"))]
    assert [name for tree in trees for name in undocumented(tree.body)] == []
    assert len(trees) > 5


def test_errors__should_all_be_exported() -> None:
    raised = {
        name
        for name, found in vars(errors).items()
        if inspect.isclass(found) and issubclass(found, errors.ZrSignError)
    }
    assert raised <= set(sdk.__all__)


def test_unknown_name__should_be_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        sdk.nothing  # noqa: B018


def test_options__should_not_cost_web3() -> None:
    code = "import sys; from zrsign.sdk import Options; print('web3' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
