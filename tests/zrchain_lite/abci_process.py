"""The application for one CometBFT: `abci_process.py FOLDER`, on FOLDER/abci.sock.

With `crash HEIGHT POINT` it dies at that block: `finalized` after FinalizeBlock and before Commit,
`committed` after the block is durable and before CometBFT hears of it. With `lie HEIGHT` it
answers another application hash.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from zrchain_lite.app import App
from zrchain_lite.engine.cometbft import AbciServer
from zrchain_lite.keepers import Keepers
from zrchain_lite.store.lmdb_store import LmdbStore
from zrchain_lite.wire.tendermint.abci import types_pb2 as abci
from zrsign.node import modules


def crash(app: App, height: int, point: str) -> None:
    commit = app.commit

    def commit_and_die() -> abci.ResponseCommit:
        if app.tip.height + 1 < height:
            return commit()
        if point == "committed":
            commit()
        os._exit(9)

    app.commit = commit_and_die  # type: ignore[method-assign, assignment]


def lie(app: App, height: int) -> None:
    finalize = app.finalize_block

    def finalize_falsely(request: abci.RequestFinalizeBlock) -> abci.ResponseFinalizeBlock:
        response = finalize(request)
        if request.height == height:
            response.app_hash = bytes(32)
        return response

    app.finalize_block = finalize_falsely  # type: ignore[method-assign]


async def main(folder: Path, *fault: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    store = LmdbStore(folder / "store")
    keepers = Keepers.create()
    app = keepers.app(store, modules(keepers))
    match fault:
        case ("crash", height, point):
            crash(app, int(height), point)
        case ("lie", height):
            lie(app, int(height))
    await AbciServer(app, folder / "abci.sock").run(stop, lambda: print("ready", flush=True))
    store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
