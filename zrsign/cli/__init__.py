"""The command line. Results go to standard output, progress and errors to standard error.

Exit codes: 0 done; 1 the network, a node or a contract refused; 2 the call itself was wrong.
"""

from __future__ import annotations

import os
import sys

import typer

from zrsign.cli import daemons, lookup, network, requests, tools
from zrsign.cli.render import fail

# Children are started while channels are open; they exec at once and need no gRPC fork handlers.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

app = typer.Typer(
    name="zrsign",
    help="Keys and signatures for smart contracts: a network answers, a relayer delivers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for part in (network, tools, requests, lookup, daemons):
    part.register(app)


def main() -> None:
    """Run a command; every foreseen error becomes one message with its next step."""
    from chains import ChainError
    from daemon.errors import DaemonError
    from zrchain_lite.client import ClientError
    from zrsign.deploy import DeployError
    from zrsign.errors import ZrSignError
    from zrsign.tools import ToolError

    try:
        app()
    except ZrSignError as error:
        sys.exit(fail(str(error), error.hint, error.exit_code))
    except ToolError as error:
        sys.exit(fail(str(error), "See what is there: zrsign doctor", 1))
    except ChainError as error:
        sys.exit(fail(str(error), "See the supported ids: zrsign ids", 2))
    except (ClientError, DeployError) as error:
        sys.exit(fail(str(error), "Is the network running? zrsign status", 1))
    except DaemonError as error:
        sys.exit(fail(str(error), "", error.exit_code))
    except KeyboardInterrupt:
        sys.exit(130)
