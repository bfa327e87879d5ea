"""A chain without stake says so, in the forms that wallets read."""

from __future__ import annotations

import pytest

from tests.zrchain_lite.chain import ALICE, Chain
from zrchain_lite.api.json_codec import to_json
from zrchain_lite.errors import InvalidArgument, NotFound
from zrchain_lite.modules.staking.module import FILES

ZERO = "0.000000000000000000"
NO_PAGE = {"next_key": None, "total": "0"}


def ask(chain: Chain, name: str, **fields: object) -> dict[str, object]:
    path = f"/cosmos.{name}"
    request = chain.app.registry.query(path).request(**fields)
    return to_json(chain.app.answer(path, request))


def test_wallet__should_see_no_stake_no_rewards_and_no_proposals(chain: Chain) -> None:
    mine = {"delegator_addr": ALICE.address}
    assert ask(chain, "staking.v1beta1.Query/DelegatorDelegations", **mine) == {
        "delegation_responses": [],
        "pagination": NO_PAGE,
    }
    assert ask(chain, "staking.v1beta1.Query/DelegatorUnbondingDelegations", **mine) == {
        "unbonding_responses": [],
        "pagination": NO_PAGE,
    }
    assert ask(
        chain,
        "distribution.v1beta1.Query/DelegationTotalRewards",
        delegator_address=ALICE.address,
    ) == {"rewards": [], "total": []}
    assert ask(chain, "gov.v1.Query/Proposals") == {"proposals": [], "pagination": NO_PAGE}
    assert ask(chain, "mint.v1beta1.Query/Inflation") == {"inflation": ZERO}
    assert ask(chain, "staking.v1beta1.Query/Pool") == {
        "pool": {"not_bonded_tokens": "0", "bonded_tokens": "0"}
    }
    assert ask(chain, "staking.v1beta1.Query/Params")["params"] == {
        "unbonding_time": "0s",
        "max_validators": 0,
        "max_entries": 0,
        "historical_entries": 0,
        "bond_denom": "urock",
        "min_commission_rate": ZERO,
    }
    slashing = ask(chain, "slashing.v1beta1.Query/Params")["params"]
    assert isinstance(slashing, dict)
    assert slashing["slash_fraction_downtime"] == ZERO


def test_withdraw_address__should_be_the_delegators_own(chain: Chain) -> None:
    path = "distribution.v1beta1.Query/DelegatorWithdrawAddress"
    asked = ask(chain, path, delegator_address=ALICE.address)
    assert asked == {"withdraw_address": ALICE.address}
    with pytest.raises(InvalidArgument):
        ask(chain, path, delegator_address="zen1x")


def test_every_query__should_be_answered_with_nothing_or_not_found(chain: Chain) -> None:
    paths = [
        f"{method.containing_service.full_name.removeprefix('cosmos.')}/{method.name}"
        for file in FILES
        for method in file.services_by_name["Query"].methods
    ]
    missing = set()
    for path in paths:
        if not path.endswith("DelegatorWithdrawAddress"):
            try:
                ask(chain, path)
            except NotFound:
                missing.add(path.partition("/")[2])
    assert missing == {
        *("Validator", "Delegation", "UnbondingDelegation", "DelegatorValidator"),
        *("HistoricalInfo", "ValidatorDistributionInfo", "ValidatorOutstandingRewards"),
        *("ValidatorCommission", "DelegationRewards", "SigningInfo"),
        *("Proposal", "Vote", "Deposit", "TallyResult"),
    }
