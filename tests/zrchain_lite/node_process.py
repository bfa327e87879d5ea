"""A node in a process of its own, to be killed: `node_process.py FOLDER`. Prints its ports."""

import asyncio
import json
import signal
import sys
from pathlib import Path

from tests.zrchain_lite.chain import genesis, node_config
from zrchain_lite.node import RunningNode, run
from zrsign.node import modules


def announce(node: RunningNode) -> None:
    ports = {"grpc": node.grpc_port, "rest": node.rest_port, "rpc": node.rpc_port}
    print(json.dumps(ports), flush=True)


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    config = node_config(Path(sys.argv[1]), genesis(), doors_apart=True)
    await run(config, modules, stop, ready=announce)


if __name__ == "__main__":
    asyncio.run(main())
