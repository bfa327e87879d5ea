"""What a chain says of a deployment: code, the proxy's slots, and the configuration by its events.

The contracts emit an event for every change of a role, a wallet type or a chain, so the events in
order are the state. Fees, safety and pause are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from web3 import AsyncWeb3
from web3.contract import AsyncContract
from web3.exceptions import BadFunctionCallOutput, ContractLogicError, Web3Exception
from web3.types import FilterParams, LogReceipt

from zrsign.contracts import artifact
from zrsign.deployment.create2 import CREATE2_DEPLOYER, Creation
from zrsign.deployment.plan import DeployError, Mode

Web3: TypeAlias = "AsyncWeb3[Any]"
Holders: TypeAlias = Mapping[bytes, frozenset[str]]

IMPLEMENTATION_SLOT = 0x360894A13BA1A3210667C828492DB98DCA3E2076CC3735A920A3CA505D382BBC
ADMIN_SLOT = 0xB53127684A568B3173AE13B9F8A6016E243E63B6E8EE1178D6A717850B5D6103
PENDING_ADMIN_SLOT = 0x864FE03D5002E0D6897A94833AFFD228BEFD5CBF65587923D4481F273CF10400
CONFIGURATION_EVENTS = ("RoleGranted", "RoleRevoked", "WalletTypeIdSupport", "ChainIdSupport")


@dataclass(frozen=True)
class Contract:
    """A proxy as it is. `wallets` are (purpose, coin type), `chains` (wallet type id, CAIP-2).

    `fees` are those of the network, and of answers: None while the implementation has none.
    """

    implementation: ChecksumAddress
    proxy_admin: ChecksumAddress
    pending_admin: ChecksumAddress | None = None
    holders: Holders = field(default_factory=dict)
    wallets: frozenset[tuple[int, int]] = frozenset()
    chains: frozenset[tuple[bytes, str]] = frozenset()
    fees: tuple[int, int | None, int | None] = (0, 0, 0)
    safety: tuple[int, ...] = (0, 0, 0, 0, 0)
    paused: bool = False


@dataclass(frozen=True)
class State:
    """`created` names the plan's contracts that are there, `contract` is None until the proxy is.

    `keyless_wei` is the balance of the presigned transaction's sender.
    """

    chain_id: int
    create2: bool
    keyless_wei: int
    created: frozenset[str]
    contract: Contract | None


async def read(
    w3: Web3,
    mode: Mode,
    creations: tuple[Creation, ...],
    proxy: ChecksumAddress,
    keyless: ChecksumAddress,
    from_block: int = 0,
    known: Contract | None = None,
) -> State:
    """Ask a node, also for the contract unless it is `known`.

    Raises `DeployError` when the node does not give the events.
    """
    # One request at a time: web3 does not end when one of several fails.
    addresses = (CREATE2_DEPLOYER, *(each.address for each in creations), proxy)
    there = {address: bool(await w3.eth.get_code(address)) for address in addresses}
    if known is None and there[proxy]:
        known = await _contract(w3, mode, proxy, from_block)
    return State(
        chain_id=await w3.eth.chain_id,
        create2=there[CREATE2_DEPLOYER],
        keyless_wei=await w3.eth.get_balance(keyless),
        created=frozenset(each.name for each in creations if there[each.address]),
        contract=known,
    )


async def _contract(w3: Web3, mode: Mode, proxy: ChecksumAddress, from_block: int) -> Contract:
    contract = w3.eth.contract(proxy, abi=artifact(mode.contract).abi)
    topics = [contract.events[name].build_filter().topics[0] for name in CONFIGURATION_EVENTS]
    first, latest = await _first_block(w3, proxy, from_block), await w3.eth.block_number
    holders, wallets, chains = replay(contract, await logs(w3, proxy, topics, first, latest))
    functions = contract.functions
    mpc_fee = await functions.getMPCFee().call()
    resp_gas, buffer = None, None
    if mode is Mode.DIRECT:
        with suppress(ContractLogicError):
            resp_gas = await functions.getRespGas().call()
            buffer = await functions.getRespGasPriceBuffer().call()
    implementation, admin, pending = await proxy_slots(w3, proxy)
    return Contract(
        implementation=implementation,
        proxy_admin=admin,
        pending_admin=pending,
        holders=holders,
        wallets=wallets,
        chains=chains,
        fees=(mpc_fee, resp_gas, buffer),
        safety=tuple(await functions.getSafety().call()),
        paused=await functions.paused().call(),
    )


async def takes_typed_answers(w3: Web3, address: str) -> bool:
    """Whether a Direct contract takes EIP-712 answers. All that have a strictness do, also where
    they do not demand it; older ones have none.
    """
    contract = w3.eth.contract(to_checksum_address(address), abi=artifact("ZrSign").abi)
    with suppress(ContractLogicError, BadFunctionCallOutput):
        await contract.functions.getSafety().call()
        return True
    return False


def replay(
    contract: AsyncContract, history: Sequence[LogReceipt]
) -> tuple[Holders, frozenset[tuple[int, int]], frozenset[tuple[bytes, str]]]:
    """Role holders, wallet types and chains after the events."""
    topics = {contract.events[name].build_filter().topics[0]: name for name in CONFIGURATION_EVENTS}
    held: set[tuple[bytes, str]] = set()
    wallets: set[tuple[int, int]] = set()
    chains: set[tuple[bytes, str]] = set()
    for log in sorted(history, key=lambda each: (each["blockNumber"], each["logIndex"])):
        name = topics["0x" + log["topics"][0].hex()]
        values = contract.events[name]().process_log(log)["args"]
        if name.startswith("Role"):
            entry = (bytes(values["role"]), str(values["account"]))
            (held.add if name == "RoleGranted" else held.discard)(entry)
        elif name == "WalletTypeIdSupport":
            kind = (int(values["purpose"]), int(values["coinType"]))
            (wallets.add if values["support"] else wallets.discard)(kind)
        else:
            chain = (bytes(values["walletTypeId"]), str(values["caip"]))
            (chains.add if values["support"] else chains.discard)(chain)
    roles = {role for role, _ in held}
    holders = {role: frozenset(who for each, who in held if each == role) for role in roles}
    return holders, frozenset(wallets), frozenset(chains)


async def logs(
    w3: Web3, address: ChecksumAddress, topics: Sequence[Any], first: int, last: int
) -> list[LogReceipt]:
    """The events of `topics` in a range of blocks, halved for as long as the node finds it too
    large. Raises `DeployError` when it gives none.
    """
    wanted: FilterParams = {
        "address": address,
        "fromBlock": first,
        "toBlock": last,
        "topics": [list(topics)],
    }
    try:
        return list(await w3.eth.get_logs(wanted))
    except Web3Exception as error:
        if last - first < 1_000:
            raise DeployError(
                f"The node gives no events of blocks {first} to {last}: {error}",
                "Name the block of the deployment: from_block of the network.",
            ) from error
    middle = (first + last) // 2
    before = await logs(w3, address, topics, first, middle)
    return before + await logs(w3, address, topics, middle + 1, last)


async def proxy_slots(
    w3: Web3, proxy: ChecksumAddress
) -> tuple[ChecksumAddress, ChecksumAddress, ChecksumAddress | None]:
    """Implementation, administrator, and who was offered the administration."""
    slots = (IMPLEMENTATION_SLOT, ADMIN_SLOT, PENDING_ADMIN_SLOT)
    words = [bytes(await w3.eth.get_storage_at(proxy, slot)) for slot in slots]
    implementation, admin, pending = [to_checksum_address(word[12:]) for word in words]
    return implementation, admin, pending if any(words[2]) else None


async def _first_block(w3: Web3, proxy: ChecksumAddress, from_block: int) -> int:
    """`from_block` where the node says that the contract is not older; else 0.

    An event that is left out could be the one that gave a stranger a role.
    """
    if from_block == 0:
        return 0
    with suppress(Web3Exception):
        if not await w3.eth.get_code(proxy, from_block - 1):
            return from_block
    return 0
