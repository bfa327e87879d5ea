"""Whether a network is what its profile says: each part is asked, and nothing is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass

from web3 import AsyncHTTPProvider, AsyncWeb3

from zrchain_lite.client.errors import ClientError
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as wire
from zrsign.errors import ContractError, NetworkError, ZrSignError
from zrsign.local.network.rpc import Rpc
from zrsign.networks.accounts import ProfileAccount
from zrsign.networks.network import ChainEntry, ContractEntry
from zrsign.networks.profiles import Profile
from zrsign.sdk import preflight
from zrsign.sdk.contract import NODE_ERRORS, mode_of
from zrsign.sdk.ledger import QUERY
from zrsign_chains.caip import ChainId
from zrsign_daemon.jsonrpc import NodeRefused, NodeUnavailable

GENESIS: Mapping[str, tuple[str, tuple[object, ...]]] = {
    "eip155": ("eth_chainId", ()),
    "bip122": ("getblockhash", (0,)),
    "solana": ("getGenesisHash", ()),
}
"""What a node of each namespace says its chain's id with (CAIP-2)."""
REFERENCE_LENGTH = 32
"""How many characters of a genesis block's hash are the reference of a CAIP-2 id."""
TIMEOUT_S = 20.0
UNVERIFIED = "no root: what it says is believed, not verified"


@dataclass(frozen=True)
class Finding:
    """A part of a network; `fault` is "" when all is well, and `note` is no fault."""

    part: str
    where: str
    fault: str
    note: str = ""


async def check(network: Profile) -> list[Finding]:
    """Ask chains, contracts and ledger, and look for the accounts' keys, which stay closed."""
    looks = [
        *(_found(f"chain {e.name}", Rpc(e.rpc_url).endpoint, _chain(e)) for e in network.chains),
        *(
            _found(f"{each.mode} contract", each.address, _contract(each, network))
            for each in network.contracts
        ),
        _found("ledger", network.ledger.grpc, _ledger(network)),
        *(_found(f"account {e.name}", e.source, _key(e)) for e in network.accounts),
    ]
    return list(await asyncio.gather(*looks))


async def _found(part: str, where: str, look: Coroutine[object, object, str]) -> Finding:
    try:
        note = await asyncio.wait_for(look, TIMEOUT_S)
    except (ZrSignError, ClientError, NodeRefused, NodeUnavailable, *NODE_ERRORS) as error:
        return Finding(part, where, str(error) or type(error).__name__)
    return Finding(part, where, "", note)


async def _chain(entry: ChainEntry) -> str:
    wanted = ChainId.parse(entry.caip2)
    if wanted.namespace not in GENESIS:
        return "is not asked"
    async with Rpc(entry.rpc_url, entry.cookie_file) as node:
        method, parameters = GENESIS[wanted.namespace]
        answer = str(await node.call(method, *parameters))
    is_evm = wanted.namespace == "eip155"
    found = str(int(answer, 16)) if is_evm else answer[:REFERENCE_LENGTH]
    # The reference of a local Solana is a word, as each has a genesis of its own.
    if found != wanted.reference and wanted.reference != "localnet":
        raise NetworkError(f"the node is one of {wanted.namespace}:{found}, not of {wanted}")
    return ""


async def _contract(entry: ContractEntry, network: Profile) -> str:
    address = preflight.address(entry.address)
    w3 = AsyncWeb3(AsyncHTTPProvider(network.chain(entry.chain).rpc_url))
    try:
        found = await mode_of(w3, address)
    finally:
        await w3.provider.disconnect()
    if found != entry.mode:
        raise ContractError(f"the contract is one of the mode {found}")
    return ""


async def _ledger(network: Profile) -> str:
    async with network.ledger.client() as client:
        found = await client.chain_id()
        if found != network.ledger.chain_id:
            raise NetworkError(f"the node is one of {found}, not of {network.ledger.chain_id}")
        await client.query(QUERY + "Params", wire.QueryParamsRequest(), wire.QueryParamsResponse)
    return "" if network.ledger.root else UNVERIFIED


async def _key(account: ProfileAccount) -> str:
    return account.found()
