"""What the SDK says when something is wrong: one root, the next step, and nothing spent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from tests.contracts.conftest import MNEMONIC, anvil
from tests.evm import connected
from tests.zrchain_lite.conftest import node  # noqa: F401 - a fixture
from zrchain_lite.client.errors import LedgerUnavailable
from zrchain_lite.node import RunningNode
from zrsign.deployment.deploy import deploy
from zrsign.deployment.plan import Mode, Plan
from zrsign.errors import ContractError, NetworkError, UsageError, ZrSignError
from zrsign.sdk import BITCOIN_TEST, EVM, SOLANA, ContractMode, ZrSign
from zrsign_chains import BITCOIN_REGTEST, SOLANA_LOCALNET, Intent
from zrsign_chains.evm import EvmChain

SOURCE, ELSEWHERE = "eip155:31337", "eip155:31338"
NOBODY = "0x" + "11" * 20
DEAD = "127.0.0.1:9"
BROKEN = "0x5AaEB6053f3e94c9B9a09F33669435e7eF1bEaEd"
"""The first address of EIP-55's examples with every letter in the other case."""


@dataclass(frozen=True)
class World:
    """An EVM chain with both contracts, and a ledger; `user` has ether."""

    rpc: str
    contracts: dict[ContractMode, str]
    user: LocalAccount
    library: str


@pytest.fixture(scope="module")
def chain() -> Iterator[str]:
    with anvil(31337) as url:
        yield url


@pytest.fixture(scope="module")
def world(chain: str) -> World:
    Account.enable_unaudited_hdwallet_features()
    deployer, user = (
        Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{place}") for place in (0, 1)
    )

    async def made() -> dict[ContractMode, Any]:
        w3 = connected(chain)
        try:
            return {
                mode: await deploy(w3, deployer, Plan(Mode(mode), user.address, NOBODY))
                for mode in ContractMode
            }
        finally:
            await w3.provider.disconnect()

    found = asyncio.run(made())
    addresses = {mode: str(one.address) for mode, one in found.items()}
    return World(chain, addresses, user, str(found[ContractMode.OMNI].library))


@pytest.fixture(scope="module")
def stranger() -> Iterator[str]:
    """A web server that knows nothing of JSON-RPC."""

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>Hello</html>")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
async def zr(world: World, node: RunningNode) -> AsyncIterator[ZrSign]:  # noqa: F811
    omni, ledger = world.contracts[ContractMode.OMNI], f"127.0.0.1:{node.grpc_port}"
    async with ZrSign.connect(world.rpc, omni, world.user, ledger=ledger) as made:
        yield made


def says_the_next_step(error: ZrSignError) -> None:
    assert str(error)[0].isupper() or str(error)[0].isdigit() or "'" in str(error)
    assert len(error.hint) > 10


WRONG_PLACES: dict[str, tuple[dict[str, Any], type[ZrSignError], str]] = {
    "no node": ({"rpc_url": f"http://{DEAD}"}, NetworkError, "No EVM node"),
    "no URL": ({"rpc_url": "sepolia"}, NetworkError, "No EVM node"),
    "web page": ({"rpc_url": "STRANGER"}, NetworkError, "No EVM node"),
    "ledger's port": ({"rpc_url": "LEDGER"}, NetworkError, "No EVM node"),
    "no code": ({"contract": NOBODY}, ContractError, "no contract"),
    "another contract": ({"contract": "LIBRARY"}, ContractError, "no zrSign contract"),
    "omni for direct": ({"mode": ContractMode.DIRECT}, ContractError, "mode omni, not direct"),
    "direct for omni": ({"contract": "DIRECT"}, ContractError, "mode direct, not omni"),
    "checksum": ({"contract": "BROKEN"}, UsageError, "EIP-55"),
    "ENS": ({"contract": "zrsign.eth"}, UsageError, "not an EVM address"),
    "no text": ({"contract": 5}, UsageError, "not int"),
    "no ledger": ({"ledger": DEAD}, NetworkError, "No ledger answers"),
    "no certificates": (
        {"ca": Path("/nowhere.pem"), "ledger": f"https://{DEAD}"},
        NetworkError,
        "nowhere.pem",
    ),
    "rpc for ledger": ({"ledger": "RPC"}, NetworkError, "No ledger answers"),
}


@pytest.mark.parametrize("case", WRONG_PLACES)
async def test_connecting__should_refuse_what_is_not_there(
    case: str,
    world: World,
    stranger: str,
    node: RunningNode,  # noqa: F811
) -> None:
    wrong, error, said = WRONG_PLACES[case]
    omni, ledger = world.contracts[ContractMode.OMNI], f"127.0.0.1:{node.grpc_port}"
    named = {
        "STRANGER": stranger,
        "LEDGER": f"http://{ledger}",
        "RPC": world.rpc.removeprefix("http://"),
        "LIBRARY": world.library,
        "DIRECT": world.contracts[ContractMode.DIRECT],
        "BROKEN": BROKEN,
    }
    asked = {"rpc_url": world.rpc, "contract": omni, "ledger": ledger} | {
        name: named.get(str(value), value) for name, value in wrong.items()
    }
    with pytest.raises(error, match=said) as refused:
        async with ZrSign.connect(account=world.user, **asked):
            pass
    says_the_next_step(refused.value)


async def test_url__should_not_be_shown_with_its_key(world: World, node: RunningNode) -> None:  # noqa: F811
    ledger = f"127.0.0.1:{node.grpc_port}"
    with pytest.raises(NetworkError) as refused:
        async with ZrSign.connect(
            f"http://me:secret@{DEAD}/v3/secret", NOBODY, world.user, ledger=ledger
        ):
            pass
    assert "secret" not in str(refused.value)
    assert DEAD in str(refused.value)


def payment_on(chain: str) -> bytes:
    intent = Intent(NOBODY, 1, b"", max_network_fee=10**18)
    return EvmChain(chain).compose(intent, 0, gas=21_000, max_fee=2, priority_fee=1)


Ask = Callable[[ZrSign], Awaitable[object]]
REFUSED: dict[str, tuple[Ask, str]] = {
    "owner's checksum": (
        lambda zr: zr.request_key(EVM, owner=BROKEN),
        "EIP-55",
    ),
    "owner by ENS": (lambda zr: zr.request_key(EVM, owner="zrsign.eth"), "not an EVM address"),
    "wallet by word": (lambda zr: zr.request_key("evm"), "not str"),  # type: ignore[arg-type]
    "short hash": (lambda zr: zr.sign_hash(EVM, 0, SOURCE, b"\1" * 31), "32 bytes"),
    "hash as text": (lambda zr: zr.sign_hash(EVM, 0, SOURCE, "0x" + "1" * 64), "not str"),  # type: ignore[arg-type]
    "no data": (lambda zr: zr.sign_data(EVM, 0, SOURCE, b""), "empty"),
    "data as text": (lambda zr: zr.sign_data(EVM, 0, SOURCE, "hi"), "not str"),  # type: ignore[arg-type]
    "no chain": (lambda zr: zr.sign_data(EVM, 0, "sepolia", b"hi"), "CAIP-2"),
    "another family": (lambda zr: zr.sign_data(EVM, 0, SOLANA_LOCALNET, b"hi"), "does not sign"),
    "another network": (
        lambda zr: zr.sign_data(BITCOIN_TEST, 0, "bip122:000000000019d6689c085ae165831e93", b"hi"),
        "does not sign",
    ),
    "no family": (lambda zr: zr.sign_data(EVM, 0, "polkadot:1", b"hi"), "does not sign"),
    "index": (lambda zr: zr.sign_data(EVM, -1, SOURCE, b"hi"), "whole number"),
    "empty transaction": (lambda zr: zr.sign_tx(EVM, 0, SOURCE, b""), "empty"),
    "no transaction": (lambda zr: zr.sign_tx(EVM, 0, SOURCE, b"\2 none"), "."),
    "another chain's": (lambda zr: zr.sign_tx(EVM, 0, SOURCE, payment_on(ELSEWHERE)), "31338"),
    "no PSBT": (lambda zr: zr.sign_tx(BITCOIN_TEST, 0, BITCOIN_REGTEST, b"psbt"), "."),
    "no message": (lambda zr: zr.sign_tx(SOLANA, 0, SOLANA_LOCALNET, b"\0"), "."),
    "payee's checksum": (
        lambda zr: zr.sign_simple_tx(EVM, 0, SOURCE, BROKEN, 1),
        "EIP-55",
    ),
    "payee by ENS": (lambda zr: zr.sign_simple_tx(EVM, 0, SOURCE, "zrsign.eth", 1), "EVM address"),
    "mainnet's payee": (
        lambda zr: zr.sign_simple_tx(
            BITCOIN_TEST, 0, BITCOIN_REGTEST, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", 1
        ),
        ".",
    ),
    "less than nothing": (lambda zr: zr.sign_simple_tx(EVM, 0, SOURCE, NOBODY, -1), "-1"),
    "too much": (
        lambda zr: zr.sign_simple_tx(SOLANA, 0, SOLANA_LOCALNET, "1" * 32, 2**64),
        "more than",
    ),
    "a fraction": (lambda zr: zr.sign_simple_tx(EVM, 0, SOURCE, NOBODY, 0.5), "whole number"),  # type: ignore[arg-type]
    "data with bitcoin": (
        lambda zr: zr.sign_simple_tx(
            BITCOIN_TEST,
            0,
            BITCOIN_REGTEST,
            "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080",
            1,
            b"x",
        ),
        "no data",
    ),
}


async def test_request__should_be_refused_before_it_costs_anything(
    zr: ZrSign, world: World
) -> None:
    w3 = zr.contract.w3
    before = await w3.eth.get_balance(world.user.address)
    for case, (ask, said) in REFUSED.items():
        with pytest.raises(UsageError, match=said) as refused:
            await ask(zr)
        assert refused.value.hint, case
    assert await w3.eth.get_transaction_count(world.user.address) == 0
    assert await w3.eth.get_balance(world.user.address) == before


async def test_ledger_that_went_away__should_be_an_error_of_the_sdk(
    zr: ZrSign, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: object, **__: object) -> None:
        raise LedgerUnavailable("no answer from the ledger")

    monkeypatch.setattr(zr.receiver.client, "query", gone)
    with pytest.raises(NetworkError) as refused:
        await zr.wallet_address(EVM, 0)
    assert refused.value.hint
