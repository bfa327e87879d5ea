"""A planned upgrade: from the vote to the block before which nodes of the older version stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.zrchain_lite.chain import ALICE, BOB, CAROL, Chain
from tests.zrchain_lite.modules.gov.test_gov import GOV, PERIODS, pass_time, proposal, shown, vote
from tests.zrchain_lite.modules.staking.stake import creation, staked
from tests.zrchain_lite.modules.staking.test_staking import sent
from zrchain_lite.api.json_codec import to_json
from zrchain_lite.module import Context
from zrchain_lite.modules.upgrade import UpgradeNeeded
from zrchain_lite.modules.upgrade.module import PLANS
from zrchain_lite.wire.cosmos.gov.v1.gov_pb2 import VOTE_OPTION_YES
from zrchain_lite.wire.cosmos.upgrade.v1beta1 import tx_pb2 as wire
from zrchain_lite.wire.cosmos.upgrade.v1beta1.upgrade_pb2 import Plan

NAME, MARK = "second", b"mint/marked"


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return staked(tmp_path / "home", creation(ALICE, 20_000_000), gov={"params": PERIODS})


def ask(chain: Chain, query: str, **fields: object) -> Any:
    path = f"/cosmos.upgrade.v1beta1.Query/{query}"
    request = chain.app.registry.query(path).request(**fields)
    return to_json(chain.app.answer(path, request))


def decide(chain: Chain, message: Any, id_: int = 1) -> str:
    """Propose, agree, and let the time pass; what became of the proposal."""
    assert sent(chain, CAROL, proposal(message)) == (0, "")
    assert sent(chain, ALICE, vote(ALICE, VOTE_OPTION_YES, id_))[0] == 0
    pass_time(chain, 201)
    return str(shown(chain, id_)["status"])


def planned(chain: Chain, after: int = 3, name: str = NAME) -> int:
    """Plan an upgrade for so many blocks after the vote ends; its height."""
    height = chain.app.tip.height + 3 + after
    plan = Plan(name=name, height=height, info="https://example.org/second")
    message = wire.MsgSoftwareUpgrade(authority=GOV, plan=plan)
    assert decide(chain, message) == "PROPOSAL_STATUS_PASSED"
    return height


def until(chain: Chain, height: int) -> None:
    while chain.app.tip.height < height:
        chain.engine.make_block()


def test_version_without_the_plan__should_stop_before_its_block(chain: Chain) -> None:
    height = planned(chain)
    assert ask(chain, "CurrentPlan")["plan"]["height"] == str(height)
    until(chain, height - 1)
    before = chain.app.tip
    for _ in range(2):
        with pytest.raises(UpgradeNeeded, match=r"'second'.*Start that version\. https://"):
            chain.engine.make_block()
    assert chain.app.tip == before


def test_version_with_the_plan__should_go_on_and_apply_it_once(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    height = planned(chain)
    until(chain, height - 1)
    with pytest.raises(UpgradeNeeded):
        chain.engine.make_block()
    applied = []

    def change(ctx: Context) -> None:
        applied.append(ctx.height)
        ctx.store.set(MARK, b"changed")

    monkeypatch.setitem(PLANS, NAME, change)
    until(chain, height + 2)
    assert applied == [height]
    assert chain.store.state.get(MARK) == b"changed"
    assert ask(chain, "CurrentPlan")["plan"] is None
    assert ask(chain, "AppliedPlan", name=NAME)["height"] == str(height)
    again = Plan(name=NAME, height=height + 99)
    message = wire.MsgSoftwareUpgrade(authority=GOV, plan=again)
    assert decide(chain, message, 2) == "PROPOSAL_STATUS_FAILED"
    assert "applied already" in shown(chain, 2)["failed_reason"]


def test_cancelled_plan__should_stop_nobody(chain: Chain) -> None:
    height = planned(chain, after=9)
    assert decide(chain, wire.MsgCancelUpgrade(authority=GOV), 2) == "PROPOSAL_STATUS_PASSED"
    until(chain, height + 1)
    assert ask(chain, "CurrentPlan")["plan"] is None


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (Plan(height=10**6), "a plan has a name"),
        (Plan(name="x" * 65, height=10**6), "a plan has a name"),
        (Plan(name="x", height=10**6, info="i" * 10_001), "a plan has a name"),
        (Plan(name="x", height=2), "is not after this one"),
    ],
)
def test_plan_that_cannot_be__should_fail(chain: Chain, plan: Plan, why: str) -> None:
    assert decide(chain, wire.MsgSoftwareUpgrade(authority=GOV, plan=plan)) == (
        "PROPOSAL_STATUS_FAILED"
    )
    assert why in shown(chain)["failed_reason"]
    assert ask(chain, "CurrentPlan")["plan"] is None


def test_upgrade__should_be_planned_by_governance_alone(chain: Chain) -> None:
    plan = Plan(name=NAME, height=10**6)
    message = wire.MsgSoftwareUpgrade(authority=BOB.address, plan=plan)
    assert sent(chain, BOB, message)[0] == 4
    assert sent(chain, BOB, wire.MsgCancelUpgrade(authority=BOB.address))[0] == 4
    assert ask(chain, "Authority")["address"] == GOV
