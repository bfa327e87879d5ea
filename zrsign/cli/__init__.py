"""The command line. Results go to standard output, progress and errors to standard error.

Exit codes: 0 done; 1 the network, a node or a contract refused; 2 the call itself was wrong.
"""

from __future__ import annotations

import sys

import typer

from zrsign.cli import daemons, governance, lookup, network, requests, tools
from zrsign.cli.render import fail
from zrsign.errors import ZrSignError

app = typer.Typer(
    name="zrsign",
    help="Keys and signatures for smart contracts: a network answers, a relayer delivers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for part in (network, tools, requests, lookup, governance, daemons):
    part.register(app)

# Error roots of the other rooms: module, class, next step, exit code. A room that was not imported
# raised nothing, so looking these up costs no start-up time.
ROOTS = (
    ("zrsign.tools.errors", "ToolError", "See what is there: zrsign doctor", 1),
    ("chains.errors", "ChainError", "See the supported ids: zrsign ids", 2),
    ("zrchain_lite.client.errors", "ClientError", "Is the network running? zrsign status", 1),
    ("daemon.errors", "DaemonError", "", 2),
    ("web3.exceptions", "Web3Exception", "Is the node running? zrsign status", 1),
    ("aiohttp", "ClientError", "Is the node running? zrsign status", 1),
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
        for module, name, hint, code in ROOTS:
            if module in sys.modules and isinstance(error, getattr(sys.modules[module], name)):
                sys.exit(fail(str(error), hint, code))
        raise
