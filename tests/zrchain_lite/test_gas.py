"""Gas prices computation: a million units stand for 0.05 s of a processor, whatever is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.message import Message

from tests.cost import measured
from tests.zrchain_lite.chain import ALICE, BOB, CAROL, Chain, genesis, transfer
from tests.zrchain_lite.modules.authz.test_authz import any_of, execute, grant
from tests.zrchain_lite.modules.feegrant.test_feegrant import allow
from zrchain_lite.client import Account, party_signature
from zrchain_lite.engine.records import BlockRecord
from zrchain_lite.tx import pack
from zrchain_lite.wire.cosmos.authz.v1beta1.tx_pb2 import MsgExec
from zrchain_lite.wire.cosmos.bank.v1beta1.authz_pb2 import SendAuthorization
from zrchain_lite.wire.cosmos.bank.v1beta1.bank_pb2 import Input, Output
from zrchain_lite.wire.cosmos.bank.v1beta1.tx_pb2 import MsgMultiSend
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.cosmos.feegrant.v1beta1.feegrant_pb2 import (
    AllowedMsgAllowance,
    BasicAllowance,
)
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.policy import policy_pb2 as policy
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury

GAS = 40_000_000
SECONDS_PER_MGAS = 0.05
BUSY = 2.5
"""How much longer the same work may take a processor whose caches others use meanwhile."""
BLOCK_S = 0.005
"""What a block takes beside its transactions."""


class Costs:
    """A chain on which everybody is rich, and what its blocks cost."""

    def __init__(self, folder: Path) -> None:
        coins = [{"denom": "urock", "amount": str(10**15)}]
        balances = [{"address": each.address, "coins": coins} for each in (ALICE, BOB, CAROL)]
        free = {"params": {"keyringCreationFee": "0"}}
        first = genesis(bank={"balances": balances}, identity=free)
        self.chain = Chain(folder, first=first, map_bytes=2**26)

    def block(self, *txs: bytes) -> BlockRecord:
        """Within what its gas stands for, or the transactions were priced too low."""
        for tx in txs:
            check = self.chain.send(tx)
            assert check.code == 0, check.log
        with measured() as cost:
            record = self.chain.engine.make_block()
        took = cost.seconds
        used = sum(result.gas_used for result in record.results.tx_results)
        assert took < BLOCK_S + BUSY * SECONDS_PER_MGAS * used / 1e6, f"{took:.3f} s, {used} gas"
        return record

    def run(self, account: Account, *messages: Message) -> None:
        record = self.block(self.chain.tx(account, *messages, gas_limit=GAS, fee=4_000))
        (result,) = record.results.tx_results
        assert result.code in (0, 11), result.log

    def ids(self, account: Account) -> list[str]:
        query = identity.QueryWorkspacesRequest(creator=account.address)
        answer = self.chain.app.answer("/zrchain.identity.Query/Workspaces", query)
        return [each.address for each in answer.workspaces]  # type: ignore[attr-defined]


@pytest.fixture
def costs(tmp_path: Path) -> Iterator[Costs]:
    made = Costs(tmp_path)
    made.run(ALICE, transfer(ALICE, BOB))
    yield made
    made.chain.close()


def long_policy(length: int) -> Message:
    names = [each.address for each in (ALICE, BOB, CAROL)]
    words = "(" + " + ".join(names) + ")"
    text = words + "*1" * ((length - len(words) - 4) // 2) + " > 2"
    participants = [policy.PolicyParticipant(address=name) for name in names]
    return policy.BoolparserPolicy(definition=text, participants=participants)


def test_long_policy__should_pay_for_being_parsed_and_evaluated(costs: Costs) -> None:
    """256 approvals of one's own action under a policy of 16 kB took 9.2 s for 1,105 urock."""
    new = policy.MsgNewPolicy(creator=ALICE.address, name="x", policy=pack(long_policy(16_000)))
    costs.run(ALICE, new)
    costs.run(ALICE, *[new] * 50)
    costs.run(ALICE, identity.MsgNewWorkspace(creator=ALICE.address))
    (workspace,) = costs.ids(ALICE)
    for owner in (BOB, CAROL):
        costs.run(
            ALICE,
            identity.MsgAddWorkspaceOwner(
                creator=ALICE.address, workspace_addr=workspace, new_owner=owner.address
            ),
        )
    for admin_policy in (1, 0):
        costs.run(
            ALICE,
            identity.MsgUpdateWorkspace(
                creator=ALICE.address, workspace_addr=workspace, admin_policy_id=admin_policy
            ),
        )
    pending = policy.QueryActionsRequest(status=policy.ACTION_STATUS_PENDING)
    (action,) = costs.chain.app.answer("/zrchain.policy.Query/Actions", pending).actions  # type: ignore[attr-defined]
    approval = policy.MsgApproveAction(creator=ALICE.address, action_id=action.id)
    costs.run(ALICE, *[approval] * 256)


def test_ordinary_messages__should_pay_for_what_they_compute(costs: Costs) -> None:
    strangers = [Account.from_secret((10**6 + n).to_bytes(32, "big")) for n in range(200)]
    costs.run(ALICE, *[transfer(ALICE, each) for each in strangers])
    costs.run(ALICE, *[identity.MsgNewWorkspace(creator=ALICE.address)] * 100)
    costs.run(
        ALICE, identity.MsgNewKeyring(creator=ALICE.address, description="x", party_threshold=1)
    )
    every = costs.chain.app.answer(
        "/zrchain.identity.Query/Keyrings", identity.QueryKeyringsRequest()
    )
    keyring = every.keyrings[0].address  # type: ignore[attr-defined]
    party = identity.MsgAddKeyringParty(
        creator=ALICE.address, keyring_addr=keyring, party=ALICE.address
    )
    costs.run(ALICE, party)
    costs.run(BOB, identity.MsgNewWorkspace(creator=BOB.address))
    (workspace,) = costs.ids(BOB)
    ask = treasury.MsgNewKeyRequest(
        creator=BOB.address, workspace_addr=workspace, keyring_addr=keyring, key_type="ecdsa"
    )
    costs.run(BOB, *[ask] * 100)
    answers = [
        treasury.MsgFulfilKeyRequest(
            creator=ALICE.address,
            request_id=n + 1,
            status=treasury.KEY_REQUEST_STATUS_FULFILLED,
            key=treasury.MsgNewKey(public_key=strangers[n].public_key),
            keyring_party_signature=party_signature(ALICE, n + 1, strangers[n].public_key),
        )
        for n in range(100)
    ]
    costs.run(ALICE, *answers)
    sign = treasury.MsgNewSignatureRequest(
        creator=BOB.address, key_ids=[1], data_for_signing="11" * 32
    )
    costs.run(BOB, *[sign] * 100)
    many = treasury.MsgNewSignatureRequest(
        creator=BOB.address, key_ids=[1] * 200, data_for_signing=",".join(["11" * 32] * 200)
    )
    costs.run(BOB, many)


def test_grants_and_allowances__should_pay_for_what_they_compute(costs: Costs) -> None:
    strangers = [Account.from_secret((10**6 + n).to_bytes(32, "big")) for n in range(250)]
    coin = [Coin(denom="urock", amount="1")]
    outputs = [Output(address=each.address, coins=coin) for each in strangers] * 12
    total = [Coin(denom="urock", amount=str(len(outputs)))]
    costs.run(
        ALICE,
        MsgMultiSend(inputs=[Input(address=ALICE.address, coins=total)], outputs=outputs),
    )
    limit = [Coin(denom="urock", amount=str(10**9))]
    listed = [BOB.address, *(each.address for each in strangers[:127])]
    sends = SendAuthorization(spend_limit=limit, allow_list=listed)
    costs.run(ALICE, *[grant(ALICE, each, sends, 4 * 10**12) for each in strangers[:170]])
    costs.run(ALICE, grant(ALICE, CAROL, sends))
    costs.run(CAROL, grant(CAROL, BOB, any_of(MsgExec)))
    costs.run(CAROL, execute(CAROL, *[transfer(ALICE, BOB)] * 250))
    inner = execute(CAROL, *[transfer(ALICE, BOB)] * 40)
    costs.run(BOB, *[execute(BOB, inner)] * 20)
    deep: Message = execute(BOB, *[transfer(BOB, CAROL)] * 120)
    for _ in range(6):
        deep = execute(BOB, deep)
    costs.run(BOB, deep)
    names = [f"/x.{n:0505}" for n in range(127)]
    allowance = AllowedMsgAllowance(
        allowance=pack(BasicAllowance(spend_limit=limit)),
        allowed_messages=[*names, "/cosmos.bank.v1beta1.MsgSend"],
    )
    costs.run(ALICE, *[allow(ALICE, each, allowance) for each in strangers[:15]])
    costs.run(ALICE, allow(ALICE, BOB, allowance))
    paid = [
        costs.chain.tx(
            BOB, transfer(BOB, CAROL), ahead=n, granter=ALICE.address, gas_limit=1_000_000, fee=100
        )
        for n in range(40)
    ]
    costs.block(*paid)


def test_small_transactions__should_pay_for_what_each_takes(costs: Costs) -> None:
    txs = [costs.chain.tx(ALICE, transfer(ALICE, BOB), ahead=n) for n in range(60)]
    costs.block(*txs)
