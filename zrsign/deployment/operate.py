"""Read a chain, compare it with the file, send what one account may send.

Nothing is sent before the whole difference is known and, where an implementation is to be replaced,
its storage layout may follow the present one. Layouts are kept beside the file, by address of the
implementation: the address follows from the code, so it identifies it on every chain.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_abi.abi import encode
from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from eth_utils.abi import function_signature_to_4byte_selector
from eth_utils.address import to_checksum_address
from web3.exceptions import TimeExhausted, Web3Exception
from web3.types import TxParams, Wei

from zrsign.contracts import artifact
from zrsign.deployment import layout, migration
from zrsign.deployment.changes import Change, Placement, difference
from zrsign.deployment.create2 import PRESIGNED_SENDER, creations, proxy_address
from zrsign.deployment.deploy import require_cancun
from zrsign.deployment.plan import PAUSER_ROLE, DeployError
from zrsign.deployment.settings import Settings
from zrsign.deployment.state import State, Web3, read

_RECEIPT_TIMEOUT_S = 300.0
_RECEIPT_POLL_S = 0.02
_GAS_MARGIN_PERCENT = 125

Tell = Callable[[Change], None]
"""Is told of each change before it is sent."""


@dataclass(frozen=True)
class Survey:
    """What one chain has, and what it lacks."""

    target: Placement
    state: State
    changes: tuple[Change, ...]

    def of(self, sender: str) -> tuple[Change, ...]:
        """What `sender` must send."""
        return tuple(each for each in self.changes if each.sender == sender)


def target_of(settings: Settings) -> Placement:
    """Addresses of everything, the same on every chain."""
    made = creations(settings.mode)
    derived = proxy_address(made[2].address, settings.deployer, settings.salt_bytes)
    return Placement(made, to_checksum_address(settings.proxy) if settings.proxy else derived)


def layouts_file(path: Path) -> Path:
    """Where the layouts of a file's implementations are kept."""
    return path.with_suffix(".layouts.json")


async def survey(
    w3: Web3, settings: Settings, layouts: Path, *, me: str | None = None, from_block: int = 0
) -> Survey:
    """The difference on the chain behind `w3`.

    `me` is preferred where several accounts may send. Raises `DeployError`, also when the storage
    layout of an upgrade does not follow the present one or that one is not known.
    """
    await require_cancun(w3)
    target = target_of(settings)
    older = await migration.read(w3, target.proxy)
    if older is not None:
        return await _survey_older(w3, settings, target, older, me)
    state = await read(
        w3, settings.mode, target.creations, target.proxy, PRESIGNED_SENDER, from_block
    )
    if settings.proxy and state.contract is None:
        raise DeployError(f"There is no contract at proxy {settings.proxy}.")
    if state.contract is None and me is None:
        me = settings.deployer
    found = Survey(target, state, difference(settings, target, state, me))
    if state.contract is not None:
        _check_layout(settings, target, state.contract.implementation, layouts)
    return found


async def _survey_older(
    w3: Web3, settings: Settings, target: Placement, older: migration.Older, me: str | None
) -> Survey:
    needed = (*target.creations, migration.migration_creation())
    state = await read(
        w3, settings.mode, needed, target.proxy, PRESIGNED_SENDER, known=older.contract
    )
    changes = migration.survey_changes(settings, target, state, older, me)
    return Survey(target, state, tuple(changes))


async def apply(
    w3: Web3,
    settings: Settings,
    layouts: Path,
    account: LocalAccount,
    *,
    from_block: int = 0,
    tell: Tell = lambda change: None,
) -> Survey:
    """Send what `account` must send, one by one; what is left afterwards.

    Raises `DeployError` when a change would fail; those before it stay.
    """
    found = await survey(w3, settings, layouts, me=account.address, from_block=from_block)

    async def one(change: Change) -> None:
        await send(w3, account, change)

    await carry_out(found, settings, layouts, account.address, one, tell)
    return await survey(w3, settings, layouts, me=account.address, from_block=from_block)


async def carry_out(
    found: Survey,
    settings: Settings,
    layouts: Path,
    sender: str,
    send: Callable[[Change], Awaitable[None]],
    tell: Tell,
) -> None:
    """Send one sender's changes by any means, and keep the layout of what was created."""
    for change in found.of(sender):
        tell(change)
        await send(change)
        if change.what == settings.mode.contract:
            _keep_layout(settings, found.target, layouts)


async def pause(w3: Web3, settings: Settings, account: LocalAccount, *, on: bool) -> None:
    """Stop requests and answers, or let them go on. Raises `DeployError` without the role."""
    proxy = target_of(settings).proxy
    function = "pause()" if on else "unpause()"
    call = function_signature_to_4byte_selector(function)
    role = function_signature_to_4byte_selector("hasRole(bytes32,address)")
    question = role + encode(["bytes32", "address"], [PAUSER_ROLE, account.address])
    if not int.from_bytes(await w3.eth.call({"to": proxy, "data": question})):
        raise DeployError(f"{account.address} does not hold PAUSER_ROLE of {proxy}.")
    change = Change(function, str(not on), str(on), account.address, proxy, call)
    await send(w3, account, change)


def _check_layout(
    settings: Settings, target: Placement, present: ChecksumAddress, layouts: Path
) -> None:
    wanted = target.implementation
    if present == wanted.address:
        return
    known = _read_layouts(layouts)
    if present not in known:
        raise DeployError(
            f"The storage layout of the present implementation {present} is not in {layouts}.",
            "Keep that file with the settings; it is written when an implementation is created.",
        )
    new = artifact(settings.mode.contract).layout
    found = layout.conflicts(known[present], dict(new or {}))
    if found:
        raise DeployError(
            f"{wanted.name} cannot follow {present} in the same storage: {'; '.join(found)}.",
            "Append fields instead of moving them.",
        )


def _keep_layout(settings: Settings, target: Placement, layouts: Path) -> None:
    known = _read_layouts(layouts)
    known[target.implementation.address] = artifact(settings.mode.contract).layout
    draft = layouts.with_suffix(".draft")
    draft.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    draft.replace(layouts)


def _read_layouts(layouts: Path) -> dict[str, Any]:
    if not layouts.exists():
        return {}
    try:
        known: dict[str, Any] = json.loads(layouts.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DeployError(f"{layouts} is not JSON: {error}") from error
    return known


async def send(w3: Web3, account: LocalAccount, change: Change) -> None:
    """Sign, send, wait for the block. Raises `DeployError`."""
    try:
        raw = change.raw or await _signed(w3, account, change)
        tx_hash = await w3.eth.send_raw_transaction(raw)
        receipt = await w3.eth.wait_for_transaction_receipt(
            tx_hash, timeout=_RECEIPT_TIMEOUT_S, poll_latency=_RECEIPT_POLL_S
        )
    except TimeExhausted as error:
        raise DeployError(
            f"{change.what} is in no block after {_RECEIPT_TIMEOUT_S:.0f} s.",
            "Look at the transaction before you send it again.",
        ) from error
    except Web3Exception as error:
        raise DeployError(
            f"The node refused {change.what} ({change.after or change.before}): {error}",
            f"Does {account.address} have ether, and its role?",
        ) from error
    if receipt["status"] != 1:
        raise DeployError(f"{change.what} reverted: 0x{tx_hash.hex()}.")


async def _signed(w3: Web3, account: LocalAccount, change: Change) -> bytes:
    """An EIP-1559 transaction, which every chain takes that can run these contracts (Cancun)."""
    call: TxParams = {
        "from": account.address,
        "to": change.to,
        "data": change.data,
        "value": Wei(change.value_wei),
    }
    gas = await w3.eth.estimate_gas(call) * _GAS_MARGIN_PERCENT // 100
    base_fee = (await w3.eth.get_block("latest"))["baseFeePerGas"]
    tip = await w3.eth.max_priority_fee
    transaction: dict[str, Any] = {
        "to": change.to,
        "data": change.data,
        "value": change.value_wei,
        "gas": gas,
        "chainId": await w3.eth.chain_id,
        "nonce": await w3.eth.get_transaction_count(account.address, "pending"),
        "maxPriorityFeePerGas": tip,
        "maxFeePerGas": 2 * base_fee + tip,
    }
    return bytes(account.sign_transaction(transaction).raw_transaction)
