"""Mutants of a module: every way to change one thing in it. Pure: source in, changed trees out."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_SWAPS: Final[dict[type[ast.AST], type[ast.AST]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Break: ast.Continue,
    ast.Continue: ast.Break,
}


Place = tuple[tuple[str, int | None], ...]
"""The way from a module to a node: field names, each with an index where the field is a list."""


@dataclass(frozen=True)
class Mutant:
    """One change of one module: where it is, and what stood there."""

    where: str
    """The qualified name of the function or class, or the empty text at the module's level."""
    before: str
    after: str
    line: int
    text: str
    """The source of that line, without what stands around it."""
    _module: ast.Module
    _place: Place
    _changed: ast.AST

    @property
    def tree(self) -> ast.Module:
        """The changed module."""
        return _with(self._module, self._place, self._changed)

    @property
    def name(self) -> str:
        """The mutant's place and both texts; with `text`, what identifies it while lines move."""
        return f"{self.where}: {self.before} -> {self.after}"


def mutants_of(source: str) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its lines."""
    tree, lines = ast.parse(source), source.split("\n")
    for place, where, node in _walk(tree, ""):
        for changed in _changes(node):
            before, after = _text(node), _text(changed)
            if before != after:
                text = lines[node.lineno - 1].strip()
                yield Mutant(where, before, after, node.lineno, text, tree, place, changed)


_STILL_FIELDS: Final = {"annotation", "returns", "decorator_list", "type_params", "bases"}


def _walk(node: ast.AST, where: str, place: Place = ()) -> Iterator[tuple[Place, str, Any]]:
    """Every statement and expression that runs; docstrings, annotations and imports do not."""
    if isinstance(node, ast.stmt | ast.expr):
        yield place, where, node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        where = f"{where}.{node.name}".lstrip(".")
    for field, value in ast.iter_fields(node):
        if field in _STILL_FIELDS:
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not _is_still(child):
                yield from _walk(child, where, (*place, (field, index)))


def _is_still(node: ast.AST) -> bool:
    """Whether nothing that a test could notice happens in the node."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(node, ast.Import | ast.ImportFrom | ast.Pass | ast.JoinedStr)


def _changes(node: ast.stmt | ast.expr) -> Iterator[ast.AST]:
    """The changes of one node: another operator, constant, branch or place, or nothing at all."""
    yield from _other_values(node)
    yield from _other_branches(node)
    if _has_effect(node):
        yield ast.Pass()


def _other_values(node: ast.stmt | ast.expr) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in _SWAPS:
            yield _but(node, ops=[_SWAPS[type(op)]()])
        case ast.BoolOp(op=op) | ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in _SWAPS:
            yield _but(node, op=_SWAPS[type(op)]())
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.Constant(value=bool(value)):
            yield _but(node, value=not value)
        case ast.Constant(value=int(value)):
            yield _but(node, value=value + 1)
        case ast.Subscript(slice=ast.Name() | ast.BinOp() | ast.Attribute()):
            yield _but(node, slice=ast.Constant(0))
        case ast.Call(func=ast.Name(id="min" | "max" as name)):
            yield _but(node, func=ast.Name({"min": "max", "max": "min"}[name], ast.Load()))


def _other_branches(node: ast.stmt | ast.expr) -> Iterator[ast.AST]:
    match node:
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            if not isinstance(test, ast.Constant):
                yield _but(node, test=ast.Constant(False))
                if not isinstance(node, ast.While):
                    yield _but(node, test=ast.Constant(True))
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield _but(node, value=ast.Constant(None))
        case ast.Break() | ast.Continue():
            yield _SWAPS[type(node)]()


def _has_effect(node: ast.AST) -> bool:
    """Whether a test may notice that the statement is gone."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call | ast.Await)
    if isinstance(node, ast.Assign):
        return isinstance(node.targets[0], ast.Attribute | ast.Subscript)
    return isinstance(node, ast.Raise | ast.Break | ast.Continue | ast.AugAssign | ast.Delete)


def _but(node: ast.AST, **fields: Any) -> ast.AST:
    changed = copy.copy(node)
    for field, value in fields.items():
        setattr(changed, field, value)
    return changed


def _text(node: ast.AST) -> str:
    """The node's first line as source."""
    return ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))).split("\n")[0]


def _with(tree: ast.Module, place: Place, changed: ast.AST) -> ast.Module:
    """A copy of the tree with another node at one place."""
    result = copy.deepcopy(tree)
    node: Any = result
    for field, index in place[:-1]:
        node = getattr(node, field) if index is None else getattr(node, field)[index]
    field, index = place[-1]
    new = copy.deepcopy(changed)
    if index is None:
        setattr(node, field, new)
    else:
        getattr(node, field)[index] = new
    return ast.fix_missing_locations(result)
