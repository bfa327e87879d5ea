"""Carry what the older contracts left behind a proxy into the present state.

A proxy of the Direct contracts of October 2024 passes through `ZrSignMigration`: its administrator
points it there, whoever administers the contract carries wallet types, chains, wallets and open
requests in steps of bounded gas and ends the migration, and the proxy's administrator points it to
the present implementation, which refuses every call before that. What there is to carry is read
from the older events and slots, so a migration that was interrupted goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode, encode
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3.types import LogReceipt

from zrsign.contracts import artifact
from zrsign.deployment.changes import Change, Placement, call_data, creation_changes
from zrsign.deployment.create2 import Creation, create2_creation
from zrsign.deployment.plan import DeployError
from zrsign.deployment.settings import ADMIN_ROLE, Settings
from zrsign.deployment.state import (
    CONFIGURATION_EVENTS,
    Contract,
    State,
    Web3,
    logs,
    proxy_slots,
    replay,
)

SIGN = 0xA30BE26D48C79C53518F37FD0BE48E3BD1B55EDC6A24C0BC6A2EFFEEE4C2C800
"""`zrsign.storage.sign`: five words, then mappings."""
CORE = 0x48EBDE936D398C84EEB05A4A224A8389020D9A136A0BF0FB567D809492B2D200
"""`zrsign.storage.core` of the present contracts."""
OPEN = 1
STEP = 40
"""Wallets or requests that one transaction carries; a wallet takes about 60 000 gas."""

_REQUEST = "(bytes32,uint256,bytes32,bytes,address,uint8,bool)"
_KEYS = tuple(
    keccak(text=signature)
    for signature in (
        "ZrKeyRequest(bytes32,address,uint256,uint8,uint256,uint256)",
        "ZrKeyRequest(bytes32,address,uint256,uint8)",
        "ZrKeyResolve(bytes32,address,uint256,string)",
    )
)
_SIGNATURES = {
    keccak(text=f"ZrSigRequest(uint256,bytes32,uint256,uint256,{_REQUEST})"): (
        "uint256",
        "uint256",
        _REQUEST,
    ),
    keccak(text=f"ZrSigRequest(uint256,bytes32,{_REQUEST})"): (_REQUEST,),
}


@dataclass(frozen=True)
class CarryCall:
    """A call of `ZrSignMigration`, and how many wallets or requests it carries."""

    call: bytes
    weight: int = 1


@dataclass(frozen=True)
class Older:
    """What is left of the older contracts. `held` counts all that is open, carried or not."""

    contract: Contract
    collected: int
    held: int
    balance: int
    steps: tuple[CarryCall, ...]
    carrying: bool
    finished: bool


def migration_creation() -> Creation:
    """The implementation between the older contracts and these."""
    return create2_creation("ZrSignMigration", artifact("ZrSignMigration").link())


async def read(w3: Web3, proxy: ChecksumAddress) -> Older | None:
    """What the older contracts left, or None when there is nothing to migrate (any more)."""
    node = _Node(w3, proxy)
    implementation, proxy_admin, pending = await proxy_slots(w3, proxy)
    carrying = implementation == migration_creation().address
    words = [await node.word(SIGN + place) for place in range(5)]
    if not carrying and not any(words):
        return None
    abi = w3.eth.contract(proxy, abi=artifact("ZrSign").abi)
    events = [abi.events[name].build_filter().topics[0] for name in CONFIGURATION_EVENTS]
    latest = await w3.eth.block_number
    holders, wallets, chains = replay(abi, await logs(w3, proxy, events, 0, latest))
    contract = Contract(implementation, proxy_admin, pending, holders, wallets, chains)
    finished = bool(await node.word(CORE))
    if finished:
        return Older(contract, 0, 0, 0, (), carrying, finished)
    topics = ["0x" + topic.hex() for topic in (*_KEYS, *_SIGNATURES)]
    history = await logs(w3, proxy, topics, 0, latest)
    steps = list(_configuration(contract))
    held = await _wallets(node, history, steps) + await _requests(node, history, steps)
    balance = await w3.eth.get_balance(proxy)
    return Older(contract, words[1], held, balance, tuple(steps), carrying, finished)


def survey_changes(
    settings: Settings, target: Placement, state: State, older: Older, me: str | None
) -> Iterator[Change]:
    """What comes next of a migration: each stage belongs to one account, and begins after the last.

    Raises `DeployError` when the contract holds less than it owes.
    """
    library, implementation, _ = target.creations
    needed = (library, implementation, migration_creation())
    yield from creation_changes(settings, needed, state, me)
    now, admins = older.contract, older.contract.holders.get(ADMIN_ROLE, frozenset())
    if not admins:
        raise DeployError(f"{target.proxy} has no administrator, so nothing can be carried.")
    rest = older.balance - older.collected - older.held
    if rest < 0:
        raise DeployError(
            f"{target.proxy} has {-rest} wei less than it owes for open requests and fees.",
            "Find what was paid twice; a contract that selfdestructs can send ether to it.",
        )
    if older.finished or not older.carrying:
        wanted = implementation.address if older.finished else needed[2].address
        yield Change(
            "implementation" if older.finished else "migration",
            *(now.implementation, wanted, now.proxy_admin, target.proxy),
            call_data("upgradeTo(address)", [wanted]),
        )
        return
    sender = me if me in admins else min(admins)
    batches = list(_batches(older.steps))
    for number, batch in enumerate(batches, start=1):
        name, data = f"step {number} of {len(batches)}", call_data("multicall(bytes[])", [batch])
        yield Change("migration", "", name, sender, target.proxy, data)
    after = f"{older.held} wei held, {older.collected} collected, {rest} of nobody"
    data = call_data("finish(int256)", [rest])
    yield Change("end of the migration", "", after, sender, target.proxy, data)


class _Node:
    """The storage of one proxy."""

    def __init__(self, w3: Web3, proxy: ChecksumAddress) -> None:
        self._w3, self._proxy, self._chain = w3, proxy, 0

    async def word(self, slot: int) -> int:
        return int.from_bytes(await self._w3.eth.get_storage_at(self._proxy, slot))

    async def id(self, *parts: tuple[str, Any]) -> bytes:
        """A workspace or wallet: keccak256(abi.encode(chain id, proxy, parts))."""
        self._chain = self._chain or await self._w3.eth.chain_id
        named = [("uint256", self._chain), ("address", self._proxy), *parts]
        return keccak(encode([kind for kind, _ in named], [value for _, value in named]))


def _mapped(key: bytes, slot: int) -> int:
    return int.from_bytes(keccak(key + slot.to_bytes(32)))


def _configuration(contract: Contract) -> Iterator[CarryCall]:
    types = {keccak(p.to_bytes(32) + c.to_bytes(32)) for p, c in contract.wallets}
    types |= {kind for kind, _ in contract.chains}
    if types:
        yield CarryCall(call_data("carryWalletTypes(bytes32[])", [sorted(types)]), len(types))
    for kind in sorted({kind for kind, _ in contract.chains}):
        hashes = sorted(keccak(text=caip) for each, caip in contract.chains if each == kind)
        yield CarryCall(call_data("carryChains(bytes32,bytes32[])", [kind, hashes]), len(hashes))


async def _wallets(node: _Node, history: Sequence[LogReceipt], steps: list[CarryCall]) -> int:
    """Add the wallets that are left; what all open key requests hold."""
    owners = {
        (bytes(log["topics"][1]), to_checksum_address(bytes(log["topics"][2])[12:]))
        for log in history
        if bytes(log["topics"][0]) in _KEYS
    }
    held = 0
    for kind, owner in sorted(owners):
        parts = [("bytes32", kind), ("address", owner)]
        workspace = await node.id(*parts)
        count = await node.word(_mapped(workspace, SIGN + 7))
        carried = await node.word(_mapped(workspace, CORE + 4))
        key = await node.id(*parts, ("uint256", count))
        registry = _mapped(key, SIGN + 8)
        is_open = await node.word(registry) & 0xFF == OPEN
        held += await node.word(registry + 1) if is_open else 0
        left = count - carried
        if is_open and not left and not await node.word(_mapped(key, CORE + 5)):
            left = 1
        for from_ in range(0, left, STEP):
            most = min(STEP, left - from_)
            arguments = [kind, owner, most]
            steps.append(
                CarryCall(call_data("carryWallets(bytes32,address,uint256)", arguments), most)
            )
    return held


async def _requests(node: _Node, history: Sequence[LogReceipt], steps: list[CarryCall]) -> int:
    """Add the signature requests that are left; what all open ones hold."""
    asked = {
        int.from_bytes(log["topics"][1]): decode(kinds, log["data"])[-1]
        for log in history
        if (kinds := _SIGNATURES.get(bytes(log["topics"][0])))
    }
    held = 0
    for trace_id, request in sorted(asked.items()):
        registry = _mapped(trace_id.to_bytes(32), SIGN + 9)
        if await node.word(registry) & 0xFF != OPEN:
            continue
        held += await node.word(registry + 1)
        if not await node.word(_mapped(trace_id.to_bytes(32), CORE + 6)):
            data = call_data(f"carryRequests(uint256[],{_REQUEST}[])", [[trace_id], [request]])
            steps.append(CarryCall(data))
    return held


def _batches(steps: Sequence[CarryCall]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    weight = 0
    for step in steps:
        if batch and weight + step.weight > STEP:
            yield batch
            batch, weight = [], 0
        batch.append(step.call)
        weight += step.weight
    if batch:
        yield batch
