"""A chain without stake says so, in the forms that wallets read."""

from __future__ import annotations

import pytest

from tests.zrchain_lite.chain import ALICE, Chain
from zrchain_lite.api.json_codec import to_json
from zrchain_lite.errors import InvalidArgument, NotFound
from zrchain_lite.validator_addresses import consensus_text, operator_of
from zrchain_lite.wire.cosmos.distribution.v1beta1 import query_pb2 as distribution
from zrchain_lite.wire.cosmos.gov.v1 import query_pb2 as gov
from zrchain_lite.wire.cosmos.gov.v1beta1 import query_pb2 as gov_v1beta1
from zrchain_lite.wire.cosmos.mint.v1beta1 import query_pb2 as mint
from zrchain_lite.wire.cosmos.slashing.v1beta1 import query_pb2 as slashing
from zrchain_lite.wire.cosmos.staking.v1beta1 import query_pb2 as staking

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


def test_withdraw_address__should_be_the_delegators_own(chain: Chain) -> None:
    path = "distribution.v1beta1.Query/DelegatorWithdrawAddress"
    asked = ask(chain, path, delegator_address=ALICE.address)
    assert asked == {"withdraw_address": ALICE.address}
    with pytest.raises(InvalidArgument):
        ask(chain, path, delegator_address="zen1x")


def test_every_query__should_be_answered_with_nothing_or_not_found(chain: Chain) -> None:
    files = (distribution, gov, gov_v1beta1, mint, slashing, staking)
    paths = [
        f"{method.containing_service.full_name.removeprefix('cosmos.')}/{method.name}"
        for file in files
        for method in file.DESCRIPTOR.services_by_name["Query"].methods
    ]
    named = {"delegator_addr": ALICE.address, "delegator_address": ALICE.address}
    named |= {"voter": ALICE.address, "depositor": ALICE.address}
    for field in ("validator_addr", "validator_address", "src_validator_addr"):
        named[field] = operator_of(ALICE.address)
    named["cons_address"] = consensus_text(bytes(20))
    missing = set()
    for path in paths:
        request = chain.app.registry.query(f"/cosmos.{path}").request
        known = {each.name for each in request.DESCRIPTOR.fields}
        try:
            ask(chain, path, **{name: named[name] for name in named.keys() & known})
        except NotFound:
            missing.add(path.partition("/")[2])
    assert missing == {
        *("Validator", "Delegation", "UnbondingDelegation", "DelegatorValidator"),
        *("HistoricalInfo", "ValidatorDistributionInfo", "ValidatorOutstandingRewards"),
        *("ValidatorCommission", "DelegationRewards", "SigningInfo"),
        *("Proposal", "Vote", "Deposit", "TallyResult"),
    }
