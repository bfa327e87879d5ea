"""`zrsign init`: a small project of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from zrsign.cli.render import Json, err, out


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(init)


def init(
    folder: Annotated[Path, typer.Argument(help="A new folder for the project.")],
    foundry: Annotated[bool, typer.Option("--foundry", help="Solidity, tested by forge.")] = False,
    ape: Annotated[bool, typer.Option("--ape", help="Solidity, tested by ape.")] = False,
    web3: Annotated[bool, typer.Option("--web3", help="web3.py and pytest: what else.")] = False,
    as_json: Json = False,
) -> None:
    """Make a project: a contract that asks for a signature, a script, a test, a README."""
    from zrsign.errors import UsageError
    from zrsign.project import Kind, write

    chosen = {Kind.FOUNDRY: foundry, Kind.APE: ape, Kind.WEB3: web3}
    kinds = [kind for kind, wanted in chosen.items() if wanted] or [Kind.WEB3]
    if len(kinds) > 1:
        raise UsageError("A project has one tool.", "Name one of --foundry, --ape and --web3.")
    commands = write(folder, kinds[0])
    if as_json:
        out.print_json(json.dumps({"folder": str(folder.absolute()), "next": commands}))
        return
    err.print(f"{folder} has a contract, a script and a test. Next:\n", markup=False)
    out.print("\n".join(commands), markup=False, soft_wrap=True)
