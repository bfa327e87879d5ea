"""How the command line shows things.

Tables for people, JSON for programs, errors with their next step. An identifier is never folded:
what does not fit beside each other stands below each other.
"""

from __future__ import annotations

import json
import os
import re
import sys
import textwrap
from collections.abc import Sequence
from itertools import zip_longest
from typing import Annotated, Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

PIPE_WIDTH = 300
"""The width of progress and errors in a pipe; what commands print there is not cut to any width."""
UNLIMITED = 1_000_000
GAP = "  "
NUMBER = re.compile(r"[\d.]+( s)?")
out = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
err = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else PIPE_WIDTH)

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def fail(message: str, hint: str, exit_code: int) -> int:
    """Print an error on standard error. Returns the exit code."""
    for word, style, text in (("error", "bold red", message), (" next", "cyan", hint)):
        if text:
            width = err.width if err.is_terminal else UNLIMITED
            first, *more = _wrapped(printable(text), width - len(word) - 1)
            err.print(Text.assemble((word, style), " ", first), soft_wrap=True)
            for line in more:
                err.print(Text(" " * (len(word) + 1) + line), soft_wrap=True)
    return exit_code


def show(
    rows: Sequence[dict[str, Any]], as_json: bool, *, empty: str = "", blocks: bool = True
) -> None:
    """Rows that share their keys, as a table or as a JSON array.

    Where a table does not fit, each row is a block of lines; without `blocks` its last column runs
    over the edge.
    """
    if as_json:
        out.print_json(json.dumps(rows))
        return
    if not rows:
        err.print(empty or "Nothing.", markup=False)
        return
    lines = _table(rows, _width() if blocks else UNLIMITED)
    for line in lines or ():
        out.print(line, soft_wrap=True)
    for place, row in enumerate(() if lines else rows):
        if place:
            out.print()
        show_one(row, as_json=False)


def show_one(values: dict[str, Any], as_json: bool) -> None:
    """One object: a key and a value on each line, without those that are empty."""
    if as_json:
        out.print_json(json.dumps(values))
        return
    shown = {_title(name): _text(value) for name, value in values.items()}
    keys = max((cell_len(name) for name in shown), default=0)
    for name, value in shown.items():
        if value:
            first, *more = _wrapped(value, _width() - keys - len(GAP))
            out.print(Text.assemble((name.ljust(keys), "cyan"), GAP, first), soft_wrap=True)
            for line in more:
                out.print(Text(" " * keys + GAP + line), soft_wrap=True)


def printable(text: str) -> str:
    """The text with its control characters spelled out: what the ledger says moves no cursor."""
    return "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)


def _table(rows: Sequence[dict[str, Any]], width: int) -> list[Text] | None:
    """The lines of a table; None when it does not fit. Its last column may wrap between words."""
    titles = [_title(name) for name in rows[0]]
    cells = [[_text(value) for value in row.values()] for row in rows]
    columns = list(zip(titles, *cells, strict=True))
    widths = [
        max(cell_len(line) for cell in column for line in cell.split("\n")) for column in columns
    ]
    left = width - sum(widths[:-1]) - len(GAP) * (len(widths) - 1)
    words = [word for cell in columns[-1] for word in cell.split()]
    if left < max(map(cell_len, words), default=0):
        return None
    widths[-1] = min(widths[-1], left)
    right = [all(NUMBER.fullmatch(cell) for cell in column[1:] if cell) for column in columns]
    lines = [Text(line, "bold") for line in _line(titles, widths, right)]
    return lines + [Text(line) for row in cells for line in _line(row, widths, right)]


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> list[str]:
    """A row, which takes as many lines as its longest cell."""
    parts = [cell.split("\n") for cell in cells[:-1]] + [_wrapped(cells[-1], widths[-1])]
    lines = zip_longest(*parts, fillvalue="")
    return [GAP.join(map(_padded, line, widths, right)).rstrip() for line in lines]


def _padded(text: str, width: int, flush_right: bool) -> str:
    space = " " * (width - cell_len(text))
    return space + text if flush_right else text + space


def _wrapped(text: str, width: int) -> list[str]:
    """Lines that break between words only, at least one."""
    return [
        part
        for line in text.split("\n")
        for part in textwrap.wrap(
            line, max(width, 1), break_long_words=False, break_on_hyphens=False
        )
        or [""]
    ]


def _width() -> int:
    """The columns of the screen, or of COLUMNS; in a pipe there is no limit."""
    if sys.stdout.isatty():
        return out.width
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdecimal() and int(columns) > 0 else UNLIMITED


def _title(name: str) -> str:
    return name.replace("_", " ")


def _text(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return "\n".join(map(_text, value))
        case dict():
            return ", ".join(f"{name} {_text(each)}" for name, each in value.items())
        case None:
            return ""
    return printable(str(value))
