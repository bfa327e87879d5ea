"""What programs do not import, because it costs each start more than it gives."""

from __future__ import annotations

import sys

import pytest

from bench.bench_imports import PROGRAMS
from tests.processes import run

# eth_account imports pairings of BLS12-381 (py_ecc), for keystores of validators: half a second.
SLOW = {"web3", "eth_account", "py_ecc"}
WITHOUT = {
    "zrsign --help": {*SLOW, "pydantic", "grpc", "aiohttp", "zrsign_chains", "zrchain_lite"},
    "zrsign track, keys": {*SLOW, "aiohttp", "sqlalchemy", "fastapi"},
    "ledger": {*SLOW, "sqlalchemy"},
    "listener": {*SLOW, "fastapi"},
    "relayer": {*SLOW, "fastapi"},
    "operator": {*SLOW, "fastapi", "sqlalchemy"},
    "Bitcoin proxy": {*SLOW, "fastapi"},
}


@pytest.mark.parametrize("name", WITHOUT)
def test_program__should_not_import_what_it_does_not_use(name: str) -> None:
    code = f"import sys, {PROGRAMS[name]}; print(*sys.modules)"
    done = run([sys.executable, "-P", "-c", code])
    assert done.returncode == 0, done.stderr
    assert WITHOUT[name] & {module.partition(".")[0] for module in done.stdout.split()} == set()
