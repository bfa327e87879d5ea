"""What `zrsign request` makes of a wallet's word and of a destination that nobody names."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from zrsign.cli import requests
from zrsign.errors import UsageError
from zrsign.local.network import manifest
from zrsign_chains import (
    BITCOIN_REGTEST,
    BITCOIN_TEST,
    COSMOS,
    COSMOS_LOCAL,
    EVM,
    SOLANA,
    SOLANA_LOCALNET,
    WALLET_TYPES,
    UnknownWalletType,
    WalletType,
)

CHAINS = {
    "evm-source": "eip155:31337",
    "evm-destination": "eip155:31338",
    "bitcoin": BITCOIN_REGTEST,
    "solana": SOLANA_LOCALNET,
    "ledger": COSMOS_LOCAL,
}


def serve(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """A network with these nodes, beside its ledger."""
    nodes = [SimpleNamespace(name=name, caip2=CHAINS[name]) for name in names if name != "ledger"]
    chain_id = COSMOS_LOCAL.removeprefix("cosmos:")
    network = manifest.Manifest.model_construct(
        chains=nodes, ledger=SimpleNamespace(chain_id=chain_id, rpc="http://127.0.0.1:1")
    )

    def load(state_dir: Path | None = None) -> manifest.Manifest:
        return network

    monkeypatch.setattr(manifest, "load", load)


@pytest.mark.parametrize("wallet", WALLET_TYPES, ids=lambda wallet: wallet.name)
def test_wallet_type__should_be_known_by_word_and_by_coin(wallet: WalletType) -> None:
    assert requests.wallet_type(wallet.word.upper()) is wallet
    assert requests.wallet_type(str(wallet.coin_type)) is wallet


def test_wallet_type__should_name_those_that_there_are() -> None:
    with pytest.raises(UsageError) as refused:
        requests.wallet_type("doge")
    words = ", ".join(wallet.word for wallet in WALLET_TYPES)
    assert refused.value.hint == f"Use one of: {words}, or a coin type."
    with pytest.raises(UnknownWalletType):
        requests.wallet_type("3")


@pytest.mark.parametrize(
    ("wallet", "preferred", "expected"),
    [
        (EVM, "evm-source", "evm-source"),
        (EVM, "evm-destination", "evm-destination"),
        (BITCOIN_TEST, "evm-source", "bitcoin"),
        (SOLANA, "evm-source", "solana"),
        (COSMOS, "evm-source", "ledger"),
    ],
)
def test_destination__should_be_the_networks_own_that_fits_the_wallet(
    monkeypatch: pytest.MonkeyPatch, wallet: WalletType, preferred: str, expected: str
) -> None:
    serve(monkeypatch, *CHAINS)
    assert requests._caip2("", wallet, preferred, None) == CHAINS[expected]
    assert requests._caip2("bitcoin", wallet, preferred, None) == BITCOIN_REGTEST
    assert requests._caip2("eip155:5", wallet, preferred, None) == "eip155:5"


def test_destination__should_be_asked_for_where_none_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, "evm-source")
    with pytest.raises(UsageError, match="No chain of this network is one that a Solana wallet"):
        requests._caip2("", SOLANA, "evm-source", None)
