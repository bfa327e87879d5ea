"""A client that a stranger generates from proto/, with nothing of this project beside it."""

from __future__ import annotations

import asyncio
import json
import sys
import sysconfig
from pathlib import Path

from grpc_tools import protoc  # type: ignore[import-untyped]

from scripts.compile_proto import LIBRARIES, PROTO
from tests.zrchain_lite.chain import ALICE, CHAIN_ID, FUNDS
from zrchain_lite.node import RunningNode

SCRIPT = Path(__file__).with_name("stranger.py")


def generate(folder: Path) -> None:
    """Stubs of every service, as protoc makes them for Python."""
    sources = [str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto")]
    includes = [f"-I{place}" for place in (PROTO, *LIBRARIES)]
    outputs = [f"--python_out={folder}", f"--grpc_python_out={folder}"]
    assert protoc.main(["protoc", *includes, *outputs, *sources]) == 0


async def test_generated_client__should_be_answered(node: RunningNode, tmp_path: Path) -> None:
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    generate(stubs)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-S",  # the libraries by their path, and this project not at all
        str(SCRIPT),
        str(stubs),
        f"127.0.0.1:{node.grpc_port}",
        ALICE.address,
        cwd=tmp_path,
        env={"PYTHONPATH": sysconfig.get_path("platlib")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert json.loads(out) == {
        "balance": str(FUNDS),
        "chain_id": CHAIN_ID,
        "keys": 0,
        "sources": 0,
    }
