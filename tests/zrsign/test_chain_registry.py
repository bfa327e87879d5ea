"""What wallets are told of a ledger comes from the ledger that runs."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

from typer.testing import CliRunner

from tests.zrchain_lite.chain import CHAIN_ID, genesis, node_config
from tests.zrchain_lite.test_guarded_doors import certificate
from zrchain_lite.api.http import Tls
from zrchain_lite.doors import Guard
from zrchain_lite.node import serving
from zrsign.cli import app
from zrsign.node import modules


async def test_registry__should_describe_the_running_ledger(tmp_path: Path) -> None:
    first = genesis(consensus={"min_gas_price": "0.005urock"})
    async with serving(node_config(tmp_path, first), modules, asyncio.Event()) as (node, _):
        words = ["ledger", "registry", "--grpc", f"127.0.0.1:{node.grpc_port}"]
        words += ["--rpc", "https://rpc.example", "--rest", "https://rest.example"]
        done = await asyncio.to_thread(CliRunner().invoke, app, words)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    chain, keplr = told["chain.json"], told["keplr"]
    assert (chain["chain_id"], keplr["chainId"]) == (CHAIN_ID, CHAIN_ID)
    assert (chain["chain_name"], chain["bech32_prefix"], chain["slip44"]) == (
        "testchain1",
        "zen",
        118,
    )
    (fee,) = chain["fees"]["fee_tokens"]
    assert (fee["denom"], fee["fixed_min_gas_price"]) == ("urock", 0.005)
    assert keplr["bip44"] == {"coinType": 118}
    assert keplr["bech32Config"]["bech32PrefixValPub"] == "zenvaloperpub"
    assert keplr["feeCurrencies"][0]["gasPriceStep"]["low"] == 0.005
    assert keplr["currencies"] == [
        {"coinDenom": "ROCK", "coinMinimalDenom": "urock", "coinDecimals": 6}
    ]
    assert told["assetlist.json"]["assets"][0]["base"] == "urock"
    assert told["amino"]["/cosmos.bank.v1beta1.MsgSend"] == "cosmos-sdk/MsgSend"
    names = told["amino"]
    assert names["/zrchain.policy.MsgNewPolicy"] == "/zrchain.policy.MsgNewPolicy"


async def test_registry__should_verify_the_ledger_by_its_certificates(tmp_path: Path) -> None:
    files = certificate(tmp_path)
    config = replace(node_config(tmp_path, genesis()), guard=Guard(tls=Tls(*map(str, files))))
    async with serving(config, modules, asyncio.Event()) as (node, _):
        words = ["ledger", "registry", "--grpc", f"https://127.0.0.1:{node.grpc_port}"]
        words += ["--rpc", "https://rpc.example", "--rest", "https://rest.example"]
        words += ["--ca", str(files[0])]
        done = await asyncio.to_thread(CliRunner().invoke, app, words)
    assert json.loads(done.stdout)["chain.json"]["chain_id"] == CHAIN_ID
