"""A validator, as `zrsign run ledger --config FILE` is, with a fault: `FILE [FAULT …]`.

With `crash HEIGHT POINT` it dies at that block: `finalized` after FinalizeBlock and before Commit,
`committed` after the block is durable and before CometBFT hears of it. With `lie HEIGHT` it
executes that block to another application hash. With `rubbish` it proposes a transaction that
nobody may. What CometBFT asks is written to `calls.log` in the settings' folder, a line for each.
The doors are in the same process where the variable DOORS says `inside`, which starts sooner.
"""

import os
import sys
from functools import partial
from pathlib import Path
from typing import TextIO

from tests.zrchain_lite.grammar import START, line
from zrchain_lite import node
from zrchain_lite.app import App
from zrchain_lite.engine.cometbft import CometBftEngine
from zrchain_lite.wire.tendermint.abci import types_pb2 as abci
from zrsign.node import main

RUBBISH = b"no transaction"


def crash(height: int, point: str) -> None:
    commit = App.commit

    def commit_and_die(app: App, records: object = ()) -> abci.ResponseCommit:
        if app.tip.height + 1 < height:
            return commit(app, records)  # type: ignore[arg-type]
        if point == "committed":
            commit(app, records)  # type: ignore[arg-type]
        os._exit(9)

    App.commit = commit_and_die  # type: ignore[method-assign, assignment]


def lie(height: int) -> None:
    finalize = App.finalize_block

    def finalize_falsely(
        app: App, request: abci.RequestFinalizeBlock
    ) -> abci.ResponseFinalizeBlock:
        response = finalize(app, request)
        if request.height == height:
            response.app_hash = bytes(32)
        return response

    App.finalize_block = finalize_falsely  # type: ignore[method-assign, assignment]


def rubbish() -> None:
    def prepare(app: App, request: abci.RequestPrepareProposal) -> abci.ResponsePrepareProposal:
        return abci.ResponsePrepareProposal(txs=[*request.txs, RUBBISH])

    App.prepare_proposal = prepare  # type: ignore[method-assign, assignment]
    accepted = abci.ResponseProcessProposal(status=abci.ResponseProcessProposal.ACCEPT)
    App.process_proposal = lambda app, request: accepted  # type: ignore[method-assign, assignment]


def log_calls(file: TextIO) -> None:
    answer = CometBftEngine.respond_to
    print(START, file=file, flush=True)

    async def logged(engine: CometBftEngine, request: abci.Request) -> abci.Response:
        response = await answer(engine, request)
        if said := line(request, response):
            print(said, file=file, flush=True)
        return response

    CometBftEngine.respond_to = logged  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    config, *fault = sys.argv[1:]
    if os.environ.get("DOORS") == "inside":
        inside = partial(node.NodeSettings, doors_apart=False)
        node.NodeSettings = inside  # type: ignore[misc, assignment]
    match fault:
        case ("crash", height, point):
            crash(int(height), point)
        case ("lie", height):
            lie(int(height))
        case ("rubbish",):
            rubbish()
    with (Path(config).parent / "calls.log").open("a") as calls:
        log_calls(calls)
        sys.exit(main(["--config", config, "--log-level", "warning"]))
