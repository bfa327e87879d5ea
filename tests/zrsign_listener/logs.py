"""Builders of logs, for the listener's tests."""

from __future__ import annotations

from eth_abi.abi import encode
from eth_utils.abi import collapse_if_tuple

from zrsign_chains import contract_abi
from zrsign_daemon.events.decode import ACCOUNT_LINKED, KEY_REQUEST, SIG_REQUEST, Block, EvmLog

CHAIN = "eip155:31337"
CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
WALLET_TYPE = bytes.fromhex("e146c2986893c43af5ff396310220be92058fb9f4ce76b929b80ef0d5307100a")
DESTINATION = bytes.fromhex("318e51c37247d03bad135571413b06a083591bcc680967d80bf587ac928cf369")


def block(number: int, fork: int = 0) -> Block:
    return Block(number, number.to_bytes(31) + bytes([fork]))


def word(value: int) -> bytes:
    return value.to_bytes(32)


def key_log(
    *, number: int = 7, index: int = 0, owner: str = OWNER, wallet_index: int = 3, options: int = 1
) -> EvmLog:
    topics = (KEY_REQUEST, WALLET_TYPE, bytes(12) + bytes.fromhex(owner[2:]), word(wallet_index))
    data = encode(["uint8", "uint256", "uint256"], [options, 10**18, 5])
    return EvmLog(CONTRACT, topics, data, block(number), word(number), index)


def link_log(account: str | bytes = "zen1account", *, owner: str = OWNER) -> EvmLog:
    topics = (ACCOUNT_LINKED, bytes(12) + bytes.fromhex(owner[2:]))
    content = account.encode() if isinstance(account, str) else account
    return EvmLog(CONTRACT, topics, encode(["bytes"], [content]), block(7), word(7), 0)


def sig_log(
    trace_id: int,
    *,
    number: int = 7,
    index: int = 0,
    owner: str = OWNER,
    wallet_index: int = 0,
    payload: bytes = b"\x01" * 32,
    kind: int = 0,
    broadcast: bool = False,
) -> EvmLog:
    asked = {
        "walletTypeId": WALLET_TYPE,
        "walletIndex": wallet_index,
        "dstChainId": DESTINATION,
        "payload": payload,
        "owner": owner,
        "zrSignReqType": kind,
        "broadcast": broadcast,
    }
    params = contract_abi.event("ZrSigRequest").entry["inputs"][-1]
    values = tuple(asked.get(field["name"], 0) for field in params["components"])
    data = encode(["uint256", "uint256", collapse_if_tuple(params)], [10**18, 5, values])
    topics = (SIG_REQUEST, word(trace_id), b"\x22" * 32)
    return EvmLog(CONTRACT, topics, data, block(number), word(number * 1000 + trace_id), index)
