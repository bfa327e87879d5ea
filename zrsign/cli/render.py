"""How the command line shows things.

Tables for people, JSON for programs, errors with their next step.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

# Folded columns help on a screen and hurt in a pipe.
PIPE_WIDTH = 300
out = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
err = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else PIPE_WIDTH)

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def fail(message: str, hint: str, exit_code: int) -> int:
    """Print an error on standard error. Returns the exit code."""
    err.print("[bold red]error[/] ", end="")
    err.print(message, markup=False)
    if hint:
        err.print("[cyan] next[/] ", end="")
        err.print(hint, markup=False)
    return exit_code


def show(
    rows: Sequence[dict[str, Any]], as_json: bool, *, title: str = "", empty: str = ""
) -> None:
    """Rows that share their keys, as a table or as a JSON array."""
    if as_json:
        out.print_json(json.dumps(rows))
        return
    if not rows:
        err.print(empty or "Nothing.", markup=False)
        return
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for name in rows[0]:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_text(value) for value in row.values()))
    out.print(table)


def show_one(values: dict[str, Any], as_json: bool) -> None:
    """One object: a key and a value on each line."""
    if as_json:
        out.print_json(json.dumps(values))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in values.items():
        table.add_row(name.replace("_", " "), _text(value))
    out.print(table)


def _text(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return "\n".join(map(_text, value))
        case None:
            return ""
    return str(value).replace("[", "\\[")
