"""The JSON-RPC and the sign modes, proven by CosmJS as it is, over HTTP and over a WebSocket."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.processes import run
from tests.zrchain_lite.chain import (
    ALICE,
    BOB,
    CAROL,
    CHAIN_ID,
    FUNDS,
    NOBODY,
    genesis,
    node_config,
)
from tests.zrchain_lite.modules.staking.stake import creation
from tests.zrsign_chains.cosmos_wire import read_back
from zrchain_lite import amino
from zrchain_lite.account_keys import AccountKey
from zrchain_lite.engine.validator_key import ValidatorKey
from zrchain_lite.node import RunningNode, serving
from zrchain_lite.tx import pack
from zrchain_lite.validator_addresses import operator_of
from zrchain_lite.wire.cosmos.bank.v1beta1.tx_pb2 import MsgSend
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.cosmos.tx.v1beta1.tx_pb2 import AuthInfo, Fee, TxBody
from zrsign.node import modules
from zrsign_chains import ecdsa
from zrsign_chains.cosmos import keyring_address, workspace_address

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tests" / "cosmjs" / "client.mjs"
GRANTS = SCRIPT.with_name("grants.mjs")
AMINO = SCRIPT.with_name("amino.mjs")
MODULES = SCRIPT.parent / "node_modules"
ECDSA = "KEY_TYPE_ECDSA_SECP256K1"
NODE = shutil.which("node") or str(ROOT / ".tools" / "bin" / "node")

pytestmark = pytest.mark.skipif(
    not (MODULES / "@cosmjs" / "stargate").is_dir() or not Path(NODE).exists(),
    reason="CosmJS is not installed: make test installs it",
)


@pytest.mark.parametrize("scheme", ["http", "ws"])
async def test_cosmjs__should_simulate_send_and_find_a_transfer(
    node: RunningNode, scheme: str
) -> None:
    url = f"{scheme}://127.0.0.1:{node.rpc_port}"
    words = [
        NODE,
        SCRIPT,
        MODULES,
        url,
        ALICE.secret.secret.hex(),
        BOB.address,
        "77",
    ]
    done = await asyncio.to_thread(run, words)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert (seen["client"], seen["chainId"], seen["genesis"]) == (
        "Comet38Client",
        CHAIN_ID,
        CHAIN_ID,
    )
    assert (seen["sender"], seen["sequence"], seen["balance"]) == (
        ALICE.address,
        1,
        str(FUNDS + 77),
    )
    assert (seen["code"], seen["found"]) == (0, seen["height"])
    assert (seen["staked"], seen["delegation"]) == ("0", None)
    tx = await read_back(node, ALICE.address, seen["height"])
    assert (tx.to, tx.amount, tx.memo) == (BOB.address, 77, "cosmjs")
    assert tx.signer.public_key == ALICE.public_key
    assert (seen["searched"], seen["blockTxs"], seen["results"], seen["validators"]) == (1, 1, 1, 1)


MEMO = 'a <b> & "c" \\ \u00e9 \U0001f511 \n\t\x01\x7f'


def document(amount: list[tuple[str, str]], memo: str, timeout: int = 0) -> tuple[Any, bytes]:
    """A transfer as CosmJS is told of it, and what this ledger says that one signs for it."""
    coins = [{"denom": denom, "amount": value} for denom, value in amount]
    told = {
        "messages": [
            {
                "typeUrl": "/cosmos.bank.v1beta1.MsgSend",
                "value": {
                    "fromAddress": ALICE.address,
                    "toAddress": BOB.address,
                    "amount": coins,
                },
            }
        ],
        "fee": {"amount": coins, "gas": "200000"},
        "memo": memo,
        "number": 7,
        "sequence": 2**53 - 1,
        "timeout": str(timeout) if timeout else "",
    }
    message = MsgSend(
        from_address=ALICE.address,
        to_address=BOB.address,
        amount=[Coin(**coin) for coin in coins],
    )
    body = TxBody(messages=[pack(message)], memo=memo, timeout_height=timeout)
    auth_info = AuthInfo(fee=Fee(amount=[Coin(**coin) for coin in coins], gas_limit=200_000))
    return told, amino.sign_bytes(body, auth_info, CHAIN_ID, 7, 2**53 - 1)


async def test_cosmjs__should_sign_in_amino_json_alone_and_as_two_of_three(
    node: RunningNode,
) -> None:
    documents = [
        document([("urock", "1")], "plain"),
        document([], ""),
        document([("urock", "1"), ("uother", "9" * 40)], MEMO, timeout=2**62),
    ]
    words = [
        NODE,
        AMINO,
        MODULES,
        f"http://127.0.0.1:{node.rpc_port}",
        ",".join(each.secret.secret.hex() for each in (ALICE, BOB, CAROL)),
        MEMO,
        json.dumps([told for told, _ in documents]),
    ]
    done = await asyncio.to_thread(run, words)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert [bytes.fromhex(each) for each in seen["documents"]] == [ours for _, ours in documents]
    assert (seen["address"], seen["alone"]) == (ALICE.address, 0)
    key = AccountKey((ALICE.public_key, BOB.public_key, CAROL.public_key), 2)
    assert seen["shared"] == key.address()
    assert (seen["oneOfThree"], seen["twoOfThree"], seen["again"]) == (4, 0, 0)
    assert (seen["sequence"], seen["balance"]) == (2, str(1_000_000 - 2 * (40 + 7)))


@pytest.mark.parametrize("mode", ["direct", "amino"])
async def test_cosmjs__should_grant_execute_and_pay_for_another(
    node: RunningNode, mode: str
) -> None:
    """Nobody has no coins: what it does, Alice lets it do, and Alice pays."""
    secrets = [each.secret.secret.hex() for each in (ALICE, NOBODY)]
    url = f"http://127.0.0.1:{node.rpc_port}"
    done = await asyncio.to_thread(run, [NODE, GRANTS, MODULES, url, mode, *secrets, BOB.address])
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["codes"] == [0, 0, 5, 0, 2]
    assert (seen["left"], seen["spendable"]) == ("40", str(500 - 2 * 40))
    assert (seen["balance"], seen["grantee"]) == (str(FUNDS + 60 + 3), 0)


async def test_keyring_of_zrchain__should_make_a_key_and_sign_with_it(tmp_path: Path) -> None:
    """Encoded and read by protobufjs, with zrChain's numbers alone."""
    wire = ROOT / "tests" / "vectors" / "zrchain-wire.json"
    first = genesis(identity={"params": {"keyringCreationFee": "0"}})
    async with serving(node_config(tmp_path, first), modules, asyncio.Event()) as (node, _):
        url, secret = f"http://127.0.0.1:{node.rpc_port}", ALICE.secret.secret.hex()
        words = [NODE, SCRIPT.with_name("keyring.mjs"), MODULES, url, secret, wire]
        done = await asyncio.to_thread(run, words)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["workspace"] == [[workspace_address(1), [ALICE.address]]]
    pending = [ALICE.address, keyring_address(1), ECDSA, "KEY_REQUEST_STATUS_PENDING", 5, True]
    assert (seen["asked"], seen["total"]) == (pending, 0)
    assert seen["key"] == [ECDSA, ALICE.public_key.hex(), 5]
    assert {"address": ALICE.evm_address, "type": "WALLET_TYPE_EVM"} in seen["wallets"]
    digest = sha256(b"to be signed").digest()
    assert seen["request"] == [[1], digest.hex(), "SIGN_REQUEST_STATUS_PENDING"]
    assert seen["done"] == ["SIGN_REQUEST_STATUS_FULFILLED", [ALICE.address]]
    ecdsa.verify(ALICE.public_key, digest, bytes.fromhex(seen["signature"])[:64])


@pytest.mark.parametrize("mode", ["direct", "amino"])
async def test_cosmjs__should_delegate_claim_move_take_back_and_vote(
    tmp_path: Path, mode: str
) -> None:
    """A wallet's life with stake, beside another account that becomes a validator."""
    key = ValidatorKey.kept(_made(tmp_path / "home"))
    public = {
        "@type": "/cosmos.crypto.ed25519.PubKey",
        "key": base64.b64encode(key.public).decode(),
    }
    first = genesis(staking={"validators": [creation(ALICE, pubkey=public)]})
    async with serving(node_config(tmp_path, first), modules, asyncio.Event()) as (node, _):
        words = [
            NODE,
            SCRIPT.with_name("stake.mjs"),
            MODULES,
            f"http://127.0.0.1:{node.rpc_port}",
            mode,
            BOB.secret.secret.hex(),
            operator_of(ALICE.address),
            CAROL.secret.secret.hex(),
        ]
        done = await asyncio.to_thread(run, words)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["codes"] == [0] * 9
    (earned,) = seen["earned"]
    assert int(earned) > 0
    assert seen["claimed"] >= int(earned) // 10**18 - 60
    assert seen["delegations"] == ["10000000", "19400005"]
    assert seen["delegation"] == "19400005"
    assert seen["validators"] == sorted([ALICE.address[-6:], "second"])
    assert seen["yes"] == str(10_000_000 + 19_400_005)
    assert seen["left"] == "1000000"


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
