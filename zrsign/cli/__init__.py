"""The command line. Results go to standard output, progress and errors to standard error.

`errors.py` says what the exit codes mean.
"""

from __future__ import annotations

import sys
import warnings
from typing import Annotated, Any

import typer

from zrsign import __version__
from zrsign.cli import (
    chaos,
    contracts,
    daemons,
    dump,
    governance,
    guide,
    init,
    ledger,
    lookup,
    network,
    networks,
    relayer,
    requests,
    solidity,
    status,
    testnet,
    tools,
)
from zrsign.cli.errors import DONE, INTERRUPTED, REFUSED, fault_of, wrong_call
from zrsign.cli.guide import with_examples
from zrsign.cli.render import err, fail, out

app = typer.Typer(
    name="zrsign",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
PARTS = (
    network,
    status,
    dump,
    chaos,
    testnet,
    contracts,
    solidity,
    tools,
    requests,
    lookup,
    governance,
    daemons,
    ledger,
    networks,
    relayer,
    init,
    guide,
)
for part in PARTS:
    part.register(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        out.print(f"zrsign {__version__}")
        raise typer.Exit


@app.callback()
def zrsign(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print it.")
    ] = False,
) -> None:
    """Keys and signatures for smart contracts: a network answers, a relayer delivers."""


def commands() -> Any:
    """The tree of all commands, as click's."""
    return with_examples(typer.main.get_command(app))


def main() -> None:
    """Run a command; every foreseen error becomes one message with its next step."""
    warnings.showwarning = _warn
    try:
        code = commands()(prog_name="zrsign", standalone_mode=False)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except typer.Abort:
        sys.exit(fail("Nothing was done.", "", REFUSED))
    except typer.TyperException as error:
        sys.exit(_wrong_call(error))
    except Exception as error:
        fault = fault_of(error)
        if fault is None:
            raise
        sys.exit(fail(*fault))
    sys.exit(code if isinstance(code, int) else DONE)


def _warn(message: Warning | str, *_: object, **__: object) -> None:
    """Show a warning without the place in the code that gave it."""
    err.print("[yellow]warning[/] ", end="")
    err.print(str(message), markup=False)


def _wrong_call(error: typer.TyperException) -> int:
    """A call that does not parse; a group without arguments has shown its help and says no more."""
    if not (said := wrong_call(error)):
        return error.exit_code
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "zrsign"
    return fail(said, f"See what it takes: {path} --help", error.exit_code)
