"""The command line. Results go to standard output, progress and errors to standard error.

Exit codes: 0 done; 1 the network, a node or a contract refused; 2 the call itself was wrong.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from zrsign import __version__
from zrsign.cli import (
    chaos,
    contracts,
    daemons,
    governance,
    ledger,
    lookup,
    network,
    relayer,
    requests,
    testnet,
    tools,
)
from zrsign.cli.render import fail, out
from zrsign.errors import ZrSignError

app = typer.Typer(
    name="zrsign",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
PARTS = (
    network,
    chaos,
    testnet,
    contracts,
    tools,
    requests,
    lookup,
    governance,
    daemons,
    ledger,
    relayer,
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


# Error roots of the other rooms: module, class, next step, exit code. A room that was not imported
# raised nothing, so looking these up costs no start-up time.
ROOTS = (
    ("zrsign.local.tools.errors", "ToolError", "See what is there: zrsign doctor", 1),
    ("zrsign_chains.errors", "ChainError", "See the supported ids: zrsign ids", 2),
    ("zrchain_lite.client.errors", "TxFailed", "The ledger refused it: nothing was changed.", 1),
    ("zrchain_lite.client.errors", "ClientError", "Is the network running? zrsign status", 1),
    ("zrchain_lite.errors", "LedgerError", "Start another: zrsign up --state DIR", 2),
    ("zrsign_daemon.jsonrpc", "NodeUnavailable", "Is the node running? zrsign status", 1),
    ("zrsign_daemon.jsonrpc", "NodeRefused", "See the node's log.", 1),
    ("zrsign_daemon.errors", "DaemonError", "", 2),
)
# The same of libraries, whose messages need their error's name to be understood.
LIBRARIES = (
    ("web3.exceptions", "Web3Exception", "Is the node running? zrsign status", 1),
    ("aiohttp", "ClientError", "Is the node running? zrsign status", 1),
    ("builtins", "OSError", "Check the path, its permissions and the space on the disk.", 1),
)


def main() -> None:
    """Run a command; every foreseen error becomes one message with its next step."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except ZrSignError as error:
        sys.exit(fail(str(error), error.hint, error.exit_code))
    except Exception as error:
        named = f"{type(error).__name__}: {error}"
        for roots, text in ((ROOTS, str(error)), (LIBRARIES, named)):
            for module, name, hint, code in roots:
                if module in sys.modules and isinstance(error, getattr(sys.modules[module], name)):
                    sys.exit(fail(text, hint, code))
        raise
