"""Find public names without a docstring, and docstrings that do not stand alone.

A docstring is shown away from its code: in an editor, on a generated page. So it may not begin
with a word that leans on the line above it ("Of one key.", "At a time, in one operator.").

    python scripts/check_words.py ROOM …
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GENERATED = ROOT / "zrchain_lite" / "wire"

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

LEANS = re.compile(
    r"(Above|After|Against|Among|And|As|At|Because|Before|Below|Beside|Between|But|By|During|For|From|In"
    r"|Into|Of|On|Or|Per|Since|So|Than|That|To|Under|Unless|Until|Upon|Whose|With|Within|Without)\b"
)
"""Matches a docstring whose first word needs something before it."""
FEWEST_WORDS = 3
"""A docstring of fewer words repeats a name or is a part of a sentence."""


@dataclass(frozen=True)
class Finding:
    """One fault of the words in a source file."""

    path: Path
    line: int
    """The line is counted from 1."""
    name: str
    what: str

    def __str__(self) -> str:
        """`path:line: name: what`, which editors and terminals can follow."""
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.name}: {self.what}"


class Classes:
    """All classes of the project by name, to find the docstring that a method inherits."""

    def __init__(self, paths: list[Path]) -> None:
        self.by_name: dict[str, list[ast.ClassDef]] = {}
        for path in paths:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef):
                    self.by_name.setdefault(node.name, []).append(node)

    def says(self, bases: list[ast.expr], method: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether a base class of ours documents the method, as `inspect.getdoc` finds it."""
        for name in {_base_name(base) for base in bases} - seen:
            for candidate in self.by_name.get(name, []):
                own = (each for each in candidate.body if isinstance(each, Definition))
                if any(each.name == method and ast.get_docstring(each) for each in own):
                    return True
                if self.says(candidate.bases, method, seen | {name}):
                    return True
        return False


def sources(room: str) -> list[Path]:
    """The Python files of a room: a folder, or a file, named from the repository's root."""
    place = ROOT / room
    found = [place] if place.is_file() else sorted(place.rglob("*.py"))
    return [path for path in found if GENERATED not in path.parents]


def findings(path: Path, classes: Classes) -> Iterator[Finding]:
    """Everything that is wrong with the docstrings of one file."""
    tree = ast.parse(path.read_text())
    if ast.get_docstring(tree) is None:
        yield Finding(path, 1, path.stem, "no docstring")
    for line, name, text in _texts(tree, path.stem):
        if fault := fault_of(text, is_private=name.startswith("_")):
            yield Finding(path, line, name, f"{fault}: {text.splitlines()[0]!r}")
    for node, bases in _public(tree.body, []):
        if ast.get_docstring(node) is None and not classes.says(bases, node.name):
            yield Finding(path, node.lineno, node.name, "no docstring")


def fault_of(text: str, *, is_private: bool = False) -> str:
    """Why a docstring does not stand alone; empty when it does, as far as a rule can tell."""
    if LEANS.match(text):
        return "begins in the middle of a sentence"
    if len(text.split()) < FEWEST_WORDS and not is_private:
        return "says too little"
    first_paragraph = text.split("\n\n")[0].rstrip()
    if not first_paragraph.endswith((".", ":", "?")):
        return "does not end its first paragraph with a full stop"
    return ""


def _texts(tree: ast.Module, name: str) -> Iterator[tuple[int, str, str]]:
    """(line, name, text) of every docstring, those after an assignment included."""
    bodies: list[tuple[str, list[ast.stmt]]] = [(name, tree.body)]
    for owner, body in bodies:
        for place, node in enumerate(body):
            if isinstance(node, Definition):
                bodies.append((node.name, node.body))
            if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
                continue
            if isinstance(node.value.value, str):
                subject = owner if place == 0 else _assigned(body[place - 1])
                yield node.lineno, subject, node.value.value.strip()


def _assigned(node: ast.stmt) -> str:
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0])
    return ast.unparse(node.target) if isinstance(node, ast.AnnAssign) else "?"


def _public(
    body: list[ast.stmt], bases: list[ast.expr]
) -> Iterator[tuple[Definition, list[ast.expr]]]:
    """The public definitions of a body with the base classes that they may inherit from."""
    for node in body:
        if not isinstance(node, Definition) or node.name.startswith("_"):
            continue
        if any(ast.unparse(each).endswith((".setter", "overload")) for each in node.decorator_list):
            continue
        yield node, bases
        if isinstance(node, ast.ClassDef):
            yield from _public(node.body, node.bases)


def _base_name(base: ast.expr) -> str:
    plain = base.value if isinstance(base, ast.Subscript) else base
    return ast.unparse(plain).rsplit(".", 1)[-1]


def main(rooms: list[str]) -> int:
    """Print the findings of the rooms; exit code 1 when there are any."""
    project = [path for path in sorted(ROOT.glob("*/")) if path.name[0] != "."]
    every = [path for room in project if room.name != "tests" for path in sources(room.name)]
    classes = Classes([path for path in every if "node_modules" not in path.parts])
    found = [each for room in rooms for path in sources(room) for each in findings(path, classes)]
    for each in found:
        print(each)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
