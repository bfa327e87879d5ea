"""A process that has imported what all daemons import, and forks each of them from itself.

    python -P -m zrsign.local.network.forkserver

An import of what they share costs 0.6 to 0.9 s of processor time in each of a dozen daemons, a fork
1.5 ms, and what was imported is in memory once. On hosts every daemon is a program of its own.

It reads a line of JSON for each child, `Request`, and says in lines of JSON what became of them:
`{"started": PID}` in the order of the requests, and `{"ended": PID, "code": CODE}`. It imports no
module that counts or keeps anything, starts no thread and holds no secret. It ends with its
standard input, and its children end with it.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import sys
from dataclasses import dataclass
from typing import Final

SHARED: Final = (
    "zrchain_lite.client",
    "zrsign_daemon.life",
    "zrsign_daemon.metrics",
    "zrsign_chains.registry",
    "zrsign_dmpc.ecdsa.presign",
    "aiohttp",
    "aiosqlite",
    "fastapi",
    "sqlalchemy.ext.asyncio",
    "uvicorn",
)
"""What two daemons at least import."""
PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True)
class Request:
    """A module to run as `python -P -m` would, with its words, its log and what its environment
    has besides ours.
    """

    module: str
    arguments: tuple[str, ...]
    log: str
    env: dict[str, str]


def serve() -> Request | None:
    """Fork for each request. In a child, returns the child's own; in the server None at the end."""
    signal.signal(signal.SIGCHLD, lambda *_: _tell_of_the_ended())
    server = os.getpid()
    for line in sys.stdin:
        request = Request(**json.loads(line))
        # Nobody hears of a child's end before its beginning.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        if (pid := os.fork()) == 0:
            _leave(server)
            return request
        _say(started=pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    return None


def _say(**what: int) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def _tell_of_the_ended() -> None:
    try:
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            _say(ended=found[0], code=os.waitstatus_to_exitcode(found[1]))
    except ChildProcessError:
        return


def _leave(server: int) -> None:
    """Make a child end with the server, and be what a program is that was just started."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != server:
        os._exit(1)
    # Ctrl-C is not for the children (zrsign/local/network/process.py says why it is no session).
    os.setpgid(0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})


def run(request: Request) -> None:
    """Be the daemon. Raises SystemExit as it does."""
    log = os.open(request.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for given, place in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(given, place)
    os.close(log)
    os.close(nothing)
    os.environ.update(request.env)
    sys.argv = [request.module, *request.arguments]
    runpy.run_module(request.module, run_name="__main__", alter_sys=True)


def main() -> None:
    """Import, fork, and in a child run what was asked for."""
    # gRPC reads it when it is imported; see zrsign_operator/__main__.py.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    for module in SHARED:
        importlib.import_module(module)
    # The collector writes to what it looks at, and what is written to is no longer shared.
    gc.collect()
    gc.freeze()
    if (request := serve()) is not None:
        run(request)


if __name__ == "__main__":
    main()
