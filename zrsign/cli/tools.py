"""`zrsign doctor` and `zrsign tools install`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from zrsign.cli.render import Json, err, show
from zrsign.extras import require


def register(app: typer.Typer) -> None:
    """Add `doctor` and the group of commands for tools."""
    app.command()(doctor)
    tools = typer.Typer(help="The programs that the local network runs.", no_args_is_help=True)
    tools.command("install")(install)
    tools.command("list")(doctor)
    app.add_typer(tools, name="tools")


def doctor(as_json: Json = False) -> None:
    """Which tools were found, where, in which version; the exact fix for what is missing."""
    from zrsign.local.tools import survey

    reports = survey()
    rows: list[dict[str, Any]] = [
        {
            "tool": each.name,
            "state": "ok" if each.found else ("optional" if each.optional else "missing"),
            "version": each.found.version if each.found else "",
            "from": str(each.found.origin) if each.found else "",
            "path": str(each.found.path) if each.found else "",
        }
        for each in reports
    ]
    absent = {each.name: f"{each.problem}. {each.fix}" for each in reports if not each.found}
    if as_json:
        show([{**row, "fix": absent.get(row["tool"], "")} for row in rows], as_json)
    else:
        show(rows, as_json)
        for name, fix in absent.items():
            err.print(f"{name}: {fix}", markup=False)
    if not all(each.ok for each in reports):
        raise typer.Exit(1)


def install(
    names: Annotated[
        list[str] | None, typer.Argument(help="Which; every one that is needed by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Fetch every missing tool into .tools. Safe to repeat; goes on where it stopped."""
    from zrsign.local import tools

    require("network")
    tools.install(lambda line: err.print(line, markup=False), names or ())
    rows = [
        {"tool": each.name, "path": str(each.found.path)}
        for each in tools.survey()
        if each.found and each.name in (names or [each.name])
    ]
    show(rows, as_json)
