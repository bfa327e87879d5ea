"""Mutants of a Solidity file: every way to change one thing in it. Pure: tree in, texts out.

The places come from the syntax tree of solc, whose `src` is `start:length:file` in bytes; a mutant
is the source with other bytes at one place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

Node = dict[str, Any]

_SWAPS: Final = {
    "==": "!=",
    "!=": "==",
    "<": "<=",
    "<=": "<",
    ">": ">=",
    ">=": ">",
    "+": "-",
    "-": "+",
    "*": "/",
    "/": "*",
    "%": "*",
    "&&": "||",
    "||": "&&",
    "&": "|",
    "|": "&",
    "<<": ">>",
    ">>": "<<",
    "+=": "-=",
    "-=": "+=",
    "|=": "&=",
}
_NAMED: Final = {"ContractDefinition", "FunctionDefinition", "VariableDeclaration"}
_MEMBERS: Final = {"min": "max", "max": "min"}
_LARGE: Final = 1000
_LONGEST: Final = 42
"""Hexadecimal literals that are longer name a slot, a role or a hash."""


@dataclass(frozen=True)
class Mutant:
    """One change of one file: where it is, what stood there and stands there now, and all of it."""

    where: str
    before: str
    after: str
    line: int
    text: str
    source: bytes

    @property
    def name(self) -> str:
        """Its place and both texts."""
        return f"{self.where}: {self.before} -> {self.after}"

    @property
    def key(self) -> tuple[str, str]:
        """What a row of the list says of it, while lines move: its name, and its line as it was."""
        return self.name, self.text


def mutants_of(source: bytes, tree: Node) -> Iterator[Mutant]:
    """Every mutant of a file, in the order of its places; `tree` is its SourceUnit."""
    lines = source.decode().splitlines()
    for where, node in _walk(tree, ""):
        start, length = (int(each) for each in node["src"].split(":")[:2])
        before = source[start : start + length].decode()
        for place, old, new in _changes(node, before):
            at = start + place
            changed = source[:at] + new.encode() + source[at + len(old.encode()) :]
            after = before[:place] + new + before[place + len(old) :]
            line = source.count(b"\n", 0, at) + 1
            text = lines[line - 1].strip()
            yield Mutant(where, _short(before), _short(after), line, text, changed)


def _short(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split()) or "nothing"


def _walk(node: Any, where: str) -> Iterator[tuple[str, Node]]:
    """Every node that has a place, with the name of the function or contract around it."""
    if isinstance(node, list):
        for each in node:
            yield from _walk(each, where)
    elif isinstance(node, dict):
        if node.get("nodeType") == "InlineAssembly":
            return
        named = node.get("nodeType") in {
            "ContractDefinition",
            "FunctionDefinition",
            "VariableDeclaration",
        }
        if named and node.get("name") and not where.endswith(f".{node['name']}"):
            where = f"{where}.{node['name']}".lstrip(".")
        if "src" in node and "nodeType" in node:
            yield where, node
        for field, value in node.items():
            if field not in {"typeName", "typeDescriptions", "documentation", "overrides"}:
                yield from _walk(value, where)


def _changes(node: Node, text: str) -> Iterator[tuple[int, str, str]]:
    """Changes of a node's text: offset in it, the old and the new part."""
    match node["nodeType"]:
        case "BinaryOperation" | "Assignment" if node["operator"] in _SWAPS:
            left = node["leftExpression"] if "leftExpression" in node else node["leftHandSide"]
            begin = _end(left) - _start(node)
            place = text.index(node["operator"], begin)
            yield place, node["operator"], _SWAPS[node["operator"]]
        case "UnaryOperation" if node["operator"] in {"!", "~"}:
            yield 0, node["operator"], ""
        case "Literal" if node["kind"] == "number" and len(text) <= _LONGEST:
            yield 0, text, _next(node, text)
        case "Literal" if node["kind"] == "bool":
            yield 0, text, "false" if text == "true" else "true"
        case "IfStatement" | "Conditional" | "WhileStatement":
            yield from _decided(node, text)
        case "MemberAccess" if node["memberName"] in _MEMBERS:
            place = text.rindex(node["memberName"])
            yield place, node["memberName"], _MEMBERS[node["memberName"]]
        case "ModifierInvocation" if node.get("kind") == "modifierInvocation":
            yield 0, text, ""
        case "ExpressionStatement" | "EmitStatement":
            yield 0, text, _without(text)


def _decided(node: Node, text: str) -> Iterator[tuple[int, str, str]]:
    """A condition that is always the same."""
    condition = node["condition"]
    place, length = _start(condition) - _start(node), int(condition["src"].split(":")[1])
    for value in ("true", "false") if node["nodeType"] != "WhileStatement" else ("false",):
        yield place, text[place : place + length], value


def _without(text: str) -> str:
    """What stands for a statement that is gone: a block, so that it may be the body of an `if`."""
    return "{}" if text.endswith(";") else "0"


def _next(node: Node, text: str) -> str:
    """Another number: one more, or twice a large one."""
    unit = f" {node['subdenomination']}" if node.get("subdenomination") else ""
    plain = text.removesuffix(unit.strip()).strip().replace("_", "")
    if plain.startswith("0x"):
        return f"{int(plain, 16) + 1:#0{len(plain)}x}{unit}"
    if not plain.isdigit():
        return f"{text} + 1"
    number = int(plain)
    return f"{number + 1 if number < _LARGE else 2 * number}{unit}"


def _start(node: Node) -> int:
    return int(node["src"].split(":")[0])


def _end(node: Node) -> int:
    start, length = (int(each) for each in node["src"].split(":")[:2])
    return start + length
