"""Which adapter serves a chain, and what finality each understands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import relayer
from relayer.registry import adapter_for
from zrsign.local.network.ports import free_port
from zrsign_chains.registry import FAMILIES
from zrsign_daemon.errors import SettingsError
from zrsign_daemon.jsonrpc import JsonRpc

SERVED = [namespace for namespace, family in FAMILIES.items() if family.home]
EVM, SOLANA, COSMOS = "eip155:1", "solana:localnet", "cosmos:zrsign-local"
BITCOIN = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328"


def test_every_chain_that_is_known__should_be_served() -> None:
    for namespace in SERVED:
        assert adapter_for(f"{namespace}:any").destination is not None


def test_unknown_chain__should_be_refused_with_those_that_are_served() -> None:
    with pytest.raises(SettingsError, match="polkadot:1; served are eip155, bip122"):
        adapter_for("polkadot:1")


@pytest.mark.parametrize(
    ("chain", "finality"),
    [
        (EVM, None),
        (EVM, 3),
        (EVM, "safe"),
        (EVM, "finalized"),
        (BITCOIN, 6),
        (SOLANA, "confirmed"),
        (SOLANA, "finalized"),
        (COSMOS, 0),
        (COSMOS, "finalized"),
    ],
)
async def test_finality__should_be_taken_in_the_chains_own_words(
    chain: str, finality: int | str | None
) -> None:
    rpc = JsonRpc(f"http://127.0.0.1:{free_port()}")
    destination = adapter_for(chain).destination(chain, rpc, finality, finality)  # type: ignore[arg-type]
    assert destination.chain == chain
    await destination.close()


@pytest.mark.parametrize(
    ("chain", "finality"),
    [
        (EVM, "confirmed"),
        (BITCOIN, "safe"),
        (BITCOIN, "finalized"),
        (SOLANA, 3),
        (SOLANA, "safe"),
        (COSMOS, 1),
    ],
)
async def test_finality_that_a_chain_does_not_know__should_be_refused_at_the_start(
    chain: str, finality: int | str
) -> None:
    rpc = JsonRpc(f"http://127.0.0.1:{free_port()}")
    for depths in ((finality, None), (None, finality)):
        with pytest.raises(SettingsError, match=f"finality of {chain}"):
            adapter_for(chain).destination(chain, rpc, *depths)
    await rpc.close()


def test_rooms_beside_the_destinations__should_name_no_namespace() -> None:
    folder = Path(relayer.__file__).parent
    own = re.compile(rf"\"({'|'.join(SERVED)})[:\"]")
    strays = [
        f"{path.name}: {line.strip()}"
        for path in folder.glob("*.py")
        if path.name != "registry.py"
        for line in path.read_text().splitlines()
        if own.search(line) and not line.startswith("[destinations.")
    ]
    assert strays == []
