"""What must be true however parts broke, as the chains' own nodes and the ledger show it."""

from __future__ import annotations

from collections import Counter

from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as wire
from zrsign.local.chaos.traffic import FUNDS_WEI, Asked, Traffic
from zrsign.local.demo import checks
from zrsign.sdk.answers import status_name
from zrsign_chains import contract_abi

ASKS = ("ZrKeyRequest", "ZrSigRequest")
SATS = 100_000_000


async def unsettled(traffic: Traffic) -> list[str]:
    """Requests whose end is not shown yet, each with why it waits."""
    found = []
    for asked in traffic.asked:
        request = await asked.request()
        if request is None:
            found.append(f"{asked.handle.ref} is not on the ledger")
        elif request.status not in (wire.REQUEST_STATUS_CONFIRMED, wire.REQUEST_STATUS_REJECTED):
            found.append(f"{asked.kind} request {request.id} is {_state(request)}")
        elif request.status == wire.REQUEST_STATUS_CONFIRMED and (
            await _paid(traffic, asked) != asked.value
        ):
            found.append(f"{asked.kind} request {request.id} is in no block")
    return found


async def broken(traffic: Traffic) -> list[str]:
    """Statements that are false: empty is what is wanted. Asked when nothing breaks any more."""
    faults = [*await _requests(traffic), *await _evm(traffic), *await _bitcoin(traffic)]
    for asked in traffic.asked:
        request, paid = await asked.request(), await _paid(traffic, asked)
        if request is None:
            faults.append(f"{asked.handle.ref} is lost: the ledger has no request of it")
        elif request.status == wire.REQUEST_STATUS_CONFIRMED:
            if paid != asked.value:
                faults.append(f"request {request.id} paid {paid}, not {asked.value}, to {asked}")
        elif paid not in possible(request, asked):
            faults.append(f"request {request.id} paid {paid} and is {_state(request)}")
    return faults


async def _requests(traffic: Traffic) -> list[str]:
    """Every request of the contracts is on the ledger once, and no other."""
    topics = ["0x" + contract_abi.event(name).topic.hex() for name in ASKS]
    seen: Counter[tuple[str, int]] = Counter()
    for contract in traffic.network.manifest.contracts:
        wanted = {
            "address": contract.address,
            "fromBlock": hex(contract.start_block),
            "toBlock": "latest",
            "topics": [topics],
        }
        for log in await traffic.source.call("eth_getLogs", wanted):
            seen[log["transactionHash"], int(log["logIndex"], 16)] += 1
    stored: Counter[tuple[str, int]] = Counter()
    async for request in traffic.omni.receiver.requests():
        source = request.event.id
        stored["0x" + source.tx_hash.hex(), source.log_index] += 1
    return [
        f"{place} is {seen[place]} times on its chain and {stored[place]} on the ledger"
        for place in seen | stored
        if (seen[place], stored[place]) != (1, 1)
    ]


async def _evm(traffic: Traffic) -> list[str]:
    """Each payment took one nonce; what the wallet has left is what was not paid."""
    sender, spent, landed = traffic.evm.address, 0, 0
    for asked in traffic.asked:
        request = await asked.request()
        if asked.kind != "evm" or request is None or not await _paid(traffic, asked):
            continue
        (receipt,) = [
            one
            for delivery in request.deliveries
            if (one := await traffic.destination.call("eth_getTransactionReceipt", delivery.tx_id))
        ]
        fee = int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)
        spent, landed = spent + asked.value + fee, landed + 1
    nonce = await checks.evm_nonce(traffic.destination, sender)
    left = await checks.evm_balance(traffic.destination, sender)
    faults = []
    if nonce != landed:
        faults.append(f"{sender} used {nonce} nonces for {landed} payments")
    if left != FUNDS_WEI - spent:
        faults.append(f"{sender} holds {left} wei and not {FUNDS_WEI - spent}")
    return faults


async def _bitcoin(traffic: Traffic) -> list[str]:
    """What the wallet's coins are worth is what was not paid, fees apart."""
    rpc, spent = traffic.network.bitcoin.rpc, 0
    for asked in traffic.asked:
        request = await asked.request()
        if asked.kind == "bitcoin" and request is not None and await _paid(traffic, asked):
            made = await rpc.call("getrawtransaction", request.deliveries[0].tx_id, 2)
            spent += asked.value + round(made["fee"] * SATS)
    found = await rpc.call("scantxoutset", "start", [f"addr({traffic.bitcoin.address})"])
    left, owed = round(found["total_amount"] * SATS), traffic.funded_sats - spent
    return [] if left == owed else [f"{traffic.bitcoin.address} holds {left} sats and not {owed}"]


async def _paid(traffic: Traffic, asked: Asked) -> int:
    """What the recipient holds in blocks. An answer pays nobody: it counts as its value, 0."""
    if asked.kind == "evm":
        return await checks.evm_balance(traffic.destination, asked.recipient)
    if asked.kind == "bitcoin":
        wallet = traffic.network.bitcoin
        return round(float(await wallet.wallet("getreceivedbyaddress", asked.recipient)) * SATS)
    return asked.value


def possible(request: wire.Request, asked: Asked) -> tuple[int, ...]:
    """What may have been paid for a request that is not confirmed: empty where it is forgotten.

    Nobody but the network has the wallets' keys, so what was signed can always land.
    """
    if request.status == wire.REQUEST_STATUS_REJECTED:
        return (0,) if request.reject_reason and not request.signatures else ()
    waits = request.status == wire.REQUEST_STATUS_DELIVERING
    return (0, asked.value) if waits and any(one.detail for one in request.deliveries) else ()


def _state(request: wire.Request) -> str:
    details = "; ".join(one.detail for one in request.deliveries if one.detail)
    return f"{status_name(request)} {request.reject_reason or details}".strip()
