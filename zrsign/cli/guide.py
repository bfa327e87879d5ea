"""`zrsign help`, and an example below the help of each command."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from zrsign.cli.errors import CODES
from zrsign.cli.examples import EXAMPLES
from zrsign.cli.render import Json, out, show
from zrsign.errors import UsageError

EXIT_CODES = "exit-codes"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("help")(help_)


def help_(
    context: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(help=f"{EXIT_CODES}, or a command such as policies show.")
    ] = None,
    as_json: Json = False,
) -> None:
    """What the exit codes mean, or the help of a command."""
    if words == [EXIT_CODES]:
        rows = [{"exit_code": code, "means": meaning} for code, meaning in CODES.items()]
        show(rows, as_json)
        return
    root = context.find_root()
    shown, command = root, root.command
    for word in words or ():
        below = getattr(command, "commands", {})
        if word not in below:
            known = ", ".join([*below, EXIT_CODES] if shown is root else below)
            path = shown.command_path
            raise UsageError(f"There is no {word!r} in {path}.", f"There are: {known}")
        command = below[word]
        shown = typer.Context(command, info_name=word, parent=shown)
    out.file.write(command.get_help(shown) or "")
    if not words:
        out.print("Also: zrsign help exit-codes")


def with_examples(command: Any, path: str = "") -> Any:
    """The command, it and those below with their examples."""
    if path in EXAMPLES:
        lines = (line.replace("[", "\\[") for line in EXAMPLES[path])
        command.epilog = "\n\n".join(("Examples:", *(f"  $ {line}" for line in lines)))
    for name, below in getattr(command, "commands", {}).items():
        with_examples(below, f"{path} {name}".strip())
    return command
