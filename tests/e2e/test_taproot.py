"""A taproot wallet from key request to block: ledger, development keyring, relayer, bitcoind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from relayer.service import run
from relayer.settings import DestinationSettings, RelayerSettings
from tests.relayer.nodes import bitcoind, btc_ask
from tests.waiting import until
from tests.zrsign_chains.builders import BOB, REGTEST
from tests.zrsign_dev_keyring.ledger import QUERY, Ledger, running_ledger
from zrchain_lite.client import LedgerClient
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_chains import Intent
from zrsign_chains.bitcoin import BitcoinChain, Utxo
from zrsign_daemon.retry import Retry
from zrsign_daemon.settings import LedgerAccess
from zrsign_dev_keyring.keyring import LocalKeyring
from zrsign_dev_keyring.vault import Vault

CHAIN = BitcoinChain(REGTEST, taproot=True)
RECIPIENT = CHAIN.address(BOB.public_key)
WALLET_TYPE = treasury.WALLET_TYPE_BTC_TAPROOT_REGNET
COIN_SATS = 100_000_000
MATURITY = 100
Node = Callable[..., Any]


@asynccontextmanager
async def keyring_of(ledger: Ledger, folder: Path) -> AsyncIterator[LocalKeyring]:
    party = ledger.accounts.party
    async with LedgerClient(ledger.grpc, account=party) as client:
        vault = Vault(folder / "vault", b"passphrase", scrypt_n=1024)
        yield LocalKeyring(
            client, party, vault, ledger.keyring, batch=20, concurrency=4, retry=Retry()
        )


@asynccontextmanager
async def relayer_of(ledger: Ledger, folder: Path, url: str, cookie: Path) -> AsyncIterator[None]:
    key = folder / "relayer-key"
    key.write_text(ledger.accounts.relayer.secret.to_hex())
    settings = RelayerSettings(
        ledger=LedgerAccess(grpc=ledger.grpc, key_file=key),
        database_url=f"sqlite+aiosqlite:///{folder / 'outbox.sqlite'}",
        destinations={
            REGTEST: DestinationSettings(rpc_url=url, rpc_cookie_file=cookie, poll_interval_s=0.05)
        },
        poll_interval_s=0.05,
    )
    stop = asyncio.Event()
    task = asyncio.create_task(run(settings, stop))
    try:
        yield
    finally:
        stop.set()
        await task


def coins_of(node: Node, address: str, count: int) -> list[Utxo]:
    """Mature coins, mined for the address."""
    blocks = node("generatetoaddress", count, address)
    node("generatetoaddress", MATURITY, RECIPIENT)
    made = [node("getblock", block, 2)["tx"][0] for block in blocks]
    script = CHAIN.script_for(address)
    return [
        Utxo(each["txid"], 0, round(each["vout"][0]["value"] * COIN_SATS), script) for each in made
    ]


async def wallet_of(ledger: Ledger, key_id: int) -> tuple[bytes, str]:
    """The public key and the address that the ledger names."""
    query = treasury.QueryKeyByIDRequest(id=key_id, wallet_type=WALLET_TYPE)
    found = await ledger.client.query(QUERY + "KeyByID", query, treasury.QueryKeyByIDResponse)
    (wallet,) = found.wallets
    return found.key.public_key, wallet.address


async def ask_transaction(ledger: Ledger, key_ids: list[int], payload: bytes) -> int:
    """The id of the signature request."""
    asked = await ledger.client.broadcast(
        treasury.MsgNewSignTransactionRequest(
            creator=ledger.accounts.authority.address,
            key_ids=key_ids,
            wallet_type=WALLET_TYPE,
            unsigned_transaction=payload,
        )
    )
    made = asked.response(treasury.MsgNewSignTransactionRequestResponse)
    return int(made.signature_request_id)


def nothing_outgoing(ledger: Ledger) -> Callable[[], Awaitable[bool]]:
    async def probe() -> bool:
        answer = await ledger.client.query(
            "/zrsign.receiver.Query/Outgoing",
            receiver.QueryOutgoingRequest(),
            receiver.QueryOutgoingResponse,
        )
        return not answer.outgoing

    return probe


@pytest.mark.parametrize("inputs", [1, 2])
async def test_taproot_wallet__should_pay_on_bitcoin(tmp_path: Path, inputs: int) -> None:
    (tmp_path / "bitcoind").mkdir()
    with bitcoind(tmp_path / "bitcoind") as (url, cookie):

        def node(method: str, *params: Any) -> Any:
            return btc_ask(url, cookie, method, *params)

        async with running_ledger(tmp_path) as ledger, keyring_of(ledger, tmp_path) as keyring:
            key_id = await ledger.ask_key("taproot")
            assert await keyring.turn() == 1
            public_key, address = await wallet_of(ledger, key_id)
            coins = coins_of(node, address, inputs)
            total = sum(coin.value_sats for coin in coins)
            intent = Intent(RECIPIENT, total - COIN_SATS, b"", max_network_fee=100_000)
            payload = CHAIN.compose(
                intent, utxos=coins, fee_rate_sat_vb=3, change_public_key=public_key
            )
            request_id = await ask_transaction(ledger, [key_id] * inputs, payload)
            assert await keyring.turn() == inputs
            answered = await ledger.sign_request(request_id)
            signatures = [each.signed_data for each in answered.signed_data]
            async with relayer_of(ledger, tmp_path, url, cookie):
                (txid,) = await until(pool_of(node), "the payment in the pool")
                (block,) = node("generatetoaddress", 1, RECIPIENT)
                await until(nothing_outgoing(ledger), "the relayer's last report")
        mined = node("getrawtransaction", txid, True, block)
        assert mined["confirmations"] == 1
        assert [spent["txinwitness"] for spent in mined["vin"]] == [
            [signature.hex()] for signature in signatures
        ]
        assert {len(signature) for signature in signatures} == {64}
        paid = {
            out["scriptPubKey"]["address"]: out["scriptPubKey"]["type"] for out in mined["vout"]
        }
        assert paid == {RECIPIENT: "witness_v1_taproot", address: "witness_v1_taproot"}


def pool_of(node: Node) -> Callable[[], Awaitable[list[str]]]:
    async def probe() -> list[str]:
        return list(node("getrawmempool"))

    return probe
