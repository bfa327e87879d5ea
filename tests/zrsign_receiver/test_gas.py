"""What one contract's request may cost: the report of it must always fit an observer's transaction,
or it would hold up everybody's requests behind it.
"""

from __future__ import annotations

from embit.script import Script, Witness
from embit.transaction import Transaction, TransactionInput, TransactionOutput
from google.protobuf.message import Message

from tests.zrsign_receiver.world import OBSERVERS, REGTEST, World, status_name
from zrchain_lite.client.ledger import GAS_LIMIT
from zrchain_lite.gas import GasMeter, MeteredStore
from zrchain_lite.modules.identity.keeper import MAX_CHILDREN, MAX_MEMBERS
from zrchain_lite.modules.treasury.keeper import MAX_ITEMS
from zrchain_lite.store.kv import Overlay
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains import BITCOIN_TEST
from zrsign_chains.bitcoin_scripts import p2wpkh_script

BYTE = 10  # gas of a transaction's byte


def test_report__should_be_affordable_for_the_largest_workspace_and_transaction() -> None:
    world = World()
    wallet = world.wallet(wallet=BITCOIN_TEST)
    workspace = world.identity.workspace(world.ctx(), wallet.workspace_addr)
    for number in range(MAX_MEMBERS - 1):
        workspace.owners.append(f"eip155:{10**31 + number}:0x{number:040x}")
    workspace.child_workspaces.extend([workspace.address] * MAX_CHILDREN)
    world.identity.save_workspace(world.ctx(), workspace)
    event = world.sign_event(
        pb.REQUEST_KIND_TX,
        unsigned_plus(wallet.public_key, MAX_ITEMS),
        wallet=BITCOIN_TEST,
        destination=REGTEST,
        broadcast=True,
    )
    report = pb.MsgReportEvents(observer=OBSERVERS[0].address, events=[event])
    used = gas_of(world, report)
    assert status_name(world.request(2)) == "SIGNING"
    assert used + BYTE * report.ByteSize() < GAS_LIMIT


def unsigned_plus(public_key: bytes, inputs: int) -> bytes:
    script = p2wpkh_script(public_key)
    spent = [TransactionInput(bytes(32), number) for number in range(inputs)]
    for one in spent:
        amount, flags = (1000).to_bytes(8, "little"), (1).to_bytes(8, "little")
        one.witness = Witness([amount, public_key, script, flags, b""])
    out = TransactionOutput(500, Script(script))
    return bytes(Transaction(version=2, vin=spent, vout=[out]).serialize())


def gas_of(world: World, msg: Message) -> int:
    meter, overlay, ctx = GasMeter(10**12), Overlay(world.store), world.ctx()
    ctx.store = MeteredStore(overlay, meter)
    world.registry.handler("/" + msg.DESCRIPTOR.full_name).handle(ctx, msg)
    overlay.commit()
    return meter.used
